"""What all tests share: few threads, so that two workers do not fight over two cores, and repeatable examples."""

import signal
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

# Started in the background by a script, Python ignores Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

torch.set_num_threads(1)
# No judgement by the clock: neither of an example nor of how long it takes to make them.
clockless = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("a2u", max_examples=30, derandomize=True, **clockless)
settings.register_profile("quick", settings.get_profile("a2u"), max_examples=5)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("quick" if config.option.quick else "a2u")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums in the same order in every test, whatever a command that ran before chose, and as in other processes."""
    torch.set_num_threads(1)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is written on a sheet."""
    from a2u.plots import sheet

    found: list[str] = []
    original = sheet._write

    def write(ax: Any, x: float, y: float, text: str, *how: Any) -> None:
        found.append(text)
        original(ax, x, y, text, *how)

    monkeypatch.setattr(sheet, "_write", write)
    return found
