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
from a2u.reconstruction.earlier import DATA, METRICS, Run, fill
from a2u.reconstruction.presets import EXPERIMENT, PRESETS, command_of, run_name, settings_of
from a2u.reconstruction.rows import ROWS
from a2u.shell import command
from a2u.training.device import device_words
from a2u.training.kept import NOT_RUN, kept_in
from a2u.training.kind import KEY

IMAGES = {"full": "60,000 training images per set", "sample": "4,000 training images a set"}
IN_FULL = "a2u table1 --preset paper --data DIR"
# Keys of a config that the report of its run has besides the settings.
IDENTITY = (KEY, "row", "set", "preset", "seed", *DATA)


def collect(runs: Path, preset: str, seeds: Sequence[int], earlier: Sequence[Run] = ()) -> dict[str, Any]:
    """Everything that the run folders, and runs measured before, say about Table 1 under one preset.

    table: a cell per row and set, with mean and sd of each metric over its seeds, or None; runs: how each was made, or
    why it is missing; missing: the rows that have no run at all; claims: see `a2u.reconstruction.claims`; label: what
    was run, for every title.

    Args:
        runs: where run folders are.
        preset: of the runs.
        seeds: one run each; a seed that only `earlier` has is reported too.
        earlier: runs of an earlier report, for where the folders have none; see `a2u.reconstruction.earlier`.

    Raises:
        A2UError: There is no complete run at all.
    """
    before = [run for run in earlier if run["preset"] == preset]
    seeds = list(dict.fromkeys([*seeds, *sorted(run["seed"] for run in before)]))
    details = [_run(runs, row, data_set, preset, seed) for data_set in TITLES for row in ROWS for seed in seeds]
    details, refused = fill(details, before, preset)
    complete = [each for each in details if each["status"] == "measured"]
    if not complete:
        raise A2UError(
            f"{runs} holds no complete run of preset {preset!r} (seeds {', '.join(map(str, seeds))}), so there is "
            f"nothing to report. `a2u table1 --preset {preset}` trains them."
        )
    table: list[dict[str, Any]] = [
        {"row": row, "title": ROWS[row].title, **_sizes(row)}
        | _cell([each for each in details if (each["set"], each["row"]) == (data_set, row)])
        for data_set in TITLES
        for row in ROWS
    ]
    by_seed: dict[str, dict[str, dict[int, float]]] = {data_set: {} for data_set in TITLES}
    for each in complete:
        by_seed[each["set"]].setdefault(each["row"], {})[each["seed"]] = each["psnr"]
    psnr = {
        data_set: {cell["row"]: cell["psnr"]["mean"] for cell in table if cell["set"] == data_set and cell["runs"]}
        for data_set in TITLES
    }
    full = _is_full(complete, preset)
    return {
        "label": _label(complete, preset),
        "full": full,
        "complete": len(complete) == len(details),
        "in_full": None if full and len(complete) == len(details) else IN_FULL,
        "preset": preset,
        "seeds": seeds,
        "missing": [{key: cell[key] for key in ("set", "row", "title")} for cell in table if not cell["runs"]],
        "command": _command(complete, preset, seeds),
        "warnings": _warnings(complete) + _left_out(refused),
        "table": table,
        "claims": claims.check(psnr, by_seed),
        "runs": details,
    }


def find_preset(runs: Path, seeds: Sequence[int]) -> str | None:
    """Of the presets with a complete run in `runs`, the longest."""
    for preset in PRESETS:
        wanted = ((row, data_set, seed) for seed in seeds for data_set in TITLES for row in ROWS)
        if any(_run(runs, row, data_set, preset, seed)["status"] == "measured" for row, data_set, seed in wanted):
            return preset
    return None


