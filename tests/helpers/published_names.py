"""A network of ours as the authors would have published it."""

import torch

from a2u.matting.network.network import MattingNet
from a2u.pretrained.published import MODULES


def as_published(net: MattingNet, prefix: str = "module.") -> dict[str, torch.Tensor]:
    """Our weights under the published names; scales may have any sign, and lack what the fused norm adds."""
    theirs = {own: name for name, own in MODULES.items()}
    state = {}
    for name, value in net.state_dict().items():
        module, _, what = name.rpartition(".")
        if what == "num_batches_tracked":
            continue
        value = -(value - 1e-5) if name.endswith(".norm.weight") else value
        state[f"{prefix}{theirs[module]}.{what}"] = value.clone()
    return state
