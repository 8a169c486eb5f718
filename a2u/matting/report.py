"""Table 2 from run folders: every row measured on the same test images or said to be missing, beside the paper's.

`collect` makes one plain dict; `figures/matting.json` is that dict, and everything else is drawn or written from it.
"""

import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from a2u.errors import A2UError
from a2u.matting import campaign
from a2u.matting.classical import METHODS
from a2u.matting.counts import count_network
from a2u.matting.rows import ROWS
from a2u.matting.settings import EXPERIMENT, SYNTHETIC, Settings, run_name, settings
from a2u.shell import command
from a2u.training.device import device_words
from a2u.training.kept import NOT_RUN, kept_in, short
from a2u.training.kind import KEY

SCORES = ("sad", "mse", "grad", "conn")
EMPTY = "conn_empty"  # Conn by the convention "empty", beside the scores of a row; None where it was not measured
WITHOUT = "without_foreground"  # how many of the test images have a trimap that knows no foreground
IN_FULL = "a2u matting table --preset paper --data DIR"


def collect(
    runs: Path,
    preset: str,
    data: str = SYNTHETIC,
    seeds: Sequence[int] = (0,),
    classical: bool = True,
    device: str = "auto",
    **changes: Any,
) -> dict[str, Any]:
    """Everything that the run folders say about Table 2 under one preset.

    rows: an entry per row, with its four scores (and Conn by the second convention, "conn_empty") or why there are
    none; ablation: likewise for Tables 3 and 4; classical: closed-form and KNN matting on the same images; label: what
    was run, for every title. These are of the first seed. spread: what the other seeds reached, of the rows that were
    trained with several. Complete runs that were not measured yet are measured now.

    changes: to the preset, as for `a2u.matting.settings.settings`.

    Raises:
        A2UError: There is no complete run of the first seed.
    """
    seed, *others = dict.fromkeys(seeds)
    rows = [_row(runs, settings(name, preset, data, seed, **changes), device) for name in ROWS]
    complete = [each for each in rows if each["status"] == "measured"]
    if not complete:
        raise A2UError(
            f"{runs} holds no complete run of matting with preset {preset!r} and seed {seed}, so there is nothing to "
            f"report. `a2u matting table --preset {preset}` trains them."
        )
    first = settings("nearest", preset, data, seed, **changes)
    below = settings("nearest", campaign.BRIEFLY.get(preset, preset), data, seed, **changes)
    methods = campaign.CLASSICAL if classical else ()
    spread = _spread(runs, rows, first, others, device)
    return {
        "label": label(first),
        "preset": preset,
        "seed": seed,
        "seeds": [seed, *others],
        "complete": all(each["status"] == "measured" for each in rows),
        "command": _command(first, [seed]),
        "in_full": IN_FULL,
        "test_data": complete[0]["test_data"],
        "test_images": complete[0]["images"],
        WITHOUT: complete[0][WITHOUT],
        "conn_convention": complete[0]["conn_convention"],
        "settings": {key: value for key, value in first.as_config().items() if key not in (KEY, "row", "options")},
        "versions": versions(),
        "rows": rows,
        "spread": spread,
        "spread_command": _command(first, [seed, *others], [each["row"] for each in spread]) if spread else None,
        "classical": [_classical(runs, method, first) for method in methods],
        "ablation_label": label(below),
        "ablation": [_variant(runs, each, below, device) for each in campaign.VARIANTS],
    }


def label(chosen: Settings) -> str:
    """What was run, in one line: data, crops, width, what the encoder began with, iterations, seed."""
    return (
        f"{chosen.preset} preset: {'the synthetic set' if chosen.data == 'synthetic' else Path(chosen.data).name}, "
        f"crops {chosen.crop}², width {chosen.width:g}, {'ImageNet' if chosen.pretrained else 'random'} encoder, "
        f"{chosen.epochs * chosen.iterations:,} iterations of batch {chosen.batch}, seed {chosen.seed}"
    )


def versions() -> dict[str, str]:
    """The versions of packages that the scores may depend on."""
    packages = ("torch", "numpy", "scipy", "opencv-python-headless", "pymatting", "pillow")
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except ImportError:
            continue
    return found


