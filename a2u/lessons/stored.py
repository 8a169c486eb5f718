"""A rebuilt notebook keeps the stored bytes of each picture that looks as it did.

Another processor, or another release of a library, rounds the last bit of a number differently, and a pixel changes by
one step of 255 that no eye sees. Stored again, each such picture would make every clone of the project larger.
"""

import base64
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

STEPS = 2  # of 255: two pictures whose pixels differ by no more look the same
PNG, WORDS = "image/png", "text/plain"


def stored_pictures(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The pictures (PNG in base64) of stored notebooks, by the words beside them; a damaged notebook has none."""
    import nbformat
    from nbformat.reader import NotJSONError

    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        try:
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        except (OSError, UnicodeDecodeError, NotJSONError, nbformat.ValidationError):
            continue
        for data in _with_picture(notebook):
            if data[PNG] not in found[str(data.get(WORDS))]:
                found[str(data.get(WORDS))].append(data[PNG])
    return found


def keep_pictures(notebook: Any, stored: dict[str, list[str]]) -> int:
    """Give `notebook` the stored bytes of each picture that has the same words and looks the same; how many it has."""
    kept = 0
    for data in _with_picture(notebook):
        same = [each for each in stored.get(str(data.get(WORDS)), []) if looks_the_same(data[PNG], each)]
        if same:
            data[PNG] = same[0]
            kept += 1
    return kept


def looks_the_same(first: str, second: str) -> bool:
    """Do two pictures (PNG in base64) have one size, and no pixel that differs by more than `STEPS`?"""
    if first == second:
        return True
    import numpy as np

    one, two = _pixels(first), _pixels(second)
    return one.shape == two.shape and int(np.abs(one - two).max(initial=0)) <= STEPS


def _with_picture(notebook: Any) -> Iterator[Any]:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return (output["data"] for output in outputs if PNG in output.get("data", {}))


def _pixels(picture: str) -> Any:
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        return np.asarray(image.convert("RGBA"), dtype=np.int16)
