"""What augmentation changes, and what it leaves alone."""

import numpy as np

from a2u.matting.data import augment
from a2u.matting.data.composition import Layer


def test_the_affine_map_keeps_the_centre_and_its_limits():
    generator = np.random.default_rng(0)
    centre, areas, turned = np.array([9.5, 4.5, 1]), [], 0
    for _ in range(200):
        matrix = augment.random_matrix(generator, 20, 10)
        np.testing.assert_allclose(matrix @ centre, centre[:2], atol=1e-12)
        areas.append(np.linalg.det(matrix[:, :2]))
        turned += areas[-1] < 0
    low, high = (scale**2 for scale in augment.SCALES)
    assert low < np.abs(areas).min() < 0.75
    assert 1.35 < np.abs(areas).max() < high  # both axes are scaled on their own
    assert 60 < turned < 140  # one flip mirrors, two turn


def test_a_crop_holds_an_unknown_pixel_at_its_centre_unless_the_border_is_near():
    known = np.zeros((40, 50), dtype=np.uint8)
    known[20, 30] = known[1, 48] = 128
    corners = {augment.crop_corner(known, 16, np.random.default_rng(seed)) for seed in range(30)}
    assert corners == {(12, 22), (0, 34)}
    assert augment.crop_corner(np.zeros((16, 16), dtype=np.uint8), 16, np.random.default_rng(0)) == (0, 0)


def test_jitter_moves_hues_and_leaves_greys_grey():
    pixels = np.full((2, 3, 3), 90, dtype=np.uint8)
    pixels[0] = (200, 40, 40)
    made = augment.jitter(pixels, np.random.default_rng(3))
    assert made.dtype == np.uint8
    assert not np.array_equal(made[0], pixels[0])
    assert (made[1] == made[1, :, :1]).all()


def test_a_small_foreground_is_enlarged_to_the_crop_and_a_large_one_is_left():
    small = Layer(np.zeros((30, 40, 3), dtype=np.uint8), np.zeros((30, 40), dtype=np.uint8))
    assert augment.at_least(small, 60).alpha.shape == (60, 80)
    assert augment.at_least(small, 30) is small


def test_a_window_of_a_background_is_square_whatever_the_picture():
    picture = np.random.default_rng(0).integers(0, 255, (40, 90, 3)).astype(np.uint8)
    for size in (16, 40, 64):
        made = augment.window(picture, size, np.random.default_rng(1))
        assert made.shape == (size, size, 3)
        assert made.std() > 5
