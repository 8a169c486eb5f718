"""Lesson 06: exercises that know right from wrong, and an explorer of affinity inside a window."""

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
from a2u.lessons.affinity import exercises as affinity
from a2u.lessons.affinity import three_ways
from a2u.lessons.affinity.explorer import WEIGHTS, explorer, pair_weights, rank_errors, truncate, window
from a2u.lessons.affinity.picture import rank_curves, tables
from a2u.plots import style


def test_the_reference_of_the_convolutions_is_what_the_library_computes() -> None:
    x = torch.randn(4, 6, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    op = a2u.build("a2u:static-cw", 4).double()
    mine = affinity.affinity_reference(x, op.u.weight.data[0], op.v.weight.data[0], 2)
    torch.testing.assert_close(mine, op.affinity(x[None])[0, 0].detach())


def test_the_windows_are_those_of_the_operator() -> None:
    assert window(3, 4).shape == (4, 25)
    assert float(window(3, 4)[0, 12]) == pytest.approx(float(shared.encoder_map()[0, 0, 6, 8]))
    assert torch.equal(window(0, 0)[:, :10], torch.zeros(4, 10, dtype=torch.float64))


def uneven_question(size: int) -> torch.Tensor:
    """Rank 2 as asked for, in float32, with other weights for each pixel of either half."""
    generator, row = torch.Generator().manual_seed(0), torch.arange(size**2) // size
    above, below = (half * torch.rand(size**2, generator=generator) for half in (row < size // 2, row > size // 2))
    a = torch.outer(above, below)
    return (a + a.T) / (2 * a.sum())


def test_a_question_may_weigh_the_pixels_of_a_half_differently() -> None:
    assert uneven_question(5).dtype == torch.float32
    verdict = affinity.QUESTION.check(uneven_question)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_a_rank_keeps_is_what_the_singular_values_say(name: str) -> None:
    a, lost = pair_weights(name), rank_errors(pair_weights(name))
    for rank in (1, 7, 25):
        assert float((a - truncate(a, rank)).norm() / a.norm()) == pytest.approx(float(lost[rank]), abs=1e-6)
    assert lost[0] == 1
    assert (lost.diff() <= 1e-12).all()


def test_the_matrices_have_the_ranks_that_the_lesson_names() -> None:
    ranks = {name: int(torch.linalg.matrix_rank(pair_weights(name))) for name in WEIGHTS}
    assert ranks == {"centre with all": 1, "left with right": 2, "near pairs": 25, "random": 25, "each with itself": 25}
    with pytest.raises(A2UError, match="Did you mean 'near pairs'"):
        pair_weights("near pair")


# --- the explorer

START = {"row": 3, "column": 4, "i": 12, "j": 8, "weights": "near pairs", "rank": 3}


@pytest.fixture(scope="module")
def panel():
    return explorer()


@pytest.mark.parametrize(
    ("name", "values"),
    [("row", range(8)), ("column", (0, 3, 7)), ("i", (0, 12, 24)), ("j", (0, 12, 24)), ("weights", list(WEIGHTS)),
     ("rank", (1, 2, 24, 25))],
)  # fmt: skip
def test_every_control_changes_the_picture(panel, name: str, values) -> None:
    panel.set(**START)
    pictures = set()
    for value in values:
        drawing = panel.set(**{name: value})
        picture = np.asarray(Image.open(io.BytesIO(panel.image.value)).convert("L"))
        assert picture.std() > 20
        assert drawing.alt in html.unescape(panel.caption.value)
        pictures.add(panel.image.value)
    assert len(pictures) == len(values)


@pytest.mark.parametrize("corner", [(0, 0), (0, 7), (7, 0), (7, 7)])
def test_the_extremes_together(panel, corner) -> None:
    for rank, i, j in ((1, 0, 24), (25, 24, 0), (25, 12, 12)):
        panel.set(row=corner[0], column=corner[1], i=i, j=j, weights="each with itself", rank=rank)
        assert panel.error is None


def test_the_numbers_are_those_of_the_window(panel) -> None:
    says = panel.set(**START).says.replace("−", "-")
    x = window(3, 4)
    similarity = x.T @ x
    found = [float(number) for number in re.findall(r"[=:] (-?\d+\.\d+)", says)]
    a = pair_weights("near pairs")
    expected = [similarity[12, 8], (a * similarity).sum(), (truncate(a, 3) * similarity).sum()]
    assert found == pytest.approx([float(value) for value in expected], abs=6e-4)
    assert "2·25·3 = 150" in says


# --- the plots


def test_tables_show_what_they_are_given() -> None:
    def ink(value: float) -> float:
        fig = tables([("a", np.full((3, 3), value), "signed"), ("b", np.eye(3), "weights")])
        return float(np.asarray(Image.open(io.BytesIO(style.png(fig))).convert("L")).mean())

    assert ink(1.0) < ink(0.0) - 5
    with pytest.raises(A2UError, match="height, width"):
        tables([])
    with pytest.raises(A2UError, match="height, width"):
        tables([("a", np.zeros(3), "signed")])


def test_curves_keep_their_values_and_names() -> None:
    ax = rank_curves({"one": [1, 0, 0], "two": [1, 0.5, 0]}).axes[0]
    assert [line.get_label() for line in ax.lines] == ["one", "two"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [1, 0.5, 0])


# --- attention, A²U and SAPA


def test_the_three_ways_are_what_their_formulas_say() -> None:
    guide, x = shared.encoder_map().double(), shared.small_map(4).double()
    for row, column in ((0, 0), (3, 4), (7, 5)):
        near = a2u.windows(guide, 5, 2)[0, :, :, row, column]
        torch.testing.assert_close(three_ways.attention()[:, row, column], near[:, 12] @ near)
        small = a2u.windows(x, 5, 1)[0, :, :, row, column]
        pixel = guide[0, :, 2 * row + 1, 2 * column]
        torch.testing.assert_close(three_ways.sapa()[:, 2 * row + 1, 2 * column], pixel @ small)


def test_the_kernels_of_a2u_are_those_of_the_operator() -> None:
    u, v, p = three_ways.random_weights()
    op = a2u.build("a2u:static-cw", 4, 1, kernel_size=5).double()
    op.u.weight.data, op.v.weight.data, op.p.weight.data = u.view(1, 4, 5, 5), v.view(1, 4, 5, 5), p[:, None]
    kernels = op.kernel(None, shared.encoder_map().double())[0, 0, :, ::2, ::2].detach().flatten(1)  # 25 64
    seen = three_ways.affinity()[0].flatten() != 0
    torch.testing.assert_close(three_ways.kernels_of_a2u(), kernels[:, seen])


def test_only_a2u_gives_the_largest_weight_to_another_pixel_than_the_most_similar() -> None:
    found = three_ways.largest_at_most_similar()
    assert found["attention"][0] == found["attention"][1]
    assert found["SAPA"][0] == found["SAPA"][1]
    assert found["A²U"][0] < found["A²U"][1]
    assert found["A²U"][1] == found["attention"][1] == 45, "both are judged on the same windows"


def test_the_picture_says_what_it_shows() -> None:
    drawing = three_ways.three_ways(3, 4)
    assert f"affinity {float(three_ways.affinity()[0][3, 4]):.2f}" in drawing.says
    assert np.asarray(Image.open(io.BytesIO(drawing.png())).convert("L")).std() > 20
