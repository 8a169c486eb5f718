"""Tables for a terminal: the only way to print one, and the tables of operators and of their parameters.

Numbers stand in rows that are never broken, cut short or drawn with lines, so that a pipe gets what a terminal shows.
Only the cards, which are sentences, are wrapped to the width of the terminal.
"""

import io
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from a2u.matting.counts import Count, NetworkCount
    from a2u.operators import Card

_ENDLESS = 10_000  # columns, so that no row is wrapped
_PIPE = 100  # columns of cards in a pipe, where there is no terminal to ask
_GUIDES = {
    "nothing": "none",
    "encoder map": "an encoder map at r times the size of x",
    "image": "an image of any size",
}
_SUMS = {"always": "to 1", "inside": "to 1, where no tap lies beyond the map", "no": "to any number"}
ORDERS = {0: "0: ignores features", 1: "1: linear in features", 2: "2: pairs of features"}


def show_cards(cards: "list[Card]") -> None:
    """All operators, a row each, in the order of the course."""
    table = _table("operator", "family", ">order", "needs", "kernel w comes from", "window z", gap=1)
    for card in cards:
        guide = "image" if card.guided_by == "image" else "guide"
        needs = [word for word, true in ((guide, card.needs_guide), ("pairs down", card.pairs_down)) if true]
        table.add_row(card.name, card.family, str(card.order), ", ".join(needs) or "–", card.kernel, card.window)
    _print(table)
    _print(
        "\n[dim]order: 0 = w ignores features, 1 = linear in them, 2 = compares pairs of them.  guide = an encoder map."
        "\na2u ops NAME shows one whole card.[/dim]"
    )


def show_card(card: "Card") -> None:
    """One operator: everything its card says, and its presets with their options."""
    table = Table.grid(padding=(0, 2))
    facts = {
        "name": f"{card.name} ({card.title})",
        "family": card.family,
        "order": ORDERS[card.order],
        "kernel w": card.kernel,
        "window z": card.window,
        "cost": card.cost,
        "ratios": card.ratios,
        "guide": _GUIDES[card.guided_by],
        "groups of w": card.groups,
        "border": card.border,
        "weights sum": _SUMS[card.sums_to_one],
        "linear in x": "yes: w does not look at x" if card.linear_in_x else "no: w is made from x",
        "way down": "downsample() pairs with it" if card.pairs_down else "none of its own",
        "source": card.source,
    }
    for name, fact in facts.items():
        table.add_row(Text(name, style="bold"), Text(fact))
    _print(table)
    if card.presets:
        presets = _table("preset", "options")
        for name, options in card.presets.items():
            presets.add_row(f"{card.name}:{name}", ", ".join(f"{key}={value!r}" for key, value in options.items()))
        _print("")
        _print(presets)


def show_counts(counts: "list[Count]") -> None:
    """Parameters that each operator adds, counted, beside the published, rounded number."""
    rows = [
        (
            row.operator,
            ", ".join(f"{key}={value!r}" for key, value in row.options.items()),
            ", ".join(map(str, row.channels)),
            f"{row.parameters:,}",
            f"+{row.paper}" if row.paper else "–",
        )
        for row in counts
    ]
    print(text(("operator", "options", "channels, stage by stage", ">parameters", ">published"), rows))


def show_networks(networks: "list[NetworkCount]") -> None:
    """Parameters of each matting network, and its operators' share beside the published, rounded number."""
    rows = [(row.row, row.title, f"{row.parameters:,}", f"+{row.extra:,}", row.paper) for row in networks]
    print(text(("row", "network", ">parameters", ">of operators", ">published"), rows))


def card_as_dict(card: "Card") -> dict[str, Any]:
    """The card for JSON."""
    return asdict(card) | {
        "needs_guide": card.needs_guide,
        "presets": {name: dict(options) for name, options in card.presets.items()},
    }


def text(heads: Sequence[str], rows: Iterable[Sequence[str]], indent: int = 0) -> str:
    """Rows under headings as plain text, each row on one line however long it is.

    Args:
        heads: one per column; ">" in front aligns the column to the right. A line of headings is printed if one of
            them has words.
        rows: at most as many cells as there are columns; cells that a row lacks stay empty.
        indent: spaces before each line.
    """
    table = _table(*heads)
    table.show_header = any(head.lstrip(">") for head in heads)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=io.StringIO(), color_system=None, width=_ENDLESS)
    with console.capture() as printed:
        console.print(table)
    return "\n".join(" " * indent + line.rstrip() for line in printed.get().rstrip("\n").split("\n"))


def _table(*heads: str, gap: int = 0) -> Table:
    """A table with these headings; ">" aligns to the right. Names (the first column) and numbers are not broken.

    gap: blank lines between rows.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, gap, 0), header_style="bold")
    for index, head in enumerate(heads):
        right = head.startswith(">")
        words = Text(head.removeprefix(">"))
        table.add_column(words, justify="right" if right else "left", no_wrap=right or index == 0, overflow="fold")
    return table


def _print(what: Table | str) -> None:
    width = shutil.get_terminal_size((_PIPE, 24)).columns
    console = Console(width=width, highlight=False)
    if isinstance(what, Table):  # better lines that the terminal breaks than cells that are cut short
        console.width = max(width, Measurement.get(console, console.options.update(width=_ENDLESS), what).minimum)
    console.print(what)
