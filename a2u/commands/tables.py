"""Tables for a terminal. They fit the width they find, and are plain text in a pipe."""

import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from a2u.matting.counts import Count
    from a2u.matting.parameters import NetworkCount
    from a2u.operators import Card

ORDERS = {0: "0: ignores features", 1: "1: linear in features", 2: "2: pairs of features"}


def show_cards(cards: "list[Card]") -> None:
    """All operators, a row each, in the order of the course."""
    table = _table("operator", "family", ">order", "needs", "kernel w comes from", "window z", gap=1)
    for card in cards:
        needs = [word for word, true in (("guide", card.needs_guide), ("pairs down", card.pairs_down)) if true]
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
        "guide": "an encoder map at r times the size of x" if card.needs_guide else "none",
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
    """Parameters that each operator adds, counted, beside the paper's rounded number."""
    table = _table("operator", "options", "channels, stage by stage", ">parameters", ">paper")
    for row in counts:
        options = ", ".join(f"{key}={value!r}" for key, value in row.options.items())
        channels = ", ".join(map(str, row.channels))
        table.add_row(row.operator, options, channels, f"{row.parameters:,}", f"+{row.paper}")
    _print(table)


def show_networks(networks: "list[NetworkCount]") -> None:
    """Parameters of each matting network of Table 2, and its operators' share beside the paper's rounded number."""
    table = _table("row", "network", ">parameters", ">of operators", ">paper")
    for row in networks:
        table.add_row(row.row, row.title, f"{row.parameters:,}", f"+{row.extra:,}", row.paper)
    _print(table)


def card_as_dict(card: "Card") -> dict[str, Any]:
    """The card for JSON."""
    return asdict(card) | {"presets": {name: dict(options) for name, options in card.presets.items()}}


def _table(*columns: str, gap: int = 0) -> Table:
    """A table with these headings; ">" aligns to the right. Names (the first column) and numbers are not broken.

    gap: blank lines between rows.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, gap, 0), header_style="bold")
    for index, column in enumerate(columns):
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", no_wrap=right or index == 0)
    return table


def _print(what: Table | str) -> None:
    # 100 columns in a pipe, where there is no terminal to ask.
    Console(width=shutil.get_terminal_size((100, 24)).columns, highlight=False).print(what)
