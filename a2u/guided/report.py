"""The guided table from run folders: every row over all seeds, and its paired difference to the row it is held against.

`collect` makes one plain dict; `figures/guided.json` is that dict, and everything else is drawn or written from it.

A row is called better or worse than another only if the 95 % interval of their paired differences over the seeds does
not contain 0 (`a2u.differences`); the runs of one seed share their pictures, their order and all weights but the
operator's, so what differs within a seed is the operator.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from a2u.differences import Difference, difference
from a2u.errors import A2UError
from a2u.guided.experiment import build_model
from a2u.guided.measure import SCORES
from a2u.guided.pairs import FACTORS, TASKS
from a2u.guided.rows import ROWS, VARIANTS, Row
from a2u.guided.settings import EXPERIMENT, run_name, settings
from a2u.shell import command
from a2u.training.device import device_words
from a2u.training.kept import kept_in

BETTER, WORSE, OPEN = "better", "worse", "cannot be told"
SCALE = {"band": 1000.0, "inside": 1000.0, "sad": 1.0, "f": 1.0}  # as printed


def collect(runs: Path, preset: str, seeds: Sequence[int], **changes: Any) -> dict[str, Any]:
    """Everything that the run folders say about the guided table under one preset.

    parts: one for each task and factor of which a run is complete, with its rows and variants. A row has its scores by
    seed, their means, and "difference": of its band error (× 1000) to that of the row `against`, and the verdict.

    Raises:
        A2UError: There is no complete run.
    """
    seeds = list(dict.fromkeys(seeds))
    parts = [_part(runs, preset, seeds, task, factor, changes) for task in TASKS for factor in FACTORS]
    parts = [part for part in parts if part["rows"]]
    if not parts:
        raise A2UError(
            f"{runs} holds no complete run of guided upsampling with preset {preset!r}, so there is nothing to report. "
            f"`a2u guided --preset {preset}` trains them."
        )
    return {
        "preset": preset,
        "seeds": seeds,
        "settings": {k: v for k, v in settings("nearest", preset=preset, **changes).as_config().items() if k != "row"},
        "parts": parts,
    }


def _part(runs: Path, preset: str, seeds: list[int], task: str, factor: int, changes: dict[str, Any]) -> dict[str, Any]:
    rows, variants = (_complete(runs, known, preset, seeds, task, factor, changes) for known in (ROWS, VARIANTS))
    bands = {
        name: {seed: 1000 * scores["band"] for seed, scores in one["seeds"].items()}
        for name, one in (variants | rows).items()
    }
    for name, one in (*rows.items(), *variants.items()):  # a network may be both: then it is held against two rows
        compared = difference(bands, name, one["against"], "")
        one["difference"] = None if compared is None or name == one["against"] else compare(compared)
    return {
        "task": task,
        "factor": factor,
        "rows": list(rows.values()),
        "variants": list(variants.values()),
        "command": command(
            "a2u guided", {"tasks": task, "factors": factor, "seeds": seeds, "preset": preset, **changes}
        ),
    }


def _complete(
    runs: Path, known: Mapping[str, Row], preset: str, seeds: list[int], task: str, factor: int, changes: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Those of some rows of which a run is complete, by name."""
    made = {
        name: _row(runs, each, [settings(name, task, factor, preset, seed, **changes) for seed in seeds])
        for name, each in known.items()
    }
    return {name: one for name, one in made.items() if one["seeds"]}


def compare(found: Difference) -> dict[str, Any]:
    """A paired difference of errors, with its verdict: less error is better."""
    verdict = {1: WORSE, -1: BETTER, 0: OPEN}[found.sign]
    return {**found.as_dict(), "verdict": verdict, "errors": abs(found.mean) / found.error if found.error else None}


def _row(runs: Path, each: Row, asked: list[Any]) -> dict[str, Any]:
    by_seed: dict[int, dict[str, float]] = {}
    seconds, devices = [], set()
    for chosen in asked:
        kept = kept_in(runs / run_name(chosen), EXPERIMENT, chosen.as_config())
        if kept.complete:
            by_seed[chosen.seed] = {score: kept.history[-1][score] for score in SCORES}
            seconds.append(kept.seconds)
            devices.add(device_words(kept.environment))
    known: dict[str, Any] = {
        "row": each.name,
        "title": each.title,
        "axis": each.axis,
        "against": each.against,
        "seeds": by_seed,
    }
    if not by_seed:
        return known
    net = build_model(asked[0])
    return known | {
        "parameters": sum(value.numel() for value in net.up.parameters()),
        "mean": {score: fmean(one[score] for one in by_seed.values()) for score in SCORES},
        "sd": {score: stdev(one[score] for one in by_seed.values()) if len(by_seed) > 1 else None for score in SCORES},
        "seconds": fmean(seconds),
        "device": ", ".join(sorted(devices)),
    }
