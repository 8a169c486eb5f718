"""Compositing, trimaps, augmentation and samples: the data of matting as a specification."""

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data import augment, trimap
from a2u.matting.data.composition import Layer, alpha_tensor, combine, compose, image_tensor, to_bytes
from a2u.matting.data.dataset import Sample, TrainSet
from a2u.matting.data.sources import open_test, open_train
from a2u.matting.data.synthetic.source import SyntheticSource

FIELDS = ("image", "alpha", "trimap", "foreground", "background")


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- compositing


def test_compose_is_the_formula_and_alpha_comes_back_from_it():
    f, b, alpha = random(3, 5, 7), random(3, 5, 7, seed=1), random(1, 5, 7, seed=2)
    image = compose(f, b, alpha)
    assert torch.equal(compose(f, b, torch.ones_like(alpha)), f)
    assert torch.equal(compose(f, b, torch.zeros_like(alpha)), b)
    again = ((image - b) * (f - b)).sum(0) / (f - b).square().sum(0)  # image − B = α(F − B)
    torch.testing.assert_close(again, alpha[0])


def test_two_foregrounds_are_one():
    """Over any background: first the one behind, then the front one, equals both at once."""
    f1, f2, b = (random(2, 3, 4, 6, seed=s) for s in range(3))
    a1, a2 = random(2, 1, 4, 6, seed=3), random(2, 1, 4, 6, seed=4)
    f, alpha = combine((f1, a1), (f2, a2))
    torch.testing.assert_close(alpha, 1 - (1 - a1) * (1 - a2))
    torch.testing.assert_close(compose(f, b, alpha), compose(f1, compose(f2, b, a2), a1))


def test_an_opaque_front_hides_and_a_clear_front_shows():
    f1, f2, one, zero = random(3, 2, 2), random(3, 2, 2, seed=1), torch.ones(1, 2, 2).double(), torch.zeros(1, 2, 2)
    assert torch.equal(combine((f1, one), (f2, one))[0], f1)
    assert torch.equal(combine((f1, zero.double()), (f2, one))[0], f2)
    assert torch.equal(combine((f1, zero.double()), (f2, zero.double()))[0], f1)  # nothing to see: the front one's


def test_shapes_that_do_not_belong_together_are_named():
    with pytest.raises(A2UError, match=r"background: given \(3, 4, 5\) and alpha \(1, 4, 4\)"):
        compose(torch.zeros(3, 4, 4), torch.zeros(3, 4, 5), torch.zeros(1, 4, 4))


def test_bytes_and_tensors_are_inverse():
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
    assert np.array_equal(to_bytes(image_tensor(pixels)), pixels)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_bytes(alpha_tensor(levels)), levels)


# --- trimaps


