"""Pictures that move: frames drawn by code, packed as one WebP that plays without end and without loss."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from a2u.errors import A2UError
from a2u.plots import sheet, style

# Narrow, because a telephone shows it at two thirds of its size: letters of 11 points can then still be read.
WIDTH, MARGIN, LETTERS = 5.2, 0.12, 11.0
LONGEST = 40_000  # milliseconds: what one has the patience to see again


@dataclass(frozen=True)
class Moving:
    """An animation, its still picture and its description.

    frames: each with the milliseconds that it stays. still: the number of the frame that says most without motion.
    alt: what happens, for those who cannot see it. says: the numbers that it shows.
    """

    frames: Sequence[tuple[Figure, int]]
    still: int
    alt: str
    says: str = ""

    def __post_init__(self) -> None:
        sizes = {tuple(figure.get_size_inches()) for figure, _ in self.frames}
        if len(sizes) != 1 or not 0 <= self.still < len(self.frames):
            raise A2UError("An animation has frames of one size, and one of them is its still picture.")
        if self.milliseconds >= LONGEST:
            raise A2UError(f"An animation is shorter than {LONGEST // 1000} s, this one takes {self.milliseconds} ms.")

    @property
    def milliseconds(self) -> int:
        """How long it takes."""
        return sum(stay for _, stay in self.frames)

    def webp(self) -> bytes:
        """The animation as a file; equal frames give equal bytes."""
        pictures = [Image.open(io.BytesIO(style.png(figure, small=False))) for figure, _ in self.frames]
        file = io.BytesIO()
        stays = [stay for _, stay in self.frames]
        pictures[0].save(file, "WEBP", save_all=True, append_images=pictures[1:], duration=stays, loop=0, lossless=True,
                         quality=100, method=4)  # fmt: skip
        return file.getvalue()


def stage(height: float, title: str, words: str) -> tuple[Figure, Axes]:
    """The sheet of one frame, with its title above and room for two lines of words below; draw into it between them."""
    fig, ax = style.canvas(WIDTH, height)
    sheet.label(ax, MARGIN, 0.27, title, size=12, ha="left")
    lines = [line for part in words.split("\n") for line in sheet.lines(part, WIDTH - 2 * MARGIN, LETTERS)]
    if len(lines) > 2:
        raise A2UError(f"A frame has room for two lines of words; these need {len(lines)}: {words!r}.")
    for number, line in enumerate(lines):
        sheet.label(ax, MARGIN, height - 0.38 + 0.24 * number, line, size=LETTERS, ha="left", fontweight="normal")
    return fig, ax
