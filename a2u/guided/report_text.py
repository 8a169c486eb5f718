"""The report of `a2u.guided.report` as tables: Markdown, and rows of cells for a terminal."""

from typing import Any

from a2u.guided.report import SCALE
from a2u.markdown import table

HEAD = ("row", "parameters", "band error", "elsewhere", "SAD", "boundary F", "difference", "so it is")
PLACES = {"band": 1, "inside": 2, "sad": 3, "f": 3}
MEANING = {
    "alpha": "the alpha of drawn scenes",
    "digits": "four digits over a texture",
    "labels": "which of ten digits, or none, each pixel shows",
}


def title(part: dict[str, Any]) -> str:
    """The task of one part, in words."""
    return f"{MEANING[part['task']]}, {part['factor']}× coarser"


def cells(each: dict[str, Any]) -> list[str]:
    """One row of the table."""
    own = [_score(each, score) for score in PLACES]
    return [each["title"], f"{each['parameters']:,}", *own, *_difference(each)]


def _score(each: dict[str, Any], score: str) -> str:
    mean, sd = each["mean"][score] * SCALE[score], each["sd"][score]
    spread = "" if sd is None else f" ± {sd * SCALE[score]:.{PLACES[score]}f}"
    return f"{mean:.{PLACES[score]}f}{spread}"


def _difference(each: dict[str, Any]) -> list[str]:
    found = each["difference"]
    if found is None:
        return ["–", "–"]
    spread = "" if found["se"] is None else f" ± {found['se']:.1f}"
    return [f"{found['mean']:+.1f}{spread}".replace("-", "−"), found["verdict"]]


def to_markdown(report: dict[str, Any]) -> str:
    """The whole report."""
    chosen, seeds = report["settings"], ", ".join(map(str, report["seeds"]))
    lines = [
        "# Guided upsampling: nothing but the operator can draw detail",
        "",
        f"**Preset {report['preset']}: {chosen['train']} pictures of {chosen['size']}², "
        f"{chosen['epochs'] * chosen['steps']} steps of batch {chosen['batch']}, seeds {seeds}; measured on "
        f"{chosen['test']} other pictures.**",
        "",
        "A coarse map and the sharp picture go in, the sharp map comes out. The picture reaches the result through the "
        "kernels of the operator alone (`a2u.guided.network`); everything else is the same in every row, initial "
        "weights included. Band error: mean absolute error × 1000 within 2 pixels of a true boundary; elsewhere: the "
        "same away from it; SAD in thousands; lower is better. Boundary F: higher is better. Means ± standard "
        "deviation over the seeds.",
        "",
        "Difference: of the band error, seed by seed, to the row that the table names, ± its standard error. A row is "
        "called better or worse only where the 95 % interval of that difference does not contain 0 "
        "(Student's t); one seed has no interval.",
        "",
    ]
    for part in report["parts"]:
        text = title(part)
        lines += [f"## {text[0].upper()}{text[1:]}", "", f"Made by `{part['command']}`.", ""]
        lines += ["Differences are to bilinear.", "", *table(HEAD, [cells(each) for each in part["rows"]], 1), ""]
        for against in dict.fromkeys(each["against"] for each in part["variants"]):
            lines += _variants(part, against)
    return "\n".join(lines)


def _variants(part: dict[str, Any], against: str) -> list[str]:
    some = [each for each in part["variants"] if each["against"] == against]
    named = next((each for each in (*part["rows"], *part["variants"]) if each["row"] == against), None)
    other = named["title"] if named else against
    rows = [[each["axis"], *cells(each)] for each in some]
    return [f"Differences are to {other}{_beside(some)}.", "", *table(("changed", *HEAD), rows, 2), ""]


def _beside(some: list[dict[str, Any]]) -> str:
    return f", with {some[0]['axis']} too" if "skip" in some[0]["axis"] else ", of which one thing is changed"
