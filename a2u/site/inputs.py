"""What a page and its pictures are made from, as digests: a finished piece is used again while these stay the same.

Too much is counted rather than too little. The explorer of a lesson may use every part of the library, so any change
there draws it again; a change in another lesson's folder, in the command line or in a style sheet does not.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import a2u
from a2u.lessons.page import Page
from a2u.site.kept import digest

HOME = Path(a2u.__file__).parent
_UNSEEN = ("bench", "commands", "site")  # rooms that no explorer uses; test_house.py holds them to that
_DRAWS = (HOME / "site" / "frames.py", HOME / "site" / "colours.py")
_COPIED = ("static", "vendor")  # of the site: files that stand beside the pages, not in them
_OTHERS = re.compile(r"\ba2u\.lessons\.(\w+)")
_PACKAGES = (
    *("torch", "numpy", "matplotlib", "pillow", "ipywidgets", "scipy", "scikit-image", "opencv-python-headless"),
    *("pymatting", "nbconvert", "nbformat", "mistune", "jinja2", "beautifulsoup4", "latex2mathml", "pygments"),
)


class Inputs:
    """Digests, of the files as they are now; each file is read once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._versions = digest(sys.version, *map(_version, _PACKAGES))

    def of_explorer(self, page: Page) -> str:
        """Of the pictures of one explorer: what it offers, the library, the lesson, and how they are stored."""
        lesson = page.module.split(".")[2]
        files = [*_DRAWS, *_library(), *_lessons(lesson)]
        return digest(self._versions, repr(page), *map(self._of, files))

    def of_site(self) -> str:
        """Of what turns a notebook into a page."""
        files = [path for path in _files(HOME / "site") if path.relative_to(HOME / "site").parts[0] not in _COPIED]
        shared = [HOME / "lessons" / "editions.py", HOME / "plots" / "style.py"]
        return digest(self._versions, *map(self._of, [*files, *shared]))

    def _of(self, path: Path) -> str:
        if path not in self._known:
            self._known[path] = digest(path.relative_to(HOME).as_posix(), path.read_bytes())
        return self._known[path]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _library() -> Iterator[Path]:
    """Everything but the rooms that no explorer uses and the folders of single lessons."""
    for path in _files(HOME):
        room, *rest = path.relative_to(HOME).parts
        if room not in _UNSEEN and not (room == "lessons" and len(rest) > 1):
            yield path


def _lessons(name: str) -> Iterator[Path]:
    """The folder of a lesson, and those of the lessons that it names."""
    left, seen = [name], set[str]()
    while left:
        seen.add(folder := left.pop())
        for path in _files(HOME / "lessons" / folder):
            yield path
            if path.suffix == ".py":
                left += set(_OTHERS.findall(path.read_text(encoding="utf-8"))) - seen - set(left)
