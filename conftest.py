"""What every run of pytest shares: the time that each lesson takes, and a machine without a network.

Every lesson is executed by nbval, cell by cell, so its time is measured there and costs nothing more: a table of all
lessons ends the run, and says loudly which lesson or cell is over its budget. That fails the run only where it is asked
for with `--hold-to-budget`: a machine may be slow or busy though nothing is wrong. What counts are the seconds that a
cell would take on a machine with nothing else to do: those on the clock, less those in which its processes stood in
line for a processor, which Linux counts. Where nobody counts them, the clock's.
"""

import gc
import importlib.util
import json
import os
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from longest_first import longest_first
from patience import patience
from quick import Quick

ROOT = Path(__file__).parent
NO_NETWORK = ROOT / "tests" / "no_network"
LESSON_SECONDS, CELL_SECONDS = 60.0, 15.0
LONG = 5.0  # seconds from which on a cell says beforehand how long it takes
MEASURED = ROOT / "notebooks" / "source" / "seconds.json"

collect_ignore = ["notebooks/teacher"]  # the code and the outputs of the solutions: a test holds them to that


def pytest_addoption(parser):
    """The budgets of `make times`."""
    group = parser.getgroup("lessons")
    for name, seconds in (("lesson", LESSON_SECONDS), ("cell", CELL_SECONDS)):
        text = f"how long a {name} may take (default {seconds:g})"
        group.addoption(f"--{name}-seconds", type=float, default=seconds, metavar="S", help=text)
    text = "a lesson or a cell that takes longer makes the run fail, and does not only say so"
    group.addoption("--hold-to-budget", action="store_true", help=text)
    text = f"store the seconds of long cells in {MEASURED.relative_to(ROOT)}, for the line above each of them"
    group.addoption("--store-seconds", action="store_true", help=text)
    text = "run the cells of a lesson a second time in the same kernel, when all of them have run"
    group.addoption("--twice", action="store_true", help=text)
    group.addoption("--quick", action="store_true", help="leave out what the rules of tests/helpers/quick.py name")
    text = "write tests/slow.txt, which names the tests that --quick leaves out for their time"
    group.addoption("--record-slow", action="store_true", help=text)


