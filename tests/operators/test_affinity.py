"""A²U from its derivation: Eqs. (2), (3) and (4) evaluated as they stand, and every axis of the design."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u.operators.affinity import MODES, NORMALIZATIONS, SHARES
from a2u.operators.encoding import _shifted, descriptors, responses


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def seeded(channels=4, ratio=2, **options):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return a2u.build("a2u", channels, ratio, **options).double().eval()


def window_of(guide, i, j, k, ratio):
    """The k×k window that position (i, j) of the low-resolution grid sees, as C×k² (zeros outside)."""
    start = -((ratio - k) // 2)
    padded = F.pad(guide, (k, k, k, k))
    top, left = i * ratio - start + k, j * ratio - start + k
    return padded[:, top : top + k, left : left + k].flatten(1)


class TestTheDerivation:
    def test_eq_2_pairwise_similarity_is_a_bilinear_form(self):
        """Σ_ij a_ij φ(x_i)ᵀϕ(y_j), Σ_kij a_ij q_k t_k x_ik y_jk and Σ_k x_kᵀA_k y_k are one number."""
        c, n, m = 3, 4, 5
        x, y = torch.randn(c, n, generator=rng(1)), torch.randn(c, m, generator=rng(2))
        a = torch.randn(n, m, generator=rng(3))
        q, t = torch.randn(c, generator=rng(4)), torch.randn(c, generator=rng(5))
        similarity = sum(a[i, j] * (q * x[:, i]) @ (t * y[:, j]) for i, j in itertools.product(range(n), range(m)))
        spelled = sum(
            a[i, j] * q[k] * t[k] * x[k, i] * y[k, j] for k, i, j in itertools.product(range(c), range(n), range(m))
        )
        forms = sum(x[k] @ (a * q[k] * t[k]) @ y[k] for k in range(c))
        torch.testing.assert_close(similarity, spelled)
        torch.testing.assert_close(similarity, forms)

    @pytest.mark.parametrize("d", [1, 2, 4])
    def test_eq_3_low_rank_turns_the_form_into_two_projections(self, d):
        """A_k = U_k V_kᵀ  ⇒  Σ_k x_kᵀ A_k y_k = 1ᵀ Σ_k (U_kᵀx_k ∘ V_kᵀy_k)."""
        c, n = 3, 4
        x = torch.randn(c, n, generator=rng(1))
        u, v = torch.randn(c, n, d, generator=rng(2)), torch.randn(c, n, d, generator=rng(3))
        forms = sum(x[k] @ (u[k] @ v[k].T) @ x[k] for k in range(c))
        factored = sum((u[k].T @ x[k]) * (v[k].T @ x[k]) for k in range(c)).sum()
        torch.testing.assert_close(forms, factored)

    def test_full_rank_reaches_any_affinity_matrix_and_lower_ranks_reach_their_best_sum(self):
        """An SVD writes A as a sum of rank-1 terms; d of them give the rank-d bilinear form exactly."""
        a = torch.randn(9, 9, generator=rng(4), dtype=torch.float64)
        left, s, right = torch.linalg.svd(a)
        x = torch.randn(9, generator=rng(5), dtype=torch.float64)
        terms = (left.T @ x) * (right @ x) * s  # the d-th: one U and V of rank 1
        for d in (1, 3, 9):
            truncated = left[:, :d] @ torch.diag(s[:d]) @ right[:d]
            torch.testing.assert_close(terms[:d].sum(), x @ truncated @ x)
        torch.testing.assert_close(terms.sum(), x @ a @ x)

    @pytest.mark.parametrize(("mode", "share", "pointwise", "rank", "k"), [
        ("static", "none", True, 1, 5),
        ("static", "none", False, 2, 4),
        ("static", "channels", False, 1, 5),
        ("hybrid", "none", True, 3, 3),
        ("dynamic", "none", False, 2, 5),
        ("dynamic", "channels", True, 2, 6),
    ])  # fmt: skip
    def test_eq_4_the_module_is_the_bilinear_form_at_every_position(self, mode, share, pointwise, rank, k):
        """Kernels of the module against Eq. (2) with A_k = U_kV_kᵀ, weighted by P, one position at a time."""
        ratio, s, c = 2, 3, 4
        op = seeded(c, mode=mode, share=share, pointwise=pointwise, rank=rank, encoder_kernel=k, normalization="none")
        guide = torch.randn(2, c, 6, 4, generator=rng(), dtype=torch.float64)
        pooled = F.adaptive_avg_pool2d(guide, k)
        u = op.u(pooled).expand(2, -1, c, -1, -1).flatten(3)  # N M C k²
        v = op.v(pooled).expand(2, -1, c, -1, -1).flatten(3)
        sets = ratio**2 if pointwise else 1
        p = (
            op.p.weight.expand(2, -1, -1)
            if mode == "static"
            else op.p.generate(guide.mean((2, 3), keepdim=True)).view(2, -1, rank)
        )  # N rows d
        w = op.kernel(None, guide)[:, 0]  # N s² rH rW
        for n, i, j in itertools.product(range(2), range(6), range(4)):
            x = window_of(guide[n], i // 2, j // 2, k, ratio)  # C k²
            phase = (i % 2) * 2 + j % 2
            forms = []
            for r in range(rank):
                m = r * sets + (phase if pointwise else 0)
                forms.append(sum(x[q] @ torch.outer(u[n, m, q], v[n, m, q]) @ x[q] for q in range(c)))
            rows = p[n] if pointwise else p[n].view(s * s, ratio**2, rank)[:, phase]
            torch.testing.assert_close(w[n, :, i, j], rows @ torch.stack(forms))


class TestSpecialCases:
    def test_u_of_ones_is_holistic_indexnet(self):
        """static-pw-cw, 1×1 kernels, U ≡ 1: w = sigmoid(Σ_c V_c * x_c), the index block of holistic IndexNet."""
        op = seeded(mode="static", share="none", pointwise=True, kernel_size=1, encoder_kernel=4, order=1)
        index = a2u.build("indexnet:holistic", 4, context=True).double()
        with torch.no_grad():
            op.p.weight.fill_(1.0)
            index.index.weight.copy_(op.v.weight)  # 4 sets of C×4×4 = 4 outputs of C×4×4
        x = torch.randn(2, 4, 3, 5, generator=rng(), dtype=torch.float64)
        guide = torch.randn(2, 4, 6, 10, generator=rng(1), dtype=torch.float64)
        torch.testing.assert_close(op.kernel(x, guide), index.kernel(x, guide))
        torch.testing.assert_close(op(x, guide), index(x, guide))

    def test_the_toy_row_can_reach_it_too(self):
        """With the sigmoid after U, U = 0 makes it ½ everywhere and P = 2 undoes that."""
        op = seeded(**a2u.operators.card("a2u").presets["toy"])
        index = a2u.build("indexnet:holistic", 4).double()
        with torch.no_grad():
            op.u.weight.zero_(), op.p.weight.fill_(2.0)
            index.index.weight.copy_(op.v.weight)
        guide = torch.randn(2, 4, 6, 10, generator=rng(1), dtype=torch.float64)
        torch.testing.assert_close(op.kernel(None, guide), index.kernel(None, guide))

    def test_rank_one_terms_add_up_to_rank_d(self):
        """The logits of a rank-3 operator are the sum of three rank-1 operators that own one filter pair each."""
        whole = seeded(mode="static", share="none", rank=3, normalization="none")
        guide = torch.randn(1, 4, 6, 6, generator=rng(), dtype=torch.float64)
        total = 0
        for r in range(3):
            part = seeded(mode="static", share="none", rank=1, normalization="none")
            with torch.no_grad():
                part.u.weight.copy_(whole.u.weight[r : r + 1])
                part.v.weight.copy_(whole.v.weight[r : r + 1])
                part.p.weight.copy_(whole.p.weight[:, r : r + 1])
            total = total + part.kernel(None, guide)
        torch.testing.assert_close(whole.kernel(None, guide), total)

    def test_with_rank_one_all_kernels_of_a_phase_lie_on_one_curve(self):
        """softmax(σ(a·P)): one number a, the affinity, decides the nine weights, each within [0.044, 0.254]."""
        op = seeded(mode="static", share="none")
        guide = 30 * torch.randn(2, 4, 12, 12, generator=rng(), dtype=torch.float64)
        w = op.kernel(None, guide)[:, 0, :, 0::2, 0::2]  # phase (0, 0)
        a = op.affinity(guide)[:, 0]
        p = op.p.weight.view(9, 4)[:, 0]
        expected = torch.softmax(torch.sigmoid(a[:, None] * p[None, :, None, None]), dim=1)
        torch.testing.assert_close(w, expected)
        assert 0.0439 < float(w.min()) < float(w.max()) < 0.2538


class TestEveryAxis:
    @given(
        mode=st.sampled_from(MODES),
        share=st.sampled_from(SHARES),
        pointwise=st.booleans(),
        rank=st.integers(1, 3),
        kernel_size=st.integers(1, 5),
        encoder_kernel=st.integers(2, 6),
        normalization=st.sampled_from(NORMALIZATIONS),
        group_norm=st.booleans(),
        u_sigmoid=st.booleans(),
        scaled=st.booleans(),
        paired=st.booleans(),
        order=st.sampled_from([1, 2]),
        ratio=st.integers(1, 3),
    )
    def test_all_combinations_run_and_a_batch_equals_its_samples(self, ratio, **options):
        """A batch is one computation and no sample sees another; kernels have the documented layout."""
        if options["kernel_size"] == 1 and "softmax" in options["normalization"]:
            options["normalization"] = "sigmoid"
        channels = 32
        op = seeded(channels, ratio, **options)
        x = torch.randn(3, channels, 3, 2, generator=rng(), dtype=torch.float64)
        guide = torch.randn(3, channels, 3 * ratio, 2 * ratio, generator=rng(1), dtype=torch.float64)
        w = op.kernel(x, guide)
        assert w.shape == (3, 1, options["kernel_size"] ** 2, 3 * ratio, 2 * ratio)
        if "softmax" in options["normalization"]:
            torch.testing.assert_close(w.sum(2), torch.ones_like(w[:, :, 0]))
        alone = torch.cat([op(x[i : i + 1], guide[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(op(x, guide), alone)
        if options["paired"]:
            down = op.down_kernel(guide)
            assert down.shape == (3, 1, (ratio * options["kernel_size"]) ** 2, 3, 2)
            torch.testing.assert_close(down.sum(2), torch.ones_like(down[:, :, 0]))
            assert op.downsample(guide).shape == x.shape

    @pytest.mark.parametrize("preset", [p for p in a2u.operators.presets("a2u") if "norm" not in p])
    def test_gradients_reach_every_parameter_and_both_inputs(self, preset):
        op = seeded(4, **a2u.operators.card("a2u").presets[preset])
        x = torch.randn(1, 4, 2, 3, generator=rng(), dtype=torch.float64, requires_grad=True)
        guide = torch.randn(1, 4, 4, 6, generator=rng(1), dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda a, b: op(a, b), (x, guide))
        out = op(x, guide).sin().sum() + (op.downsample(guide).cos().sum() if op.paired else 0)
        out.backward()
        assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in op.parameters())
        assert bool(x.grad.abs().sum() > 0)
        assert bool(guide.grad.abs().sum() > 0)

    def test_options_that_only_scale(self):
        guide = torch.randn(1, 4, 6, 6, generator=rng(), dtype=torch.float64)
        torch.testing.assert_close(seeded(scaled=True).affinity(guide) * 2, seeded().affinity(guide))  # √4
        plain = seeded(mode="static", share="none")
        ups = responses(guide, plain.u(None), 2).sigmoid() * responses(guide, plain.v(None), 2)
        gated = seeded(mode="static", share="none", u_sigmoid=True)
        torch.testing.assert_close(gated.affinity(guide), ups.sum(2))

    def test_group_norm_sits_between_filters_and_product(self):
        op = seeded(64, group_norm=True)
        guide = torch.randn(2, 64, 6, 6, generator=rng(), dtype=torch.float64)
        pooled = F.adaptive_avg_pool2d(guide, 5)
        u, v = (
            F.leaky_relu(F.group_norm(responses(guide, f(pooled), 2)[:, 0], 32, eps=1e-5), 0.01) for f in (op.u, op.v)
        )
        torch.testing.assert_close(op.affinity(guide), (u * v).sum(1, keepdim=True))


@given(
    n=st.integers(1, 3),
    c=st.integers(1, 4),
    m=st.integers(1, 5),
    k=st.integers(1, 6),
    ratio=st.integers(1, 3),
    per_sample=st.booleans(),
    shared=st.booleans(),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_responses_equal_a_convolution_for_each_sample_filter_and_channel(n, c, m, k, ratio, per_sample, shared, size):
    x = torch.randn(n, c, size[0] * ratio, size[1] * ratio, generator=rng(), dtype=torch.float64)
    f = torch.randn(n if per_sample else 1, m, 1 if shared else c, k, k, generator=rng(1), dtype=torch.float64)
    start = -((ratio - k) // 2)
    expected = torch.zeros(n, m, c, *size, dtype=x.dtype)
    for s, q, ch in itertools.product(range(n), range(m), range(c)):
        kernel = f[s if per_sample else 0, q, 0 if shared else ch][None, None]
        padded = F.pad(x[s, ch][None, None], (start, k, start, k))
        expected[s, q, ch] = F.conv2d(padded, kernel, stride=ratio)[0, 0, : size[0], : size[1]]
    torch.testing.assert_close(responses(x, f, ratio), expected)
    torch.testing.assert_close(_shifted(x, f, ratio), expected)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(
    ("mode", "group_norm", "degree"),
    [
        ("static", False, 2),
        ("hybrid", False, 3),
        ("dynamic", False, 5),
        ("static", True, 0),
        ("hybrid", True, 1),
        ("dynamic", True, 1),
    ],
)
def test_a_kernel_before_its_normalization_is_homogeneous_in_the_guide(mode, group_norm, degree, share):
    op = seeded(mode=mode, share=share, normalization="none", group_norm=group_norm, norm_groups=2)
    for name, parameter in op.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    x, guide = (torch.randn(1, 4, side, side, generator=rng(side), dtype=torch.float64) for side in (5, 10))
    guide = 1000 * guide  # beside which the group norm's ε is nothing
    assert torch.allclose(op.kernel(x, 3 * guide), 3**degree * op.kernel(x, guide), rtol=1e-3)


def test_a_dynamic_kernel_freezes_under_a_large_guide():
    x, guide = (torch.randn(1, 4, side, side, generator=rng(side), dtype=torch.float64) for side in (6, 12))
    guide = (100 * guide).requires_grad_()
    w = seeded(mode="dynamic", share="channels").kernel(x, guide)
    logs = w.log() - w.log().amin(2, keepdim=True)  # differences of sigmoids: 0 or 1, and nothing in between
    assert torch.minimum(logs, (1 - logs).abs()).max() < 1e-3
    (slope,) = torch.autograd.grad(w.square().sum(), guide)
    assert slope.abs().max() < 1e-6  # so nothing to learn from


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6), st.booleans())
def test_descriptors_equal_adaptive_pooling(height, width, size, channels_last):
    x = torch.randn(2, 3, height, width, generator=rng(), dtype=torch.float64)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    pooled, mean = descriptors(x, size)
    torch.testing.assert_close(pooled, F.adaptive_avg_pool2d(x, size))
    torch.testing.assert_close(mean, F.adaptive_avg_pool2d(x, 1))


def test_export_and_compile_keep_the_values():
    op = seeded(4, encoder_kernel=2).float()  # few taps: a tracer unrolls them
    x, guide = torch.randn(1, 4, 3, 5, generator=rng()), torch.randn(1, 4, 6, 10, generator=rng(1))
    program = torch.export.export(op, (x, guide))
    torch.testing.assert_close(program.module()(x, guide), op(x, guide))
    traced = torch.compile(op, backend="eager", fullgraph=True)
    torch.testing.assert_close(traced(x, guide), op(x, guide))
