"""Measure one method on a whole data set: a matte, four metrics and the seconds of every image, and their means.

A fault of one image (a damaged file, memory that ran out) is noted beside its name, and the rest goes on.
"""

import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

from a2u.errors import A2UError, memory_ran_out
from a2u.files.outputs import Outputs
from a2u.matting.data.files import to_png
from a2u.matting.data.listing import shown
from a2u.matting.data.trimap import FOREGROUND, UNKNOWN, check_unknown
from a2u.matting.measure.metrics import Convention, Scores, conns, to_8bit
from a2u.matting.measure.totals import Totals

if TYPE_CHECKING:
    from a2u.matting.data.dataset import Case
    from a2u.matting.measure.predictors import Predictor

REPORT = ("scores.json", "scores.csv", "scores.txt")


class Cases(Protocol):
    """What is measured: a test set, or a list of cases."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> "Case": ...


@dataclass(frozen=True)
class Measured:
    """One image: its scores (None where no truth is known), unknown pixels, and what its matte cost.

    conns: Conn by each convention; empty where no truth is known. knows_foreground: the trimap has a pixel of sure
    foreground; without one a classical method can only answer black.
    """

    name: str
    height: int
    width: int
    unknown: int
    scores: Scores | None
    seconds: float
    peak_bytes: int | None
    conns: dict[Convention, float] = field(default_factory=dict)
    knows_foreground: bool = True


@dataclass
class Evaluation:
    """Everything that an evaluation found. method and data say in words what was measured on what."""

    method: str
    data: str
    convention: Convention
    measured: list[Measured] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def totals(self) -> Totals:
        """The scored images as a set."""
        totals = Totals(self.convention)
        totals.images = [(each.scores, each.unknown) for each in self.measured if each.scores is not None]
        return totals

    def mean_conns(self) -> dict[Convention, float]:
        """Conn by each convention, mean over the scored images; empty where there are none."""
        scored = [each.conns for each in self.measured if each.conns]
        return {convention: fmean(each[convention] for each in scored) for convention in (scored[0] if scored else {})}

    def as_dict(self) -> dict[str, Any]:
        """For JSON; "mean" is null where no image could be scored."""
        totals = self.totals()
        return {
            "method": self.method,
            "data": self.data,
            "conn_convention": self.convention,
            "images": len(self.measured),
            "scored": len(totals.images),
            "failed": self.failed,
            "mean": asdict(totals.compute()) if totals.images else None,
            "mean_conns": self.mean_conns() or None,
            "without_foreground": sum(not each.knows_foreground for each in self.measured),
            "pooled_mse": totals.pooled_mse() if totals.images else None,
            "seconds": sum(each.seconds for each in self.measured),
            "peak_bytes": max((each.peak_bytes for each in self.measured if each.peak_bytes is not None), default=None),
            "each": [asdict(each) for each in self.measured],
        }

    def to_csv(self) -> str:
        """One line per image; images that failed are listed too, with the reason and no numbers."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        names = ["sad", "mse", "grad", "conn"]
        table.writerow(["image", "height", "width", "unknown", *names, "seconds", "peak_bytes", "failed"])
        for each in self.measured:
            scores = [getattr(each.scores, name) if each.scores else "" for name in names]
            row = [each.name, each.height, each.width, each.unknown, *scores, f"{each.seconds:.3f}"]
            table.writerow([*row, "" if each.peak_bytes is None else each.peak_bytes, ""])
        for name, reason in self.failed.items():
            table.writerow([name, *[""] * (len(names) + 5), reason])
        return text.getvalue()


