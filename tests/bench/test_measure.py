"""The clocks: candidates take turns, a GPU's calls are repeated until they take long enough to be timed."""

import pytest
import torch

from a2u.bench import measure
from a2u.bench.measure import LONG_ENOUGH, milliseconds, peak_memory, quiet


def test_candidates_take_turns_after_two_calls_that_do_not_count() -> None:
    order: list[str] = []
    found = milliseconds({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, torch.device("cpu"), 3)
    assert order == ["a", "a", "b", "b", *("a", "b") * 3]
    assert set(found) == {"a", "b"}
    assert all(ms > 0 for ms in found.values())


@pytest.mark.parametrize(("ms", "repeat"), [(0.01, 1000), (0.1, 200), (3.0, 7), (50.0, 1), (0.0, 1000)])
def test_a_gpus_calls_are_repeated_until_they_take_long_enough(
    ms: float, repeat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(measure, "_between_events", lambda call, device, count: asked.append(count) or ms)
    assert milliseconds({"a": lambda: None}, torch.device("cuda"), 2) == {"a": ms}
    assert asked == [1, repeat] * 2
    assert LONG_ENOUGH == 20


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_timed_by_its_own_clock() -> None:
    device = torch.device("cuda")
    block = torch.ones(2**28, device=device)
    found = milliseconds({"small": lambda: block[: 2**20].clone(), "large": lambda: block.clone()}, device, 3)
    assert found["large"] > 10 * found["small"]


def test_the_profiler_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """Its library, which is not Python's, announces itself on the terminal."""
    print("before")
    a = torch.rand(50, 50)
    assert peak_memory(lambda: a @ a, torch.device("cpu")) == 10_000
    print("after")
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_streams_come_back_after_a_fault(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), quiet():
        print(1 / 0)
    print("after")
    assert capfd.readouterr().out == "after\n"