def _run(runs: Path, row: str, data_set: str, preset: str, seed: int) -> dict[str, Any]:
    """One run: what it reached and how, or why it cannot be shown."""
    folder = runs / run_name(row, data_set, preset, seed)
    known: dict[str, Any] = {"row": row, "set": data_set, "seed": seed, "run": folder.name, "status": NOT_RUN}
    kept = kept_in(folder, EXPERIMENT)
    if not kept.complete:
        return known | {"status": kept.status}
    config, history = kept.config, kept.history
    last = history[-1]
    return known | {
        "status": "measured",
        **{metric: last[metric] for metric in METRICS},
        "curve": [round(record["psnr"], 4) if "psnr" in record else None for record in history],
        "preset": config["preset"],
        "epochs": len(history),
        "changes": _changes(config),
        "settings": {key: value for key, value in config.items() if key not in IDENTITY},
        "data": config["data"],
        "train_sha256": config["train_sha256"],
        "test_sha256": config["test_sha256"],
        "device": device_words(kept.environment),
        "torch": kept.environment.get("torch"),
        "seconds": kept.seconds,
        "command": command_of(config),
    }


def _changes(config: dict[str, Any]) -> dict[str, Any]:
    """What defines the run, besides its data, and differs from the preset."""
    changed: dict[str, Any] = json.loads(json.dumps(settings_of(config).changes))
    return changed | ({"precision": config["precision"]} if "precision" in config else {})


def _sizes(row: str) -> dict[str, int]:
    return dict(zip(("parameters", "operator_parameters"), claims.parameters(row), strict=True))


def _cell(details: list[dict[str, Any]]) -> dict[str, Any]:
    """One row on one set over its seeds: mean and sample standard deviation (from two seeds on) of each metric."""
    data_set, row = details[0]["set"], details[0]["row"]
    measured = [each for each in details if each["status"] == "measured"]
    paper = ROWS[row].paper[data_set]._asdict()
    missing = [f"seed {each['seed']} {each['status']}" for each in details if each["status"] != "measured"]
    cell: dict[str, Any] = {
        "set": data_set,
        "runs": len(measured),
        "of": len(details),
        "missing": missing,
        "paper": paper,
    }
    for metric in METRICS:
        values = [each[metric] for each in measured]
        sd = stdev(values) if len(values) > 1 else None
        cell[metric] = {"mean": fmean(values), "sd": sd} if values else None
    cell["difference_db"] = cell["psnr"]["mean"] - paper["psnr"] if measured else None
    return cell


def _is_full(complete: Iterable[dict[str, Any]], preset: str) -> bool:
    """The paper's schedule on the full sets? The label says with which arithmetic."""
    return preset == "paper" and all(
        each["data"] == "full" and {*each["changes"]} <= {"precision"} for each in complete
    )


def _label(complete: list[dict[str, Any]], preset: str) -> str:
    """What was run, and on what, for every title."""
    where = " and ".join(dict.fromkeys(_machine(each) for each in complete))
    if _is_full(complete, preset):
        return f"the paper's schedule: 100 epochs over 60,000 training images per set, {where}"
    passes = " or ".join(str(epochs) for epochs in sorted({each["epochs"] for each in complete}))
    editions = sorted({each["data"] for each in complete})
    data = " or ".join(IMAGES[edition] for edition in editions)
    if editions == ["full"]:
        return f"{preset} preset: {passes} of the paper's 100 epochs over {data}, {where}"
    words = "1 epoch" if passes == "1" else f"{passes} epochs"
    return f"{preset} preset: {words} over {data}, {where}; the paper: 100 epochs over 60,000"


def _machine(run: dict[str, Any]) -> str:
    """ "CPU", or the GPU and, where it is not float32, its arithmetic: "NVIDIA H100 (tf32)"."""
    precision = run["changes"].get("precision")
    return str(run["device"]).partition(",")[0] + (f" ({precision})" if precision else "")


def _command(complete: list[dict[str, Any]], preset: str, seeds: Sequence[int]) -> str:
    several = None if list(seeds) == [0] else list(dict.fromkeys(seeds))
    data = "DIR" if complete[0]["data"] == "full" else None
    shared: dict[str, Any] = {}
    for option in ("epochs", "precision"):  # the command has these two, for all runs together
        values = {each["changes"].get(option) for each in complete}
        if len(values) == 1:
            shared[option] = values.pop()
    return command("a2u table1", {"preset": preset, "seeds": several, **shared, "data": data})


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


def _left_out(refused: list[str]) -> list[str]:
    if not refused:
        return []
    return [f"Measured before with other settings or on other data, and so left out: {', '.join(refused)}."]
