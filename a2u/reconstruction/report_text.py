"""The report of `a2u.reconstruction.report` as Markdown, and its parts in words."""

from typing import Any

from a2u.data.digits import TITLES
from a2u.markdown import table
from a2u.reconstruction.earlier import MARK, METRICS
from a2u.reconstruction.presets import PRESETS
from a2u.reconstruction.report import IN_FULL
from a2u.reconstruction.rows import ROWS

OVER_SEEDS = (
    "*Over seeds*: two rows are compared seed by seed, and their order is told if the 95 % interval of the mean "
    "difference (Student's t) does not contain 0. One seed tells nothing about the next."
)
PLACES = {"psnr": 2, "ssim": 4, "rmse": 4, "mae": 4}


def to_markdown(report: dict[str, Any]) -> str:
    """The whole report: label, one table per set, the claims, how each run was made."""
    lines = ["# Table 1: image reconstruction", "", f"**{_sentence(report['label'])}.**", ""]
    if not report["full"]:
        sentence = "These are not the numbers of the paper's experiment: a shortened run shows an order."
        lines += [f"{sentence}{_optimizer(report['preset'])}", ""]
    lines += [line for each in notes_on(report) for line in (f"**{each[0]}:** {each[1]}", "")]
    lines += [f"**Careful:** {warning}" for warning in report["warnings"]] + [""] * bool(report["warnings"])
    lines += [f"Made by `{report['command']}`; DIR is a folder with the sets' IDX files.", ""]
    for data_set in TITLES:
        lines += [f"## {TITLES[data_set]}", "", *_set_table(report, data_set), ""]
    lines += ["## The paper's claims", "", *_claims_table(report), "", OVER_SEEDS, "", *_differences(report)]
    lines += ["## How each was run", "", *_runs_table(report)]
    lines += ["", "## In full", "", "The paper's experiment, 100 epochs over all images, every row on both sets:", ""]
    return "\n".join([*lines, "```bash", IN_FULL, "```", ""])


def value(cell: dict[str, Any], metric: str) -> str:
    """A mean, with ± the standard deviation over seeds where there are several: "33.02 ± 0.11"."""
    places, found = PLACES[metric], cell[metric]
    spread = "" if found["sd"] is None else f" ± {found['sd']:.{places}f}"
    return f"{found['mean']:.{places}f}{spread}"


def signed(number: float) -> str:
    """Two decimals with their sign, a real minus."""
    return f"{number:+.2f}".replace("-", "−")


def cells_of(report: dict[str, Any], data_set: str) -> list[dict[str, Any]]:
    """The report's rows on one data set, in the order of the table."""
    return [cell for cell in report["table"] if cell["set"] == data_set]


def notes_on(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What a reader of the table has to know of its rows: those that are missing, and those measured before."""
    notes = []
    if report["missing"]:
        notes.append(("Not measured yet", f"{_by_set(report['missing'])}."))
    before = [run for run in report["runs"] if run.get(MARK)]
    if before:
        known = f"{len(before)} of {sum(run['status'] == 'measured' for run in report['runs'])} runs"
        notes.append(("Measured before", f"{known} come from an earlier report; their run folders are not here."))
    return notes


def _by_set(cells: list[dict[str, Any]]) -> str:
    """Rows by data set: "MNIST: Nearest, A²U; Fashion-MNIST: all rows"."""
    found = []
    for data_set in TITLES:
        rows = [_short(cell["row"]) for cell in cells if cell["set"] == data_set]
        if rows:
            found.append(f"{TITLES[data_set]}: {'all rows' if len(rows) == len(ROWS) else ', '.join(rows)}")
    return "; ".join(found)


def _optimizer(preset: str) -> str:
    """A sentence on the settings, besides the epochs, in which the preset differs from the paper."""
    names = {"batch": "batch", "lr": "learning rate", "momentum": "momentum"}
    own, paper = PRESETS[preset], PRESETS["paper"]
    odd = [key for key in names if own[key] != paper[key]]
    if not odd:
        return ""
    here, there = (", ".join(f"{names[key]} {settings[key]:g}" for key in odd) for settings in (own, paper))
    return f" Every row was trained with {here}; the paper: {there}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _set_table(report: dict[str, Any], data_set: str) -> list[str]:
    names = {"psnr": "PSNR, dB", "ssim": "SSIM", "rmse": "RMSE", "mae": "MAE"}
    head = ["network", "parameters", *(word for m in METRICS for word in (names[m], "paper")), "PSNR − paper"]
    rows, notes = [], []
    for cell in cells_of(report, data_set):
        measured = bool(cell["runs"])
        row = [cell["title"], f"{cell['parameters']:,}"]
        for metric in METRICS:
            paper = f"{cell['paper'][metric]:.{PLACES[metric]}f}"
            row += [value(cell, metric) if measured else "not run", paper]
        missing = "; ".join(cell["missing"])
        rows.append([*row, signed(cell["difference_db"]) if measured else ""])
        if cell["runs"] or any(not word.endswith("not run") for word in cell["missing"]):
            notes += [f"{cell['title']}: {cell['runs']} of {cell['of']} runs; {missing}."] * bool(missing)
    if len(report["seeds"]) > 1:
        notes.insert(0, f"Mean ± standard deviation over seeds {', '.join(map(str, report['seeds']))}.")
    return [*table(head, rows, 1), *(f"\n{note}" for note in notes)]


def _claims_table(report: dict[str, Any]) -> list[str]:
    head = ["claim", "set", "here", "numbers", "over seeds", "from the paper's own numbers"]
    rows = [
        [
            each["claim"],
            TITLES[each["set"]],
            f"**{each['verdict']}**",
            each["numbers"],
            f"{each['over_seeds']['decision']}: {each['over_seeds']['reason']}",
            f"{each['paper']}: {each['paper_numbers']}",
        ]
        for each in report["claims"]
    ]
    return table(head, rows, len(head))


def _differences(report: dict[str, Any]) -> list[str]:
    """The difference by seed of all pairs of rows that a claim compares and that share several seeds."""
    pairs = {
        (claim["set"], pair["better"], pair["worse"]): pair
        for claim in report["claims"]
        for pair in claim["over_seeds"]["pairs"]
        if pair["n"] > 1
    }
    if not pairs:
        return []
    head = ["set", "difference of PSNR, dB", "n", "mean", "standard error", "sd", "by seed"]
    rows = [
        [
            TITLES[data_set],
            f"{_short(better)} − {_short(worse)}",
            str(pair["n"]),
            signed(pair["mean"]),
            f"{pair['se']:.2f}",
            f"{pair['sd']:.2f}",
            ", ".join(f"{seed}: {signed(value)}" for seed, value in pair["by_seed"].items()),
        ]
        for (data_set, better, worse), pair in pairs.items()
    ]
    return ["## Differences between rows, seed by seed", "", *table(head, rows, 2), ""]


def _short(row: str) -> str:
    return ROWS[row].title.partition(" – ")[2]


def _runs_table(report: dict[str, Any]) -> list[str]:
    head = ["run", "command", "epochs", "data", "seed", "device", "torch", "seconds"]
    rows = []
    for run in report["runs"]:
        if run["status"] == "measured":
            known = (f"`{run['command']}`", run["epochs"], run["data"], run["seed"], run["device"], run["torch"])
            name = f"{run['run']} (measured before)" if run.get(MARK) else run["run"]
            rows.append([name, *map(str, known), f"{run['seconds']:,.0f}"])
        else:
            rows.append([run["run"], run["status"], "", "", str(run["seed"]), "", "", ""])
    return table(head, rows, 8)
