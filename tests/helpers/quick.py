"""The quick form of the suite (`make quick`): what it leaves out follows from three rules, and the run says how much.

1. Tests that are marked `browser` or `slow`. `slow` is for more than SLOW seconds of processor time in the test itself;
   the whole suite names the tests that take longer and are not marked, so the marks do not depend on anyone's patience.
2. Of a test with more than CASES cases, all but CASES of them: the first, the last, and those at even steps between.
3. Of the examples that Hypothesis makes, all but the first few (tests/conftest.py); and the lessons, which `make quick`
   does not name.
"""

import os
from collections import Counter, defaultdict

import pytest

SLOW = 5.0
CASES = 6
MARKS = ("browser", "slow")


def evenly(count: int, most: int = CASES) -> set[int]:
    """Indices of at most so many of `count` things: the first, the last, and those at even steps between."""
    if count <= most:
        return set(range(count))
    return {round(step * (count - 1) / (most - 1)) for step in range(most)}


def processor_seconds() -> float:
    """What this process, and those it has ended, computed so far."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Quick:
    """Leaves out what the rules say, if asked to, and says so; names tests that should be marked slow."""

    def __init__(self, config: pytest.Config, quick: bool) -> None:
        self.config, self.quick = config, quick
        self.left_out: Counter[str] = Counter()
        self.unmarked: dict[str, float] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if not self.quick:
            return
        families: dict[str, list[pytest.Item]] = defaultdict(list)
        reasons: dict[str, str] = {}
        for item in items:
            mark = next((mark for mark in MARKS if item.get_closest_marker(mark)), None)
            if mark:
                reasons[item.nodeid] = f"marked {mark}"
            else:
                families[item.nodeid.partition("[")[0]].append(item)
        for cases in families.values():
            chosen = evenly(len(cases))
            others = [case for index, case in enumerate(cases) if index not in chosen]
            reasons |= {case.nodeid: f"cases of tests with more than {CASES}" for case in others}
        self.left_out = Counter(reasons.values())
        self.config.hook.pytest_deselected(items=[item for item in items if item.nodeid in reasons])
        items[:] = [item for item in items if item.nodeid not in reasons]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item):
        before = processor_seconds()
        try:
            return (yield)
        finally:
            item.user_properties.append(("processor", processor_seconds() - before))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds = dict(report.user_properties).get("processor", 0.0)
        if report.when == "call" and seconds > SLOW and not any(mark in report.keywords for mark in MARKS):
            self.unmarked[report.nodeid] = seconds

    def pytest_sessionfinish(self) -> None:
        """A worker of xdist tells the process that reports; all of them have left out the same."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["left_out"] = dict(self.left_out)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        self.left_out = Counter(getattr(node, "workeroutput", {}).get("left_out", {})) or self.left_out

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self.left_out:
            terminalreporter.section("left out of the quick form; make test runs it all")
            for reason, count in sorted(self.left_out.items()):
                terminalreporter.write_line(f"{count:6} {reason}")
            terminalreporter.write_line("       the lessons against their stored outputs; most examples of Hypothesis")
        if self.unmarked:
            terminalreporter.section(f"over {SLOW:g} s of processor time and not marked slow")
            for name, seconds in sorted(self.unmarked.items()):
                terminalreporter.write_line(f"{seconds:6.1f} s {name}")
