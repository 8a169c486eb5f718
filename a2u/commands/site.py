"""`a2u site`: the lessons as pages and slides that need no kernel and no network."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from a2u.commands.bar import bar, say
from a2u.errors import A2UError


def site(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons, such as 01_one_formula. Default: all.")] = None,
    slides: Annotated[bool, typer.Option("--slides", help="Write the slides alone.")] = False,
    stored: Annotated[
        bool, typer.Option("--stored", help="Show the notebooks as they lie in the folder, committed or not.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the notebooks are.")] = Path("notebooks"),
    out: Annotated[Path | None, typer.Option(help="Where to write [default: site, with --slides: slides].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes [default: one per core, at most 4].")] = None,
) -> None:
    """Write the lessons as pages and slides that need no kernel and no network.

    The notebooks are those of the last commit, so answers and cleared outputs of a working copy stay out. All of them
    are checked before the first page is made. What is finished is kept: a stopped build goes on where it was, and a
    later one makes only what has changed. The old site stays until the new one is whole.
    """
    try:
        from a2u.site.build import Told, build
    except ModuleNotFoundError as error:
        raise A2UError(
            f"{error.name} is not installed: pip install 'a2u-upsampling[site]', or use `make site`."
        ) from error
    out = out or Path("slides" if slides else "site")
    try:
        with bar(1, "pictures and pages") as drawn:

            def on_progress(done: int, total: int, lesson: str) -> None:
                drawn.show(done, "slides" if slides else "site", lesson, total)

            order = build(
                folder,
                out,
                names or (),
                pages=not slides,
                stored=stored,
                workers=workers or min(4, os.cpu_count() or 1),
                told=Told(say, on_progress),
            )
    except A2UError as error:
        *others, last = str(error).splitlines()
        for line in others:
            say(f"a2u: {line}")
        raise A2UError(last) from error
    except KeyboardInterrupt:
        say("a2u: stopped. What is finished is kept, and the same command goes on from there.")
        sys.exit(130)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(order)} lesson{'s' if len(order) > 1 else ''}, {size / 1e6:.1f} MB: open {out / 'index.html'}")
