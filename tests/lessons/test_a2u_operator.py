"""Lesson 07: exercises that know right from wrong, modes side by side, Figure 2."""

import html
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

import a2u
from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.a2u_operator import exercises as assemble_a2u
from a2u.lessons.a2u_operator.explorer import OTHERS, explorer, figure_2, operator, other, parts
from a2u.lessons.a2u_operator.picture import kernel_curve
from a2u.matting.counts import count
from a2u.operators.affinity import MODES


def test_references_agree_with_the_library() -> None:
    guide = shared.encoder_map().double()
    op = operator("static")
    mine = assemble_a2u.kernels_reference(op.affinity(guide)[0].detach(), op.p.weight.detach(), 2)
    torch.testing.assert_close(mine, op.kernel(None, guide)[0, 0].detach())
    index = a2u.build("indexnet:holistic", 4, context=False).double()
    mine = assemble_a2u.index_reference(guide[0], index.index.weight.detach())
    torch.testing.assert_close(mine, index.kernel(None, guide)[0, 0, 0].detach())


@pytest.mark.parametrize("preset", ["static-pw-cw", "static-cw", "hybrid-cw", "hybrid-cs", "dynamic-cw", "dynamic-cs"])
def test_the_counting_reference_counts_what_is_built(preset: str) -> None:
    mode, share = preset.split("-")[0], "channels" if preset.endswith("cs") else "none"
    for channels in (1, 64):
        reference = assemble_a2u.parameters_reference(channels, mode, share, "pw" in preset)
        assert float(reference) == count(f"a2u:{preset}", (channels,))


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
    found = re.search(rf"{mode}: U (\w+), P (\w+), w (same|changed);  affinity a: ", says)
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


def test_the_curve_shows_every_weight_with_its_tap_and_the_affinities_met() -> None:
    ax = kernel_curve([0.0, 1.0], [[0.2, 0.1], [0.25, 0.15]], [0.5]).axes[0]
    lines = {tuple(line.get_ydata()) for line in ax.lines}
    assert {(0.2, 0.25), (0.1, 0.15)} < lines
    assert [0.5] in [list(line.get_xdata()) for line in ax.lines]
    words = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert set(words) == {"tap 0", "tap 1", "limit 0.044", "limit 0.254"}
    assert (words["tap 0"], words["tap 1"]) == (0.25, 0.15)


def test_names_of_lines_that_end_together_stand_apart_in_their_order() -> None:
    ax = kernel_curve([0.0, 1.0], [[0.1] * 9, [0.25 - t / 1e4 for t in range(9)]], [0.5]).axes[0]
    heights = [text.get_position()[1] for text in ax.texts if text.get_text().startswith("tap")]
    assert np.diff(heights).min() > 0.02
    assert max(heights) <= 0.266
