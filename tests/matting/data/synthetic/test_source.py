"""The synthetic training set has the same bits, drawn at once by several processes or one by one when asked for."""

import io
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data.synthetic import source as sources
from a2u.matting.data.synthetic.backgrounds import background
from a2u.matting.data.synthetic.scenes import scene
from a2u.matting.data.synthetic.source import SyntheticSource, scene_size

CROP = 32


def small() -> SyntheticSource:
    """One scene of each kind, over four backgrounds."""
    source = SyntheticSource(per_kind=1)
    source.backgrounds = 4
    return source


def check(source: SyntheticSource) -> None:
    """It has the scenes and textures that their seeds stand for."""
    for number, (kind, seed) in enumerate(source.names):
        expected, found = scene(kind, seed, scene_size(CROP)), source.foreground(number, CROP)
        assert found.name == expected.name
        for one, two in ((found.colour, expected.colour), (found.alpha, expected.alpha)):
            assert (one.dtype, one.shape) == (two.dtype, two.shape)
            assert np.array_equal(one, two)
    for number in range(4):
        assert np.array_equal(source.background(number), background("train", number))


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_drawn_at_once_it_has_the_same_bits(context: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "cores", lambda: 2)
    source = small()
    source.prepare(CROP, context)
    check(source)


def test_a_machine_with_one_core_draws_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "cores", lambda: 1)
    source = small()
    source.prepare(CROP)
    check(source)


def test_nothing_is_drawn_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small()
    source.foreground(0, CROP)
    source.prepare(CROP)
    monkeypatch.setattr(sources, "spread", lambda *_: pytest.fail("drawn again"))
    monkeypatch.setattr(sources, "scene", lambda *_: pytest.fail("drawn again"))
    source.prepare(CROP)
    source.foreground(3, CROP)


def test_another_crop_is_drawn_beside_it() -> None:
    source = small()
    for crop in (CROP, 16):
        source.prepare(crop)
    check(source)
    assert source.foreground(0, 16).alpha.shape == (20, 20)


def test_processes_read_one_copy() -> None:
    """Shared memory goes to another process as a name, not as its bytes."""
    source = small()
    source.prepare(CROP)
    colours, alphas = source._scenes[scene_size(CROP)]
    assert isinstance(colours, torch.Tensor)
    assert colours.is_shared()
    assert alphas.is_shared()
    assert source._textures.is_shared()
    target = io.BytesIO()
    ForkingPickler(target).dump(source)
    assert len(target.getvalue()) < 20_000 < colours.numel()


def test_without_room_for_shared_memory_it_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container /dev/shm may be small, and writing beyond it would end the process."""
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(sources.shutil, "disk_usage", lambda _: full)
    source = small()
    source.prepare(CROP)
    assert isinstance(source._scenes[scene_size(CROP)][0], np.ndarray)
    check(source)
    check(pickle.loads(pickle.dumps(source)))


def test_a_source_without_scenes_is_refused() -> None:
    with pytest.raises(A2UError, match="at least one scene"):
        SyntheticSource(0)