def pytest_configure(config):
    """Cut off the network, here and in every Python that is started from here; measure in the process that reports."""
    paths = [str(NO_NETWORK), *filter(None, [os.environ.get("PYTHONPATH")])]
    if paths[0] not in paths[1:]:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    spec = importlib.util.spec_from_file_location("no_network", NO_NETWORK / "sitecustomize.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if not hasattr(config, "workerinput"):
        options = config.option
        measured = MEASURED if options.store_seconds else None
        times = Times(options.lesson_seconds, options.cell_seconds, options.hold_to_budget, measured)
        config.pluginmanager.register(times, "lesson-times")
    config.pluginmanager.register(Quick(config, config.option.quick, config.option.record_slow), "quick")
    if hasattr(config.option, "nbval"):  # its plugin is there
        make_nbval_patient()
        if config.option.twice:
            make_nbval_run_lessons_twice()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Workers share the files of tests, and begin with the longest."""
    if hasattr(config, "workerinput"):
        longest_first(items, ROOT)


def pytest_collection_finish():
    """What is there before the first test stays to the end: garbage collection need not look at it time and again."""
    gc.collect()
    gc.freeze()


def make_nbval_patient():
    """Let nbval wait as long as this machine needs: for a kernel to start and to answer, for a cell, for an output.

    Its options set the first and the third; the others are numbers in its code, and all come through these two methods.
    """
    from nbval.kernel import RunningKernel

    start, get_message = RunningKernel.__init__, RunningKernel.get_message

    def patient_start(self, kernel_name, cwd=None, startup_timeout=60):
        self.patience = patience(1)
        start(self, kernel_name, cwd, self.patience * float(startup_timeout))

    def get_message_patiently(self, stream, timeout=None):
        return get_message(self, stream, None if timeout is None else self.patience * float(timeout))

    RunningKernel.__init__, RunningKernel.get_message = patient_start, get_message_patiently


def make_nbval_run_lessons_twice():
    """Let each lesson go on in its kernel as a learner may: all cells once more, and none of them fails.

    Their outputs are not compared again. Long cells run again, too: later ones may have changed what they define. The
    solutions differ in exercises alone, so their second time would show nothing new.
    """
    from nbval.plugin import IPyNbCell, IPyNbFile

    class Again(IPyNbCell):
        """A cell that has run in this kernel before."""

        timed = False

    collect = IPyNbFile.collect

    def collect_twice(self):
        cells = list(collect(self))
        yield from cells
        for cell in cells if self.path.parent.name != "solutions" else []:
            options = defaultdict(bool, {**cell.options, "check": False})
            how = {"name": f"{cell.name} again", "cell_num": cell.cell_num, "cell": cell.cell, "options": options}
            yield Again.from_parent(self, **how)

    IPyNbFile.collect = collect_twice


def computed(process):
    """Seconds that a process, and those it has ended, computed since it began."""
    import psutil  # ipykernel needs it, so it is there where a kernel is

    times = psutil.Process(process).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def stood_in_line(*processes):
    """Seconds that the threads of processes were ready to run and had no processor, if the system counts them."""
    total = 0
    for file in (file for each in processes for file in Path(f"/proc/{each}/task").glob("*/schedstat")):
        with suppress(OSError):  # a thread that has ended meanwhile
            total += int(file.read_text().split()[1])
    return total / 1e9


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Measure a cell of a notebook; its report carries the seconds to the process that makes the table."""
    kernel = getattr(item.parent, "kernel", None)
    if kernel is None or not kernel.is_alive() or not getattr(item, "timed", True):
        return (yield)
    kernel.patience = patience(1)  # before the cell's time begins: it may measure the machine
    process = kernel.km.provisioner.process.pid
    began, before, line = time.monotonic(), computed(process), stood_in_line(process, os.getpid())
    try:
        return (yield)
    finally:
        clock, seconds = time.monotonic() - began, 0.0
        if kernel.is_alive():
            lost = max(0.0, stood_in_line(process, os.getpid()) - line)
            seconds = max(computed(process) - before, clock - lost)
        item.user_properties += [("cell", [seconds, clock, before]), ("id", item.cell.get("id", ""))]


class Times:
    """The seconds of every lesson and of its cells, from the reports of nbval's cells."""

    def __init__(self, lesson_seconds=LESSON_SECONDS, cell_seconds=CELL_SECONDS, hold=False, measured=None):
        self.budget, self.hold, self.measured = (lesson_seconds, cell_seconds), hold, measured
        self.lessons, self.cells, self.long = {}, defaultdict(dict), defaultdict(dict)

    def pytest_runtest_logreport(self, report):
        """Count a cell; a lesson's time includes what its kernel computed to start."""
        file, _, name = report.nodeid.partition("::")
        cell = dict(report.user_properties).get("cell")
        if report.when == "call" and cell is not None:
            seconds, clock, before = cell
            if file not in self.cells:
                self.lessons[file] = Seconds(before, before)
            self.cells[file][name] = Seconds(seconds, clock)
            self.lessons[file] += self.cells[file][name]
            found = self.long[Path(file).stem]
            if seconds >= LONG:
                found[dict(report.user_properties).get("id", "")] = round(seconds, 1)

    def store(self):
        """Write the seconds of the long cells, by lesson and name of the cell; lessons that did not run keep theirs."""
        before = json.loads(self.measured.read_text()) if self.measured.is_file() else {}
        kept = {lesson: cells for lesson, cells in sorted({**before, **self.long}.items()) if cells}
        self.measured.write_text(json.dumps(kept, indent=2) + "\n")

    def over(self):
        """One sentence for each lesson and cell that took longer than it may."""
        lesson, cell = self.budget
        timed = [(file, whole, lesson) for file, whole in self.lessons.items()]
        timed += [(f"{f}, {name}", each, cell) for f, cells in self.cells.items() for name, each in cells.items()]
        return [f"{name}: {took}, the budget is {budget:g} s" for name, took, budget in timed if took.own > budget]

    def table(self):
        """Lines for people: each lesson with its seconds and its longest cell."""
        lines = [f"{'lesson':44} {'seconds':>8} {'(clock)':>9}  {'longest cell':>12} {'(clock)':>9}"]
        for file, whole in sorted(self.lessons.items()):
            cell = max(self.cells[file].values(), key=lambda each: each.own)
            lines.append(f"{file:44} {whole.own:8.1f} {whole.clock:9.1f}  {cell.own:12.1f} {cell.clock:9.1f}")
        return lines

    def pytest_sessionfinish(self, session):
        """With --hold-to-budget, a run in which everything agrees still fails if a lesson is too slow."""
        if self.measured is not None:
            self.store()
        if self.hold and session.exitstatus == 0 and self.over():
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        """The table, and what is over its budget."""
        if self.lessons:
            lesson, cell = self.budget
            terminalreporter.section(f"time of each lesson (budget {lesson:g} s, {cell:g} s for a cell)")
            for line in self.table():
                terminalreporter.write_line(line)
            for line in self.over():
                terminalreporter.write_line(f"OVER BUDGET: {line}", red=True, bold=True)


class Seconds(NamedTuple):
    """What a cell takes on a machine of its own, and what the clock said on this one."""

    own: float
    clock: float

    def __add__(self, other):
        return Seconds(self.own + other.own, self.clock + other.clock)

    def __str__(self):
        return f"{self.own:.1f} s ({self.clock:.1f} on the clock)"
