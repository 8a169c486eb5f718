"""`a2u figure NAME`: remake a picture of the README into `figures/`, from the library and the embedded data alone."""

import importlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2u.errors import A2UError, near_match

if TYPE_CHECKING:
    from a2u.lessons.frame import Drawing
    from a2u.plots.moving import Moving


def _inspector() -> "Drawing":
    """One value of a trained network on the edge of a digit, opened into wᵀz: a picture, and an animation of it."""
    from a2u.commands.opening import opening

    return opening()


def _operators() -> "Drawing":
    """The family tree of operators, each with the kernel it uses for one and the same output value."""
    from a2u.lessons.start_here.overview import overview

    return overview()


def _figure_2() -> "Drawing":
    """Kernel generation of A²U with d = 1, on the shared digit (Figure 2 of the paper, redrawn)."""
    from a2u.lessons.a2u_operator.explorer import figure_2

    return figure_2()


def _figure_3() -> "Drawing":
    """The matting network of section 6, drawn from the module itself (Figure 3 of the paper, redrawn)."""
    from a2u.lessons.matting.figure_3 import figure_3

    return figure_3()


def _figure5() -> "Drawing":
    """Figure 5: kernels of a hybrid A²U over a digit, as they begin and as the shipped weights have learned them."""
    from a2u.lessons.see_the_kernels.explorer import figure5

    return figure5()


def _figure1() -> "Drawing":
    """Figure 1: a scene, and the last upsampled map of three matting networks, from the weights that ship."""
    from a2u.lessons.see_the_features.figures import figure1

    return figure1()


def _figure4() -> "Drawing":
    """Figure 4: mattes of the shipped networks on synthetic test scenes, with one place of each enlarged."""
    from a2u.lessons.see_the_features.figures import figure4

    return figure4()


def _figure5_matting() -> "Drawing":
    """Figure 5 in a matting network: kernels of a hybrid A²U over a scene, random beside learned."""
    from a2u.lessons.see_the_features.figures import figure5

    return figure5()


def _synthetic() -> "Drawing":
    """The synthetic set of matting: a scene of each kind with its trimap, its alpha and another background."""
    from a2u.lessons.matting.synthetic_set import synthetic_figure

    return synthetic_figure()


def _photographs() -> "Drawing":
    """Photographs, and what closed-form, KNN and two of the shipped networks cut out of them."""
    from a2u.commands.photographs import photographs_figure

    return photographs_figure()


# Animations of the lessons: "module:function" of each. Its still picture is NAME.png.
MOVING = {
    "half-pixels": "a2u.lessons.one_formula.moving:moving",
    "spread-and-gather": "a2u.lessons.kernels_learned_once.moving:spread_and_gather",
    "pixel-shuffle": "a2u.lessons.kernels_learned_once.moving:pixel_shuffle",
    "temperature": "a2u.lessons.carafe.moving:moving",
    "low-rank": "a2u.lessons.affinity.moving:moving",
    "gates": "a2u.lessons.indexnet.moving:moving",
}


@cache
def moving(name: str) -> "Moving":
    """The animation of this name."""
    module, function = MOVING[name].split(":")
    made: Moving = getattr(importlib.import_module(module), function)()
    return made


def _still(name: str) -> "Drawing":
    from a2u.lessons.frame import Drawing

    found = moving(name)
    return Drawing(found.frames[found.still][0], found.alt, found.says)


FIGURES: "dict[str, Callable[[], Drawing]]" = {
    "figure1": _figure1,
    "figure2": _figure_2,
    "figure3": _figure_3,
    "inspector": _inspector,
    "operators": _operators,
    "figure4": _figure4,
    "figure5": _figure5,
    "figure5-matting": _figure5_matting,
    "synthetic": _synthetic,
    "photographs": _photographs,
    **{name: partial(_still, name) for name in MOVING},
}


def _inspector_moving(_drawing: "Drawing") -> bytes:
    from a2u.commands.opening import animation

    return animation()


def _photographs_page(drawing: "Drawing") -> bytes:
    from a2u.commands.photographs import page

    return page(drawing).encode()


def _file_of(name: str, _drawing: "Drawing") -> bytes:
    return moving(name).webp()


# What is written beside a picture, by the ending of its name.
SECOND: "dict[str, tuple[str, Callable[[Drawing], bytes]]]" = {
    "inspector": ("webp", _inspector_moving),
    "photographs": ("md", _photographs_page),
    **{name: ("webp", partial(_file_of, name)) for name in MOVING},
}


def files(name: str) -> list[str]:
    """What is written for one figure: NAME.png first."""
    return [f"{name}.png", *([f"{name}.{SECOND[name][0]}"] if name in SECOND else [])]


def figure(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(FIGURES)}. Default: all.")] = None,
    folder: Annotated[
        Path, typer.Option(help="Where to write NAME.png, and NAME.webp of those that move, photographs.md.")
    ] = Path("figures"),
) -> None:
    """Remake pictures into figures/, and print what each shows."""
    from a2u.files.outputs import Outputs
    from a2u.files.writing import make_folder

    names = list(dict.fromkeys(f"figure{name}" if name.isdigit() else name for name in names or FIGURES))
    for name in names:
        if name not in FIGURES:
            raise A2UError(f"There is no figure {name!r}. {near_match(name, list(FIGURES))}")
    outputs = Outputs(folder, "a2u figure")
    outputs.check([file for name in names for file in files(name)])
    make_folder(folder)
    for name in names:
        drawing = FIGURES[name]()
        contents = [drawing.png(), *([SECOND[name][1](drawing)] if name in SECOND else [])]
        paths = [outputs.write(file, content) for file, content in zip(files(name), contents, strict=True)]
        print(f"{', '.join(map(str, paths))}: {drawing.words}")
