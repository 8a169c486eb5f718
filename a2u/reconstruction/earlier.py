"""Rows of Table 1 that were measured before: taken from the report that holds them, once their run folders are gone.

A report (`table1.json`) records for each run its results after every epoch, and all its settings. So a row that was
finished once need not be trained again to appear in a table: where the runs folder has no complete run, the earlier one
takes its place, marked "measured_before", if it has the settings and the data of the rest.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from a2u.data.digits import TITLES
from a2u.errors import A2UError
from a2u.files.reading import read_json
from a2u.reconstruction.presets import PRESETS, run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training.kind import KEY

MARK = "measured_before"
METRICS = ("psnr", "ssim", "rmse", "mae")
DATA = ("data", "train_sha256", "test_sha256")  # what a run's config says of its data
TEXTS = ("preset", "data", "test_sha256", "device", "command")
Run = dict[str, Any]  # one of a report's "runs"


def read_earlier(path: Path) -> list[Run]:
    """The measured runs of a report that `a2u table1` wrote, each with the mark.

    Raises:
        A2UError: No such file, or not a report.
    """
    remedy = "Give a table1.json that `a2u table1` wrote."
    runs = read_json(path, {"runs": [dict]}, remedy)["runs"]
    try:
        found = [run for run in runs if run["status"] == "measured"]
        for run in found:
            _check(run)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise A2UError(f"{path} is not a report of Table 1, or is damaged ({reason[:200]}). {remedy}") from error
    return [{**run, MARK: True} for run in found]


def _check(run: Run) -> None:
    """Raise ValueError, KeyError or TypeError for a run that no report of Table 1 has."""
    if run["row"] not in ROWS or run["set"] not in TITLES or run["preset"] not in PRESETS:
        raise ValueError(f"no such run: {run['row']}, {run['set']}, {run['preset']}")
    if not all(isinstance(run[key], str) for key in TEXTS):
        raise ValueError(f"one of {', '.join(TEXTS)} is not text")
    if type(run["seed"]) is not int or run["run"] != run_name(run["row"], run["set"], run["preset"], run["seed"]):
        raise ValueError(f"the run {run['run']!r} is not that of its row, set, preset and seed")
    curve = [psnr for psnr in run["curve"] if psnr is not None]  # None after an epoch that was not measured
    numbers = [*(run[metric] for metric in METRICS), *curve, run["seconds"]]
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers):
        raise ValueError(f"a result of {run['run']} is not a finite number")
    if len(run["curve"]) != run["epochs"] or abs(run["curve"][-1] - run["psnr"]) > 1e-3:
        raise ValueError(f"the curve of {run['run']} does not end at its PSNR after {run['epochs']} epochs")
    if not isinstance(run["changes"], dict) or config_of_run(run)["epochs"] != run["epochs"]:
        raise ValueError(f"{run['run']} has other epochs than its preset")


def config_of_run(run: Run) -> dict[str, Any]:
    """The settings and the data of the run as its config.json had them, without the experiment.

    A report of an older version has no train_sha256; then neither has this.
    """
    asked = settings(run["row"], run["set"], run["preset"], run["seed"])
    data = {key: run[key] for key in DATA if key in run}
    config: dict[str, Any] = json.loads(json.dumps({**vars(asked), **run.get("settings", {}), **run["changes"]}))
    return config | data


def is_run_of(run: Run, config: Mapping[str, Any]) -> bool:
    """Does this run have exactly the settings and the data of `config`?"""
    wanted, found = json.loads(json.dumps(dict(config))), config_of_run(run)
    wanted.pop(KEY, None)  # a report is of one experiment
    if "train_sha256" not in found:
        wanted.pop("train_sha256", None)
    return bool(wanted == found)


def fill(details: Sequence[Run], earlier: Sequence[Run], preset: str) -> tuple[list[Run], list[str]]:
    """Fill gaps with earlier runs; returns the runs, and the names of the gaps whose earlier runs do not fit the rest.

    An earlier run fits if it has the preset, and the settings and data of the measured runs; of several that fit, the
    first is taken. If nothing is measured, the first earlier run decides what the others must have.

    Args:
        details: one for each row, set and seed of the report, "measured" or not.
        earlier: see `read_earlier`.
        preset: of the report.
    """
    known = [run for run in earlier if run["preset"] == preset]
    here = [each for each in details if each["status"] == "measured"]
    like = here or known
    digests = {run["set"]: run["test_sha256"] for run in reversed(like)}
    filled, refused = [], []
    for each in details:
        place = (each["row"], each["set"], each["seed"])
        found = [run for run in known if (run["row"], run["set"], run["seed"]) == place]
        fitting = [run for run in found if _fits(run, like[0], digests)]
        if each["status"] == "measured" or not fitting:
            filled.append(each)
            refused += [each["run"]] if found and each["status"] != "measured" else []
        else:
            filled.append(fitting[0])
    return filled, refused


def _fits(run: Run, like: Run, digests: Mapping[str, str]) -> bool:
    same = (_changed(run), run["data"]) == (_changed(like), like["data"])
    return same and digests.get(run["set"], run["test_sha256"]) == run["test_sha256"]


def _changed(run: Run) -> dict[str, Any]:
    """The settings of the run that differ from today's preset."""
    config = config_of_run(run)
    preset = json.loads(json.dumps(vars(settings(run["row"], run["set"], run["preset"], run["seed"]))))
    return {key: value for key, value in config.items() if key not in DATA and preset.get(key) != value}
