"""Make weights that ship from finished runs: measure, pack as small as 0.05 dB allows, measure again, write whole."""

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from a2u.data import Digits, load, to_float32x32
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting import settings as matting
from a2u.pretrained.cards import GROUP, Card
from a2u.pretrained.packing import smallest
from a2u.reconstruction.experiment import EXPERIMENT, evaluate_on, load_model, settings
from a2u.training import read_run
from a2u.training.kind import KEY, check_experiment
from a2u.training.run import read_environment

LIMIT = 0.05  # dB that packing may cost
TOY_STORAGES = ("int8 from 16,384 values", "int8 bottom", "float16")
DIGITS = 5  # of the metrics on a card
OWN = Path("pretrained")  # where weights go unless the user says otherwise: never over those that ship
BY = "a2u pretrained export"


def export(
    folder: str | Path,
    data: str | Path | None = None,
    home: str | Path | Outputs = OWN,
    storages: Sequence[str] | None = None,
    force: bool = False,
) -> Card:
    """Write the weights of one finished run, and their card; returns the card.

    Args:
        folder: the run, as `a2u train` made it.
        data: where the images are that it was tested on (`a2u.data.load`); None: the sample.
        home: where GROUP/NAME.safetensors and .json go: a folder, or the `Outputs` of one for several runs.
        storages: to try, in this order. The first that loses less than 0.05 dB is kept (of matting: 1 % of SAD), and
            otherwise the last.
        force: replace weights of the same name that are there already.

    Raises:
        A2UError: not a run, a run that is not finished, other test images than its own, or weights of the same name.
    """
    folder = Path(folder)
    out = home if isinstance(home, Outputs) else Outputs(home, BY, force=True)
    config, history = read_run(folder)
    if config.get(KEY) != matting.EXPERIMENT:
        check_experiment(config, EXPERIMENT, folder)
    if len(history) < config["epochs"]:
        raise A2UError(
            f"{folder} is not finished: {len(history)} of {config['epochs']} epochs. Weights are made of finished "
            "runs; the command that trained it goes on where it was."
        )
    if config[KEY] == matting.EXPERIMENT:
        from a2u.pretrained.export_matting import export_matting

        return export_matting(folder, data, out, storages, force)
    model, config, history = load_model(folder)
    name = f"{GROUP}/{config['row']}-{config['set']}{'-' + str(config['seed']) if config['seed'] else ''}"
    refuse_replacing(out, name, force)
    digits = _test_images(folder, config, data)
    images = to_float32x32(digits, config["resize"])
    full = evaluate_on(model, images)
    packed, stored, storage = smallest(
        model,
        storages or TOY_STORAGES,
        lambda: evaluate_on(model, images),
        lambda found: full["psnr"] - found["psnr"] < LIMIT,
    )
    from safetensors.torch import save

    content = save(packed)
    card = Card(
        name=name,
        row=config["row"],
        set=config["set"],
        edition=config["data"],
        preset=config["preset"],
        epochs=len(history),
        settings={key: value for key, value in config.items() if key != KEY and not key.endswith("sha256")},
        test=f"{len(digits):,} test images",
        metrics={"full": rounded(full), "stored": rounded(stored)},
        storage=storage,
        command=_command(config),
        torch=torch_of(folder),
        date=date_of(folder / "checkpoint.safetensors"),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write(out, card, content)
    return card


def _test_images(folder: Path, config: dict[str, Any], data: str | Path | None) -> Digits:
    digits = load(config["set"], "test", data)
    if digits.sha256 != config["test_sha256"]:
        raise A2UError(
            f"{folder} was tested on other images than {digits.source}. "
            f"Give the folder of the {config['data']} set with --data."
        )
    return digits


def refuse_replacing(out: Outputs, name: str, force: bool) -> None:
    """Before anything is measured: raise A2UError if there are weights of that name, unless they may be replaced."""
    files = [f"{name}.safetensors", f"{name}.json"]
    there = [str(out.folder / file) for file in files if os.path.lexists(out.folder / file)]
    if there and not force:
        raise A2UError(
            f"{' and '.join(there)} would be replaced. Give another folder with --folder, or --force to replace them."
        )
    out.check(files)


def write(out: Outputs, card: Card, content: bytes) -> None:
    """Weights, then the card: a card never speaks of weights that are not there yet."""
    out.write(f"{card.name}.safetensors", content)
    out.write(f"{card.name}.json", card.as_json())


def rounded(scores: dict[str, float]) -> dict[str, float]:
    """As a card holds metrics."""
    return {key: round(value, DIGITS) for key, value in scores.items()}


def _command(config: dict[str, Any]) -> str:
    """The `a2u train` that repeats this run: the preset, and what differs from it."""
    usual = settings(config["row"], config["set"], config["preset"], config["seed"])
    words = ["a2u train", f"--row {config['row']}", f"--set {config['set']}", f"--preset {config['preset']}"]
    for key in ("epochs", "batch", "lr", "momentum", "weight_decay", "head", "resize"):
        if config[key] != getattr(usual, key):
            words.append(f"--{key.replace('_', '-')} {config[key]}")
    words += [f"--seed {config['seed']}"] if config["seed"] else []
    words += [f"--precision {config['precision']}"] if "precision" in config else []
    words += ["--data DATA"] if config["data"] == "full" else []
    return " ".join(words)


def torch_of(folder: Path) -> str:
    """The torch that trained it, as the run recorded."""
    return str(read_environment(folder).get("torch", "not recorded"))


def date_of(path: Path) -> str:
    """When a file was written last (UTC)."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
