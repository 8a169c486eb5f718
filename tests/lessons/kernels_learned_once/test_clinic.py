"""The clinic of lesson 03: its measures see a pattern and nothing else; its networks follow from their seeds alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.lessons.kernels_learned_once import clinic


def grid(period: int) -> Tensor:
    """A pattern with this period along both axes, on top of nothing."""
    pattern = torch.rand(period, period, generator=torch.Generator().manual_seed(period))
    return pattern.repeat(32 // period, 32 // period)[None, None]


@pytest.mark.parametrize("period", [2, 4])
def test_the_share_is_all_of_a_pattern_and_none_of_a_ramp(period: int) -> None:
    assert clinic.share(grid(period), period) == pytest.approx(1, abs=1e-5)
    wave = torch.sin(2 * torch.pi * 3 * torch.arange(32) / 32).expand(1, 1, 32, 32)  # another frequency
    assert clinic.share(wave, period) == pytest.approx(0, abs=1e-5)
    half = wave * (grid(period).var(correction=0) / wave.var(correction=0)).sqrt() + grid(period)
    assert clinic.share(half, period) == pytest.approx(0.5, abs=1e-4)


def test_the_spectrum_holds_the_whole_variance() -> None:
    images = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    variance = images.var(dim=(2, 3), correction=0).mean()
    assert float(clinic.spectrum(images).sum()) / 32**4 == pytest.approx(float(variance), rel=1e-4)


def test_the_phase_ratio_compares_phases_away_from_the_border() -> None:
    strength = torch.ones(32, 32)
    strength[::2, ::2] = 3
    assert clinic.phase_ratio(strength) == pytest.approx(3)
    strength = torch.ones(32, 32)
    strength[:8] = 99
    assert clinic.phase_ratio(strength) == pytest.approx(1)


def test_the_blur_removes_a_pattern_of_period_two_and_keeps_a_flat_map() -> None:
    stage = clinic.blurred(lambda c, c_out: nn.ConvTranspose2d(c, c_out, 3, 2, 1, 1))(2, 3)
    made = stage(torch.ones(1, 2, 8, 8))
    assert made.shape == (1, 3, 16, 16)
    inside = made[..., 4:-4, 4:-4]
    assert torch.allclose(inside, inside[..., :1, :1].expand_as(inside), atol=1e-6)
    assert torch.allclose(clinic.Blur()(torch.full((1, 2, 5, 4), 7.0)), torch.full((1, 2, 5, 4), 7.0))


def test_on_the_way_down_the_blur_comes_first() -> None:
    conv = nn.Conv2d(1, 2, 3, 2, 1)
    stage = clinic.blurred(lambda c, c_out: conv)(1, 2)
    x = torch.rand(1, 1, 8, 8)
    assert torch.equal(stage(x), conv(clinic.Blur()(x)))


def resize(c: int, c_out: int) -> nn.Module:
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(c, c_out, 3, padding=1))


def test_a_decoder_follows_from_its_seed_and_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (clinic.draw_digits(resize, seed, steps=2) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == clinic.digits("test")[0].shape


def test_training_brings_the_decoder_nearer_to_the_digits() -> None:
    images = clinic.digits("test")[0]
    before, after = (F.mse_loss(clinic.draw_digits(resize, 0, steps), images) for steps in (0, 20))
    assert after < before / 1.2


def test_what_the_reader_looks_at_is_its_gradient() -> None:
    def down(c: int, c_out: int) -> nn.Module:
        return nn.Conv2d(c, c_out, 4, 2, 1)

    with torch.no_grad():  # as in a callback of a page
        strength, right = clinic.read_digits(down, seed=0, steps=1)
    assert strength.shape == (32, 32)
    assert (strength >= 0).all()
    assert strength.max() > 0
    assert 0 <= right <= 1


def test_the_picture_names_what_it_shows() -> None:
    drawing = clinic.show({"even": torch.arange(32).cos().expand(1, 1, 32, 32), "grid": grid(2)}, digit=0)
    assert "grid, dots at the edge" in drawing.alt
    assert "even, no dots" in drawing.alt
    assert "100 %" in drawing.says
    assert "below 0.5 %" in drawing.says
