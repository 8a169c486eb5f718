"""The nine rows of Table 1, by name: what makes each, and what the paper measured."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from a2u.errors import A2UError, near_match


class PaperScores(NamedTuple):
    """One half of a row of the paper's Table 1; its column "MSE" is a root mean square error."""

    psnr: float
    ssim: float
    rmse: float
    mae: float


@dataclass(frozen=True)
class Row:
    """One experiment.

    operator, options: how the three upsampling stages are built, `a2u.build(operator, channels=…, **options)`.
    down: "conv" (the table's Conv/2, a stride-2 convolution) or "max" (its MaxPool).
    paper: what the paper reports, by data set.
    """

    name: str
    title: str
    operator: str
    options: dict[str, Any]
    down: str
    paper: dict[str, PaperScores]


def _row(
    name: str,
    title: str,
    operator: str,
    down: str,
    mnist: tuple[float, float, float, float],
    fashion: tuple[float, float, float, float],
    **options: Any,
) -> Row:
    paper = {"mnist": PaperScores(*mnist), "fashion": PaperScores(*fashion)}
    return Row(name, title, operator, options, down, paper)


# fmt: off
ROWS: dict[str, Row] = {row.name: row for row in [
    _row("nearest", "Conv/2 – Nearest", "nearest", "conv",
         (28.54, .9874, .0374, .0148), (25.58, .9797, .0527, .0269)),
    _row("bilinear", "Conv/2 – Bilinear", "bilinear", "conv",
         (26.12, .9783, .0495, .0205), (23.68, .9675, .0656, .0343)),
    # The paper does not say how these two begin. If all phases begin alike, a short training comes closer to it.
    _row("deconvolution", "Conv/2 – Deconvolution", "deconvolution", "conv",
         (31.85, .9942, .0256, .0089), (27.42, .9870, .0426, .0207), phases="alike"),
    _row("pixel_shuffle", "Conv/2 – Pixel shuffle", "pixel_shuffle", "conv",
         (31.63, .9939, .0262, .0099), (27.33, .9868, .0431, .0212), phases="alike"),
    _row("max_unpool", "MaxPool – MaxUnpool", "max_unpool", "max",
         (29.91, .9916, .0320, .0133), (28.31, .9901, .0385, .0218)),
    # A softmax over one tap is 1: with a 1×1 kernel, CARAFE is nearest neighbour.
    _row("carafe", "MaxPool – CARAFE", "carafe", "max",
         (28.72, .9885, .0367, .0131), (25.17, .9773, .0552, .0266), kernel_size=1),
    _row("indexnet-holistic", "MaxPool – IndexNet, holistic", "indexnet:holistic", "max",
         (45.51, .9997, .0053, .0024), (45.83, .9998, .0051, .0033), context=True, nonlinear=False),
    _row("indexnet-depthwise", "MaxPool – IndexNet, depth-wise", "indexnet:depthwise-m2o", "max",
         (47.13, .9997, .0044, .0020), (44.35, .9998, .0061, .0036), context=True, nonlinear=False),
    _row("a2u", "MaxPool – A²U", "a2u:toy", "max",
         (47.63, .9998, .0042, .0020), (46.41, .9999, .0048, .0031)),
]}
# fmt: on


# Beside the table: the hybrid A²U whose kernels Figure 5 looks at, with the kernels of the paper's matting network.
EXTRA: dict[str, Row] = {
    "a2u-hybrid": Row("a2u-hybrid", "MaxPool – A²U, hybrid, 3×3", "a2u:hybrid-cw", {"encoder_kernel": 4}, "max", {})
}


def row(name: str) -> Row:
    """The row called `name`, of Table 1 or beside it.

    Raises:
        A2UError: There is no row of that name; the message gives the closest one.
    """
    if name not in ROWS and name not in EXTRA:
        raise A2UError(f"Table 1 has no row {name!r}. {near_match(name, [*ROWS, *EXTRA])}")
    return ROWS[name] if name in ROWS else EXTRA[name]
