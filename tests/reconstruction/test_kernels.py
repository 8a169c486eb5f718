"""Kernels of a whole network: how peaked, whether they follow edges, their pictures, and the exercises about them."""

import math

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.lessons.see_the_kernels import exercises
from a2u.lessons.see_the_kernels import explorer as lesson
from a2u.plots.kernels import Look, _range, kernel_curve, kernel_maps
from a2u.reconstruction import row
from a2u.reconstruction.experiment import build_model
from a2u.reconstruction.kernels import (
    correlation,
    edges,
    follows_edges,
    measure,
    peakedness,
    stage_inputs,
    stage_kernels,
)

IMAGES = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))


# --- the statistic


@pytest.mark.parametrize("taps", [4, 9, 25])
def test_even_weights_have_no_peak_and_one_weight_is_all_peak(taps: int) -> None:
    assert float(peakedness(torch.full((taps,), 1 / taps), axis=0)) == pytest.approx(0, abs=1e-7)
    assert float(peakedness(torch.eye(taps)[2], axis=0)) == 1


def test_peakedness_and_correlation_agree_with_loops() -> None:
    generator = torch.Generator().manual_seed(1)
    w = torch.randn(9, 4, 5, generator=generator).softmax(0)
    assert torch.allclose(peakedness(w).float(), exercises.peakedness_reference(w), atol=1e-6)
    a, b = torch.rand(2, 6, 7, generator=generator)
    assert correlation(a, b) == pytest.approx(np.corrcoef(a.flatten(), b.flatten())[0, 1], abs=1e-9)
    assert correlation(a, torch.ones_like(a)) == 0


@pytest.mark.parametrize(("w", "axis"), [(torch.ones(1, 2, 2), -3), (torch.tensor([1.5, -0.5]), 0)])
def test_what_has_no_entropy_is_refused(w: torch.Tensor, axis: int) -> None:
    with pytest.raises(A2UError, match="two or more weights"):
        peakedness(w, axis)


def test_edges_are_where_the_image_changes() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert torch.equal(edges(ramp)[0, :, 1:-1], torch.ones(8, 6))
    assert torch.equal(edges(ramp.transpose(2, 3))[0, 1:-1], torch.ones(6, 8))
    assert edges(ramp, 4).shape == (1, 4, 4)


