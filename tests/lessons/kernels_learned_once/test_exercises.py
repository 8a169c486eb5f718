"""The exercises of lesson 03: references agree with torch, and other right designs pass."""

import pytest
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import exercises


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 3), (6, 3), (2, 2)])
def test_what_is_foretold_is_what_torch_makes_of_a_map_of_ones(kernel: int, stride: int) -> None:
    w = torch.rand(kernel, kernel, generator=torch.Generator().manual_seed(0))
    edge = 2 * kernel
    made = F.conv_transpose2d(torch.ones(1, 1, 16, 16), w[None, None], stride=stride)[..., edge:-edge, edge:-edge]
    assert torch.allclose(exercises.unevenness_reference(w, stride), made.max() - made.min(), atol=1e-5)


def test_sorted_weights_agree_with_torch_and_the_given_code_agrees_for_single_weights_alone() -> None:
    x = torch.randn(1, 2, 5, 4)
    for k in (1, 3):
        weight = torch.randn(3 * 4, 2, k, k)
        expected = F.pixel_shuffle(F.conv2d(x, weight, padding=k // 2), 2)
        ours = F.conv_transpose2d(x, exercises.sorted_reference(weight, 2), stride=2, padding=k - 1)
        assert torch.allclose(ours, expected, atol=1e-5)
        assert exercises.SORTED.given is not None
        given = F.conv_transpose2d(x, exercises.SORTED.given(weight, 2), stride=2, padding=k - 1)
        assert torch.allclose(given, expected, atol=1e-5) == (k == 1)


def test_every_design_that_keeps_the_rules_passes() -> None:
    def cosine(ratio: int) -> torch.Tensor:
        place = (torch.arange(2 * ratio) - (2 * ratio - 1) / 2) / ratio
        line = (1 + torch.cos(torch.pi * place)) / 2
        return torch.outer(line, line)

    verdict = exercises.FLAT.check(cosine)
    assert verdict.passed, verdict.message
    assert exercises.FLAT.check(lambda ratio: exercises.flat_reference(ratio).double().numpy()).passed


def test_a_design_that_stops_or_is_no_tensor_is_told_so() -> None:
    assert "stopped with" in exercises.FLAT.check(lambda ratio: torch.ones(ratio) @ torch.ones(ratio + 1)).message
    assert exercises.FLAT.check(lambda ratio: None).passed is False
    assert exercises.FLAT.check(lambda ratio: torch.full((2 * ratio, 2 * ratio), torch.nan)).mistake is not None
