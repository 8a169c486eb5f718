"""Tables in Markdown, for the reports of experiments."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: int) -> list[str]:
    """The lines of a table whose columns from ``right`` on are aligned to the right."""
    rule = ["---" if n < right else "---:" for n in range(len(head))]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (head, rule, *rows)]
