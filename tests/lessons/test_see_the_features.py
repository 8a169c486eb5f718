"""Lesson 11: figures of matting networks, an explorer over them, and exercises that know right from wrong."""

import numpy as np
import pytest
import torch
from rendered import pixels

from a2u.errors import A2UError
from a2u.lessons.see_the_features import exercises
from a2u.lessons.see_the_features import explorer as lesson
from a2u.lessons.see_the_features import picture as plots
from a2u.matting import features
from a2u.plots.kernels import Look, kernel_maps

IMAGE = np.random.default_rng(0).random((24, 24, 3))


# --- exercises


def test_references_agree_with_the_library() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(3, 9, 8, generator=generator)
    assert torch.allclose(exercises.display_reference(maps), features.stretch(maps), atol=1e-6)
    band = features.boundary((torch.arange(8) >= 4).float().expand(9, 8), reach=1)
    found = features.edge_contrast(maps[0], band)
    assert float(exercises.contrast_reference(maps[0], band)) == pytest.approx(found, rel=1e-5)


# --- the lesson's numbers


def test_a_witness_gives_the_value_of_the_map() -> None:
    for name in ("nearest", "bilinear", "hybrid-cw"):
        for at in ((0, 0, 0), (5, 128, 100), (15, 159, 159)):
            t, value = lesson.witness(name, "glass", at)
            assert float(t.value) == pytest.approx(value, abs=1e-4, rel=1e-4)


def test_random_and_learned_networks_differ_in_weights_alone() -> None:
    learned, random = (lesson.network("hybrid-cw", each) for each in (True, False))
    shapes = [[(name, p.shape) for name, p in net.named_parameters()] for net in (learned, random)]
    assert shapes[0] == shapes[1]
    assert not torch.equal(learned.head.alpha.weight, random.head.alpha.weight)
    again = lesson.build_model(lesson.settings_of({**lesson.pretrained.card("matting/hybrid-cw").settings}))
    assert torch.equal(again.head.alpha.weight, random.head.alpha.weight)


def test_a_matte_without_a_part_leaves_the_network_whole() -> None:
    before = lesson.matte("hybrid-cw", "glass")
    assert lesson.sad("hybrid-cw", "glass", "skip") != lesson.sad("hybrid-cw", "glass")
    assert torch.equal(lesson.matte("hybrid-cw", "glass"), before)


def test_the_explorer_tells_the_value_that_stands_there() -> None:
    panel = lesson.explorer()
    drawing = panel.set(scene="glass", operator="hybrid-cw", channel=3, row=100, column=120)
    value = float(lesson.features("hybrid-cw", "glass")[3].after[0, 3, 100, 120])
    said = drawing.says.split("y = wᵀz = ")[1].split(";")[0]
    assert float(said.replace("−", "-")) == pytest.approx(value, abs=6e-4)


# --- plots


def test_feature_maps_share_one_scale_and_are_checked() -> None:
    low, high = np.zeros((24, 24)), np.ones((24, 24))
    base = pixels(plots.side_by_side(IMAGE, {"a": low}, (2, 2, 8), {}))
    assert not np.array_equal(base, pixels(plots.side_by_side(IMAGE, {"a": high}, (2, 2, 8), {})))
    assert not np.array_equal(base, pixels(plots.side_by_side(IMAGE, {"a": low}, (2, 9, 8), {})))
    corner = (0, 0, 8)
    for maps, zoom in (({}, corner), ({"a": 2 * high}, corner), ({"a": low[1:]}, corner), ({"a": low}, (20, 0, 8))):
        with pytest.raises(A2UError):
            plots.side_by_side(IMAGE, maps, zoom, {})


def test_a_place_shows_its_kernel_and_its_window() -> None:
    values, w = np.random.default_rng(1).normal(size=(24, 24)), np.full((3, 3), 1 / 9)
    z = values[:3, :3]
    given = {"title": "t", "kind": "signed"}
    base = pixels(plots.place(IMAGE, values, (5, 6), w, z, 1.0, **given))
    for other in (
        plots.place(IMAGE, values, (9, 6), w, z, 1.0, **given),
        plots.place(IMAGE, values, (5, 6), np.eye(3), z, 1.0, **given),
        plots.place(IMAGE, values, (5, 6), w, -z, 1.0, **given),
        plots.place(IMAGE, values, (5, 6), w, None, None, **given),
    ):
        assert not np.array_equal(base, pixels(other))


def test_kernel_maps_take_a_colour_image() -> None:
    w = np.full((9, 12, 12), 1 / 9)
    seen = np.eye(12)
    grey, colour = (pixels(kernel_maps({"a": Look(image, w, seen, seen)})) for image in (IMAGE[..., 0], IMAGE))
    assert grey.shape == colour.shape
    assert not np.array_equal(grey, colour)


# --- why kernels stand still


def test_where_the_sigmoids_stand_and_which_sign_affinities_have() -> None:
    """dynamic-cs: all at an end, one sign. hybrid-cw: both signs."""
    for ends, above in lesson.before_the_sigmoid("dynamic-cs", "fur"):
        assert ends > 0.99
        assert above == 0
    for ends, above in lesson.before_the_sigmoid("hybrid-cw", "fur"):
        assert ends > 0.5
        assert 0.05 < above < 0.95


def test_kernels_move_again_when_one_of_both_causes_is_taken_away() -> None:
    still, small, mixed = (lesson.varies_if("fur", 1, how) for how in ("as it is", "small", "both signs"))
    assert still == pytest.approx(lesson.varies("dynamic-cs", "fur")[1], abs=1e-7)
    assert min(small, mixed) > 100 * still


def test_five_factors_are_thirty_two_times_as_large_without_biases_alone() -> None:
    before = {name: values.clone() for name, values in lesson.network("dynamic-cs").ups[2].named_parameters()}
    assert lesson.when_the_guide_doubles("fur", 2, False) == pytest.approx(32, rel=1e-3)
    assert 15 < lesson.when_the_guide_doubles("fur", 2, True) < 31
    after = lesson.network("dynamic-cs").ups[2].named_parameters()
    assert all(torch.equal(before[name], values) for name, values in after), "the network itself is left alone"


def test_one_place_of_each_phase_may_stand_for_all() -> None:
    from a2u.lessons.see_the_features import exercises

    assert exercises.EVEN.check(lambda w: w[:, :2, :2].repeat(1, w.shape[1] // 2, w.shape[2] // 2)).passed
    box = exercises.EVEN.check(lambda w: torch.full_like(w, 1 / 9))
    assert box.mistake == "kernels that did not look stay as they are"
