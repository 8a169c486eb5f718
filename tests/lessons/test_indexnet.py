"""Lesson 05: exercises that know right from wrong, gates that keep their promises, index maps that are true."""

import html

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from rendered import pixels

import a2u
from a2u.errors import A2UError
from a2u.lessons.indexnet import exercises
from a2u.lessons.indexnet import explorer as lesson
from a2u.lessons.indexnet.picture import Gate, in_a_row, index_maps, two_gates
from a2u.operators.indexnet import KINDS

# --- exercises


def by_code() -> dict[str, object]:
    """What a learner would write: the same mistakes, by torch instead of by loops."""

    def blocks(x, r):
        return x.unflatten(0, (-1, r * r))

    def pool(weigh):
        return lambda x, s, r: (weigh(blocks(s, r)) * blocks(F.pixel_unshuffle(x, r), r)).sum(1)

    pools = {
        "softmax missing": pool(lambda s: s.sigmoid()),
        "sigmoid missing": pool(lambda s: s.softmax(1)),
        "sigmoid after softmax": pool(lambda s: s.softmax(1).sigmoid()),
        "softmax over maps": pool(lambda s: s.sigmoid().softmax(0)),
        "softmax over positions": pool(lambda s: s.sigmoid().flatten(2).softmax(2).view_as(s)),
        "one map for all": pool(lambda s: s[:1].sigmoid().softmax(1)),
        "maximum": lambda x, s, r: F.max_pool2d(x[None], r)[0],
    }
    return pools


def test_mistakes_are_known_however_they_are_written() -> None:
    for name, answer in by_code().items():
        assert exercises.POOL.check(answer).mistake == name


def test_the_bug_is_hidden_where_one_map_serves_all_channels() -> None:
    guide, logits, _ = exercises.POOL.cases(torch.Generator().manual_seed(0), 1)
    assert len(logits) == 4
    torch.testing.assert_close(exercises.POOL.given(guide, logits, 2), exercises.pool_reference(guide, logits, 2))


def test_the_largest_weight_is_that_of_the_operator_in_the_limit() -> None:
    from a2u.operators.indexnet import down_index

    for ratio in (2, 3):
        logits = torch.full((1, ratio**2, 1, 1), -100.0).index_fill(1, torch.tensor([0]), 100.0)
        assert float(down_index(logits, ratio).max()) == pytest.approx(float(exercises.largest_reference(ratio)))


def test_shared_gates_of_several_kinds_keep_the_specification() -> None:
    def by_least_squares(x: torch.Tensor, r: int) -> torch.Tensor:
        return lesson.best_shared(x[None], r)[0, 0, 0]

    def mean_of_shares(x: torch.Tensor, r: int) -> torch.Tensor:
        return lesson.soft_index(x[None], r)[0, :, 0].mean(dim=0)

    for answer in (by_least_squares, mean_of_shares):
        assert exercises.SHARED.check(answer).passed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nonlinear", [False, True])
def test_references_agree_with_the_library(kind: str, nonlinear: bool) -> None:
    op = lesson.operator(kind, context=True, nonlinear=nonlinear)
    _, guide = lesson.maps()
    logits = op.logits(guide)[0].detach()
    assert torch.allclose(exercises.pool_reference(guide[0], logits, 2), op.downsample(guide)[0], atol=1e-5)


# --- gates


def test_a_perfect_gate_undoes_max_pooling_and_a_shared_one_cannot() -> None:
    guide = torch.rand(3, 5, 8, 12, generator=torch.Generator().manual_seed(0)) - 0.3
    guide = guide.relu()
    x, soft, shared = F.max_pool2d(guide, 2), lesson.soft_index(guide), lesson.best_shared(guide)
    assert torch.allclose(a2u.reassemble(x, soft, 2), guide, atol=1e-6)
    for w in (soft, shared):
        assert 0 <= w.min() <= w.max() <= 1 + 1e-6
    best = lesson.rmse(a2u.reassemble(x, shared, 2), guide)
    assert best > 0.1
    generator = torch.Generator().manual_seed(1)
    for spread in (0.01, 0.1, 1.0):  # no other gate that all channels share does better
        other = (shared + spread * torch.randn(shared.shape, generator=generator)).clamp(0, 1)
        assert lesson.rmse(a2u.reassemble(x, other, 2), guide) > best


