"""Load weights that ship: the checksum first, then tensors and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from a2u.errors import A2UError
from a2u.files.reading import Missing, read_bytes
from a2u.files.tensors import parse_tensors, refuse_nan, sha256
from a2u.pretrained.cards import GROUP, HOME, MATTING, REMEDY, ModelCard, card, names
from a2u.pretrained.packing import unpack
from a2u.reconstruction.experiment import build_model
from a2u.reconstruction.rows import row
from a2u.training.kind import KEY


def load_pretrained(name: str, home: Path = HOME) -> tuple[Any, ModelCard]:
    """A trained network in evaluation mode on the CPU, and its card.

    Args:
        name: such as "toy/a2u-mnist", an `AutoEncoder` of section 5, or "matting/dynamic-cs", a `MattingNet` of
            section 6; :func:`a2u.pretrained.names` lists them.
        home: the folder with the weights, if they are your own.

    The file's SHA-256 must be the card's, and a safetensors file holds tensors only: no code runs.

    Raises:
        A2UError: no such name (the message gives the closest); a file that is missing, damaged or of another network.

    Example:
        >>> model, card = load_pretrained("toy/a2u-mnist")
        >>> print(card.training)
        >>> copies = model(a2u.data.to_float32x32(digits))
    """
    found = card(name, home)
    path = home / f"{name}.safetensors"
    try:
        content = read_bytes(path)
    except Missing as error:
        raise Missing(f"{error} {REMEDY}") from error
    digest = sha256(content)
    if digest != found.sha256:
        raise A2UError(f"The weights {path} are damaged: SHA-256 {found.sha256} expected, {digest} found. {REMEDY}")
    try:
        model = _build(found)
        state = unpack(parse_tensors(content)[0])
        refuse_nan(state, f"The weights {path}, SHA-256 {digest}:", REMEDY)
        model.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise A2UError(f"The weights {path} do not fit the network of {found.title}: {reason}. {REMEDY}") from error
    return model.eval(), found


def weights_of(config: Mapping[str, Any], psnr: float, home: Path = HOME) -> Any | None:
    """The network that `a2u pretrained export` kept of one run of Table 1, for when its run folder is gone.

    Args:
        config: of the run, as its config.json has it.
        psnr: that the run reached, in dB.
        home: the folder with the weights.

    Returns:
        An `AutoEncoder`; None if no card has these settings and this PSNR.
    """
    name = f"{GROUP}/{config['row']}-{config['set']}{'-' + str(config['seed']) if config['seed'] else ''}"
    if name not in names(home):
        return None
    found = card(name, home)
    wanted, asked = (
        {key: value for key, value in each.items() if key != KEY and not key.endswith("sha256")}
        for each in (config, found.settings)
    )
    same = asked == wanted and abs(found.metrics["full"]["psnr"] - psnr) < 1e-3
    return load_pretrained(name, home)[0] if same else None


def _build(found: ModelCard) -> nn.Module:
    """The network that the weights belong to."""
    if found.group == MATTING:
        from a2u.matting import experiment, settings

        return experiment.build_model(settings.settings_of({**found.settings, "pretrained": False}))
    return build_model(row(found.row), found.settings["seed"], found.settings["head"])
