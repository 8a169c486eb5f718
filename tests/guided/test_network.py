"""The network of guided upsampling: nothing but the operator can draw detail, and nothing but it differs."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.guided.network import GuidedNet
from a2u.guided.rows import ROWS, VARIANTS, row

COARSE = torch.rand(2, 1, 9, 10, generator=torch.Generator().manual_seed(0))
PICTURE = torch.rand(2, 3, 36, 40, generator=torch.Generator().manual_seed(1))


def blocks(values: torch.Tensor) -> torch.Tensor:
    """Spread of the values inside each 4×4 block."""
    parts = values.unfold(2, 4, 4).unfold(3, 4, 4)
    return parts.amax((-1, -2)) - parts.amin((-1, -2))


@torch.no_grad()
def test_with_nearest_neighbour_a_result_has_no_detail_at_all() -> None:
    assert blocks(GuidedNet("nearest")(COARSE, PICTURE)).max() == 0
    assert blocks(GuidedNet("a2u:dynamic-cs")(COARSE, PICTURE)).min() > 0


@torch.no_grad()
def test_a_skip_brings_detail_whatever_the_operator() -> None:
    for skip in ("last", "all"):
        assert blocks(GuidedNet("nearest", skip=skip)(COARSE, PICTURE)).min() > 0


@pytest.mark.parametrize("name", ROWS | VARIANTS)
def test_every_row_has_the_same_weights_outside_the_operator(name: str) -> None:
    found = row(name)
    net = GuidedNet(found.operator, found.options, skip=found.skip, source=found.source, seed=3)
    usual = dict(GuidedNet("bilinear", skip=found.skip, seed=3).named_parameters())
    for key, value in net.named_parameters():
        assert key.startswith("up.") or torch.equal(value, usual.pop(key)), key
    assert not usual
    result = net(COARSE, PICTURE)
    assert result.shape == (2, 1, 36, 40)
    result.square().mean().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in net.parameters())


def test_a_row_is_compared_with_one_that_differs_in_one_thing() -> None:
    for each in VARIANTS.values():
        other = row(each.against)
        if each is not other:
            kept = [each.operator == other.operator and each.options == other.options, each.source == other.source]
            assert [*kept, each.skip == other.skip].count(False) == 1, each.name


def test_other_seeds_other_weights_and_the_callers_random_numbers_stay() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = GuidedNet("carafe", seed=0), GuidedNet("carafe", seed=1)
    assert torch.rand(1) == expected
    assert not torch.equal(one.enter.weight, other.enter.weight)
    assert not torch.equal(next(one.up.parameters()), next(other.up.parameters()))


def test_eight_times_is_three_stages_and_several_maps_are_one_result() -> None:
    net = GuidedNet("a2u:dynamic-cs", maps=11, stages=3)
    assert net(torch.zeros(1, 11, 3, 3), PICTURE[:1, :, :24, :24]).shape == (1, 11, 24, 24)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: GuidedNet("bilinear")(COARSE, PICTURE[..., 1:]),
            "4 times as large as the coarse map, 36×40, given 36×39",
        ),
        (lambda: GuidedNet("bilinear", skip="first"), "Unknown skip 'first'"),
        (lambda: GuidedNet("bilinear", source="image"), "Unknown source 'image'"),
        (lambda: row("sappa"), "no row 'sappa'"),
    ],
)
def test_bad_input_gets_one_clear_message(call, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        call()
