"""Make weights that ship from finished runs: measure, pack as small as the limit allows, measure again, write whole.

Of a run of Table 1 the last epoch ships, and packing may cost 0.05 dB; of a matting run the best epoch, and 1 % of SAD.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import nn

from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting import experiment as matting
from a2u.matting.data.sources import open_test
from a2u.matting.measure.evaluate import evaluate
from a2u.matting.measure.predictors import of_network
from a2u.matting.settings import EXPERIMENT as MATTING_RUN
from a2u.matting.settings import SYNTHETIC, Settings
from a2u.pretrained.cards import GROUP, MATTING, ModelCard
from a2u.pretrained.packing import smallest
from a2u.reconstruction.experiment import evaluate_on, load_model
from a2u.reconstruction.presets import EXPERIMENT as TABLE_1_RUN
from a2u.reconstruction.presets import command_of
from a2u.training import read_run
from a2u.training.kind import KEY, check_experiment
from a2u.training.run_folder import read_environment

LIMIT = 0.05  # dB that packing may cost
SAD_LIMIT = 0.01  # share of its SAD that packing may cost a matting network
DIGITS = 5  # of the metrics on a card
OWN = Path("pretrained")  # where weights go unless the user says otherwise: never over those that ship
BY = "a2u pretrained export"


@dataclass(frozen=True)
class Exported:
    """What an experiment knows about a run that ships.

    model: with the weights to ship. measure: gives the metrics of the model at the time of the call. enough: says
    whether the first metrics, with packed weights, are as good as the second, with whole ones. storages: to try, from
    the smallest on. facts: fields of the card.
    """

    model: nn.Module
    measure: Callable[[], dict[str, float]]
    enough: Callable[[dict[str, float], dict[str, float]], bool]
    storages: Sequence[str]
    facts: dict[str, Any]


def export(
    folder: str | Path,
    data: str | Path | None = None,
    home: str | Path | Outputs = OWN,
    storages: Sequence[str] | None = None,
    backgrounds: str | Path | None = None,
    force: bool = False,
) -> ModelCard:
    """Write the weights of one finished run, and their card; returns the card.

    Args:
        folder: the run, as `a2u train` or `a2u matting train` made it.
        data: where the images of its test are (`a2u.data.load`, or the folder of a matting set); None: the
            sample, or for a matting run what it was trained on.
        home: where GROUP/NAME.safetensors and .json go: a folder, or the `Outputs` of one for several runs.
        storages: to try, in this order. The first within the limit is kept, and otherwise the last.
        backgrounds: for a matting run on foregrounds alone, where those to compose over are; None: as in training.
        force: replace weights of the same name that are there already.

    Raises:
        UnsuitableRun: not a run, or one of another experiment.
        A2UError: a run that is not finished, other test images than its own, or weights of the same name.
    """
    folder = Path(folder)
    out = home if isinstance(home, Outputs) else Outputs(home, BY, force=True)
    config, history = read_run(folder)
    if config.get(KEY) != MATTING_RUN:
        check_experiment(config, TABLE_1_RUN, folder)
    if len(history) < config["epochs"]:
        raise A2UError(
            f"{folder} is not finished: {len(history)} of {config['epochs']} epochs. Weights are made from finished "
            "runs; the command that trained it continues it."
        )
    found = _matting(folder, data, backgrounds) if config[KEY] == MATTING_RUN else _table_1(folder, config, data)
    _refuse_replacing(out, found.facts["name"], force)  # before anything is measured
    full = found.measure()
    packed, stored, storage = smallest(
        found.model, storages or found.storages, found.measure, lambda metrics: found.enough(metrics, full)
    )
    from safetensors.torch import save

    content = save(packed)
    card = ModelCard(
        **found.facts,
        preset=config["preset"],
        epochs=len(history),
        metrics={"full": _rounded(full), "stored": _rounded(stored)},
        storage=storage,
        torch=str(read_environment(folder)["torch"]),
        date=_date_of(folder / "checkpoint.safetensors"),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write(out, card, content)
    return card


def write(out: Outputs, card: ModelCard, content: bytes) -> None:
    """Write weights and their card; the card last, so that no card describes weights that are not there."""
    out.write(f"{card.name}.safetensors", content)
    out.write(f"{card.name}.json", card.as_json())


def _table_1(folder: Path, config: dict[str, Any], data: str | Path | None) -> Exported:
    model = load_model(folder)[0]
    digits = load(config["set"], "test", data)
    if digits.sha256 != config["test_sha256"]:
        raise A2UError(
            f"{folder} was tested on other images than {digits.source}. "
            f"Give the folder of the {config['data']} set as `data`."
        )
    images = to_float32x32(digits, config["resize"])
    facts = {
        "name": f"{GROUP}/{config['row']}-{config['set']}{_seed(config['seed'])}",
        "row": config["row"],
        "set": config["set"],
        "edition": config["data"],
        "settings": {key: value for key, value in config.items() if key != KEY and not key.endswith("sha256")},
        "test": f"{len(digits):,} test images",
        "command": command_of(config),
    }
    return Exported(
        model,
        lambda: evaluate_on(model, images),
        lambda stored, full: full["psnr"] - stored["psnr"] < LIMIT,
        ("int8 from 16,384 values", "int8 bottom", "float16"),
        facts,
    )


def _matting(folder: Path, data: str | Path | None, backgrounds: str | Path | None) -> Exported:
    net, settings, _ = matting.load_model(folder)
    cases = open_test(data or settings.data, "test", settings.test_size, backgrounds or settings.backgrounds)

    def measure() -> dict[str, float]:
        report = evaluate(cases, of_network(net, "packed"), cases.describe, names=cases.names)
        if report.failed:
            name, reason = next(iter(report.failed.items()))
            raise A2UError(f"{cases.describe} could not be measured: {name}: {reason}")
        return asdict(report.totals().compute())

    extra = "".join(f"-{key}={value}" for key, value in sorted(settings.options.items()))
    where = "" if settings.data == SYNTHETIC else f"-{settings.where}"
    facts = {
        "name": f"{MATTING}/{settings.row}{extra}{where}{_seed(settings.seed)}",
        "row": settings.row,
        "set": settings.where,
        "edition": settings.where,
        "settings": _settings(settings),
        "test": f"{len(cases)} test images",
        "command": settings.command(),
    }
    return Exported(
        net,
        measure,
        lambda stored, full: stored["sad"] < (1 + SAD_LIMIT) * full["sad"],
        ("int8 from 256 values", "int8 from 16,384 values", "float16"),
        facts,
    )


def _refuse_replacing(out: Outputs, name: str, force: bool) -> None:
    """Raise A2UError if there are weights of that name, unless they may be replaced."""
    files = [f"{name}.safetensors", f"{name}.json"]
    there = [str(out.folder / file) for file in files if os.path.lexists(out.folder / file)]
    if there and not force:
        raise A2UError(
            f"{' and '.join(there)} would be replaced. Give another `folder`, or `force=True` to replace them."
        )
    out.check(files)


def _seed(seed: int) -> str:
    return f"-{seed}" if seed else ""


def _settings(settings: Settings) -> dict[str, Any]:
    """The settings as a card has them, without paths of this machine."""
    behind = settings.backgrounds and Path(settings.backgrounds).absolute().name
    config = replace(settings, data=settings.where, backgrounds=behind).as_config()
    del config[KEY]
    return config


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    """The metrics as a card has them."""
    return {key: round(value, DIGITS) for key, value in scores.items()}


def _date_of(path: Path) -> str:
    """The day on which a file was last written (UTC)."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
