"""ImageNet's weights for the encoder: torchvision's ResNet-34, from its cache or, as a line then says, fetched."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from a2u.errors import A2UError

if TYPE_CHECKING:
    from a2u.matting.network.encoder import Encoder

STATISTICS = ("weight", "bias", "running_mean", "running_var")


def load_imagenet(encoder: "Encoder", width: float = 1.0) -> None:
    """Load torchvision's ImageNet weights into the encoder of a network of width 1.

    Raises:
        A2UError: Another width; torchvision is missing; or the weights are not in the cache and cannot be fetched.
    """
    if width != 1:
        raise A2UError(f"ImageNet's weights are for width 1, got {width:g}. Use `pretrained=False`: a random encoder.")
    load_resnet34(encoder, imagenet_state())


def load_resnet34(encoder: "Encoder", state: Mapping[str, Tensor]) -> None:
    """Load the state of a torchvision ResNet-34 into the encoder; the stem's weights for the trimap become 0."""
    own = {}
    for name, theirs in names().items():
        if theirs not in state:
            raise A2UError(f"These are not the weights of a torchvision ResNet-34: {theirs!r} is missing.")
        own[name] = state[theirs]
    stem = own["stem.conv.weight"]  # 64 3 7 7
    own["stem.conv.weight"] = torch.cat([stem, torch.zeros_like(stem[:, :1])], dim=1)
    for name, value in encoder.state_dict().items():
        if name not in own:  # how many batches each norm has seen, which no norm here uses
            own[name] = value
    encoder.load_state_dict(own)


def names() -> dict[str, str]:
    """The encoder's names of weights → torchvision's."""
    found = _conv_norm("stem", "conv1", "bn1")
    for stage, blocks in enumerate((3, 4, 4), start=1):
        for block in range(blocks):
            own, theirs = f"stage{stage}.{block}", f"layer{stage}.{block}"
            found |= _conv_norm(f"{own}.first", f"{theirs}.conv1", f"{theirs}.bn1")
            found |= _conv_norm(f"{own}.second", f"{theirs}.conv2", f"{theirs}.bn2")
            if stage > 1 and block == 0:
                found |= _conv_norm(f"{own}.shortcut", f"{theirs}.downsample.0", f"{theirs}.downsample.1")
    return found


def _conv_norm(own: str, conv: str, norm: str) -> dict[str, str]:
    return {f"{own}.conv.weight": f"{conv}.weight"} | {f"{own}.norm.{each}": f"{norm}.{each}" for each in STATISTICS}


def imagenet_state() -> Mapping[str, Tensor]:
    """The state of torchvision's ResNet-34 (IMAGENET1K_V1), its checksum verified.

    It is read from torch's cache; if it is not there, one printed line says that 83 MB are being fetched.
    """
    try:
        from torchvision.models import ResNet34_Weights
    except ImportError as error:
        raise A2UError(
            "ImageNet's weights come with torchvision: pip install torchvision, or begin with a random encoder: "
            "`pretrained=False`."
        ) from error
    weights = ResNet34_Weights.IMAGENET1K_V1
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not path.is_file():
        print(f"Fetching ImageNet weights of ResNet-34 (83 MB) into {path} …", file=sys.stderr)
    try:
        state: Mapping[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise A2UError(
            f"ImageNet's weights cannot be fetched ({reason}). Fetch {weights.url} elsewhere and put it at {path}, or "
            "begin with a random encoder, `pretrained=False`: it trains, but not as far."
        ) from error
    return state
