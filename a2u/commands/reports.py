"""What experiments found, as text for a terminal: Tables 1 and 2 beside the paper, guided
upsampling, and the scores of mattes.
"""

from typing import Any

from a2u.commands.tables import text
from a2u.data.digits import TITLES
from a2u.guided.report_text import HEAD, cells, title
from a2u.matting.data.listing import shown
from a2u.matting.measure.evaluate import Evaluation
from a2u.matting.measure.metrics import Scores
from a2u.matting.report import SCORES
from a2u.matting.report_text import NAMES, PLACES, own_scores, spread_words
from a2u.reconstruction.report_text import cells_of, notes_on, signed, value

LISTED = 20  # images of an evaluation


def table_1_text(report: dict[str, Any]) -> str:
    """PSNR beside the paper's, and the verdicts."""
    notes = (f"{name}: {words}" for name, words in notes_on(report))
    lines = [f"Table 1, {report['label']}", *report["warnings"], *notes]
    for data_set in TITLES:
        rows = []
        for cell in cells_of(report, data_set):
            own, gap = (value(cell, "psnr"), signed(cell["difference_db"])) if cell["runs"] else ("not run", "")
            rows.append((cell["title"], f"{cell['parameters']:,}", own, f"{cell['paper']['psnr']:.2f}", gap))
        lines += ["", text((TITLES[data_set], ">parameters", ">PSNR", ">paper", ">difference"), rows)]
    lines.append("")
    for each in report["claims"]:
        verdict = f"{each['verdict'].upper()} (over seeds: {each['over_seeds']['decision']})"
        lines.append(f"{TITLES[each['set']]}: {each['claim']} {verdict}")
    return "\n".join([*lines, *([f"In full: {report['in_full']}"] if report["in_full"] else [])])


def table_2_text(report: dict[str, Any]) -> str:
    """The scores beside the paper's SAD and MSE, the spread over seeds, and the ablation; Conn by both conventions."""
    own = (*(f">{NAMES[score]}" for score in SCORES), ">empty")  # Conn by "skip", then by "empty"
    heads = ("network", ">parameters", *own, ">paper SAD", ">paper MSE")
    rows = []
    for each in report["rows"]:
        size = f"{each['parameters']:,}" if "parameters" in each else "–"
        paper = f"{each['paper']['sad']:.2f}", f"{each['paper']['mse']:.4f}"
        rows.append([each["title"], size, *_own(each), *paper])
    rows += [[each["title"], "–", *_own(each)] for each in report["classical"]]
    lines = [f"Table 2, {report['label']}", "", text(heads, rows)]
    if report["spread"]:
        lines += ["", text(("", ""), [(each["title"], f"SAD {spread_words(each)}") for each in report["spread"]])]
    measured = [each for each in report["ablation"] if each["status"] == "measured"]
    if measured:
        compared = [(each["title"], f"{each['sad']:.3f}", f"{each['paper_sad']:.2f}") for each in measured]
        lines += ["", text(("ablation", ">SAD", ">paper SAD"), compared)]
    lines += ["", f"Measured on {report['test_data']}."]
    missing = [each for each in (*report["rows"], *report["classical"]) if each["status"] != "measured"]
    return "\n".join([*lines, *(f"{each['title']}: {each['status']}." for each in missing)])


def _own(each: dict[str, Any]) -> list[str]:
    if each["status"] != "measured":
        return ["not run", *[""] * len(SCORES)]
    return own_scores(each)


def guided_text(report: dict[str, Any]) -> str:
    """The rows and variants of each part, with their differences to the rows they are held against."""
    lines = [f"Guided upsampling, preset {report['preset']}, seeds {', '.join(map(str, report['seeds']))}"]
    heads = (HEAD[0], *(f">{head}" for head in HEAD[1:-1]), HEAD[-1])
    for part in report["parts"]:
        words = title(part)
        lines += ["", f"{words[0].upper()}{words[1:]}; differences to bilinear"]
        lines += ["", text(heads, [cells(each) for each in part["rows"]])]
        for against in dict.fromkeys(each["against"] for each in part["variants"]):
            some = [each for each in part["variants"] if each["against"] == against]
            lines += ["", f"Changed, and compared with {against}"]
            lines += [text(("changed", *heads), [[each["axis"], *cells(each)] for each in some])]
    lines += [
        "",
        "Errors × 1000, lower is better; boundary F: higher is better. Means ± standard deviation over seeds;",
    ]
    return "\n".join([*lines, "differences ± standard error, told apart only where their 95 % interval leaves out 0."])


def evaluation_text(evaluation: Evaluation) -> str:
    """The scores of the images and their means. Of many images only those with the largest SAD are listed."""
    scored = [(each, each.scores) for each in evaluation.measured if each.scores is not None]
    listed = scored
    if len(scored) > LISTED:
        listed = sorted(scored, key=lambda pair: pair[1].sad, reverse=True)[:LISTED]
    rows = [_scores(shown(each.name), scores, each.unknown, each.seconds) for each, scores in listed]
    if scored:
        unknown, seconds = (sum(getattr(each, what) for each, _ in scored) for what in ("unknown", "seconds"))
        title = f"mean of {len(scored)} image{'s' * (len(scored) > 1)}"
        mean = evaluation.totals().compute()
        rows.append(_scores(title, mean, round(unknown / len(scored)), seconds / len(scored)))
    heads = ("image", *(f">{NAMES[score]}" for score in SCORES), ">unknown", ">seconds")
    lines = [evaluation.method, f"on {evaluation.data}", "", text(heads, rows)]
    if len(listed) < len(scored):
        lines.append(f"The {LISTED} of {len(scored)} with the largest SAD are listed; -o keeps the whole table.")
    without = len(evaluation.measured) - len(scored)
    lines += [f"{without} without a true alpha: mattes, no scores."] * bool(without)
    lines.append(f"Over the unknown region; lower is better. Conn where nothing is shared: {evaluation.convention}.")
    others = [f"{name}, {mean:.3f}" for name, mean in evaluation.mean_conns().items() if name != evaluation.convention]
    lines += [f"The mean Conn by the other convention: {other}." for other in others]
    return "\n".join(lines)


def _scores(name: str, scores: Scores, unknown: int, seconds: float) -> list[str]:
    own = (f"{getattr(scores, score):.{PLACES[score]}f}" for score in SCORES)
    return [name, *own, f"{unknown:,}", f"{seconds:.2f}"]
