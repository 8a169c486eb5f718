"""`a2u figure NAME`: remake a picture of the README into `figures/`, from the library and the embedded data alone."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2u.errors import A2UError, near_match

if TYPE_CHECKING:
    from a2u.lessons.frame import Drawing


def _inspector() -> "Drawing":
    """One output value of A²U on the shared digit: its window, its kernel, their products and the sum."""
    from a2u.lessons.inspector import example, picture

    return picture(*example("a2u:static-pw-cw", 2), (0, 0, 8, 6), "A²U, static-pw-cw, random weights")


def _operators() -> "Drawing":
    """The family tree of operators, each with the kernel it uses for one and the same output value."""
    from a2u.lessons.overview import overview

    return overview()


FIGURES: "dict[str, Callable[[], Drawing]]" = {"inspector": _inspector, "operators": _operators}


def figure(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(FIGURES)}. Default: all.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to write NAME.png.")] = Path("figures"),
) -> None:
    """Remake pictures into figures/ as PNG, and print what each shows."""
    from a2u.training.files import explain, write_whole

    for name in names or FIGURES:
        if name not in FIGURES:
            raise A2UError(f"There is no figure {name!r}. {near_match(name, list(FIGURES))}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error
    for name in names or FIGURES:
        drawing = FIGURES[name]()
        path = folder / f"{name}.png"
        write_whole(path, drawing.png())
        print(f"{path}: {drawing.alt}")
