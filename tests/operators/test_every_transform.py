"""Every operator under torch's transforms: vmap, grad and jvp of torch.func, many gradients at once, gradients twice.

The right values come from plain calls and plain backward passes, one sample after the other. The maps have 16 channels,
so that A²U takes its fastest way where a plain call would.
"""

import pytest
import torch
from every import EVERY, built, card_of, channels_of, side
from every import maps as fitting
from torch import Tensor
from torch.func import functional_call, grad, jacfwd, jvp, vmap

CURVED = [name for name in EVERY if card_of(name).family == "feature"]  # not linear in map and guide
FORMATS = [torch.contiguous_format, torch.channels_last]
SAMPLES, BATCH = 3, 2
pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop")  # torch's own words about vmap


class Case:
    """An operator, and SAMPLES batches of maps and guides."""

    def __init__(self, name: str, layout: torch.memory_format = torch.contiguous_format, ratio: int = 2) -> None:
        self.op = built(name, ratio, channels_of(name, ratio, 16)).train()
        maps = fitting(self.op, SAMPLES * BATCH, 3, 3)
        self.x, self.guide = (each.contiguous(memory_format=layout).unflatten(0, (SAMPLES, BATCH)) for each in maps)
        self.parameters = dict(self.op.named_parameters())

    def call(self, parameters: dict[str, Tensor], x: Tensor, guide: Tensor) -> Tensor:
        return functional_call(self.op, parameters, (x, guide))

    def leaves(self, sample: int) -> list[Tensor]:
        """Parameters, map and guide, for a plain backward pass."""
        maps = (each[sample].detach().requires_grad_() for each in (self.x, self.guide))
        return [*self.op.parameters(), *maps]


def gradients(y: Tensor, leaves: list[Tensor], seed: Tensor | None = None, many: bool = False, **how) -> list[Tensor]:
    """Zeros where y does not depend on a leaf, as torch.func has it; ``many``: a seed for each of several gradients."""
    found = torch.autograd.grad(y, leaves, seed, is_grads_batched=many, allow_unused=True, **how)
    lead = seed.shape[:1] if many else ()
    return [i.new_zeros(*lead, *i.shape) if f is None else f for f, i in zip(found, leaves, strict=True)]