@pytest.mark.parametrize("name", ["a2u-hybrid", "indexnet-depthwise"])
def test_following_edges_is_a_correlation_for_each_stage_and_phase(name: str) -> None:
    model = build_model(row(name), 3).eval()
    with torch.no_grad():  # as they begin, kernels differ by rounding errors only; make them react
        for op in model.up:
            for weight in op.parameters():
                weight.mul_(8)
    found = follows_edges(model, IMAGES, batch=2)
    assert [each.size for each in found] == [8, 16, 32]
    for w, each in zip(stage_kernels(model, IMAGES), found, strict=True):
        seen, edge = measure(w)[1].double().numpy(), edges(IMAGES, each.size).double().numpy()
        for phase in range(4):
            pairs = [
                (seen[n, i, j], edge[n, i, j])
                for n in range(3)
                for i in range(phase // 2, each.size, 2)
                for j in range(phase % 2, each.size, 2)
            ]
            expected = np.corrcoef(np.array(pairs).T)[0, 1]
            assert float(each.by_phase[phase]) == pytest.approx(expected, abs=1e-3)


def test_the_kernels_are_those_that_the_network_uses() -> None:
    model = build_model(row("a2u-hybrid"), 0).eval()
    for (op, x, guide), w in zip(stage_inputs(model, IMAGES), stage_kernels(model, IMAGES), strict=True):
        assert torch.equal(op.kernel(x, guide), w)
    assert not model.up[0]._forward_pre_hooks


def test_kernels_that_are_the_same_everywhere_have_no_map() -> None:
    with pytest.raises(A2UError, match="same at every position"):
        stage_kernels(build_model(row("deconvolution")), IMAGES)


def test_kernels_of_one_image_and_phase_lie_on_one_curve() -> None:
    affinity, w = lesson.curve(image=2)
    order = affinity.argsort()
    p = stage_inputs(lesson.network("a2u-hybrid"), lesson.images()[2:3])
    op, _, guide = p[2]
    rows = op.p.generate(guide.mean((2, 3), keepdim=True)).detach().flatten().view(9, 4)[:, 3]
    expected = (affinity[order] * rows[:, None]).sigmoid().softmax(0)
    assert torch.allclose(w[:, order], expected, atol=1e-5)
    assert lesson.BOUNDS[0] < float(w.min())
    assert float(w.max()) < lesson.BOUNDS[1]
    least, largest = lesson.BOUNDS
    assert least == pytest.approx(1 / (1 + 8 * math.e))
    assert largest == pytest.approx(math.e / (math.e + 8))


# --- pictures and the explorer


def test_pictures_refuse_what_they_cannot_draw() -> None:
    good = Look(np.eye(8), np.full((9, 4, 4), 1 / 9), np.eye(4), np.eye(4))
    assert kernel_maps({"a": good}).get_figheight() < kernel_maps({"a": good, "b": good}).get_figheight()
    for rows, tap in (({}, 0), ({"a": good}, 9), ({"a": Look(np.eye(8), np.eye(3), np.eye(4), np.eye(4))}, 0)):
        with pytest.raises(A2UError):
            kernel_maps(rows, tap=tap)
    with pytest.raises(A2UError, match="One kernel"):
        kernel_curve([0.0, 1.0], np.ones((9, 3)), lesson.BOUNDS)


def test_names_beside_curves_keep_their_order_and_never_touch() -> None:
    weights = np.array([0.154, 0.155, 0.15, 0.06, 0.059, 0.1, 0.0601, 0.145, 0.14])
    fig = kernel_curve([0.0, 1.0], np.stack([weights, weights], axis=1), lesson.BOUNDS)
    names = {text.get_text(): text.get_position()[1] for text in fig.axes[0].texts if text.get_text().startswith("tap")}
    places = np.array([names[f"tap {number}"] for number in range(9)])
    assert list(places.argsort()) == list(weights.argsort())
    assert np.diff(np.sort(places)).min() > 0.06 * fig.axes[0].get_ylim()[1]
    assert np.abs(places - weights).max() < 0.04


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(3e-11, 1.9e-7, "0 … 2·10⁻⁷"), (1.2e-7, 1.9e-7, "1·10⁻⁷ … 2·10⁻⁷"), (0.0, 0.04, "0.00 … 0.04"),
     (0.11092, 0.11125, "0.11092 … 0.11125"), (0.0, 0.0, "0.00 … 0.00")],
)  # fmt: skip
def test_ranges_are_written_in_as_few_digits_as_it_takes(low: float, high: float, words: str) -> None:
    assert _range(np.array([low, high])) == words


def test_kernels_are_computed_in_double_precision_where_rounding_would_hide_them() -> None:
    """The claims of lesson 09: before training hardly anything varies, and what does follows edges a little."""
    before, after = (lesson.followed("a2u-hybrid", learned) for learned in (False, True))
    for then, now in zip(before, after, strict=True):
        assert 0.3 < then.mean < 0.45
        assert then.spread < 1e-6
        assert now.spread > 10_000 * then.spread
    assert lesson.look("a2u-hybrid", False, 0, 0, 0).weights.dtype == np.float64


def test_the_explorer_answers_every_control() -> None:
    panel = lesson.explorer()
    seen = [panel.set(network=name).words for name in lesson.available()]
    panel.set(network="a2u-hybrid")
    ranges = {"image": (0, 23), "stage": (0, 1, 2), "phase": (0, 1, 2), "tap": (3, 8), "weights": ("random", "learned")}
    for control, values in ranges.items():
        seen += [panel.set(**{control: value}).words for value in values]
    assert panel.error is None
    assert len(set(seen)) >= len(seen) - 3
