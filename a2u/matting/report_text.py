"""The report of `a2u.matting.report` as Markdown."""

from typing import Any

from a2u.markdown import table
from a2u.matting.report import EMPTY, SCORES, WITHOUT

PLACES = {"sad": 3, "mse": 4, "grad": 3, "conn": 3}
NAMES = {"sad": "SAD", "mse": "MSE", "grad": "Grad", "conn": "Conn"}
_HEADS = (*(NAMES[score] for score in SCORES[:-1]), "Conn, skip", "Conn, empty")  # of what was measured here

CONN = (
    "Means over images, over the unknown region; lower is better. Published evaluators of Conn differ where no pixel "
    "reaches a threshold in both mattes. *Skip* leaves such a threshold out. It is the convention published with A²U, "
    "and the paper's column is read as this one. *Empty* counts the pixels that are left as disconnected. Skip favours "
    "a matte that misses its object: a black one scores 0, whatever the truth.",
)


def to_markdown(report: dict[str, Any]) -> str:
    """The whole report: label, the table, classical methods, the ablation, how each row was run."""
    made = f"Made by `{report['command']}`, measured on {report['test_images']} images: {report['test_data']}."
    lines = ["# Table 2: image matting", "", f"**Here: {report['label']}.**", ""]
    lines += [
        "These are not the numbers of the paper's experiment (Composition-1k, full width, 180,000 iterations of "
        "batch 16): numbers of the two halves cannot be compared with each other, only rows within a half.",
        "",
        made,
        "",
        *CONN,
        *_black(report),
        "",
        *_rows_table(report),
        "",
        *_missing_conns(report),
        *_spread_table(report),
        "## Kernel size and normalisation (the axes of Tables 3 and 4)",
        "",
        f"Here: {report['ablation_label']}. Compare within this table alone.",
        "",
        *_ablation_table(report),
        "",
        "## How each was run",
        "",
        *_runs_table(report),
        "",
        f"Versions: {', '.join(f'{name} {number}' for name, number in report['versions'].items())}.",
        "",
        "## In full",
        "",
        "The paper's schedule on a data set of your own:",
        "",
        "```bash",
        report["in_full"],
        "```",
        "",
    ]
    return "\n".join(lines)


def _rows_table(report: dict[str, Any]) -> list[str]:
    head = ["network", "parameters", "operators"]
    head += [*_HEADS, *(f"paper {NAMES[score]}" for score in SCORES)]
    rows, notes = [], []
    for each in report["rows"]:
        measured, own = each["status"] == "measured", own_scores(each)
        paper = [f"{each['paper'][score]:.{4 if score == 'mse' else 2}f}" for score in SCORES]
        sizes = [f"{each[key]:,}" if key in each else "–" for key in ("parameters", "extra_parameters")]
        rows.append([each["title"], *sizes, *own, *paper])
        notes += [] if measured else [f"{each['title']}: {each['status']}."]
    for each in report["classical"]:
        measured, own = each["status"] == "measured", own_scores(each)
        rows.append([f"{each['title']} ({each['source']})", "–", "–", *own, *["–"] * len(SCORES)])
        notes += [] if measured else [f"{each['title']}: {each['status']}."]
        if measured and each["images"] < report["test_images"]:
            notes.append(
                f"{each['title']} images: it needs some pixels that the trimap knows, so its means are not over the "
                "same images as the networks'."
            )
    return [*table(head, rows, 1), *(f"\n{note}" for note in notes)]


def own_scores(each: dict[str, Any]) -> list[str]:
    """SAD, MSE, Grad and Conn by both conventions as a table prints them; "–" for a Conn that was not measured."""
    if each["status"] != "measured":
        return ["not run"] * len(_HEADS)
    empty = each.get(EMPTY)
    last = "–" if empty is None else f"{empty:.{PLACES['conn']}f}" + "*" * ("conn_empty_of" in each)
    return [*(f"{each[score]:.{PLACES[score]}f}" for score in SCORES), last]


def _black(report: dict[str, Any]) -> list[str]:
    """What a classical method can answer where the trimap knows no foreground."""
    count = report.get(WITHOUT, 0)
    if not count or not report["classical"]:
        return []
    return [
        f"In {count} of the {report['test_images']} images the trimap knows no foreground. There closed-form and KNN "
        "matting can only answer black, so compare them with networks by *empty*."
    ]


def _missing_conns(report: dict[str, Any]) -> list[str]:
    """What to know of Conn by the second convention: of other weights, or not measured. It ends with an empty line."""
    measured = [each for each in (*report["rows"], *report["classical"]) if each["status"] == "measured"]
    notes = [
        f"\\* Of {words}."
        for words in dict.fromkeys(each["conn_empty_of"] for each in measured if "conn_empty_of" in each)
    ]
    if any(each.get(EMPTY) is None for each in measured):
        notes.append("–: these runs were measured before both conventions were kept, and are not at hand any more.")
    return [*notes, ""] if notes else []


def spread_words(each: dict[str, Any]) -> str:
    """What one row of the spread reached: "2.40 ± 0.05 over seeds 0, 1, 2 (2.396, 2.351, 2.449)"."""
    seeds, sads = zip(*each["sads"].items(), strict=True)
    listed = ", ".join(f"{sad:.3f}" for sad in sads)
    return f"{each['mean']:.2f} ± {each['sd']:.2f} over seeds {', '.join(seeds)} ({listed})"


def _spread_table(report: dict[str, Any]) -> list[str]:
    """The section on seeds, where a row was trained with several; it ends with an empty line."""
    if not report["spread"]:
        return []
    head = ["network", *(f"SAD, seed {seed}" for seed in report["seeds"]), "mean ± standard deviation"]
    rows = []
    for each in report["spread"]:
        sads = [f"{each['sads'][key]:.3f}" if key in each["sads"] else "not run" for key in map(str, report["seeds"])]
        rows.append([each["title"], *sads, f"{each['mean']:.3f} ± {each['sd']:.3f}"])
    return [
        "## Between seeds",
        "",
        "The same networks, trained with other initial weights and other samples. Rows that lie no further apart than "
        "this are not ranked by the table above. Rows not listed were trained with one seed. Made by "
        f"`{report['spread_command']}`.",
        "",
        *table(head, rows, 1),
        "",
    ]


def _ablation_table(report: dict[str, Any]) -> list[str]:
    head = ["A²U", "axis", "value", *_HEADS[:-1], "paper SAD"]
    rows = []
    for each in report["ablation"]:
        measured = each["status"] == "measured"
        own = [f"{each[score]:.{PLACES[score]}f}" for score in SCORES] if measured else ["not run"] * len(SCORES)
        rows.append([each["row"], each["axis"], each["value"], *own, f"{each['paper_sad']:.2f}"])
    return table(head, rows, 3)


def _runs_table(report: dict[str, Any]) -> list[str]:
    head = ["run", "command", "device", "torch", "best epoch", "seconds"]
    rows, seen = [], set()
    again = [run for each in report["spread"] for run in each["runs"]]
    for each in (*report["rows"], *again, *report["ablation"]):
        if each.get("run") in seen or "run" not in each:
            continue
        seen.add(each["run"])
        if each["status"] == "measured":
            known = [each["device"], each["torch"], str(each["best_epoch"]), f"{each['seconds']:,.0f}"]
            rows.append([each["run"], f"`{each['command']}`", *known])
        else:
            rows.append([each["run"], each["status"], "", "", "", ""])
    return table(head, rows, 4)
