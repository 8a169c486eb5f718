"""Links in the Markdown of the lessons: to other lessons, and to pages and pictures that lie beside them.

A link is written as it holds in `notebooks/`. Where an edition lies a folder deeper, :func:`from_below` changes it. The
learner's copies lie as the editions do, so their links hold too.
"""

import re
from pathlib import PurePosixPath

_LINK = re.compile(r"(?<=\]\()(?![a-z][a-z0-9+.-]*:|[/#])([^\s()]+\.[a-z0-9]+)(?=[)#\s])")
_LESSON = ".ipynb"
MOVING, STILL = ".webp", ".png"


def from_below(text: str) -> str:
    """Markdown as it holds one folder deeper: only lessons, of which each edition has its own, are linked as before."""
    return _LINK.sub(lambda link: link[0] if link[0].endswith(_LESSON) else f"../{link[0]}", text)


def pictures(text: str) -> list[str]:
    """The pictures that a text shows or links, in order, each once; with each animation the still of its name."""
    found = [link for link in _LINK.findall(text) if link.endswith((MOVING, STILL))]
    return list(dict.fromkeys(each for link in found for each in (link, still(link))))


def still(picture: str) -> str:
    """The picture without motion: NAME.png beside NAME.webp; any other picture is still itself."""
    return str(PurePosixPath(picture).with_suffix(STILL)) if picture.endswith(MOVING) else picture
