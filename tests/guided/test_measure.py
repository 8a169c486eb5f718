"""The scores of guided upsampling, against loops over pixels."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.guided.measure import BAND, REACH, boundary, near, scores


def slow_boundary(region: Tensor) -> set[tuple[int, int]]:
    height, width = region.shape
    found = set()
    for i, j in itertools.product(range(height), range(width)):
        for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            if 0 <= i + di < height and 0 <= j + dj < width and region[i + di, j + dj] != region[i, j]:
                found.add((i, j))
    return found


def close(place: tuple[int, int], others: set[tuple[int, int]], reach: int) -> bool:
    return any(max(abs(place[0] - i), abs(place[1] - j)) <= reach for i, j in others)


@pytest.mark.parametrize("channels", [1, 3])
def test_scores_equal_loops_over_pixels(channels: int) -> None:
    generator = torch.Generator().manual_seed(channels)
    smooth = torch.rand(3, channels, 4, 5, generator=generator)
    true = torch.nn.functional.interpolate(smooth, size=(11, 13), mode="bilinear")
    made = (true + 0.4 * torch.randn(true.shape, generator=generator)) * 1.2
    band, inside, sads, fs = [], [], [], []
    for image, own in zip(true, made.clamp(0, 1), strict=True):
        region, drawn = (((m[0] > 0.5).long() if channels == 1 else m.argmax(0)) for m in (image, own))
        edge, found = slow_boundary(region), slow_boundary(drawn)
        error = (own - image).abs().mean(0)
        for i, j in itertools.product(range(11), range(13)):
            (band if close((i, j), edge, BAND) else inside).append(error[i, j].item())
        sads.append(error.sum().item() / 1000)
        if edge:
            precision = sum(close(place, edge, REACH) for place in found) / len(found)
            recall = sum(close(place, found, REACH) for place in edge) / len(edge)
            fs.append(2 * precision * recall / (precision + recall))
    expected = {"band": band, "inside": inside, "sad": sads, "f": fs}
    assert scores(made, true) == pytest.approx({k: sum(v) / len(v) for k, v in expected.items()}, abs=1e-6)


def test_a_perfect_map_and_one_without_a_boundary() -> None:
    true = torch.zeros(1, 1, 8, 8)
    true[..., 4:] = 1
    assert scores(true, true) == {"band": 0, "inside": 0, "sad": 0, "f": 1}
    assert scores(torch.zeros_like(true), true)["f"] == 0
    flat = scores(true, torch.zeros_like(true))
    assert math.isnan(flat["band"])
    assert math.isnan(flat["f"])
    assert flat["sad"] == pytest.approx(32 / 1000)


def test_a_boundary_has_a_pixel_on_both_sides_and_is_widened_along_both_axes() -> None:
    true = torch.zeros(1, 1, 5, 6)
    true[..., 3:] = 1
    assert boundary(true)[0].nonzero()[:, 1].unique().tolist() == [2, 3]
    assert near(boundary(true), 1)[0].nonzero()[:, 1].unique().tolist() == [1, 2, 3, 4]


def test_maps_of_two_shapes_are_refused() -> None:
    with pytest.raises(A2UError, match=r"given \(1, 1, 4, 4\) and \(1, 1, 4, 5\)"):
        scores(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 5))
