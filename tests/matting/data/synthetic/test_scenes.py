"""The synthetic set: exact alpha, scenes that follow from seeds, parts that share nothing."""

import itertools

import numpy as np
import pytest

from a2u.errors import A2UError
from a2u.matting.data.sources import open_test, open_train
from a2u.matting.data.synthetic import KINDS, scene
from a2u.matting.data.synthetic.backgrounds import PHOTOGRAPHS, background, photograph
from a2u.matting.data.synthetic.canvas import Canvas
from a2u.matting.data.synthetic.noise import extend, fractal
from a2u.matting.data.synthetic.source import FIRST_SEED, PER_KIND, SyntheticSource
from a2u.matting.data.synthetic.vapour import Glaze

HIGHLY_TRANSPARENT = ("glass", "bubbles", "smoke")


def square(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


# --- exact alpha


def test_alpha_is_the_area_that_a_shape_covers():
    """A rectangle from column 4.5 to 12 of 20: half of column 4, all of 5 to 11, nothing else."""
    canvas = Canvas(20)
    edge = 1 / 6 / 20  # OpenCV fills up to half a fine pixel beyond the outline
    canvas.polygon(square(0.225 + edge, 0.2, 0.6 - edge, 0.8), (0.2, 0.4, 0.6))
    colour, alpha = canvas.finish()
    assert alpha[10, 4] == pytest.approx(0.5, abs=0.17)
    np.testing.assert_allclose(alpha[6:14, 5:11], 1)
    assert (alpha[:, :4] == 0).all()
    assert (alpha[:, 13:] == 0).all()
    np.testing.assert_allclose(colour[10, 5:11], np.broadcast_to([0.2, 0.4, 0.6], (6, 3)), atol=1 / 255)


def test_a_discs_alpha_sums_to_its_area():
    canvas, radius = Canvas(64), 0.3
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    canvas.polygon(0.5 + radius * np.stack([np.cos(t), np.sin(t)], -1), (1, 1, 1))
    _, alpha = canvas.finish()
    assert alpha.mean() == pytest.approx(np.pi * radius**2, rel=0.03)
    assert alpha[32, 32] == 1
    assert alpha[2, 2] == 0


def test_layers_lie_over_each_other_by_the_formula():
    glaze = Glaze(2)
    glaze.over(np.array([1.0, 0, 0]), np.full((2, 2), 0.5))
    glaze.over(np.array([0, 1.0, 0]), np.full((2, 2), 0.25))
    colour, alpha = glaze.finish()
    np.testing.assert_allclose(alpha, 1 - 0.5 * 0.75)
    np.testing.assert_allclose(colour[0, 0], np.array([0.375, 0.25, 0]) / 0.625, rtol=1e-5)


def test_the_colour_goes_on_beyond_the_silhouette():
    alpha = np.zeros((33, 47), dtype=np.float32)
    alpha[10:20, 10:20] = 1
    colour = extend(alpha[..., None] * np.array([0.8, 0.3, 0.1], dtype=np.float32), alpha)
    np.testing.assert_allclose(colour, np.broadcast_to([0.8, 0.3, 0.1], (33, 47, 3)), atol=0.02)


def test_a_hole_shows_what_is_behind():
    canvas = Canvas(32)
    canvas.polygon(square(0, 0, 1, 1), (1, 1, 1))
    canvas.hole(square(0.25, 0.25, 0.75, 0.75))
    _, alpha = canvas.finish()
    assert alpha[16, 16] == 0
    assert alpha[3, 3] == 1


# --- scenes


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_is_matting(kind):
    """Both sure regions or at least background, mixed pixels between, and a colour that is defined everywhere."""
    layer = scene(kind, 4, 96)
    assert layer.colour.shape == (96, 96, 3)
    assert layer.alpha.shape == (96, 96)
    assert layer.colour.dtype == layer.alpha.dtype == np.uint8
    mixed = (layer.alpha > 0) & (layer.alpha < 255)
    assert mixed.mean() > 0.01
    assert (layer.alpha == 0).mean() > 0.02
    assert layer.colour[layer.alpha == 0].mean() > 5  # no black beyond the silhouette
    assert layer.colour[layer.alpha > 0].std() > 8  # and not of one colour
    if kind in HIGHLY_TRANSPARENT:
        assert mixed.sum() > 0.5 * (layer.alpha > 0).sum()


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_follows_from_its_seed(kind):
    one, two, other = scene(kind, 1, 48), scene(kind, 1, 48), scene(kind, 2, 48)
    assert np.array_equal(one.colour, two.colour)
    assert np.array_equal(one.alpha, two.alpha)
    assert not np.array_equal(one.alpha, other.alpha)


@pytest.mark.parametrize("kind", ["net", "foliage", "glass", "bubbles"])
def test_a_larger_picture_shows_the_same_scene(kind):
    small = scene(kind, 3, 64).alpha.astype(float)
    large = scene(kind, 3, 128).alpha.reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.9


def test_noise_fills_its_range_and_is_smooth():
    values = fractal(np.random.default_rng(0), 128, 3, 4)
    assert (values.min(), values.max()) == (0, 1)
    assert np.abs(np.diff(values, axis=0)).max() < 0.15


@pytest.mark.parametrize(("kind", "size", "message"), [("hare", 64, "Did you mean 'hair'"), ("fur", 8, "given 8")])
def test_what_is_no_scene_is_explained(kind, size, message):
    with pytest.raises(A2UError, match=message):
        scene(kind, 0, size)


# --- parts


def test_no_two_parts_share_a_photograph():
    for one, two in itertools.combinations(PHOTOGRAPHS, 2):
        assert not set(PHOTOGRAPHS[one]) & set(PHOTOGRAPHS[two])


def test_no_two_parts_share_a_seed():
    spans = {part: range(first, first + PER_KIND[part]) for part, first in FIRST_SEED.items()}
    for one, two in itertools.combinations(spans.values(), 2):
        assert not set(one) & set(two)
    assert SyntheticSource().names[-1][1] == spans["train"][-1]


def test_textures_of_parts_differ_for_one_seed():
    assert not np.array_equal(background("train", 5), background("test", 5))
    assert np.array_equal(background("test", 5), background("test", 5))


@pytest.mark.parametrize("name", [*itertools.chain(*PHOTOGRAPHS.values())])
def test_the_photographs_are_in_scikit_image(name):
    pixels = photograph(name)
    assert pixels.shape[2] == 3
    assert min(pixels.shape[:2]) >= 256


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_test_part_says_what_it_is_and_holds_every_kind(part):
    cases = open_test("synthetic", part, size=48)
    assert f"synthetic {part} set: {len(cases)} scenes of 8 kinds" in cases.describe
    assert "48²" in cases.describe
    assert {name.split("-")[0] for name in cases.names} == set(KINDS)
    case = cases[len(cases) - 1]
    assert case.name == cases.names[-1]
    assert case.image.shape == (3, 48, 48)
    assert (case.alpha[case.trimap == 255] == 1).all()
    assert (case.alpha[case.trimap == 0] == 0).all()
    with pytest.raises(IndexError):
        cases[len(cases)]


def test_the_training_part_says_what_it_is():
    assert open_train().describe == (
        "synthetic set: 256 scenes of 8 kinds (seeds 0-31) over 7 photographs and 32 textures"
    )
