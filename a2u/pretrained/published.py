"""Published A²U checkpoints, converted: every key is used, ignored with a reason, or reported as missing.

The published network is the row dynamic-cs-d† with 6×6 encodings; its second form has a U and a V for each channel
("unshare"), which a file's shapes show. `MODULES` maps its modules to ours and is all that is assumed about its
names; a name outside it is reported, never guessed. Its norms are fused with their activation and scale by |γ| + 1e-5,
which becomes the scale of our batch norms; group norms are taken as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.network.network import MattingNet
from a2u.matting.rows import build
from a2u.pretrained.foreign import open_checkpoint

ROW = "dynamic-cs-d-norm"
OPTIONS: dict[str, Any] = {"encoder_kernel": 6}
ABN_EPSILON = 1e-5
COUNTERS = ("num_batches_tracked",)
PREFIXES = ("module.", "model.", "net.", "_orig_mod.")  # of several GPUs, of wrappers, of torch.compile


@dataclass
class Conversion:
    """What became of every key."""

    used: dict[str, str] = field(default_factory=dict)  #: theirs → ours
    ignored: dict[str, str] = field(default_factory=dict)  #: theirs → why
    missing: list[str] = field(default_factory=list)  #: our weights for which nothing was found
    sha256: str = ""  #: of the file
    beside: tuple[str, ...] = ()  #: what else the file holds

    def __str__(self) -> str:
        lines = [f"{len(self.used)} used, {len(self.ignored)} ignored, {len(self.missing)} missing"]
        lines += [f"  ignored {name}: {reason}" for name, reason in self.ignored.items()]
        return "\n".join(lines + [f"  missing {name}" for name in self.missing])

    def summary(self) -> list[str]:
        """The counts, and every key that was ignored, except the counters, which do not matter."""
        named = {name: reason for name, reason in self.ignored.items() if not name.endswith(COUNTERS)}
        counters = len(self.ignored) - len(named)
        first = f"{len(self.used)} keys used, {len(named)} ignored, {counters} counters of batches skipped"
        lines = [first, *(f"ignored {name}: {reason}" for name, reason in named.items())]
        lines += [f"SHA-256 of the file: {self.sha256}"] * bool(self.sha256)
        return lines + [f"beside the weights, and not used: {', '.join(self.beside)}"] * bool(self.beside)


def _pair(conv: str, norm: str, own: str) -> dict[str, str]:
    """A convolution and its norm → one of our ConvNorm."""
    return {conv: f"{own}.conv", norm: f"{own}.norm"}


def _block(first: str, second: str, shortcut: str, own: str) -> dict[str, str]:
    """A residual block; blocks without a projection have no such keys on either side."""
    found = _pair(f"{first}.conv1", f"{first}.bn1", f"{own}.first")
    found |= _pair(f"{second}.conv2", f"{second}.bn2", f"{own}.second")
    return found | _pair(f"{shortcut}.proj_conv", f"{shortcut}.proj_bn", f"{own}.shortcut")


def _modules() -> dict[str, str]:
    found = _pair("layer0.0", "layer0.1", "encoder.stem")
    for number in range(3):
        name = f"layer1.block{number + 1}"
        found |= _block(f"{name}.convs", f"{name}.convs", name, f"encoder.stage1.{number}")
    for stage in (2, 3):
        name = f"layer{stage}_1"
        found |= _block(f"{name}.layer1", f"{name}.layer2", name, f"encoder.stage{stage}.0")
        for number in range(1, 4):
            name = f"layer{stage}_2.block{number}"
            found |= _block(f"{name}.convs", f"{name}.convs", name, f"encoder.stage{stage}.{number}")
    found |= _pair("dconv_pp.aspp1.atrous_conv.0", "dconv_pp.aspp1.atrous_conv.1", "aspp.near")
    for number in range(3):
        name, own = f"dconv_pp.aspp{number + 2}.atrous_conv", f"aspp.far.{number}"
        found |= _pair(f"{name}.0", f"{name}.1", f"{own}.0") | _pair(f"{name}.2", f"{name}.3", f"{own}.1")
    found |= _pair("dconv_pp.global_avg_pool.1", "dconv_pp.global_avg_pool.2", "aspp.whole")
    found |= _pair("dconv_pp.bottleneck_conv.0", "dconv_pp.bottleneck_conv.1", "aspp.join")
    for number in range(4):
        found |= _pair(f"short{3 - number}.0", f"short{3 - number}.1", f"decoder.{number}.skip")
        for block, name in enumerate(("dconv", "dconv1")):
            theirs = f"decoder_layer{4 - number}.{name}"
            inner = f"{theirs}.dep_sep_conv"
            found |= _block(inner, inner, theirs, f"decoder.{number}.blocks.{block}")
    operators = ("layer3_1.bilinear", "layer2_1.bilinear", "bilinear1", "bilinear0")
    parts = {"bconv_U.1": "u.generate", "bconv_V.1": "v.generate", "bconv_UP.1": "p.generate",
             "bconv_DP.1": "p_down.generate", "bnu.0": "u_norm.0", "bnv.0": "v_norm.0"}  # fmt: skip
    for number, name in enumerate(operators):
        found |= {f"{name}.{theirs}": f"ups.{number}.{own}" for theirs, own in parts.items()}
    return found | _pair("pred.0.0", "pred.0.1", "head.reduce") | {"pred.1": "head.alpha"}


MODULES: dict[str, str] = _modules()  #: a published module's name → ours


def convert(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Conversion]:
    """A published state in our names.

    Args:
        state: of the published network; every name may have the prefixes of wrappers, see :func:`strip`.
        own: the state of our network, which says what is needed and in which shapes.
    """
    conversion, converted = Conversion(), {}
    for name, value in state.items():
        module, _, what = strip(name).rpartition(".")
        target = f"{MODULES[module]}.{what}" if module in MODULES else None
        if what in COUNTERS:
            conversion.ignored[name] = "counts batches, and is not used"
        elif target is None:
            conversion.ignored[name] = "no module of that name is known"
        elif target not in own:
            conversion.ignored[name] = f"our network has no {target}"
        elif own[target].shape != value.shape:
            conversion.ignored[name] = f"shape {tuple(value.shape)}, but {target} has {tuple(own[target].shape)}"
        elif target in converted:
            conversion.ignored[name] = f"{target} was given twice"
        else:
            is_fused = target.endswith(".norm.weight")
            converted[target] = value.float().abs() + ABN_EPSILON if is_fused else value.float()
            conversion.used[name] = target
    conversion.missing = [name for name in own if name not in converted and name.rpartition(".")[2] not in COUNTERS]
    return converted, conversion


def strip(name: str) -> str:
    """A name without the prefixes that wrappers put before it, in any order and number: "module._orig_mod.pred.1"."""
    while name.startswith(PREFIXES):
        name = name.partition(".")[2]
    return name


def load_published(path: str | Path) -> tuple[MattingNet, Conversion]:
    """The published network with its weights, in evaluation mode, and what became of every key.

    Args:
        path: a .safetensors file, or a checkpoint of torch, as :func:`a2u.pretrained.foreign.open_checkpoint` reads
            them: no code of the file runs.

    Raises:
        A2UError: a file that cannot be read, or that leaves a weight of the network without a value.
    """
    opened = open_checkpoint(Path(path))
    net = build(ROW, **OPTIONS, **_options(opened.state))
    own = net.state_dict()
    converted, conversion = convert(opened.state, own)
    conversion.ignored |= dict.fromkeys(opened.odd, "not a tensor")
    conversion.beside, conversion.sha256 = opened.beside, opened.sha256
    if conversion.missing:
        some, words = ", ".join(conversion.missing[:3]), "; ".join(conversion.summary()[:4])
        raise A2UError(
            f"{path} does not hold the whole network: {len(conversion.missing)} of {len(own)} weights are missing, "
            f"such as {some}. Of the file, {words}. Give a checkpoint of the published A²U network (dynamic-cs-d†)."
        )
    net.load_state_dict({**own, **converted})
    return net.eval(), conversion


def _options(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the shapes say about the operators: U and V of each channel; the size of the upsampling kernel.

    The size of the encodings does not show in the weights: it is that of the published settings.
    """
    shapes = {strip(name): tuple(value.shape) for name, value in state.items()}
    u, p = (shapes.get(f"bilinear0.{name}.1.weight") for name in ("bconv_U", "bconv_UP"))
    found: dict[str, Any] = {}
    if u and u[0] > 1:  # C filters instead of one
        found["share"] = "none"
    if p and p[0] in (4, 100):  # (2s)² rows
        found["kernel_size"] = {4: 1, 100: 5}[p[0]]
    return found