def evaluate(
    cases: Cases,
    predictor: "Predictor",
    data: str,
    *,
    names: Sequence[str] | None = None,
    count: int | None = None,
    keep: Outputs | None = None,
    convention: Convention = "skip",
    on_image: Callable[[str, Measured | str], None] | None = None,
) -> Evaluation:
    """Predict and measure every case.

    Args:
        cases: the test set; a case without a true alpha gets a matte and no scores.
        predictor: from :mod:`a2u.matting.measure.predictors`.
        data: a few words on the data, kept with every result.
        names: of the cases, for those that cannot be read; their numbers by default.
        count: only the first so many; None for all.
        keep: where mattes go, `mattes/NAME.png` each. The PNG holds the very bytes that were measured.
        convention: of Conn, see :func:`a2u.matting.measure.metrics.conn`.
        on_image: called after each case with its name and its result, or the reason why there is none.
    """
    evaluation = Evaluation(predictor.title, data, convention)
    for index in range(len(cases) if count is None else min(count, len(cases))):
        name = names[index] if names else f"image {index}"
        try:
            case = cases[index]
            name = case.name
            measured = measure_case(case, predictor, keep, convention)
        except Exception as error:  # a batch job goes on, and says in the end what it could not do
            evaluation.failed[name] = why(error)
            if on_image:
                on_image(name, evaluation.failed[name])
            continue
        evaluation.measured.append(measured)
        if on_image:
            on_image(name, measured)
    return evaluation


def measure_case(case: "Case", predictor: "Predictor", keep: Outputs | None, convention: Convention) -> Measured:
    """The matte of one case, written to mattes/NAME.png if wanted, and its scores if the truth is known."""
    check_unknown(case.trimap, f"The trimap of {case.name}")
    start = time.perf_counter()
    alpha, peak = predictor.matte(case)
    seconds = time.perf_counter() - start
    matte, trimap = to_8bit(alpha), case.trimap[0].cpu().numpy()
    if matte.shape != trimap.shape:
        raise A2UError(f"The matte is {matte.shape[0]}×{matte.shape[1]}, the image {'×'.join(map(str, trimap.shape))}.")
    if keep is not None:
        keep.write(matte_name(case.name), to_png(matte))
    height, width = matte.shape
    unknown, foreground = (int((trimap == value).sum()) for value in (UNKNOWN, FOREGROUND))
    measured = Measured(case.name, height, width, unknown, None, seconds, peak, knows_foreground=foreground > 0)
    if case.alpha is None:
        return measured
    given = matte, to_8bit(case.alpha), trimap
    return replace(measured, scores=Totals(convention).update(*given), conns=conns(*given))


def why(error: Exception) -> str:
    """One sentence on why an image failed."""
    if isinstance(error, A2UError):
        return str(error)
    if memory_ran_out(error):
        return (
            "The memory ran out: free some, or take a smaller image. A network can also compute it in parts "
            "(`tile=512`), or with `device='cpu'`."
        )
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def blame(failed: dict[str, str], count: int, what: str = "images") -> A2UError:
    """One message for all that failed; the reasons were reported one by one."""
    return A2UError(f"{len(failed)} of {count} {what} failed for the reasons above: {', '.join(map(shown, failed))}.")


def matte_name(case: str) -> str:
    """The file of a case's matte, within the folder of a report."""
    return f"mattes/{case}.png"


def results(out: str | Path, names: Sequence[str], read: Iterable[Path] = ()) -> Outputs:
    """Where the mattes of these cases and the report on them will be written; nothing is written yet.

    Raises:
        A2UError: A result would replace a file that is read, or one that `a2u matting evaluate` did not write.
    """
    outputs = Outputs(out, "a2u matting evaluate")
    outputs.check([*map(matte_name, names), *REPORT], read)
    return outputs


def write_evaluation(evaluation: Evaluation, words: str, out: Outputs) -> list[Path]:
    """scores.json, scores.csv and, with these words, scores.txt; returns their paths."""
    document = json.dumps(evaluation.as_dict(), indent=2, ensure_ascii=False)
    contents = (document + "\n", evaluation.to_csv(), words + "\n")
    return [
        out.write(name, content.encode("utf-8", "backslashreplace"))
        for name, content in zip(REPORT, contents, strict=True)
    ]
