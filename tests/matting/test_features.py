"""What an upsampled map shows, in numbers, held to maps whose answer is known; and networks without a part."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.matting import rows
from a2u.matting.features import (
    ablated,
    boundary,
    edge_contrast,
    energy,
    even_kernels,
    gradient,
    stretch,
    variation,
    within,
)

NOISE = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
STEP = (torch.arange(32) >= 16).float().expand(32, 32)


@pytest.fixture(scope="module")
def net():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return rows.build("hybrid-cw", 0.125).eval()


@pytest.fixture(scope="module")
def given():
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return image, torch.full((1, 1, 32, 32), 128, dtype=torch.uint8)


# --- numbers


def test_energy_is_the_root_mean_square_over_channels() -> None:
    y = torch.tensor([3.0, 4.0]).view(2, 1, 1).expand(2, 2, 5)
    assert torch.allclose(energy(y), torch.full((2, 5), 12.5**0.5))


def test_each_map_is_stretched_by_its_own_range() -> None:
    maps = stretch(torch.stack([NOISE, 1000 * NOISE - 7, torch.ones(32, 32)]))
    assert torch.allclose(maps[0], maps[1], atol=1e-4)
    assert (float(maps[0].min()), float(maps[0].max())) == (0, 1)
    assert bool((maps[2] == 0).all())


def test_a_range_may_be_that_of_some_places_and_a_few_pixels_do_not_decide_it() -> None:
    ramp = torch.linspace(0, 1, 32 * 32).view(32, 32)
    where = torch.zeros(32, 32, dtype=torch.bool)
    where[8:24] = True
    wild = ramp.clone()
    wild[0], wild[10, 3] = 1000.0, 50.0  # outside, and one pixel inside
    seen = stretch(wild, where)
    assert seen.min() == 0
    assert seen.max() == 1
    assert torch.allclose(seen[12:20], stretch(ramp, where)[12:20], atol=0.01)
    assert 0.25 < seen[12].mean() < 0.3


def test_contrast_counts_only_where_it_is_asked_to() -> None:
    band = torch.zeros(32, 32, dtype=torch.bool)
    band[:, 14:18] = True
    where = torch.zeros_like(band)
    where[:, 8:24] = True
    loud = STEP + 0.1 * NOISE
    loud[:, 28:] += 30 * NOISE[:, 28:]
    assert edge_contrast(loud, band) < 1
    inside = edge_contrast(loud[:, 8:24], band[:, 8:24])
    assert edge_contrast(loud, band, where) == pytest.approx(inside, rel=0.2)
    with pytest.raises(A2UError, match="everything or nothing"):
        edge_contrast(loud, band, band)


def test_a_gradient_across_the_rim_does_not_count() -> None:
    band = torch.zeros(32, 32, dtype=torch.bool)
    band[:, 14:18] = True
    where = torch.zeros_like(band)
    where[8:24] = True
    quiet = STEP + 0.1 * NOISE
    loud = quiet.clone()
    loud[:8], loud[24:] = 5.0, 5.0  # what the trimap knows differs a lot from what it does not
    assert edge_contrast(loud, band, where) == pytest.approx(edge_contrast(quiet, band, where), rel=1e-4)


def test_within_leaves_out_the_rim_but_not_the_border_of_the_map() -> None:
    where = torch.zeros(9, 9, dtype=torch.bool)
    where[:, 4:] = True
    assert torch.equal(within(where), torch.arange(9).expand(9, 9) >= 5)
    assert torch.equal(within(where, 3), torch.arange(9).expand(9, 9) >= 7)
    assert within(torch.ones(4, 1, dtype=torch.bool)).all()


def test_kernels_vary_only_as_far_as_places_of_one_phase_differ() -> None:
    phases = torch.rand(2, 9, 1, 2, 1, 2, generator=torch.Generator().manual_seed(0))
    w = phases.expand(2, 9, 4, 2, 5, 2).reshape(2, 9, 8, 10).clone()
    assert variation(w, 2) == pytest.approx(0, abs=1e-7)
    w[0, 0, 0, 0] += 1
    assert variation(w, 2) == pytest.approx((1 / 20 - 1 / 400) ** 0.5 / (2 * 9 * 4), rel=1e-4)


def test_a_ramp_has_the_gradient_of_its_slope() -> None:
    ramp = 3 * torch.arange(8.0)[:, None] + 4 * torch.arange(8.0)
    assert torch.allclose(gradient(ramp)[1:-1, 1:-1], torch.full((6, 6), 5.0))


def test_a_boundary_is_where_alpha_varies() -> None:
    assert torch.equal(boundary(STEP[None])[0].nonzero()[:, 0], torch.arange(14, 18))
    assert not boundary(torch.full((8, 8), 0.5)).any()
    assert not boundary(torch.linspace(0, 1, 32).expand(32, 32)).any(), "a slope this slow is no boundary"


def test_contrast_of_constructed_maps() -> None:
    band = boundary(STEP)
    assert edge_contrast(STEP, band) == float("inf")
    assert edge_contrast(STEP.T, band) == pytest.approx(1), "an edge across the band is as much on it as off it"
    ramp = torch.arange(32.0).expand(32, 32)
    inner = torch.zeros(32, 32, dtype=torch.bool)
    inner[:, 14:18] = True
    assert edge_contrast(ramp, inner) == pytest.approx(1 / (27 / 28), rel=1e-6), "half differences at two borders"
    assert edge_contrast(torch.ones(32, 32), band) == 1
    clean, noisy = (edge_contrast(STEP + level * NOISE, band) for level in (0.1, 0.5))
    assert clean > noisy > 1


def test_contrast_does_not_depend_on_unit_or_offset() -> None:
    band = boundary(STEP)
    base = edge_contrast(STEP + NOISE, band)
    assert edge_contrast(250 * (STEP + NOISE) - 40, band) == pytest.approx(base, rel=1e-4)


def test_contrast_falls_with_what_changes_elsewhere_and_rises_with_sharpness() -> None:
    band = boundary(STEP)
    blurred = torch.nn.functional.avg_pool2d(STEP[None, None], 9, 1, 4, count_include_pad=False)[0, 0]
    assert edge_contrast(STEP + 0.01 * NOISE, band) > edge_contrast(blurred + 0.01 * NOISE, band)


@pytest.mark.parametrize(
    ("values", "band"),
    [
        (NOISE[None], boundary(STEP)),
        (NOISE, STEP),
        (NOISE[:8], boundary(STEP)),
        (NOISE, STEP >= 0),
        (NOISE, STEP > 1),
    ],
)
def test_what_cannot_be_compared_is_refused(values, band) -> None:
    with pytest.raises(A2UError):
        edge_contrast(values, band)


# --- networks without a part


def test_even_kernels_are_the_mean_of_their_phase() -> None:
    w = torch.rand(2, 3, 9, 8, 6, generator=torch.Generator().manual_seed(2))
    even = even_kernels(w, 2)
    for a in (0, 1):
        for b in (0, 1):
            mean = w[..., a::2, b::2].mean((3, 4), keepdim=True)
            assert torch.allclose(even[..., a::2, b::2], mean.expand(2, 3, 9, 4, 3), atol=1e-6)


def test_an_operator_whose_kernels_are_the_same_everywhere_loses_nothing(given) -> None:
    plain = rows.build("nearest", 0.125).eval()
    with torch.no_grad():
        whole = plain(*given)
        with ablated(plain, "kernels", range(4)):
            assert torch.allclose(plain(*given), whole, atol=1e-5)


def test_a_part_is_taken_and_given_back(net, given) -> None:
    with torch.no_grad():
        whole = net(*given)
        found = {}
        for part in ("kernels", "skip"):
            with ablated(net, part, (1, 3)):
                found[part] = net(*given)
        assert torch.equal(net(*given), whole)
    assert not torch.allclose(found["skip"], whole, atol=1e-4)
    assert not torch.equal(found["kernels"], whole)


def test_without_a_skip_the_kernels_still_see_it(net, given) -> None:
    with ablated(net, "skip", (0,)):
        first = net.features(*given)[0]
    whole = net.features(*given)[0]
    assert torch.equal(first.guide, whole.guide)
    assert torch.equal(first.after, whole.after)


def test_only_parts_that_are_there_can_be_taken(net) -> None:
    with pytest.raises(A2UError, match="no part 'kernel'"), ablated(net, "kernel"):
        pass
    fixed = rows.build("nearest", 0.125)
    fixed.ups[3] = torch.nn.Identity()
    with pytest.raises(A2UError, match="same at every position"), ablated(fixed, "kernels"):
        pass
