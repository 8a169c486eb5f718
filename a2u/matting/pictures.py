"""The picture of a report (`a2u.matting.report.collect`)."""

from typing import Any

from matplotlib.figure import Figure

from a2u.matting.report import EMPTY, SCORES
from a2u.plots.table2 import Choice, TableRow, matting_board


def board(report: dict[str, Any]) -> Figure:
    """Every row and classical method with its four metrics, and the ablation."""
    again = {each["row"]: [run["sad"] for run in each["runs"]] for each in report["spread"]}
    lines = [
        TableRow(
            each["title"],
            each.get("parameters"),
            _scores(each),
            tuple(each["paper"][score] for score in SCORES),
            again.get(each["row"], ()),
            each.get(EMPTY),
        )
        for each in report["rows"]
    ]
    lines += [TableRow(each["title"], None, _scores(each), None, (), each.get(EMPTY)) for each in report["classical"]]
    choices = [
        Choice(f"A²U {each['row']}", _choice(each), each.get("sad"), each["paper_sad"]) for each in report["ablation"]
    ]
    return matting_board(lines, choices, label=report["label"], below=report.get("ablation_label", ""))


def _choice(each: dict[str, Any]) -> str:
    return f"kernel {each['value']}×{each['value']}" if each["axis"] == "k_up" else each["value"]


def _scores(each: dict[str, Any]) -> tuple[float, ...] | None:
    return tuple(each[score] for score in SCORES) if each["status"] == "measured" else None
