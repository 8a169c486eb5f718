"""Lesson 07: exercises that know right from wrong, modes side by side, Figure 2."""

import html
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.a2u_operator import exercises as assemble_a2u
from a2u.lessons.a2u_operator.explorer import OTHERS, explorer, figure_2, operator, other, parts
from a2u.lessons.a2u_operator.picture import kernel_curves
from a2u.operators.affinity import MODES


def test_references_agree_with_the_library() -> None:
    guide = shared.encoder_map().double()
    op = operator("static")
    mine = assemble_a2u.kernels_reference(op.affinity(guide)[0].detach(), op.p.weight.detach(), 2)
    torch.testing.assert_close(mine, op.kernel(None, guide)[0, 0].detach())


def test_the_limit_of_the_reach_is_met_by_the_operator_itself() -> None:
    for ones, taps in ((3, 9), (10, 25)):
        logits = torch.full((taps,), -1e3).index_fill(0, torch.arange(ones), 1e3)
        reached = logits.sigmoid().softmax(dim=0)[:ones].sum()
        assert float(assemble_a2u.reach_reference(ones, taps)) == pytest.approx(float(reached))


@pytest.mark.parametrize("power", [1, 3])
def test_several_leans_keep_the_specification(power: int) -> None:
    def my_lean(strength: float) -> torch.Tensor:
        return assemble_a2u.lean_reference(strength) ** power * 0.5

    assert assemble_a2u.LEAN.check(my_lean).passed


# --- the explorer


@pytest.fixture(scope="module")
def panel():
    return explorer()


@pytest.mark.parametrize("image", OTHERS)
def test_each_image_at_the_corners_of_the_map(panel, image: str) -> None:
    pictures = set()
    for row, column in ((0, 0), (7, 8), (15, 15)):
        drawing = panel.set(row=row, column=column, image=image)
        assert np.asarray(Image.open(io.BytesIO(panel.image.value)).convert("L")).std() > 20
        assert drawing.alt in html.unescape(panel.caption.value)
        pictures.add(panel.image.value)
    assert len(pictures) == 3


EXPECTED = {  # does U, does P follow the image? A roll keeps the mean, not the 5×5 pooling
    ("half contrast", "static"): ("same", "same"),
    ("half contrast", "hybrid"): ("same", "changed"),
    ("half contrast", "dynamic"): ("changed", "changed"),
    ("shifted by 4", "static"): ("same", "same"),
    ("shifted by 4", "hybrid"): ("same", "same"),
    ("shifted by 4", "dynamic"): ("changed", "same"),
    ("the same", "dynamic"): ("same", "same"),
}


@pytest.mark.parametrize(("image", "mode"), EXPECTED)
def test_what_follows_the_image_in_each_mode(panel, image: str, mode: str) -> None:
    says = panel.set(row=9, column=9, image=image).says
    found = re.search(rf"{mode}: U (\w+), P (\w+), w (same|changed);  affinity ", says)
    assert found is not None
    assert found.groups()[:2] == EXPECTED[image, mode]


def test_where_the_explorer_starts_every_mode_changes_its_kernel_visibly() -> None:
    fresh, guide = explorer(), shared.encoder_map().double()
    row, column, image = (fresh.controls[name].value for name in ("row", "column", "image"))
    for mode in MODES:
        w = [parts(operator(mode), each, row, column)["w"] for each in (guide, other(guide, image))]
        assert (w[0] - w[1]).abs().max() > 0.02, "two digits after the point show it"
    assert all(control.description == name for name, control in fresh.controls.items())


@pytest.mark.parametrize("mode", MODES)
def test_parts_make_the_kernel(mode: str) -> None:
    guide = shared.encoder_map().double()
    with torch.no_grad():
        found = parts(operator(mode), guide, 5, 10)
    w = (found["a"] * found["P"]).sigmoid().flatten().softmax(0).view(3, 3)
    torch.testing.assert_close(w, found["w"])


def test_an_unknown_image_is_named() -> None:
    with pytest.raises(A2UError, match="Did you mean 'mirrored'"):
        other(torch.zeros(1), "mirored")


# --- the plots


def test_figure_2_writes_the_weights_of_the_kernels_it_describes() -> None:
    guide = shared.encoder_map().double()
    w = operator("dynamic").kernel(None, guide)[0, 0, :, 8:10, 8:10]
    drawing = figure_2()
    assert f"from {w.min():.3f} to {w.max():.3f}" in drawing.alt
    assert "output block (4, 4)" in drawing.says
    flat = parts(operator("dynamic"), guide, 8, 8)  # as the words below the picture say
    assert flat["P"].max() < 0 < flat["a"]
    assert (flat["w"] - 1 / 9).abs().max() < 0.01
    assert "first kernel is flat" in drawing.says
    pixels = np.asarray(Image.open(io.BytesIO(drawing.png())).convert("L"), dtype=float)
    assert pixels.std() > 20
    assert (
        np.abs(pixels - np.asarray(Image.open(io.BytesIO(figure_2(2, 12).png())).convert("L"), dtype=float)).max() > 50
    )


def test_the_curves_show_each_tap_in_its_place_with_the_affinities_met() -> None:
    w = np.stack([np.full(9, 1 / 9), 0.1 + np.arange(9) / 100])
    panels = kernel_curves([0.0, 1.0], w, [0.5]).axes
    assert len(panels) == 9
    for tap, ax in enumerate(panels):
        own = max(ax.lines, key=lambda line: line.get_linewidth())
        assert list(own.get_ydata()) == list(w[:, tap])
        assert [0.5] in [list(line.get_xdata()) for line in ax.lines]
        assert ax.get_title(loc="left") == f"tap {tap}, row {tap // 3}, column {tap % 3}"