def _command(chosen: Settings, seeds: Sequence[int], rows: Sequence[str] = ()) -> str:
    """The `a2u matting table` command that makes the table, or these rows of it with these seeds."""
    some = 0 < len(rows) < len(ROWS)
    asked = {
        "preset": chosen.preset,
        "rows": list(rows) if some else None,
        "ablation": False if some else None,
        "seeds": None if list(seeds) == [0] else list(seeds),
        "precision": chosen.precision,
    }
    return command("a2u matting table", asked | chosen.folders())


def _spread(
    runs: Path, rows: list[dict[str, Any]], first: Settings, others: Sequence[int], device: str
) -> list[dict[str, Any]]:
    """What a row reaches with other seeds: SAD of each, their mean and sample standard deviation, the first's too.

    Rows that were trained with only one seed are left out: they have no spread.
    """
    found = []
    for each in rows:
        measured = [each] if each["status"] == "measured" else []
        more = [run(runs, replace(first, row=each["row"], seed=seed), device) | {"seed": seed} for seed in others]
        measured += [one for one in more if one["status"] == "measured"]
        if len(measured) < 2:
            continue
        sads = {str(one.get("seed", first.seed)): one["sad"] for one in measured}
        mean, sd = fmean(sads.values()), stdev(sads.values())
        known = {"row": each["row"], "title": each["title"], "sads": sads, "mean": mean, "sd": sd}
        found.append(known | {"runs": [one for one in more if one["status"] == "measured"]})
    return found


def _row(runs: Path, chosen: Settings, device: str) -> dict[str, Any]:
    row = ROWS[chosen.row]
    known: dict[str, Any] = {
        "row": row.name,
        "title": row.title,
        "paper": row.paper._asdict() if row.paper else None,
        "paper_parameters": row.paper_parameters,
    }
    count = count_network(row.name, chosen.width)
    return known | {"parameters": count.parameters, "extra_parameters": count.extra} | run(runs, chosen, device)


def run(runs: Path, chosen: Settings, device: str = "auto") -> dict[str, Any]:
    """One run: its scores and how they were made, or why it cannot be shown."""
    folder = runs / run_name(chosen)
    known: dict[str, Any] = {"run": folder.name, "command": chosen.command()}
    kept = kept_in(folder, EXPERIMENT, chosen.as_config())
    if not kept.complete:
        return known | {"status": kept.status}
    try:
        measured = campaign.measure(folder, device)
    except (A2UError, OSError) as error:
        return known | {"status": f"{NOT_RUN}: {short(error)}"}
    return known | {
        "status": "measured",
        **measured["mean"],
        "images": measured["scored"],
        "test_data": measured["data"],
        "conn_convention": measured["conn_convention"],
        EMPTY: measured["mean_conns"]["empty"],
        WITHOUT: measured["without_foreground"],
        "each": {one["name"]: one["scores"]["sad"] for one in measured["each"] if one["scores"]},
        "best_epoch": measured["epoch"],
        "validation_sad": [round(record["sad"], 5) for record in kept.history],
        "loss": [round(record["loss"], 6) for record in kept.history],
        "seconds": kept.seconds,
        "device": device_words(kept.environment),
        "torch": kept.environment.get("torch"),
    }


def _variant(runs: Path, each: campaign.Variant, first: Settings, device: str) -> dict[str, Any]:
    found = run(runs, replace(first, row=each.row, options=each.options), device)
    known = {"row": each.row, "title": each.title, "axis": each.axis, "value": each.value}
    return known | {"paper_sad": each.paper_sad} | found


def _classical(runs: Path, method: str, chosen: Settings) -> dict[str, Any]:
    """Closed-form or KNN matting on the same test images; a method that fails is named with its reason."""
    where = "" if chosen.data == SYNTHETIC else f"-{chosen.where}"
    folder = runs / f"matting-{method}{where}-{chosen.test_size}"
    known = {"method": method, "title": METHODS[method].title, "source": METHODS[method].source}
    try:
        measured = campaign.measure_classical(method, folder, chosen.data, chosen.test_size, chosen.backgrounds)
    except (A2UError, ImportError) as error:
        return known | {"status": f"{NOT_RUN}: {short(error)}"}
    scored, refused = measured["scored"], len(measured["failed"])
    if refused:  # means over other images than the networks': the title says so wherever it is read
        known["title"] += f", {scored} of {scored + refused}"
    empty = measured["mean_conns"]["empty"]
    return known | {"status": "measured", **measured["mean"], EMPTY: empty, "images": scored}