def close(found: list[Tensor], expected: list[Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * max(1.0, float(other.abs().max())))


# --- vmap


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_vmap_over_maps_and_guides(name, layout):
    case = Case(name, layout)
    op, x, guide = case.op, case.x, case.guide
    each = torch.stack([op(*pair) for pair in zip(x, guide, strict=True)])
    close([vmap(op)(x, guide)], [each])
    close([vmap(op, in_dims=1)(x.transpose(0, 1), guide.transpose(0, 1))], [each])
    close([vmap(op, in_dims=(0, None))(x, guide[0])], [torch.stack([op(one, guide[0]) for one in x])])
    close([vmap(op, in_dims=(None, 0))(x[0], guide)], [torch.stack([op(x[0], one) for one in guide])])


@pytest.mark.parametrize("name", [name for name in EVERY if getattr(Case(name).op, "p_down", name == "max_unpool")])
def test_vmap_on_the_way_down(name):
    case = Case(name)
    close([vmap(case.op.downsample)(case.guide)], [torch.stack([case.op.downsample(one) for one in case.guide])])


@pytest.mark.parametrize("name", [name for name in EVERY if Case(name).parameters])
def test_vmap_over_parameters_is_an_ensemble(name):
    case = Case(name)
    stacked = {key: torch.stack([value, value / 2]).detach() for key, value in case.parameters.items()}
    members = [{key: value[k] for key, value in stacked.items()} for k in range(2)]
    expected = torch.stack([case.call(member, case.x[0], case.guide[0]) for member in members])
    close([vmap(case.call, in_dims=(0, None, None))(stacked, case.x[0], case.guide[0])], [expected])


# --- gradients


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("ratio", [1, 2, 3])
@pytest.mark.parametrize("name", EVERY)
def test_a_gradient_for_each_sample(name, ratio, layout):
    """As differential privacy and influence functions take them: vmap of grad."""
    case = Case(name, layout, ratio)

    def loss(parameters, x, guide):
        return case.call(parameters, x, guide).square().sum()

    found = vmap(grad(loss, argnums=(0, 1, 2)), in_dims=(None, 0, 0))(case.parameters, case.x, case.guide)
    each = []
    for sample in range(SAMPLES):
        leaves = case.leaves(sample)
        each.append(gradients(case.op(*leaves[-2:]).square().sum(), leaves))
    close([*found[0].values(), *found[1:]], [torch.stack(parts) for parts in zip(*each, strict=True)])


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_many_gradients_at_once(name, layout):
    """Of one result: with is_grads_batched, and by vmap over torch.autograd.grad, as torch's documentation has it."""
    case = Case(name, layout)
    leaves = case.leaves(0)
    y = case.op(*leaves[-2:])
    seeds = torch.randn(4, *y.shape, generator=torch.Generator().manual_seed(1))
    each = [gradients(y, leaves, seed, retain_graph=True) for seed in seeds]
    expected = [torch.stack(parts) for parts in zip(*each, strict=True)]
    found = gradients(y, leaves, seeds, many=True, retain_graph=True)
    close(found, expected)
    assert not any(each.requires_grad for each in found)
    close(vmap(lambda seed: gradients(y, leaves, seed, retain_graph=True))(seeds), expected)


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_a_gradient_that_can_be_differentiated_is_the_same_gradient(name, layout):
    """Also where the kernel is made from the map: what flows through it is counted once."""
    case = Case(name, layout)
    if name == "carafe":
        case.op.encode.weight.data.mul_(1000)  # it begins nearly uniform
    for sample in (slice(0, 1), slice(0, 2)):
        leaves = case.leaves(0)
        y = case.op(*(each[sample] for each in leaves[-2:])).square().sum()
        close(gradients(y, leaves, create_graph=True), gradients(y, leaves))


# --- forward mode


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_forward_and_backward_agree(name, layout):
    """⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩, alone and under vmap."""
    case, rng = Case(name, layout), torch.Generator().manual_seed(2)
    x, guide, leaves = case.x[0], case.guide[0], case.leaves(0)[-2:]
    y = case.op(*leaves)
    u, v = torch.randn(y.shape, generator=rng), [torch.randn(each.shape, generator=rng) for each in (x, guide)]
    expected = sum((a * b).sum() for a, b in zip(gradients(y, leaves, u), v, strict=True))
    close([(u * jvp(case.op, (x, guide), tuple(v))[1]).sum()], [expected])
    mapped = vmap(lambda a, b: jvp(case.op, (x, guide), (a, b))[1])(*(each[None] for each in v))
    close([(u * mapped[0]).sum()], [expected])


@pytest.mark.parametrize("name", EVERY)
def test_jacobians_by_column_and_by_row(name):
    case = Case(name)
    height, width = (side(case.op, 2),) * 2
    x, guide = case.x[0, :1, :, :height, :width], case.guide[0, :1, :, : 2 * height, : 2 * width]
    expected = torch.autograd.functional.jacobian(lambda a: case.op(a, guide).sum(1), x)
    close([jacfwd(lambda a: case.op(a, guide).sum(1))(x)], [expected])
    close([torch.autograd.functional.jacobian(lambda a: case.op(a, guide).sum(1), x, vectorize=True)], [expected])


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("name", [name for name in CURVED if name != "max_unpool"])
def test_second_derivatives(name, layout):
    """Forward over reverse is reverse over reverse, by the input that kernels are made from."""
    case = Case(name, layout)
    by_map = not card_of(name).needs_guide
    seen, fixed = (case.x[0], case.guide[0]) if by_map else (case.guide[0], case.x[0])
    v = torch.randn(seen.shape, generator=torch.Generator().manual_seed(3))

    def slope(at):
        return grad(lambda one: (case.op(one, fixed) if by_map else case.op(fixed, one)).pow(3).sum())(at)

    leaf = seen.detach().requires_grad_()
    y = (case.op(leaf, fixed) if by_map else case.op(fixed, leaf)).pow(3).sum()
    (first,) = gradients(y, [leaf], create_graph=True)
    close([jvp(slope, (seen,), (v,))[1]], gradients((first * v).sum(), [leaf]))
