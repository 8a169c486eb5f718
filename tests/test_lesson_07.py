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
from a2u.lessons import assemble_a2u, shared
from a2u.lessons.a2u_modes import OTHERS, explorer, figure_2, operator, other, parts
from a2u.operators.affinity import MODES
from a2u.operators.parameters import count
from a2u.plots.assembly import kernel_curve


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
    ("half contrast", "hybrid"): ("same", "other"),
    ("half contrast", "dynamic"): ("other", "other"),
    ("shifted by 4", "static"): ("same", "same"),
    ("shifted by 4", "hybrid"): ("same", "same"),
    ("shifted by 4", "dynamic"): ("other", "same"),
    ("the same", "dynamic"): ("same", "same"),
}


@pytest.mark.parametrize(("image", "mode"), EXPECTED)
def test_what_follows_the_image_in_each_mode(panel, image: str, mode: str) -> None:
    says = panel.set(row=9, column=9, image=image).says
    found = re.search(rf"{mode} +U (\w+) +P (\w+)", says)
    assert found is not None
    assert found.groups() == EXPECTED[image, mode]


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
    pixels = np.asarray(Image.open(io.BytesIO(drawing.png())).convert("L"), dtype=float)
    assert pixels.std() > 20
    assert (
        np.abs(pixels - np.asarray(Image.open(io.BytesIO(figure_2(2, 12).png())).convert("L"), dtype=float)).max() > 50
    )


def test_the_curve_shows_every_weight_and_the_affinities_met() -> None:
    ax = kernel_curve([0.0, 1.0], [[0.1, 0.2], [0.15, 0.25]], [0.5]).axes[0]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [0.2, 0.25])
    np.testing.assert_array_equal(ax.lines[2].get_xdata(), [0.5])
