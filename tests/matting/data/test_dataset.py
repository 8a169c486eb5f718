"""Samples of the training set: what they promise, what they follow from, and how often each foreground is in front."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data.composition import compose
from a2u.matting.data.dataset import Sample, TrainSet
from a2u.matting.data.synthetic.source import SyntheticSource

FIELDS = ("image", "alpha", "trimap", "foreground", "background")


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


def test_a_crop_that_is_too_small_is_explained():
    with pytest.raises(A2UError, match=r"at least 16 pixels wide.*given 8"):
        TrainSet(SyntheticSource(1), crop=8)
