"""Table 1 from run folders: every row on every set, measured or said to be missing, beside the paper's numbers.

`collect` makes one plain dict; `figures/table1.json` is that dict, and everything else is drawn or written from it.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from a2u.data.digits import TITLES
from a2u.errors import A2UError
from a2u.reconstruction import claims
from a2u.reconstruction.experiment import EXPERIMENT, PRESETS, command_of, run_name, settings_of
from a2u.reconstruction.rows import ROWS
from a2u.shell import command
from a2u.training.device import device_words
from a2u.training.kept import NOT_RUN, kept_in

METRICS = ("psnr", "ssim", "rmse", "mae")
IMAGES = {"full": "60,000 training images a set", "sample": "4,000 training images a set"}
IN_FULL = "a2u table1 --preset paper --data DIR"


def collect(runs: Path, preset: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Everything that the run folders say about Table 1 under one preset.

    table: a cell a row and set, with mean and sd of each metric over its seeds, or None; runs: how each was made, or
    why it is missing; claims: see `a2u.reconstruction.claims`; label: what was run, for every title.

    Raises:
        A2UError: There is no complete run at all.
    """
    details = [_run(runs, row, set, preset, seed) for set in TITLES for row in ROWS for seed in dict.fromkeys(seeds)]
    complete = [each for each in details if each["status"] == "measured"]
    if not complete:
        raise A2UError(
            f"{runs} holds no complete run of preset {preset!r} (seeds {', '.join(map(str, seeds))}), so there is "
            f"nothing to report. `a2u table1 --preset {preset}` trains them."
        )
    table: list[dict[str, Any]] = [
        {"row": row, "title": ROWS[row].title, **_sizes(row)}
        | _cell([each for each in details if (each["set"], each["row"]) == (set, row)])
        for set in TITLES
        for row in ROWS
    ]
    psnr = {
        set: {cell["row"]: cell["psnr"]["mean"] for cell in table if cell["set"] == set and cell["runs"]}
        for set in TITLES
    }
    full = _is_full(complete, preset)
    return {
        "label": _label(complete, preset),
        "full": full,
        "complete": len(complete) == len(details),
        "in_full": None if full and len(complete) == len(details) else IN_FULL,
        "preset": preset,
        "seeds": list(dict.fromkeys(seeds)),
        "command": _command(complete, preset, seeds),
        "warnings": _warnings(complete),
        "table": table,
        "claims": claims.check(psnr),
        "runs": details,
    }


def find_preset(runs: Path, seeds: Sequence[int]) -> str | None:
    """Of the presets with a complete run in `runs`, the longest."""
    for preset in PRESETS:
        wanted = ((row, set, seed) for seed in seeds for set in TITLES for row in ROWS)
        if any(_run(runs, row, set, preset, seed)["status"] == "measured" for row, set, seed in wanted):
            return preset
    return None


def _run(runs: Path, row: str, set: str, preset: str, seed: int) -> dict[str, Any]:
    """One run: what it reached and how, or why it cannot be shown."""
    folder = runs / run_name(row, set, preset, seed)
    known: dict[str, Any] = {"row": row, "set": set, "seed": seed, "run": folder.name, "status": NOT_RUN}
    kept = kept_in(folder, EXPERIMENT)
    if not kept.complete:
        return known | {"status": kept.status}
    config, history = kept.config, kept.history
    last = history[-1]
    return known | {
        "status": "measured",
        **{metric: last[metric] for metric in METRICS},
        "curve": [round(record["psnr"], 4) for record in history],
        "preset": config["preset"],
        "epochs": len(history),
        "changes": _changes(config),
        "data": config["data"],
        "test_sha256": config["test_sha256"],
        "device": device_words(kept.environment),
        "torch": kept.environment.get("torch"),
        "seconds": kept.seconds,
        "command": command_of(config),
    }


def _changes(config: dict[str, Any]) -> dict[str, Any]:
    """What defines the run beside its data, and is not the preset's."""
    changed: dict[str, Any] = json.loads(json.dumps(settings_of(config).changes))
    return changed | ({"precision": config["precision"]} if "precision" in config else {})


def _sizes(row: str) -> dict[str, int]:
    return dict(zip(("parameters", "operator_parameters"), claims.parameters(row), strict=True))


def _cell(details: list[dict[str, Any]]) -> dict[str, Any]:
    """One row on one set over its seeds: mean and sample standard deviation (from two seeds on) of each metric."""
    set, row = details[0]["set"], details[0]["row"]
    measured = [each for each in details if each["status"] == "measured"]
    paper = ROWS[row].paper[set]._asdict()
    missing = [f"seed {each['seed']} {each['status']}" for each in details if each["status"] != "measured"]
    cell: dict[str, Any] = {"set": set, "runs": len(measured), "of": len(details), "missing": missing, "paper": paper}
    for metric in METRICS:
        values = [each[metric] for each in measured]
        sd = stdev(values) if len(values) > 1 else None
        cell[metric] = {"mean": fmean(values), "sd": sd} if values else None
    cell["difference_db"] = cell["psnr"]["mean"] - paper["psnr"] if measured else None
    return cell


def _is_full(complete: Iterable[dict[str, Any]], preset: str) -> bool:
    return preset == "paper" and all(each["data"] == "full" and not each["changes"] for each in complete)


def _label(complete: list[dict[str, Any]], preset: str) -> str:
    """What was run, for every title."""
    if _is_full(complete, preset):
        return "the paper's schedule: 100 epochs over 60,000 training images a set"
    epochs = sorted({each["epochs"] for each in complete})
    passes = "1 epoch" if epochs == [1] else f"{' or '.join(map(str, epochs))} epochs"
    data = " or ".join(IMAGES[edition] for edition in sorted({each["data"] for each in complete}))
    return f"{preset} preset: {passes} over {data}; the paper: 100 epochs over 60,000"


def _command(complete: list[dict[str, Any]], preset: str, seeds: Sequence[int]) -> str:
    several = None if list(seeds) == [0] else list(dict.fromkeys(seeds))
    data = "DIR" if complete[0]["data"] == "full" else None
    return command("a2u table1", {"preset": preset, "seeds": several, "data": data})


def _listed(changes: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in changes.items())


def _warnings(complete: list[dict[str, Any]]) -> list[str]:
    """What makes rows of this table hard to compare."""
    found = []
    if len({each["data"] for each in complete}) > 1:
        found.append("Some runs used the full sets and some the embedded sample.")
    if len({json.dumps(each["changes"], sort_keys=True) for each in complete}) > 1:
        odd = [f"{each['run']} ({_listed(each['changes'])})" for each in complete if each["changes"]]
        found.append(f"The runs do not share their settings: {'; '.join(odd)}.")
    elif complete[0]["changes"]:
        found.append(f"All runs differ from the preset: {_listed(complete[0]['changes'])}.")
    return found