def test_a_blank_block_has_a_soft_index_of_zero() -> None:
    assert not lesson.soft_index(torch.zeros(1, 2, 4, 4)).any()


def test_training_repeats_itself_and_leaves_the_operator_it_began_with() -> None:
    x, guide = lesson.maps()
    before = lesson.operator("holistic").index.weight.detach().clone()
    first = lesson.learn("holistic", steps=3)
    lesson.learn.cache_clear()
    assert torch.equal(first(x, guide), lesson.learn("holistic", steps=3)(x, guide))
    assert torch.equal(before, lesson.operator("holistic").index.weight)
    assert lesson.rmse(first(x, guide), guide) < lesson.rmse(lesson.operator("holistic")(x, guide), guide)


def test_a_hidden_layer_helps_more_than_context_from_another_start_too() -> None:
    """From start 33, the only one of eleven from which both together are no better than the hidden layer alone."""
    x, guide = lesson.maps()
    hidden, context = (lesson.learn("depthwise-m2o", wide, not wide, seed=33) for wide in (False, True))
    assert lesson.rmse(hidden(x, guide), guide) < lesson.rmse(context(x, guide), guide)


def test_half_gates_are_nearest_neighbour_at_half_strength() -> None:
    learned = lesson.network("holistic").up[2]
    kept = learned.index.weight.clone()
    assert lesson.with_half_gates("holistic", ()) > lesson.with_half_gates("holistic", (2,)) + 10
    assert torch.equal(kept, learned.index.weight), "the shared network is not changed"


# --- the explorer


@pytest.fixture(scope="module")
def panel():
    return lesson.explorer()


def test_every_control_changes_picture_and_words(panel) -> None:
    start = {"kind": "holistic", "image": 1, "stage": 2, "channel": 0, "row": 17, "column": 14}
    moves = {"kind": "depth-wise", "image": 2, "stage": 1, "channel": 9, "row": 16, "column": 15}
    for name, value in moves.items():
        before = panel.set(**start).words, panel.image.value
        after = panel.set(**{name: value}).words, panel.image.value
        assert before[0] != after[0], name
        assert before[1] != after[1], name
        assert panel.drawing.alt in html.unescape(panel.caption.value)


@pytest.mark.parametrize("kind", lesson.NETWORKS)
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_the_product_in_words_is_the_networks_value_at_the_corners_too(panel, kind: str, stage: int) -> None:
    op, x, guide = lesson.stages(kind)[stage]
    y = op(x, guide).detach()
    size = y.shape[-1]
    for row, column in ((0, 0), (31, 31), (17, 14)):
        words = panel.set(kind=kind, image=3, stage=stage, channel=31, row=row, column=column).says.splitlines()
        i, j = row * size // 32, column * size // 32
        value = float(words[0].split(";")[0].rsplit("= ", 1)[1].replace("−", "-"))
        assert f"y[{i}, {j}] of {size}×{size} = " in words[0]
        assert value == pytest.approx(float(y[3, 31, i, j]), abs=6e-4)


