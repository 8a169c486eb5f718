"""Quick or full: which mode a lesson runs in."""

import pytest

from a2u.errors import A2UError
from a2u.lessons.mode import MODES, choose_mode


def test_quick_is_the_mode_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A2U_MODE", raising=False)
    assert choose_mode() is MODES["quick"]
    monkeypatch.setenv("A2U_MODE", "full")
    assert choose_mode().full
    assert not choose_mode("quick").full  # the lesson's own word counts more


def test_an_unknown_mode_is_named_with_the_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2U_MODE", "ful")
    with pytest.raises(A2UError, match="full"):
        choose_mode()
