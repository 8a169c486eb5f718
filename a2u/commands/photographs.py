"""`a2u figure photographs`: what every method that ships makes of three photographs, side by side and in numbers."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from a2u.matting.data.dataset import Case
from a2u.matting.data.trimap import UNKNOWN
from a2u.matting.measure.predictors import Predictor, of_classical
from a2u.matting.photographs import PHOTOGRAPHS, Shares, photograph, shares
from a2u.pretrained.find import load_network, shipped

if TYPE_CHECKING:
    from a2u.lessons.frame import Drawing

CLASSICAL = {"closed-form": "closed-form", "knn": "KNN"}
SHOWN = ("closed-form", "knn", "matting/dynamic-cs-d-norm", "matting/dynamic-cs")  # the best and the worst network


@dataclass(frozen=True)
class PhotographMatte:
    """One matte: alpha Tensor[1, H, W], its shares of the unknown band, and the seconds of processor time it took.

    apart: mean |α − α of closed-form| over the unknown band.
    """

    alpha: Tensor
    shares: Shares
    apart: float
    seconds: float


def measure(methods: tuple[str, ...] = ()) -> dict[str, dict[str, PhotographMatte]]:
    """The mattes of every method, or of those named, on every photograph: by method, then by photograph."""
    cases = {name: photograph(name) for name in PHOTOGRAPHS}
    reference: dict[str, Tensor] = {}
    found: dict[str, dict[str, PhotographMatte]] = {}
    for method in methods or (*CLASSICAL, *shipped()):
        predictor = _predictor(method)
        predictor.matte(_part(cases["astronaut"]))  # what is compiled or loaded at the first use is done now
        found[method] = {}
        for name, case in cases.items():
            start = time.process_time()
            alpha, _ = predictor.matte(case)
            seconds = time.process_time() - start
            first = reference.setdefault(name, alpha)  # closed-form is the first of the methods
            apart = float((alpha - first).abs()[case.trimap == UNKNOWN].mean())
            found[method][name] = PhotographMatte(alpha, shares(alpha, case.trimap), apart, seconds)
    return found


def photographs_figure() -> "Drawing":
    """Photographs with their trimaps, and the mattes of four methods; all methods in numbers."""
    from a2u.lessons.frame import Drawing
    from a2u.plots.matting import Example, qualitative

    results = measure()
    examples = []
    for name, painted in PHOTOGRAPHS.items():
        case = photograph(name)
        mattes = {title(method): results[method][name].alpha for method in SHOWN}
        words = {title(method): f"{results[method][name].shares.front:.0%} above 0.9" for method in SHOWN}
        examples.append(Example(painted.title, case.image, case.trimap, None, mattes, words, painted.zoom))
    note = "photographs of scikit-image, trimaps painted by hand; shares of the unknown band"
    alt = (
        "Three photographs (a head with hair, the fur of a cat, a cup) with painted trimaps, and the mattes of "
        f"closed-form, KNN and two shipped networks. {_spoken(results)}"
    )
    return Drawing(qualitative(examples, note=note), alt, table(results))


def table(results: dict[str, dict[str, PhotographMatte]]) -> str:
    """All methods in Markdown: for each photograph the shares above 0.9 and undecided, then both means."""
    lines = [f"| method | {' | '.join(PHOTOGRAPHS)} | apart from closed-form | seconds |"]
    lines.append("|---" * (len(PHOTOGRAPHS) + 3) + "|")
    for method, each in results.items():
        cells = [f"{one.shares.front:.0%}, {one.shares.mixed:.0%}" for one in each.values()]
        apart = sum(one.apart for one in each.values()) / len(each)
        seconds = sum(one.seconds for one in each.values()) / len(each)
        lines.append(f"| {title(method)} | {' | '.join(cells)} | {apart:.2f} | {seconds:.1f} |")
    return "\n".join(lines)


def page(drawing: "Drawing") -> str:
    """`figures/photographs.md`: how the table of a drawing is to be read, and the table."""
    return f"""# Photographs: what each method makes of what is unknown

Made by `a2u figure photographs`: three photographs that come with scikit-image, with trimaps painted by hand. For each
photograph, two shares of the unknown band: what becomes foreground (alpha above 0.9), and what stays undecided (alpha
from 0.1 to 0.9). Then the mean difference from the alpha of closed-form, and the seconds of one processor core for one
photograph. The true alphas are not known, so these numbers compare methods and do not score them.

{drawing.says}

![{drawing.alt}](photographs.png)
"""


def title(method: str) -> str:
    """The short name of a method for a column."""
    if method in CLASSICAL:
        return CLASSICAL[method]
    return method.removeprefix("matting/").replace("-d-norm", "-d†")


def _spoken(results: dict[str, dict[str, PhotographMatte]]) -> str:
    parts = []
    for method in SHOWN:
        parts.append(f"{title(method)} {', '.join(f'{one.shares.front:.0%}' for one in results[method].values())}")
    return f"Of the unknown band alpha is above 0.9 in: {'; '.join(parts)}."


def _predictor(method: str) -> Predictor:
    return of_classical(method) if method in CLASSICAL else load_network(Path(method)).predictor()


def _part(case: Case) -> Case:
    here = (slice(None), slice(30, 110), slice(30, 110))
    return replace(case, image=case.image[here].contiguous(), trimap=case.trimap[here].contiguous())
