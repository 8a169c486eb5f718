"""Test cases and foregrounds as files, before any is read."""

from dataclasses import dataclass
from pathlib import Path

COMPOSED = ("merged", "image", "images", "input")
TRIMAPS = ("trimaps", "trimap")


@dataclass(frozen=True)
class LayerFiles:
    """A foreground and its alpha."""

    foreground: Path
    alpha: Path


@dataclass(frozen=True)
class Entry:
    """One test case as files: `image`, or `pair` to be composed over a background; a trimap or none.

    behind: the name of its background, where the set lists one. fault: why it cannot be used.
    """

    name: str
    alpha: Path | None = None
    image: Path | None = None
    pair: LayerFiles | None = None
    trimap: Path | None = None
    behind: str | None = None
    background: Path | None = None
    fault: str | None = None
