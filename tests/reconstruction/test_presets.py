"""Settings of the digit experiment: the presets, and values that make no sense."""

import pytest

from a2u.errors import A2UError
from a2u.reconstruction import settings
from a2u.reconstruction.presets import PRESETS


def test_settings_reject_what_makes_no_sense() -> None:
    with pytest.raises(A2UError, match="Did you mean 'quick'"):
        settings("a2u", preset="quik")
    for key, value in {
        "epochs": 0,
        "batch": 1,
        "lr": -1.0,
        "momentum": 1.0,
        "weight_decay": -1.0,
        "head": "c2",
    }.items():
        with pytest.raises(A2UError, match=f"{key} must be"):
            settings("a2u", **{key: value})
    assert settings("a2u", epochs=None) == settings("a2u")
    assert set(PRESETS) == {"paper", "medium", "reduced", "quick"}
