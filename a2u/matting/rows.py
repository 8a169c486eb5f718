"""The rows of Table 2 by name: which operator makes each, and what the paper measured on Composition-1k.

Besides them any other operator is a row of its own name, "deconvolution" or "a2u:toy", that the paper did not measure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from a2u import operators
from a2u.errors import A2UError, near_match

if TYPE_CHECKING:
    from a2u.matting.network.network import MattingNet


class PaperScores(NamedTuple):
    """What the paper reports, over the unknown region: SAD / 1000, MSE, Grad / 1000, Conn / 1000."""

    sad: float
    mse: float
    grad: float
    conn: float


@dataclass(frozen=True)
class Row:
    """One network of Table 2, or one like them.

    upsampler, options: how the four upsampling stages are built, as for :func:`a2u.build`.
    paired: the same operator also makes the four steps down; None: if it can.
    paper: the paper's measurements; None for networks that it does not have.
    paper_parameters: what the operator adds to the network, as the paper prints it; "" where it adds nothing.
    """

    name: str
    title: str
    upsampler: str
    paper: PaperScores | None
    paper_parameters: str = ""
    paired: bool | None = False
    options: Mapping[str, Any] = field(default_factory=dict)


_INDEXNET: dict[str, Any] = {"context": True, "nonlinear": True}

# fmt: off
ROWS: dict[str, Row] = {row.name: row for row in [
    Row("nearest", "Nearest", "nearest", PaperScores(37.51, .0096, 19.07, 35.72)),
    Row("bilinear", "Bilinear", "bilinear", PaperScores(37.31, .0103, 21.38, 35.39)),
    Row("carafe", "CARAFE", "carafe", PaperScores(41.01, .0118, 21.39, 39.01), "0.26M"),
    Row("indexnet", "IndexNet", "indexnet:depthwise-m2o", PaperScores(34.28, .0081, 15.94, 31.91), "12.26M",
        paired=True, options=_INDEXNET),
    Row("static-pw-cw", "A²U static-pw-cw", "a2u:static-pw-cw", PaperScores(36.36, .0099, 21.03, 34.40), "0.10M"),
    Row("static-cw", "A²U static-cw", "a2u:static-cw", PaperScores(35.92, .0098, 20.06, 33.68), "26K"),
    Row("hybrid-cw", "A²U hybrid-cw", "a2u:hybrid-cw", PaperScores(34.76, .0088, 16.39, 32.29), "44K"),
    Row("hybrid-cs", "A²U hybrid-cs", "a2u:hybrid-cs", PaperScores(36.43, .0098, 21.24, 34.11), "19K"),
    Row("dynamic-cw", "A²U dynamic-cw", "a2u:dynamic-cw", PaperScores(36.66, .0094, 18.60, 34.62), "0.20M"),
    Row("dynamic-cs", "A²U dynamic-cs", "a2u:dynamic-cs", PaperScores(35.86, .0095, 17.13, 33.71), "20K"),
    Row("dynamic-cs-d", "A²U dynamic-cs-d", "a2u:dynamic-cs-d", PaperScores(33.13, .0078, 17.90, 30.22), "38K",
        paired=True),
    Row("dynamic-cs-d-norm", "A²U dynamic-cs-d†", "a2u:dynamic-cs-d-norm", PaperScores(32.15, .0082, 16.39, 29.25),
        "38K", paired=True),
]}
# fmt: on


def row(name: str) -> Row:
    """The row called `name`; the name of any operator, with a preset or without, is one too.

    Raises:
        A2UError: There is no row and no operator of that name; the message gives the closest one.
    """
    if name in ROWS:
        return ROWS[name]
    operator, _, preset = name.partition(":")
    if operator in operators.names() and (not preset or preset in operators.presets(operator)):
        title = operators.card(operator).title
        return Row(name, f"{title} {preset}" if preset else title, name, None, paired=None)
    raise A2UError(
        f"Table 2 has no row {name!r}, and there is no such operator. {near_match(name, [*ROWS, *operators.names()])}"
    )


# What the network itself sets when it builds an operator.
_NETWORKS = (
    "name",
    "upsampler",
    "width",
    "pretrained",
    "paired",
    "channels",
    "ratio",
    "guide_channels",
    "out_channels",
)


def build(name: str, width: float = 1.0, pretrained: bool = False, **options: Any) -> "MattingNet":
    """The network of a row; `options` override those of its operator (k_up of Table 3: ``kernel_size=5``)."""
    from a2u.matting.network.network import MattingNet

    found = row(name)
    for option in options:
        if option in _NETWORKS:
            raise A2UError(
                f"The network sets {option} itself, for each of its stages, so it cannot be an option of the operator. "
                f"`a2u ops {name.partition(':')[0]}` shows the operator's options."
            )
    return MattingNet(found.upsampler, width, pretrained, paired=found.paired, **{**found.options, **options})
