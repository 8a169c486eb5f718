"""Make weights that ship from finished matting runs: the best epoch, packed as small as 1 % of its SAD allows."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting.data.dataset import TestSet
from a2u.matting.data.sources import open_test
from a2u.matting.experiment import load_model
from a2u.matting.measure.evaluate import evaluate
from a2u.matting.measure.predictors import of_network
from a2u.matting.network.network import MattingNet
from a2u.matting.report import train_command
from a2u.matting.settings import Settings
from a2u.pretrained.cards import MATTING, Card
from a2u.pretrained.export import date_of, refuse_replacing, rounded, torch_of, write
from a2u.pretrained.packing import smallest
from a2u.training.kind import KEY

LIMIT = 0.01  # part of its SAD that packing may cost
STORAGES = ("int8 from 256 values", "int8 from 16,384 values", "float16")


def export_matting(
    folder: Path, data: str | Path | None, out: Outputs, storages: Sequence[str] | None = None, force: bool = False
) -> Card:
    """Write the weights of the best epoch of a finished run, and their card; arguments as `a2u.pretrained.export`."""
    net, config, history = load_model(folder)
    extra = "".join(f"-{key}={value}" for key, value in sorted(config.options.items()))
    where = config.data if config.data == "synthetic" else Path(config.data).name
    name = f"{MATTING}/{config.row}{extra}{'' if where == 'synthetic' else '-' + where}"
    name += f"-{config.seed}" if config.seed else ""
    refuse_replacing(out, name, force)
    cases = open_test(data or config.data, "test", config.test_size)
    full = _scores(net, cases)
    packed, stored, storage = smallest(
        net, storages or STORAGES, lambda: _scores(net, cases), lambda found: found["sad"] < (1 + LIMIT) * full["sad"]
    )
    from safetensors.torch import save

    content = save(packed)
    card = Card(
        name=name,
        row=config.row,
        set=where,
        edition=where,
        preset=config.preset,
        epochs=len(history),
        settings=_asked(config, where),
        test=f"{len(cases)} test images",
        metrics={"full": rounded(full), "stored": rounded(stored)},
        storage=storage,
        command=train_command(config),
        torch=torch_of(folder),
        date=date_of(folder / "checkpoint.safetensors"),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write(out, card, content)
    return card


def _asked(settings: Settings, data: str) -> dict[str, Any]:
    """As the card's file has it: lists, and no folder of this machine."""
    found: dict[str, Any] = json.loads(json.dumps({**settings.as_config(), "data": data}))
    del found[KEY]
    return found


def _scores(net: MattingNet, cases: TestSet) -> dict[str, float]:
    report = evaluate(cases, of_network(net, "packed"), cases.describe, names=cases.names)
    if report.failed:
        name, reason = next(iter(report.failed.items()))
        raise A2UError(f"{cases.describe} could not be measured: {name}: {reason}")
    return asdict(report.totals().compute())
