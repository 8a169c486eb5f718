"""What every run of pytest shares: lessons that keep to their time, on a machine without a network.

Every lesson is executed by nbval, cell by cell, so its time is measured there and costs nothing more: a table of all
lessons ends the run, and a lesson or a cell over its budget makes the run fail. What counts are the seconds that the
kernel's process computes, on one thread: on a machine with nothing else to do they are the seconds that a learner
waits, and on a busy one, where the clock says more, they stay what they are. The clock counts only beyond PATIENCE
times the budget, for a lesson that waits instead of computing.
"""

import importlib.util
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
NO_NETWORK = ROOT / "tests" / "no_network"
LESSON_SECONDS, CELL_SECONDS = 60.0, 15.0
PATIENCE = 4

collect_ignore = ["notebooks/teacher"]  # the code and the outputs of the solutions: a test holds them to that


def pytest_addoption(parser):
    """The budgets of `make times`."""
    group = parser.getgroup("lessons")
    for name, seconds in (("lesson", LESSON_SECONDS), ("cell", CELL_SECONDS)):
        text = f"how long a {name} may take (default {seconds:g})"
        group.addoption(f"--{name}-seconds", type=float, default=seconds, metavar="S", help=text)


def pytest_configure(config):
    """Cut off the network, here and in every Python that is started from here; measure in the process that reports."""
    paths = [str(NO_NETWORK), *filter(None, [os.environ.get("PYTHONPATH")])]
    if paths[0] not in paths[1:]:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    spec = importlib.util.spec_from_file_location("no_network", NO_NETWORK / "sitecustomize.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Times(config.option.lesson_seconds, config.option.cell_seconds), "lesson-times")


def processor_seconds(kernel):
    """Seconds that a kernel's process and the processes it has ended computed since it began."""
    import psutil  # ipykernel needs it, so it is there where a kernel is

    times = psutil.Process(kernel.km.provisioner.process.pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Measure a cell of a notebook; its report carries the seconds to the process that makes the table."""
    kernel = getattr(item.parent, "kernel", None)
    if kernel is None:
        return (yield)
    before = processor_seconds(kernel)
    try:
        return (yield)
    finally:
        now = processor_seconds(kernel) if kernel.is_alive() else before
        item.user_properties.append(("processor", [now - before, now]))


class Times:
    """The seconds of every lesson and of its cells, from the reports of nbval's cells."""

    def __init__(self, lesson_seconds=LESSON_SECONDS, cell_seconds=CELL_SECONDS):
        self.budget = (lesson_seconds, cell_seconds)
        self.lessons, self.cells = defaultdict(Seconds), defaultdict(dict)

    def pytest_runtest_logreport(self, report):
        """Count a cell; a lesson's time includes the start of its kernel."""
        file, _, cell = report.nodeid.partition("::")
        if file.endswith(".ipynb"):
            self.lessons[file].clock += report.duration
            processor = dict(report.user_properties).get("processor")
            if report.when == "call" and processor is not None:
                self.lessons[file].processor = processor[1]
                self.cells[file][cell] = Seconds(processor[0], report.duration)

    def over(self):
        """One sentence for each lesson and cell that took longer than it may."""
        lesson, cell = self.budget
        timed = [(file, seconds, lesson) for file, seconds in self.lessons.items()]
        timed += [(f"{f}, {name}", s, cell) for f, cells in self.cells.items() for name, s in cells.items()]
        return [f"{name}: {seconds}, it may take {budget:g}" for name, seconds, budget in timed if seconds.over(budget)]

    def table(self):
        """Lines for people: each lesson with its seconds and its longest cell."""
        lines = [f"{'lesson':44} {'seconds':>8} {'(clock)':>9}  {'longest cell':>12} {'(clock)':>9}"]
        for file, whole in sorted(self.lessons.items()):
            longest = max(self.cells[file].values(), key=lambda cell: cell.processor, default=Seconds())
            lines.append(
                f"{file:44} {whole.processor:8.1f} {whole.clock:9.1f}  {longest.processor:12.1f} {longest.clock:9.1f}"
            )
        return lines

    def pytest_sessionfinish(self, session):
        """A run in which everything agrees still fails if a lesson is too slow."""
        if self.over() and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        """The table, and what is over its budget."""
        if self.lessons:
            lesson, cell = self.budget
            terminalreporter.section(f"time of each lesson (at most {lesson:g} s, {cell:g} s a cell)")
            for line in self.table():
                terminalreporter.write_line(line)
            for line in self.over():
                terminalreporter.write_line(f"TOO SLOW: {line}", red=True)


@dataclass
class Seconds:
    """What the processor spent, and what the clock said."""

    processor: float = 0.0
    clock: float = 0.0

    def __str__(self):
        return f"{self.processor:.1f} s of computing, {self.clock:.1f} s on the clock"

    def over(self, budget):
        """More computing than the budget, or waiting that no busy machine explains."""
        return self.processor > budget or self.clock > PATIENCE * budget
