"""Tables that a cell prints: columns as wide as what stands in them."""

import io
from collections.abc import Sequence

WIDEST = 160  # letters of a line; a longer cell folds


def columns(rows: Sequence[Sequence[str]], head: Sequence[str] | None = None) -> str:
    """Rows of cells as text, two blanks between columns, without blanks at the end of a line."""
    if not rows:
        return ""
    from rich.console import Console
    from rich.table import Table

    table = Table(*(head or rows[0]), box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=head is not None)
    for row in rows:
        table.add_row(*row)
    text = io.StringIO()
    Console(file=text, width=WIDEST, color_system=None, markup=False, emoji=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