def disc(side: int = 25, radius: float = 8) -> torch.Tensor:
    """A disc with a soft rim two pixels wide, off centre."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return ((radius - torch.hypot(x - 11.0, y - 13.0)) / 2 + 0.5).clamp(0, 1)[None]


def slowly_eroded(sure: np.ndarray, size: int) -> np.ndarray:
    """A pixel stays if every pixel of the ellipse around it that is inside the picture is sure."""
    half, kept = size // 2, np.zeros_like(sure)
    across = size // 2
    for i, j in np.ndindex(*sure.shape):
        every = True
        for dy in range(-half, size - half):
            # the ellipse of an odd size s: rows dy hold |dx| ≤ round(half · √(1 − (dy / half)²))
            reach = round(across * (1 - (dy / half) ** 2) ** 0.5) if half else 0
            for dx in range(-reach, reach + 1):
                y, x = i + dy, j + dx
                if 0 <= y < sure.shape[0] and 0 <= x < sure.shape[1]:
                    every &= bool(sure[y, x])
        kept[i, j] = every
    return kept


@pytest.mark.parametrize(("fg_size", "bg_size"), [(1, 1), (3, 7), (9, 5)])
def test_trimap_by_erosion_is_its_definition(fg_size, bg_size):
    alpha = disc()
    levels = (alpha[0] * 255).round().numpy()
    expected = np.full(levels.shape, 128)
    expected[slowly_eroded(levels == 255, fg_size)] = 255
    expected[slowly_eroded(levels == 0, bg_size)] = 0
    found = trimap.trimap_of(alpha, fg_size, bg_size)
    assert found.dtype == torch.uint8
    assert found.shape == (1, 25, 25)
    assert np.array_equal(found[0].numpy(), expected)


@pytest.mark.parametrize("width", [0, 1, 2.5])
def test_trimap_by_width_is_its_definition(width):
    alpha = disc()
    levels = (alpha[0] * 255).round().numpy()
    expected = np.full(levels.shape, 128)
    for value, sure in ((255, levels == 255), (0, levels == 0)):
        others = np.argwhere(~sure)
        for place in np.argwhere(sure):
            if np.hypot(*(others - place).T).min() > width:
                expected[tuple(place)] = value
    assert np.array_equal(trimap.of_width(alpha, width)[0].numpy(), expected)


def test_width_zero_leaves_only_mixed_pixels_unknown():
    alpha = disc()
    levels = (alpha * 255).round()
    assert torch.equal(trimap.of_width(alpha, 0) == 128, (levels > 0) & (levels < 255))
    hard = (alpha > 0.5).float()
    assert set(trimap.of_width(hard, 0).unique().tolist()) == {0, 255}


def test_a_batch_is_each_of_its_alphas():
    batch = torch.stack([disc(), 1 - disc()])
    made = trimap.trimap_of(batch, 3, 5)
    assert torch.equal(made, torch.stack([trimap.trimap_of(each, 3, 5) for each in batch]))
    assert torch.equal(trimap.trimap_of(torch.ones(1, 6, 6)), torch.full((1, 6, 6), 255, dtype=torch.uint8))


def test_random_trimaps_use_both_ends_of_the_range():
    generator = np.random.default_rng(0)
    drawn = {size for _ in range(400) for size in trimap.random_sizes(generator)}
    assert drawn == set(range(1, 30))
    one, two = (trimap.random_trimap(disc(), np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trimap.trimap_of(torch.zeros(4, 4)), r"given \(4, 4\)"),
        (lambda: trimap.trimap_of(torch.full((1, 4, 4), 255.0)), "Divide 8-bit values by 255"),
        (lambda: trimap.trimap_of(torch.zeros(1, 4, 4), fg_size=0), "fg_size is the size of a kernel.*given 0"),
        (lambda: trimap.of_width(torch.zeros(1, 4, 4), -1), "0 or more; given -1"),
    ],
)
def test_what_is_no_alpha_is_explained(call, message):
    with pytest.raises(A2UError, match=message):
        call()


# --- augmentation


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


# --- samples


@pytest.fixture(scope="module")
def train_set() -> TrainSet:
    return TrainSet(SyntheticSource(per_kind=1), crop=48, seed=3)


def same(one: Sample, two: Sample) -> bool:
    return all(torch.equal(getattr(one, name), getattr(two, name)) for name in FIELDS)


def test_a_sample_is_what_it_promises(train_set):
    unknown = 0
    for index in range(12):
        sample = train_set.sample(0, index)
        assert sample.image.shape == sample.foreground.shape == sample.background.shape == (3, 48, 48)
        assert sample.alpha.shape == sample.trimap.shape == (1, 48, 48)
        assert torch.equal(sample.image, compose(sample.foreground, sample.background, sample.alpha))
        assert (sample.image.min() >= 0) & (sample.image.max() <= 1)
        assert set(sample.trimap.unique().tolist()) <= {0, 128, 255}
        assert (sample.alpha[sample.trimap == 255] == 1).all()  # what is known is exactly so
        assert (sample.alpha[sample.trimap == 0] == 0).all()
        unknown += int((sample.trimap == 128).any())
    assert unknown == 12


def test_a_sample_follows_from_seed_epoch_and_index_alone(train_set):
    first = train_set.sample(2, 5)
    train_set.sample(2, 6)
    fresh = TrainSet(SyntheticSource(per_kind=1), crop=48, seed=3)
    assert same(first, fresh.sample(2, 5))
    for other in (train_set.sample(3, 5), train_set.sample(2, 6), TrainSet(train_set.source, 48, seed=4).sample(2, 5)):
        assert not same(first, other)


def test_every_foreground_is_in_front_equally_often():
    class Counting(SyntheticSource):
        def foreground(self, number, crop):
            self.asked.append(number)
            return super().foreground(number, crop)

    source = Counting(per_kind=1)
    source.asked = []
    train = TrainSet(source, crop=32)
    front = []
    for index in range(2 * source.foregrounds):
        source.asked.clear()
        train.sample(0, index)
        front.append(source.asked[0])
    assert sorted(front) == sorted([*range(source.foregrounds)] * 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TrainSet(SyntheticSource(1), crop=8), "at least 16 pixels wide.*given 8"),
        (lambda: SyntheticSource(0), "at least one scene"),
        (lambda: open_test("synthetic", "tset"), "no part 'tset'.*Did you mean 'test'"),
        (lambda: open_train("nowhere/at/all"), "does not exist.*synthetic"),
    ],
)
def test_what_cannot_be_a_data_set_is_explained(call, message):
    with pytest.raises(A2UError, match=message):
        call()
