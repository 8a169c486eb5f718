"""Every explorer of every lesson, moved as far as it goes: no control may break it, and each must change something.

A control is moved over its whole range with the others where the lesson put them (a slider to its ends and
its middle), and all of them together to the corners of the range, where combinations break.
"""

import ast
import contextlib
import importlib
import io
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pytest
from explorers import EXPLORERS
from PIL import Image
from project import NOTEBOOKS

from a2u.errors import A2UError
from a2u.lessons.frame import Panel

CORNERS = 6  # at most, of an explorer; the two extreme ones always, the others drawn with a fixed seed
LISTED = 12  # at most, of the entries of a list: the first, the last, and those between at even steps


def values(control: widgets.Widget) -> list:
    """What a control is moved to; nothing for a button that loads a file of the learner's."""
    if isinstance(control, widgets.IntSlider):
        return sorted({control.min, (control.min + control.max) // 2, control.max})
    if isinstance(control, widgets.FloatSlider):
        return [control.min, (control.min + control.max) / 2, control.max]
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return [False, True]
    if isinstance(control, widgets.FileUpload):
        return []
    options = [value for _, value in control._options_full]
    steps = np.linspace(0, len(options) - 1, min(LISTED, len(options))).round().astype(int)
    return [options[step] for step in steps]


def corners(panel: Panel) -> Iterator[dict]:
    """Settings in which every control stands at an end of its range: lowest, highest, and some mixtures.

    Lists go first: one of them may say how far a slider goes.
    """
    names = sorted((n for n, c in panel.controls.items() if values(c)), key=lambda n: is_slider(panel.controls[n]))
    mixed = list(itertools.product((0, -1), repeat=len(names)))
    for which in [mixed[0], mixed[-1], *random.Random(0).sample(mixed[1:-1], min(CORNERS, len(mixed)) - 2)]:
        sides = dict(zip(names, which, strict=True))
        lists = {name: values(panel.controls[name])[side] for name, side in sides.items() if name in listed(panel)}
        move(panel, lists)
        yield {name: values(panel.controls[name])[side] for name, side in sides.items()}


def is_slider(control: widgets.Widget) -> bool:
    return isinstance(control, widgets.IntSlider | widgets.FloatSlider)


def listed(panel: Panel) -> set[str]:
    return {name for name, control in panel.controls.items() if not is_slider(control)}


def move(panel: Panel, setting: dict) -> None:
    """All at once, as `Panel.set` does; what cannot be drawn stands in the panel's `error`."""
    with contextlib.suppress(A2UError):
        panel.set(**setting)


def check(panel: Panel, setting: dict) -> tuple[bytes, str]:
    """Move, and look: a picture that is not blank, described, with the words under it. What a panel explains counts."""
    move(panel, setting)
    caption = panel.caption.value
    if panel.error is not None:  # a setting that cannot be is explained in words, never by a traceback
        assert "Error" not in panel.error, (setting, panel.error)
        assert 'role="alert"' in caption
    else:
        assert panel.drawing is not None
        assert len(panel.drawing.alt.split()) >= 10, (setting, panel.drawing.alt)
        assert 'role="status"' in caption
    with Image.open(io.BytesIO(panel.image.value)) as image:
        assert np.asarray(image.convert("L")).std() > 5, f"a blank picture at {setting}"
    return panel.image.value, caption


@pytest.fixture(scope="module", params=EXPLORERS)
def panel(request: pytest.FixtureRequest) -> Panel:
    opened = importlib.import_module(f"a2u.lessons.{request.param}").explorer()
    assert isinstance(opened, Panel)
    return opened


def test_explorers_are_found_and_each_is_in_a_lesson() -> None:
    folders = ("pooling_remembers", "kernels_learned_once", "carafe", "affinity", "a2u_operator")
    assert {"inspector", *(f"{folder}.explorer" for folder in folders)} < {*EXPLORERS}
    sources = "\n".join(path.read_text() for path in (NOTEBOOKS / "source").glob("*.py"))
    assert [
        name
        for name in EXPLORERS
        if f"a2u.lessons.{name} import" not in sources
        and f"from a2u.lessons.{name.removesuffix('.explorer')} import explorer" not in sources
    ] == []


@pytest.mark.parametrize("path", sorted((NOTEBOOKS / "source").glob("*.py")), ids=lambda path: path.stem)
def test_no_cell_moves_the_explorer_of_the_learner(path: Path) -> None:
    """What a learner has set is theirs: a cell asks `panel.at(…)`, which depends on no slider and moves none."""
    panels, moves = set(), []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            func = node.value.func
            if (func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")) in ("explorer", "inspect"):
                panels |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in panels:
            moves += [f"line {node.lineno}: {node.value.id}.{node.attr}"] if node.attr != "at" else []
    assert moves == []


def test_every_control_is_labelled(panel: Panel) -> None:
    labels = [control.description.strip() for control in panel.controls.values()]
    assert all(labels)
    assert len(set(labels)) == len(labels)


def test_every_control_moves_the_picture_over_its_whole_range(panel: Panel) -> None:
    start = {name: control.value for name, control in panel.controls.items() if values(control)}
    for name in start:
        seen = {check(panel, start | {name: value}) for value in values(panel.controls[name])}
        assert len({picture for picture, _ in seen}) > 1, f"{name} changes nothing in the picture"
        assert len({caption for _, caption in seen}) > 1, f"{name} changes nothing in the words"


def test_every_corner_of_the_range_can_be_reached(panel: Panel) -> None:
    start = {name: control.value for name, control in panel.controls.items() if values(control)}
    seen = {check(panel, corner) for corner in corners(panel)}
    assert len(seen) > 1
    move(panel, start)


def test_a_panel_that_draws_nothing_or_breaks_would_be_found() -> None:
    from matplotlib.figure import Figure

    from a2u.lessons.frame import Drawing, slider
    from a2u.plots.maps import side_by_side

    words = "A description that is long enough to pass, of a picture that shows nothing at all."
    blank = Panel(lambda n: Drawing(Figure(figsize=(2, 2)), words), n=slider(0, 3, 1))
    with pytest.raises(AssertionError, match="a blank picture"):
        check(blank, {"n": 2})
    broken = Panel(lambda n: Drawing(side_by_side({"a": np.eye(4) * (1 / (3 - n))}), words), n=slider(0, 3, 1))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        check(broken, {"n": 3})
