"""The runs of Table 2 as a campaign (`a2u.training.campaign`): its rows, and the ablation of Tables 3 and 4."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.files.reading import Missing, fault, read_json
from a2u.files.writing import write_all
from a2u.matting import experiment as experiments
from a2u.matting.experiment import load_model, prepare
from a2u.matting.measure.evaluate import Evaluation, evaluate
from a2u.matting.rows import ROWS
from a2u.matting.settings import SYNTHETIC, Settings, run_name, settings
from a2u.training import Run, choose_device
from a2u.training.campaign import Job
from a2u.training.loop import Hook
from a2u.training.run_folder import History

# The order of training: the rows that teach most come first.
ORDER = (
    "nearest", "bilinear", "dynamic-cs", "hybrid-cw", "carafe", "indexnet", "dynamic-cs-d", "static-cw",
    "static-pw-cw", "hybrid-cs", "dynamic-cw", "dynamic-cs-d-norm",
)  # fmt: skip
CLASSICAL = ("closed-form", "knn")
SCORES_FILE = "test.json"  # of a run: its scores on the test images
_OURS_SHAPE: dict[str, Any] = {"epoch": (int, type(None)), "method": str, "data": str}
_SCORES_SHAPE: dict[str, Any] = {
    **{"mean": dict.fromkeys(("sad", "mse", "grad", "conn"), float), "scored": int, "failed": dict},
    **{"conn_convention": str, "each": [{"name": str, "scores": (dict, type(None))}]},
    **{"mean_conns": {"skip": float, "empty": float}, "without_foreground": int},
}


BRIEFLY = {"narrow": "brief"}  # the preset of the ablation, where it differs from the table's


@dataclass(frozen=True)
class Variant:
    """A row of Table 3 or 4: an A²U of another kernel size or normalisation, and the paper's SAD."""

    row: str
    axis: str
    value: str
    options: dict[str, Any]
    paper_sad: float

    @property
    def title(self) -> str:
        """As the table prints it."""
        return f"{ROWS[self.row].title}, {self.axis} {self.value}"


def _variants() -> list[Variant]:
    """Kernels 1, 3, 5 (Table 3), and softmax beside sigmoid, then softmax (Table 4); 3 with both is the row itself."""
    found = []
    for row, sizes, softmax in (
        ("hybrid-cw", (37.74, 34.76, 35.99), 35.93),
        ("dynamic-cs", (36.06, 35.86, 37.40), 36.40),
    ):
        for size, sad in zip((1, 3, 5), sizes, strict=True):
            found.append(Variant(row, "k_up", str(size), {} if size == 3 else {"kernel_size": size}, sad))
        found.append(Variant(row, "normalization", "softmax", {"normalization": "softmax"}, softmax))
        found.append(Variant(row, "normalization", "sigmoid+softmax", {}, sizes[1]))
    return found


VARIANTS = _variants()


def plan(
    rows: Sequence[str],
    preset: str,
    runs: Path,
    data: str = SYNTHETIC,
    seeds: Sequence[int] = (0,),
    ablation: bool = True,
    device: str = "auto",
    workers: int = 0,
    **changes: Any,
) -> list[Job]:
    """The jobs, in the order in which they train: all of the first seed, then the rows with the others.

    Raises:
        A2UError: No such row, preset or device.
    """
    for word in rows:
        if word not in ROWS:
            raise A2UError(f"Table 2 has no row {word!r}. {near_match(word, list(ROWS))}")
    choose_device(device)
    first, *others = dict.fromkeys(seeds)
    wanted = [settings(row, preset, data, first, **changes) for row in ORDER if row in rows]
    if ablation:
        chosen, below = [each for each in VARIANTS if each.row in rows], BRIEFLY.get(preset, preset)
        wanted += [settings(each.row, below, data, first, options=each.options, **changes) for each in chosen]
    wanted += [settings(row, preset, data, seed, **changes) for seed in others for row in ORDER if row in rows]
    folders = {runs / run_name(each): each for each in wanted}  # what both tables need is trained once
    return [
        Job(each, folder, each.as_config(), each.iterations, partial(_train, each, folder, device, workers))
        for folder, each in folders.items()
    ]


def _train(settings: Settings, folder: Path, device: str, workers: int, on_progress: Hook) -> History:
    """Train from where the folder is to the end, and measure the best epoch on the test images."""
    experiment = prepare(settings, device, workers)
    with Run(folder, experiment.config, experiment.device) as run:
        history = experiments.train(experiment, run, on_progress, on_progress)
    measure(folder, device)
    return history


def measure(folder: Path, device: str = "auto") -> dict[str, Any]:
    """The four metrics of a run's best epoch on the test images of its data; kept in the run's folder.

    Scores of the same epoch and the same images that are there already are not measured again.
    """
    from a2u.matting.data.sources import open_test
    from a2u.matting.measure.predictors import of_network

    net, chosen, history = load_model(folder)
    best = min(history, key=lambda record: float(record[experiments.BEST]))["epoch"]
    cases = open_test(chosen.data, "test", chosen.test_size, chosen.backgrounds)
    kept = _kept(folder, cases.describe, best)
    if kept:
        return kept
    predictor = of_network(net, ROWS[chosen.row].title, choose_device(device))
    return _keep(folder, evaluate(cases, predictor, cases.describe, names=cases.names), best)


def measure_classical(
    method: str, folder: Path, data: str, test_size: int, backgrounds: str | None = None
) -> dict[str, Any]:
    """The four metrics of closed-form or KNN matting on the same test images; kept in `folder`.

    An image that the method refuses, as it must where the trimap knows nothing, is left out of the means:
    "scored" and "images" give the numbers, "failed" the reasons.
    """
    from a2u.matting.data.sources import open_test
    from a2u.matting.measure.predictors import of_classical

    cases = open_test(data, "test", test_size, backgrounds)
    kept = _kept(folder, cases.describe, None)
    if kept:
        return kept
    evaluation = evaluate(cases, of_classical(method), cases.describe, names=cases.names)
    return _keep(folder, evaluation, None, whole=False)


def _kept(folder: Path, data: str, epoch: int | None) -> dict[str, Any] | None:
    """The kept scores of these images and this epoch; None if there are none, or an older version wrote fewer.

    Raises:
        A2UError: A file of that name holds something else, which must not be replaced.
    """
    try:
        found: dict[str, Any] = read_json(folder / SCORES_FILE, _OURS_SHAPE)
    except Missing:
        return None
    except A2UError as error:
        raise A2UError(f"{error} Scores of {folder.name} would replace it: move it away.") from error
    whole = fault(found, _SCORES_SHAPE) is None
    return found if whole and (found["data"], found["epoch"]) == (data, epoch) else None


def _keep(folder: Path, evaluation: Evaluation, epoch: int | None, whole: bool = True) -> dict[str, Any]:
    found = {"epoch": epoch, **evaluation.as_dict()}
    if (evaluation.failed and whole) or found["mean"] is None:
        name, reason = next(iter(evaluation.failed.items()), ("the set", "no true alpha to compare with"))
        raise A2UError(f"{folder.name} could not be measured on {evaluation.data}: {name}: {reason}")
    write_all(folder, {SCORES_FILE: (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode()})
    return found
