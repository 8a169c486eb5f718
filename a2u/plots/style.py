"""The one visual language: what the window, the kernel and the output look like wherever they appear.

The window z is blue and a square, the kernel w is orange and a diamond, the output y is green and a circle; an arrow
always runs z, w → ∑ → y. Signed values share one map (zero is white, positive turns to ink), weights one map (zero is
white, positive turns to dark orange); what is negative is violet in both. Errors share one map from black to yellow.
Colours can be told
apart under all common kinds of colour blindness, and none carries a meaning alone: a glyph, a letter or a printed
number says it too.

Figures are made from ``matplotlib.figure.Figure`` and never through pyplot, so they may be drawn in any thread and
leave no state behind. Everything is drawn inside :func:`context`.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError, near_match

Z, W, Y = "#0047AB", "#C04B00", "#007F4F"  # window, kernel, output: each readable as text on white
GLYPHS = {"z": "■", "w": "◆", "y": "●"}
COLOURS = {"z": Z, "w": W, "y": Y}
INK, MUTED, FAINT, PAPER = "#1B1F24", "#5B6570", "#D3D8DE", "#FFFFFF"
HIGHLIGHT = "#A03C8C"  # a fourth colour, for one more thing in a picture
SERIES = (Z, W, Y, HIGHLIGHT, "#8A6D00", "#4A4A4A")  # lines of a plot, in this order
NETWORKS = (HIGHLIGHT, "#8A6D00", "#4A4A4A", "#8C1C2E")  # whole networks: blue, orange and green are z, w and y
PRINTED, MEASURED = MUTED, HIGHLIGHT  # in tables: what a paper reports, what was measured here
STROKES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))  # and their dashes: colour never stands alone

SIGNED = LinearSegmentedColormap.from_list("a2u signed", ["#43208F", "#8D6CCB", "#FFFFFF", "#8B9097", "#14171B"])
_NEGATIVE, _KERNEL = ["#43208F", "#7A55C0", "#B9A3E0"], ["#FBC79A", "#E8802F", "#A33E00"]
WEIGHTS = LinearSegmentedColormap.from_list("a2u weights", [*_NEGATIVE, "#FFFFFF", *_KERNEL])
ERRORS = matplotlib.colormaps["inferno"]
MAPS: dict[str, Colormap] = {"signed": SIGNED, "weights": WEIGHTS, "errors": ERRORS}

DPI = 100  # one figure inch is 100 pixels of a notebook page
DENSITY = 1.5  # pictures hold this many pixels for each of them, so that they stay sharp on fine screens

RC: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, and has ᵀ, ∑ and ⌊⌋
    "font.size": 9.5,
    "figure.facecolor": PAPER,
    "figure.dpi": DPI,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlepad": 7,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "image.interpolation": "nearest",
    "axes.unicode_minus": True,
}


# What a user's matplotlibrc or style may have changed is put back first, except what is not about looks.
_NOT_LOOKS = ("backend", "backend_fallback", "interactive", "toolbar", "webagg", "tk.", "savefig.directory", "macosx")


def _defaults() -> dict[str, Any]:
    """matplotlib's own settings, before any user's."""
    own: Any = matplotlib.rcParamsDefault
    return {key: own[key] for key in own if not key.startswith(_NOT_LOOKS) and not key.startswith("_internal")}


@contextmanager
def context() -> Iterator[None]:
    """The style, for as long as the block lasts; importing this module changes nothing.

    It is the same whatever style the user has set: everything else is matplotlib's default.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of settings that matplotlib is about to drop
        now: Any = matplotlib.rcParams
        changed: Any = {key: value for key, value in _defaults().items() if now[key] != value}
    with matplotlib.rc_context({**changed, **RC}):
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure of width × height in hundreds of notebook pixels; draw into it inside :func:`context`."""
    with context():  # a figure keeps the settings of the moment when it is made
        return Figure(figsize=(width, height), dpi=DPI)


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure that is one sheet: its axes count hundreds of pixels from the top left corner, and show no frame.

    Boxes, numbers and arrows on one sheet draw several times faster than a figure of many axes.
    """
    fig = figure(width, height)
    with context():
        ax = fig.add_axes((0.0, 0.0, 1.0, 1.0), frameon=False, xticks=[], yticks=[], xlim=(0, width), ylim=(height, 0))
    ax.set_autoscale_on(False)
    ax.set_axis_off()
    return fig, ax


def png(fig: Figure, density: float = DENSITY, small: bool = True) -> bytes:
    """The figure as PNG, ``density`` pixels for each notebook pixel; equal figures give equal bytes.

    ``small=False`` packs it loosely: larger but several times faster, for a picture that is soon replaced.
    """
    canvas, dpi = FigureCanvasAgg(fig), fig.get_dpi()
    fig.set_dpi(DPI * density)
    try:
        with context():
            canvas.draw()
    finally:
        fig.set_dpi(dpi)
    return _pack(np.asarray(canvas.buffer_rgba()), level=9 if small else 1)


def _pack(pixels: Any, level: int) -> bytes:
    """RGBA pixels on opaque paper as a PNG of three channels, unfiltered: large flat areas need no better."""
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # the first byte of a row names its filter: none
    rows[:, 1:] = pixels[..., :3].reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits per channel, colour type 2: RGB
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), level)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + tag + d + struct.pack(">I", zlib.crc32(tag + d)) for tag, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def scale(kind: str, *arrays: Any, limit: float | None = None) -> tuple[Colormap, Normalize]:
    """The colours of a kind of value, wide enough for all arrays, so that panels that share it can be compared.

    Args:
        kind: "signed" or "weights", both centred at zero; "errors", from zero up.
        limit: the value of full colour, instead of the largest in the arrays.
    """
    if kind not in MAPS:
        raise A2UError(f"Unknown kind of map {kind!r}. {near_match(kind, list(MAPS))}")
    limit = _largest(arrays) if limit is None else limit
    return MAPS[kind], Normalize(0.0 if kind == "errors" else -limit, limit)


def signed_norm(*arrays: Any, limit: float | None = None) -> Normalize:
    """The scale of signed values and of weights: centred at zero."""
    return scale("signed", *arrays, limit=limit)[1]


weight_norm = signed_norm  # kernels without negative weights use one half of their map


def _largest(arrays: tuple[Any, ...]) -> float:
    sizes = [float(np.nanmax(np.abs(np.asarray(array)))) for array in arrays if np.size(array)]
    return max([size for size in sizes if np.isfinite(size)], default=0.0) or 1.0


def show_map(ax: Axes, values: Any, *, kind: str = "signed", norm: Normalize | None = None, title: str = "") -> Any:
    """Draw one H×W array as a map without ticks; kind is "signed", "weights" or "errors". Returns the image."""
    cmap, own = scale(kind, values)
    image = ax.imshow(np.asarray(values), cmap=cmap, norm=own if norm is None else norm)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, color=FAINT)
    if title:
        ax.set_title(title)
    return image


def number(value: float, digits: int = 2) -> str:
    """A rounded number with a real minus sign and never a negative zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def ink_on(colour: tuple[float, float, float, float]) -> str:
    """Black or white, whichever is readable on this background."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return PAPER if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.3 else INK