def test_the_explorer_starts_where_there_is_something_to_scale_in_every_stage() -> None:
    fresh = lesson.explorer()
    place = [fresh.controls[name].value for name in ("image", "channel", "row", "column")]
    for _, x, guide in lesson.stages("holistic"):
        image, channel, row, column = place
        assert x[image, channel, row * x.shape[-1] // 32, column * x.shape[-1] // 32] > 0.05, guide.shape
    assert all(control.description == name for name, control in fresh.controls.items())


def test_random_weights_are_those_that_a_training_begins_with() -> None:
    op = lesson.stages("holistic")[2][0]
    fresh = lesson.beginning(op)
    assert fresh.index.weight.shape == op.index.weight.shape
    assert not torch.equal(fresh.index.weight, op.index.weight)
    assert torch.equal(fresh.index.weight, lesson.beginning(op).index.weight)


def test_a_trained_index_map_draws_the_ink_and_the_map_to_upsample_does_not() -> None:
    found = lesson.draws_ink("holistic")
    assert set(found) == {"z", "learned", "random"}
    assert found["learned"][0] > 0.9 > 0.7 > max(found["z"][0], found["random"][0])


# --- plots


def test_two_gates_shows_everything_it_is_given() -> None:
    rng = np.random.default_rng(0)
    guide, logits = rng.random((8, 8)), rng.normal(size=(2, 2))
    up, down = 1 / (1 + np.exp(-logits)), np.full((2, 2), 0.25)
    base = pixels(two_gates(guide, logits, up, down, 0.7, (1, 2), 2))
    for changed in (
        two_gates(guide.T, logits, up, down, 0.7, (1, 2), 2),
        two_gates(guide, -logits, up, down, 0.7, (1, 2), 2),
        two_gates(guide, logits, up.T, down, 0.7, (1, 2), 2),
        two_gates(guide, logits, up, down[::-1] * [[1, 2], [1, 0]], 0.7, (1, 2), 2),
        two_gates(guide, logits, up, down, 0.2, (1, 2), 2),
        two_gates(guide, logits, up, down, 0.7, (2, 1), 2),
        two_gates(guide, logits, up, down, 0.7, (1, 2), 4),
    ):
        assert not np.array_equal(base, pixels(changed))
    for wrong in ((logits[:1], (1, 2)), (logits, (4, 0)), (logits, (-1, 0))):
        with pytest.raises(A2UError, match="one group and one place"):
            two_gates(guide, wrong[0], up, down, 0.7, wrong[1], 2)


def test_position_shows_the_gates_that_the_operator_uses() -> None:
    op, (x, guide) = lesson.operator("depthwise-m2o", True), lesson.maps()
    first, second = lesson.position(op, 7, 0).says.splitlines()
    gates = [float(v) for v in first.removeprefix("gates: ").split("   ")[0].split()]
    assert gates == pytest.approx(op.kernel(x, guide)[0, 0, 0, 14:16, 0:2].flatten().tolist(), abs=6e-4)
    assert float(second.rsplit(" ", 1)[1]) == pytest.approx(float(op.downsample(guide)[0, 0, 7, 0].detach()), abs=6e-4)


def test_index_maps_share_their_scales_and_refuse_what_does_not_fit() -> None:
    rng = np.random.default_rng(0)
    guide, z, w = rng.random((8, 8)), rng.random((4, 4)), rng.random((8, 8))
    gates = {"a": Gate(w, w * z.repeat(2, 0).repeat(2, 1)), "b": Gate(w, w)}
    base = pixels(index_maps(guide, z, gates, (3, 4)))
    half = pixels(index_maps(guide, z, {**gates, "b": Gate(w / 2, w)}, (3, 4)))
    upper = slice(0, 300)
    assert np.array_equal(base[upper], half[upper]), "a gate has the same colour whatever the other gate is"
    assert not np.array_equal(base, half)
    for wrong in ({}, {"a": gates["a"]}, {**gates, "b": Gate(z, z)}):
        with pytest.raises(A2UError, match="Two gates"):
            index_maps(guide, z, wrong, (3, 4))


def test_a_row_keeps_gates_and_maps_on_their_scales() -> None:
    w, y = np.full((4, 4), 0.5), np.eye(4)
    alone, both = pixels(in_a_row([("w", "a", w), ("y", "b", y)])), pixels(in_a_row([("w", "a", w), ("y", "b", 2 * y)]))
    half = slice(0, 470)
    assert np.array_equal(alone[:, half], both[:, half])
    for wrong in ([], [("x", "a", w)], [("w", "a", w[0])]):
        with pytest.raises(A2UError, match="Panels are"):
            in_a_row(wrong)


def test_gates_at_their_means_lose_the_picture_as_gates_at_one_half_do() -> None:
    for kind in lesson.NETWORKS:
        assert lesson.with_mean_gates(kind) < 15 < 35 < lesson.with_half_gates(kind, ())
