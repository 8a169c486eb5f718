"""The quick form of the suite (`make quick`): what it leaves out follows from three rules, and the run says how much.

1. Tests that drive a browser (marked `browser`), and those that tests/slow.txt names: more than SLOW seconds of
   processor time when the list was last written, with what the test sets up, a fixture that it shares with others
   included, whichever of them came first. `make test TEST_ARGS=--record-slow` writes it; the whole suite names the
   tests that take twice as long and are not in it.
2. Of a test with more than CASES cases, all but CASES of them: the first, the last, and those at even steps between.
3. Of the examples that Hypothesis makes, all but the first few (tests/conftest.py); and the lessons, which `make quick`
   does not name.
"""

import contextlib
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

SLOW = 1.0
CASES = 4
LIST = Path("tests", "slow.txt")


def evenly(count: int, most: int = CASES) -> set[int]:
    """Indices of at most so many of `count` things: the first, the last, and those at even steps between."""
    if count <= most:
        return set(range(count))
    return {round(step * (count - 1) / (most - 1)) for step in range(most)}


def processor_seconds() -> float:
    """What this process, those it has ended and (where Linux tells) those it started and that still run computed."""
    spent = os.times()
    running = 0.0
    with contextlib.suppress(OSError):  # no Linux, or a process that ended just now
        tick = os.sysconf("SC_CLK_TCK")
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            running += sum(map(int, fields[11:15])) / tick  # user and system, its own and of its ended children
    return spent.user + spent.system + spent.children_user + spent.children_system + running


def family(test: str) -> str:
    """The name of a test without its case."""
    return test.partition("[")[0]


def key(fixture: pytest.FixtureDef) -> str:
    """A fixture's name with the file or folder it belongs to."""
    return f"{fixture.baseid}::{fixture.argname}"


def file_of(test: str) -> str:
    return test.partition("::")[0]


def listed(file: Path) -> dict[str, float]:
    """Tests that are left out (a whole test, or one case of it) and their seconds; lines of seconds, space, name."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = [line.split(" ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {name.strip(): float(seconds) for seconds, name in pairs}


def slowest(seconds: dict[str, float]) -> dict[str, float]:
    """Of all measured tests those over SLOW; in place of its cases the test itself, if all of them are."""
    cases: dict[str, list[str]] = defaultdict(list)
    for name in seconds:
        cases[family(name)].append(name)
    found: dict[str, float] = {}
    for test, names in cases.items():
        over = [name for name in names if seconds[name] > SLOW]
        found |= (
            {test: max(map(seconds.__getitem__, over))} if len(over) == len(names) else {n: seconds[n] for n in over}
        )
    return found


def record(seconds: dict[str, float], root: Path) -> None:
    """Write the list anew for the files that were run; the lines of others stay as long as their file is there."""
    file, ran = root / LIST, {file_of(name) for name in seconds}
    kept = {n: s for n, s in listed(file).items() if file_of(n) not in ran and (root / file_of(n)).exists()}
    lines = [f"{value:.1f} {name}\n" for name, value in sorted((kept | slowest(seconds)).items())]
    head = (
        f"# Tests of more than {SLOW:g} s of processor time, which `make quick` leaves out: tests/helpers/quick.py.\n"
    )
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.write_text(head + "".join(lines), encoding="utf-8")
    temporary.replace(file)


class Quick:
    """Leaves out what the rules say, if asked to, and says so; measures every test, and names or records slow ones."""

    def __init__(self, config: pytest.Config, quick: bool, recording: bool = False) -> None:
        self.config, self.quick, self.recording = config, quick, recording
        self.left_out: Counter[str] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self.shared: dict[str, float] = {}  # seconds of each fixture that several tests share
        self.uses: dict[str, list[str]] = {}  # those that a test uses and did not set up itself
        self.set_up: dict[str, float] = {}  # those that the present test set up

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if not self.quick:
            return
        slow = listed(self.config.rootpath / LIST)
        families: dict[str, list[pytest.Item]] = defaultdict(list)
        reasons: dict[str, str] = {}
        for item in items:
            if item.get_closest_marker("browser"):
                reasons[item.nodeid] = "marked browser"
            elif item.nodeid in slow or family(item.nodeid) in slow:
                reasons[item.nodeid] = "in tests/slow.txt"
            else:
                families[family(item.nodeid)].append(item)
        for cases in families.values():
            chosen = evenly(len(cases))
            others = [case for index, case in enumerate(cases) if index not in chosen]
            reasons |= {case.nodeid: f"cases of tests with more than {CASES}" for case in others}
        self.left_out = Counter(reasons.values())
        self.config.hook.pytest_deselected(items=[item for item in items if item.nodeid in reasons])
        items[:] = [item for item in items if item.nodeid not in reasons]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item):
        self.set_up = {}
        try:
            return (yield from self._measured(item))
        finally:
            known = getattr(item, "_fixtureinfo", None)  # a cell of a notebook has none
            used = {key(found[-1]) for found in known.name2fixturedefs.values() if found} if known else set()
            item.user_properties.append(("set up", self.set_up))
            item.user_properties.append(("uses", sorted(used - self.set_up.keys())))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef):
        before = processor_seconds()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self.set_up[key(fixturedef)] = processor_seconds() - before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item):
        return (yield from self._measured(item))

    @staticmethod
    def _measured(item: pytest.Item):
        before = processor_seconds()
        try:
            return (yield)
        finally:
            item.user_properties.append(("processor", processor_seconds() - before))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each report carries all that was measured of its test so far, so the last one has the sum."""
        told = defaultdict(list)
        for name, value in report.user_properties:
            told[name].append(value)
        self.seconds[report.nodeid] = max(self.seconds[report.nodeid], sum(told["processor"]))
        for fixtures in told["set up"]:
            self.shared |= {name: max(spent, self.shared.get(name, 0)) for name, spent in fixtures.items()}
        for names in told["uses"]:
            self.uses[report.nodeid] = names

    def pytest_sessionfinish(self) -> None:
        """A worker of xdist tells the process that reports; all of them have left out the same."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["left_out"] = dict(self.left_out)
        elif self.recording:
            record(self._tests(), self.config.rootpath)

    def _tests(self) -> dict[str, float]:
        """Seconds that each test would take by itself; cells of notebooks the quick form does not run at all."""
        return {
            name: spent + max((self.shared.get(fixture, 0) for fixture in self.uses.get(name, [])), default=0)
            for name, spent in self.seconds.items()
            if file_of(name).endswith(".py")
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        self.left_out = Counter(getattr(node, "workeroutput", {}).get("left_out", {})) or self.left_out

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self.left_out:
            terminalreporter.section("left out of the quick form; make test runs it all")
            for reason, count in sorted(self.left_out.items()):
                terminalreporter.write_line(f"{count:6} {reason}")
            terminalreporter.write_line("       the lessons against their stored outputs; most examples of Hypothesis")
        slow = listed(self.config.rootpath / LIST)  # written just now, if that was asked for
        tests = self._tests().items()
        new = {name: s for name, s in tests if s > 2 * SLOW and not {name, family(name)} & slow.keys()}
        if new:
            terminalreporter.section(f"over {2 * SLOW:g} s of processor time and not in tests/slow.txt (--record-slow)")
            for name, seconds in sorted(new.items()):
                terminalreporter.write_line(f"{seconds:6.1f} s {name}")
