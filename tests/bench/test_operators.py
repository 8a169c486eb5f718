"""The benchmark: its candidates compute the same thing, its memory meter counts, its report is complete.

Times are never asserted here: they belong to `a2u bench`, as ratios of one run.
"""

import json

import pytest
import torch
from command import a2u as run_a2u

import a2u
from a2u.bench import kernels_one_by_one, peak_memory, unfold_multiply_sum
from a2u.bench.frontier import LIMITS, both_forms
from a2u.bench.operators import encodings, grouped, rows
from a2u.bench.training import TOLERANCE, compare, curve_difference, fast, plain
from a2u.commands.bench import GROUPS, show_training
from a2u.data import load

CPU = torch.device("cpu")


@pytest.mark.parametrize("k", [3, 5])
def test_the_baseline_of_reassemble_computes_the_formula(k):
    rng = torch.Generator().manual_seed(0)
    x, w = torch.randn(2, 4, 5, 6, generator=rng), torch.rand(2, 1, k * k, 10, 12, generator=rng)
    torch.testing.assert_close(unfold_multiply_sum(x, w), a2u.reassemble(x, w, 2, "reference"))


@pytest.mark.parametrize("preset", ["dynamic-cs", "dynamic-cw"])
def test_the_loop_over_samples_computes_the_same_kernels(preset):
    op = a2u.build(f"a2u:{preset}", 8)
    guide = torch.randn(3, 8, 12, 10, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(kernels_one_by_one(op, guide), op.kernel(None, guide))


@pytest.mark.parametrize("filters", [(1, 3, 4, 4, 4), (1, 2, 4, 5, 5), (2, 1, 4, 5, 5)], ids=str)
def test_the_encodings_that_are_compared_are_the_same(filters):
    rng = torch.Generator().manual_seed(0)
    guide = torch.randn(2, 4, 12, 10, generator=rng)
    u, v = (torch.randn(filters, generator=rng).requires_grad_() for _ in range(2))
    last = guide.to(memory_format=torch.channels_last)
    expected = encodings(grouped, guide, u, v)()
    others = [encodings(grouped, last, u, v), encodings(lambda x, u, v: grouped(x.contiguous(), u, v), last, u, v)]
    if filters[0] == 1:
        others += [encodings(rows, each, u, v) for each in (guide, last)]
    for call in others:
        for one, other in zip(call(), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)  # of sums of some hundred squares


@pytest.mark.parametrize("name", LIMITS)
def test_both_forms_of_an_operator_give_the_same(name):
    naive, ours = both_forms(name, CPU, 9).values()
    for one, other in zip(ours(), naive(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3 * max(1.0, float(other.abs().max())))


@pytest.mark.parametrize(("name", "taps"), [("sapa", 25), ("fade", 25), ("lda_aqu", 36), ("sapa_d", 36)])
def test_no_operator_holds_a_copy_of_the_upsampled_map_for_each_tap(name, taps):
    """Bytes, not times, gradients included: a quarter of the naive form, which holds more than one set of copies."""
    naive, ours = (peak_memory(call, CPU) for call in both_forms(name, CPU, 16).values())
    assert naive > taps * 2 * 64 * 32 * 32 * 4
    assert 4 * ours < naive


def test_peak_memory_counts_what_is_alive_at_once():
    def one_after_the_other():
        for _ in range(3):
            torch.ones(2**18)  # 1 MiB, freed before the next

    def together():
        return [torch.ones(2**18) for _ in range(3)]

    assert peak_memory(one_after_the_other, CPU) / 2**20 == pytest.approx(1, abs=0.1)
    assert peak_memory(together, CPU) / 2**20 == pytest.approx(3, abs=0.1)


def test_the_fast_path_never_holds_k2_copies_of_the_upsampled_map():
    """A bound in bytes, not a time: less than half of one set of k² copies, gradients included."""
    x = torch.randn(1, 32, 32, 32, requires_grad=True)
    w = torch.rand(1, 1, 25, 64, 64, requires_grad=True)
    copies = 25 * 32 * 64 * 64 * 4
    used = peak_memory(lambda: torch.autograd.grad(a2u.reassemble(x, w, 2).sum(), (x, w)), CPU)
    assert used < copies / 2
    assert peak_memory(lambda: torch.autograd.grad(unfold_multiply_sum(x, w).sum(), (x, w)), CPU) > 2 * copies


def test_the_report_is_complete():
    left = run_a2u("bench", "--no-compile", "--turns", 1, "--only", "kernels", "--json")
    assert left.code == 0
    report = json.loads(left.out)
    assert report["machine"]["device"] == "cpu" or torch.cuda.is_available()
    groups = {line["group"] for line in report["lines"]}
    assert len(groups) == 2
    for group in groups:
        first, *others = [line for line in report["lines"] if line["group"] == group]
        assert first["speedup"] == first["memory"] == 1
        assert others
        assert all(line["ms"] > 0 and line["mib"] > 0 and line["note"] for line in [first, *others])


def test_plain_and_fast_training_take_the_same_steps(capsys):
    """One step after the other on the same images: what is compared for speed computes the same."""
    train = load("mnist", "train")
    ways = {"plain": plain(train, CPU, batch=4), "fast": fast(train, CPU, "auto", batch=4)}
    one, other = compare("training", ways, CPU, turns=1, steps=3, precision="float32", batch=4)
    assert len(one.losses) == len(other.losses) == one.compared == 8
    assert one.losses[-1] != one.losses[0]
    assert (one.difference, one.speedup) == (0, 1)
    assert curve_difference(one.losses[:2], other.losses[:2]) < 1e-4  # rounding alone; it grows, at a batch of 4 fast
    assert other.difference < TOLERANCE["float32"]
    assert other.agrees
    assert other.speedup == pytest.approx(one.ms / other.ms, rel=0.01)
    assert other.hours == pytest.approx(100 * 60_000 / other.images / 3600, rel=0.01)
    show_training([one, other])
    assert "projected for 100 epochs of 60,000 images" in capsys.readouterr().out


def test_a_curve_that_runs_away_is_told():
    assert curve_difference([0.5, 0.4], [0.5, 0.3]) == pytest.approx(0.25)


def test_an_unknown_group_is_named():
    left = run_a2u("bench", "--only", "formla")
    assert left.code == 1
    assert "Did you mean 'formula'" in left.err
    assert set(GROUPS) == {"formula", "kernels", "depthwise", "toy", "toy-training", "gpu", "frontier"}
