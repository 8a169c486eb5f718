"""`a2u lab`: the learner's copies of the lessons, then JupyterLab over them."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from a2u.errors import A2UError
from a2u.lessons import copies, progress, serve


def lab(
    lesson: Annotated[
        str | None, typer.Argument(help="The lesson to open, or to reset: its number or its name (without one: 00).")
    ] = None,
    reset: Annotated[
        bool,
        typer.Option("--reset", help="Make the copy of LESSON fresh (or all copies), keep the old one, and stop."),
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Make the copies, say how far you are, and stop: for VS Code.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the server (without one: the first free from 8888).")
    ] = None,
) -> None:
    """Open the course in JupyterLab, on copies of the lessons that are yours; --reset makes them fresh.

    The copies are in my-lessons/, so that git stays clean and an update of the course never overwrites what you wrote.
    A copy that holds no work of yours follows the course. Ctrl-C (twice) stops JupyterLab.
    """
    course = serve.notebooks_folder()
    wanted = copies.lesson_named(course, lesson) if lesson is not None else None
    if find_spec("jupyterlab") is None and not (prepare or reset):
        raise A2UError("JupyterLab is not installed: pip install 'a2u-upsampling[lab]', or use `make lab`.")
    folder = copies.place(course)
    said = copies.reset(course, folder, wanted) if reset else []
    said += copies.refresh(course, folder)
    for line in [*said, f"Your copies of the lessons are in {folder}.", *progress.lines(folder)]:
        print(line)
    if reset:
        print("Start with `a2u lab`. A lesson that is open now: File → Reload Notebook from Disk.")
    elif not prepare:
        _serve(folder / (f"{wanted}.ipynb" if wanted else serve.FIRST), browser, port)


def _serve(notebook: Path, browser: bool, port: int | None) -> None:
    """Become the JupyterLab that opens `notebook`."""
    serve.check_state_folder()
    free = serve.usable_port(port)
    if port is None and free is not None:
        address = serve.running_at(notebook.parent.parent)
        if address is not None:
            print(f"The course is already open at {address}, and now a second time: change each lesson in one of them.")
        print(f"Port {serve.PORT} is in use, so this one is {free}.")
    if browser and not serve.has_browser():
        browser = False
        print("There is no browser here: open the address below yourself.")
    command, environment = serve.lab_command(notebook, browser=browser, port=free)
    sys.stdout.flush()
    os.execve(command[0], command, environment)
