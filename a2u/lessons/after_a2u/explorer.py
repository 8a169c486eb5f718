"""The operators of lesson 12 over the shared map: pick one and an output value, and see its w and z."""

from torch import Tensor

from a2u import operators
from a2u.lessons import shared
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.inspector import example, picture
from a2u.operators.witness import GUIDE
from a2u.plots import style

RATIO = 2
AFTER = {
    "Joint bilateral": "bilateral",
    "SAPA-I": "sapa:i",
    "SAPA-B": "sapa:b",
    "SAPA-G": "sapa:g",
    "SAPA-D": "sapa_d",
    "FADE": "fade",
    "FADE-Lite": "fade:lite",
    "DySample": "dysample",
    "DySample+": "dysample:plus",
    "DySample-S": "dysample:s",
    "DySample-S+": "dysample:s-plus",
    "LDA-AQU": "lda_aqu",
    "FeatUp, one stage": "featup",
    "NAF": "naf",
}


def effective(w: Tensor) -> float:
    """Over how many taps weights ≥ 0 are spread, (Σw)²/Σw²: 1 for a copy, n for a mean of n."""
    return float(w.sum() ** 2 / (w**2).sum())


def explorer(name: str = "fade", row: int = 5, column: int = 10) -> Panel:
    """Joint bilateral upsampling and every operator after A²U, with sliders for the output value."""
    titles = {name: title for title, name in AFTER.items()}

    def draw(operator: str, channel: int, row: int, column: int) -> Drawing:
        op, x, guide, y = example(operator, RATIO)
        drawing = picture(op, x, guide, y, (0, channel, row, column), titles[operator])
        found = op.witness(x, guide, at=(0, channel, row, column)).compact()
        count = int((found.source == GUIDE).sum())
        beside = f" and {count} of the guide" if count else ""
        wide = f", spread over {effective(found.w):.1f} of them" if found.w.min() >= 0 else ", some below 0"
        words = (
            f"{len(found.w) - count} cells of x{beside} have a weight, Σw = {style.number(float(found.w.sum()))}{wide}."
            f"  {_guided(op)}"
        )
        return Drawing(drawing.figure, drawing.alt, f"{drawing.says}\n{words}")

    return Panel(
        draw,
        operator=choice(list(AFTER.items()), name, "operator"),
        channel=slider(0, len(shared.CHANNELS) - 1, 0, "channel"),
        row=slider(0, RATIO * shared.SIZE - 1, row, "row"),
        column=slider(0, RATIO * shared.SIZE - 1, column, "column"),
    )


def _guided(op: operators.Upsampler) -> str:
    guide = {"nothing": "x alone", "image": "the picture"}.get(op.card.guided_by, f"the {op.card.guided_by}")
    also = " and x" if op.card.needs_guide and not op.card.linear_in_x else ""
    return f"Its w looks at {guide}{also}."
