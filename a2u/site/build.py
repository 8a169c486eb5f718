"""The whole site: every notebook checked, every piece made or kept, then put in its place in one step.

`make site` and `make slides` call `a2u site`, which calls `build` here. What may go wrong leaves the old site as it
was: the new one grows in a hidden folder beside it (:mod:`a2u.site.kept`), and the two change places at the end.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from a2u.errors import A2UError
from a2u.files.writing import explain
from a2u.lessons.page import Page
from a2u.lessons.page import pages as declared
from a2u.site import checks, contents, frames, kept, moving, origin
from a2u.site.contents import MARKER
from a2u.site.inputs import Inputs
from a2u.site.kept import digest
from a2u.site.lesson import Lesson
from a2u.site.markup import Section
from a2u.site.origin import Origin
from a2u.site.pages import check_lesson, draw_frames, write_lesson
from a2u.site.work import Task, run

AT_ONCE = 12  # pictures of one piece: a few seconds of work


@dataclass(frozen=True)
class Told:
    """What a build calls on its way, each once or more.

    Attributes:
        on_origin: with a sentence that says where the notebooks are from.
        on_progress: with the steps done, those of the whole site, and the lesson of the last one.
    """

    on_origin: Callable[[str], None] = lambda _: None
    on_progress: Callable[[int, int, str], None] = lambda *_: None


def build(
    folder: Path,
    out: Path,
    names: Sequence[str] = (),
    *,
    pages: bool = True,
    stored: bool = False,
    workers: int = 1,
    explorers: Mapping[str, Page] | None = None,
    told: Told | None = None,
) -> list[Lesson]:
    """Export lessons and put them at ``out`` in one step; returns what was exported.

    Args:
        folder: with the built notebooks; those of its last commit are shown.
        out: replaced if it holds a site; left alone if anything fails.
        names: of lessons; all without.
        pages: False writes the slides alone.
        stored: True shows the notebooks as they lie in the folder, committed or not.
        workers: processes that share the work.
        explorers: what the pages offer of them; as the lessons declare it, without.
        told: who hears of the progress.

    Raises:
        A2UError: a notebook cannot be shown, with a line for each; ``out`` holds something else; another build is at
            work there; the disk is full or the place not writable.
    """
    told = told or Told()
    out = out.resolve()
    _check_place(out)
    try:
        with kept.workshop(out) as work:
            _check_place(out)  # a site that was set aside may be back
            found = origin.find(folder, stored)
            told.on_origin(found.words)
            wanted = sorted(set(names)) if names else found.names
            order = checks.check(found, wanted)
            offered = declared() if explorers is None else explorers
            _build(Plan(found, order, offered if pages else {}, pages), work, out, workers, told)
            return order
    except OSError as error:
        raise explain(error, Path(error.filename or out)) from error


@dataclass(frozen=True)
class Plan:
    """What is to be built."""

    origin: Origin
    order: list[Lesson]
    explorers: Mapping[str, Page]
    pages: bool


def _build(plan: Plan, work: Path, out: Path, workers: int, told: Told) -> None:
    checking, making = _tasks(plan)
    total, done = sum(task.steps for task in making), 0

    def on_done(task: Task) -> None:
        nonlocal done
        done += task.steps
        told.on_progress(done, total, task.name)

    told.on_progress(0, total, "looking at every notebook")
    found = run(checking, work, workers, to_the_end=True)
    found |= run([*checking, *making], work, workers, lambda task: on_done(task) if task in making else None)
    part = work / "next"
    shutil.rmtree(part, ignore_errors=True)
    contents.write_assets(part, plan.pages)
    for piece in found.values():
        piece.put(part)
    lesson_tasks = [task for task in making if task.kind == "lesson"]
    sections = [Section(**each) for task in lesson_tasks for each in found[task.place].record]
    contents.write_contents(part, plan.order, sections if plan.pages else None, plan.origin.folder.parent / "figures")
    if plan.pages:
        contents.write_notation(part, plan.origin.notation, plan.order)
    kept.exchange(work, out)
    kept.forget(work, [lesson.name for lesson in plan.order], list(found.values()))


def _tasks(plan: Plan) -> tuple[list[Task], list[Task]]:
    """What must hold of all lessons first, and the pieces of the site: each lesson's pictures, then its page."""
    inputs = Inputs()
    site = inputs.of_site()
    shown = repr([(each.name, each.number, each.title) for each in plan.order])  # of the others, on each page
    checking: list[Task] = []
    making: list[Task] = []
    for lesson in plan.order:
        name, explorer = lesson.name, plan.explorers.get(lesson.name)
        own = plan.origin.only(name)
        cells = digest(site, *(own.content(name, edition) or b"" for edition in ("student", "solutions")))
        shows = digest(*(each for pair in moving.addresses(own.files).items() for each in pair))
        pictures = inputs.of_explorer(explorer) if explorer else ""
        check = Task("check", name, digest(cells, pictures), check_lesson, (own, name, explorer))
        checking.append(check)
        drawing = _drawing(explorer, pictures) if explorer else []
        making += drawing
        key = digest(cells, shows, pictures, shown, str(plan.pages), str(bool(plan.origin.notation)))
        given = (own, name, plan.order, plan.pages)
        making.append(Task("lesson", name, key, write_lesson, given, (check, *drawing)))
    return checking, making


def _drawing(explorer: Page, pictures: str) -> list[Task]:
    count = frames.count(explorer)
    parts = [range(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]
    return [
        Task("frames", explorer.notebook, digest(pictures, repr(part)), draw_frames, (explorer, part), steps=len(part))
        for part in parts
    ]


def _check_place(out: Path) -> None:
    if out.exists() and not (out.is_dir() and ((out / MARKER).is_file() or not any(out.iterdir()))):
        raise A2UError(
            f"{out} is there and was not written by this command. Name another `out`, or remove what is there."
        )
