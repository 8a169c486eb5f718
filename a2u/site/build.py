"""The whole site, written beside its place and then put there: `make site`; the slides alone: `make slides`.

python -m a2u.site                        # notebooks/ → site/
python -m a2u.site --slides               # → slides/, without pages
python -m a2u.site 01_one_formula         # some lessons only
"""

import argparse
import base64
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.site import lesson as lessons
from a2u.site.lesson import Lesson
from a2u.site.pages import ICON, Section, search_script, template, write_deck, write_page

HERE = Path(__file__).parent
ASSETS = "assets"
_MARKER = f"{ASSETS}/LICENSES.txt"  # a folder without it was not written by us, and is not replaced


def build(folder: Path, out: Path, names: Sequence[str] = (), *, pages: bool = True, workers: int = 1) -> list[Lesson]:
    """Export lessons from ``folder`` and put them at ``out`` in one step; returns what was exported.

    Args:
        folder: with the built notebooks.
        out: replaced if it holds a site; left alone if anything fails.
        names: of lessons; all without.
        pages: False writes the slides alone.
        workers: processes that share the lessons.

    Raises:
        A2UError: a lesson cannot be exported, or ``out`` holds something else.
    """
    _check(out)
    every = lessons.names(folder)
    order = [lessons.describe(name, lessons.read(folder, name)) for name in (names or every)]
    if not order:
        raise A2UError(f"There are no built lessons in {folder}: run make notebooks first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write_assets(part, pages)
        sections = [each for found in _run(folder, order, part, pages, workers) for each in found]
        if pages:
            (part / ASSETS / "search.js").write_text(search_script(sections, order), encoding="utf-8")
        _write_index(folder, part, order, pages)
        part.chmod(0o755)  # a temporary folder is its owner's alone
        _put(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return order


def _run(folder: Path, order: Sequence[Lesson], part: Path, pages: bool, workers: int) -> list[list[Section]]:
    jobs = [(folder, each.name, order, part, pages) for each in order]
    if workers == 1 or len(jobs) == 1:
        return [_one(*job) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        return [done.result() for done in [pool.submit(_one, *job) for job in jobs]]


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _one(folder: Path, name: str, order: Sequence[Lesson], part: Path, pages: bool) -> list[Section]:
    """All files of one lesson. Files that two lessons share have names that are digests, and equal content."""
    sections = write_page(folder, name, order, part) if pages else []
    this = next(each for each in order if each.name == name)
    write_deck(folder, name, this, part, page=pages)
    print(f"{name}: {len(sections)} sections" if pages else name, flush=True)
    return sections


def _check(out: Path) -> None:
    if out.exists() and not (out.is_dir() and ((out / _MARKER).is_file() or not any(out.iterdir()))):
        raise A2UError(f"{out} is there and was not written by this command. Give another --out, or remove it.")


def _put(part: Path, out: Path) -> None:
    old = part.with_name(f"{part.name}.old")
    if out.exists():
        out.replace(old)
    part.replace(out)
    shutil.rmtree(old, ignore_errors=True)


def _write_assets(out: Path, pages: bool) -> None:
    """Style sheets, scripts and what others made, with its licences."""
    folder = out / ASSETS
    folder.mkdir(parents=True)
    own = ["cells.css", "deck.css", "deck.js", *(["site.css", "site.js"] if pages else [])]
    for name in own:
        shutil.copyfile(HERE / "static" / name, folder / name)
    for name in ("reveal.css", "reveal.js"):
        text = (HERE / "vendor" / "reveal" / name).read_text(encoding="utf-8")
        text = re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)  # the map is not here
        (folder / name).write_text(text, encoding="utf-8")
    # In the style sheet itself: some browsers let a page in a folder load no font from a file.
    font = base64.b64encode((HERE / "vendor" / "stix" / "STIXTwoMath.woff2").read_bytes()).decode()
    face = f'font-family: "STIX Two Math"; src: url(data:font/woff2;base64,{font}) format("woff2"); font-display: swap'
    (folder / "math.css").write_text(f'@font-face {{ {face} }}\nmath {{ font-family: "STIX Two Math", math }}\n')
    licences = [
        f"{title}\n{'=' * len(title)}\n\n{(HERE / 'vendor' / name / 'LICENSE').read_text(encoding='utf-8')}"
        for title, name in (("reveal.js 5.2.1", "reveal"), ("STIX Two Math, changed", "stix"))
    ]
    (folder / "LICENSES.txt").write_text("\n\n".join(licences), encoding="utf-8")


def _write_index(folder: Path, out: Path, order: Sequence[Lesson], pages: bool) -> None:
    from a2u.site.export import markdown
    from a2u.site.mathematics import mathml
    from a2u.site.pages import _safe

    def inline(text: str) -> Any:
        return _safe(re.sub(r"^<p>|</p>$", "", markdown(text).strip()))

    values: dict[str, Any] = {
        "title": "a2u: how neural networks upsample",
        "description": "A course on upsampling: every operator as y = wᵀz, with the w and the z behind any value.",
        "icon": ICON,
        "lessons": order,
        "goals": {each.name: [inline(goal) for goal in each.goals] for each in order},
        "time": _duration(sum(each.minutes for each in order)),
        "exercises": _duration(sum(each.exercises for each in order)).removesuffix(" hours"),
    }
    if not pages:
        (out / "index.html").write_text(template("decks.html.j2").render(**values), encoding="utf-8")
        return
    values["formula"] = _safe(mathml(r"y = g(w, z) = w^\top z", "block"))
    figures = folder.parent / "figures"
    values["inspector"] = _figure(figures / "inspector.png", out, _INSPECTOR)
    values["map"] = _figure(figures / "operators.png", out, _MAP)
    (out / "index.html").write_text(template("index.html.j2").render(**values), encoding="utf-8")


def _duration(minutes: int) -> str:
    return f"{round(minutes / 60)} hours" if minutes >= 90 else f"{minutes} minutes"


_INSPECTOR = (
    "One value on the edge of a digit in a trained network: the window z on the 16×16 map, the kernel w that A²U made "
    "for this place, their products, and the sum in the 32×32 output."
)
_MAP = "The family tree of operators: by distance, learned once, from features, from pairs of features."


def _figure(path: Path, out: Path, alt: str) -> dict[str, Any] | None:
    """A picture of figures/ on the contents page, if it is there."""
    if not path.is_file():
        return None
    shutil.copyfile(path, out / lessons.PICTURES / path.name)
    width, height = lessons.size(path.read_bytes())
    return {"file": f"{lessons.PICTURES}/{path.name}", "alt": alt, "width": width, "height": height}


def main(arguments: list[str] | None = None) -> int:
    """The command behind `make site` and `make slides`; the exit code is 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m a2u.site", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="lessons, such as 01_one_formula (all without a name)")
    parser.add_argument("--slides", action="store_true", help="write the slides alone")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"))
    parser.add_argument("--out", type=Path, help="default: site, or slides with --slides")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    given = parser.parse_args(arguments)
    out = given.out or Path("slides" if given.slides else "site")
    try:
        order = build(given.folder, out, given.names, pages=not given.slides, workers=given.workers)
    except A2UError as error:
        print(f"a2u: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{len(order)} lessons, {size / 1e6:.1f} MB: open {out / 'index.html'}")
    return 0
