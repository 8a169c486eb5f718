"""A saved lesson keeps a picture of each explorer, as it stood when the notebook was saved.

The view of a live widget refers to a kernel. Opened again, with a new kernel or none, it shows "model not found", even
where a picture stands beside it. So when a notebook is saved, each such view gives way to its picture and a line that
says how to bring the explorer back, and that of a question to its options; the open page keeps its live widgets.

The server of `a2u lab` calls :func:`before_saving` (`lessons/jupyter/jupyter_server_config.json` says so), and the page
sends it the state of its widgets with the notebook (`lessons/jupyter/labconfig/default_setting_overrides.json`). This
state holds the latest pictures. Stored, it would only show sliders that move nothing, so it is removed.
"""

import base64
import html
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PNG, WORDS = "image/png", "text/plain"
BESIDE = (PNG, "text/html")  # what a page without a kernel can show in the place of a view
MARK = "a2u-explorer"  # in the metadata of an explorer's output, as `a2u.lessons.in_page` has it
REMEMBERED = 100  # explorers of which the server remembers what it saved, some 100 KB each
NOTE = "The explorer as it was when this notebook was saved. Run this cell (Shift+Enter) to move it again."
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_REFERENCE = "IPY_MODEL_"


class Shown(NamedTuple):
    """What an explorer showed when it was saved: its picture (PNG in base64), described, and the words under it."""

    png: str
    alt: str
    says: str


_before: dict[str, Shown] = {}  # by widget: a page whose kernel has been restarted sends no state any more


def before_saving(model: dict[str, Any], **_: Any) -> None:
    """Jupyter calls this with what it is about to write. Should it raise, Jupyter logs that and saves all the same.

    Args:
        model: of Jupyter's contents API. Its notebook is changed in place; a file of another type is left alone.
    """
    if model.get("type") == "notebook" and isinstance(model.get("content"), dict):
        keep_pictures(model["content"])


def keep_pictures(notebook: dict[str, Any]) -> None:
    """Each widget view gives way to the picture or the page that stands beside it; the state of all widgets goes."""
    saved = notebook.get("metadata", {}).pop("widgets", None) or {}
    state = saved.get(STATE, {}).get("state", {})
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") == "code":
            cell["outputs"] = [kept for output in cell.get("outputs", []) for kept in _kept(output, state)]


def _kept(output: dict[str, Any], state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The outputs that take the place of this one."""
    data = output.get("data", {})
    if VIEW not in data or not any(kind in data for kind in BESIDE):
        yield output
        return
    picture = {**output, "data": {kind: value for kind, value in data.items() if kind != VIEW}}
    about = output.get("metadata", {})
    if MARK not in about:
        yield picture
        return
    yield _shown({"text/markdown": f"*{NOTE}*", WORDS: NOTE})
    now = _remembered(data[VIEW].get("model_id", ""), state)
    if now is None:
        yield picture
        return
    text = "\n".join(filter(None, [now.alt, now.says]))
    picture["data"] |= {PNG: now.png, WORDS: text}
    yield {**picture, "metadata": {**about, PNG: {**about.get(PNG, {}), "alt": now.alt}}}
    yield _shown({"text/html": _in_words(now.alt, now.says), WORDS: text})


def _remembered(name: str, state: dict[str, Any]) -> Shown | None:
    """What an explorer shows now or, if the page did not say, showed when it was last saved."""
    now = _now(list(_below(name, state))) or _before.get(name)
    if now is not None:
        _before.pop(name, None)
        _before[name] = now
        while len(_before) > REMEMBERED:
            _before.pop(next(iter(_before)))
    return now


def _now(parts: list[dict[str, Any]]) -> Shown | None:
    """What the parts of a panel show; None if the page did not send them all."""
    loose = next((part["value"] for part in parts if part["model"] == "ImageModel" and "value" in part), None)
    words = next((part for part in parts if "alt" in part), None)
    if loose is None or words is None:
        return None
    return Shown(base64.b64encode(repacked(base64.b64decode(loose))).decode(), words["alt"], words.get("says", ""))


def _shown(data: dict[str, str]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _in_words(alt: str, says: str) -> str:
    """What stands under the picture. JupyterLab gives a stored picture no alternative text, so it stands here too."""
    lines = "<br>".join(map(html.escape, says.splitlines()))
    return f"{lines}<details><summary>This picture in words</summary>{html.escape(alt)}</details>"


def _below(name: str, state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The state of a widget and of all widgets inside it, the outermost first; binary values are base64."""
    found = state.get(name)
    if found is None:
        return
    values = {"model": found.get("model_name"), **found.get("state", {})}
    for buffer in found.get("buffers", []):
        if len(buffer["path"]) == 1 and buffer.get("encoding") == "base64":
            values[buffer["path"][0]] = buffer["data"]
    yield values
    for child in values.get("children", []):
        yield from _below(child.removeprefix(_REFERENCE), state)


def repacked(png: bytes) -> bytes:
    """The same picture as small as zlib makes it: what is shown while a slider moves is packed loosely, to be fast.

    A picture that the cell has stored and that still shows gets the same bytes again.
    """
    kinds, packed, place = [], [], len(_SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kinds.append(png[place + 4 : place + 8])
        packed.append(png[place + 8 : place + 8 + length])
        place += 12 + length
    pixels = b"".join(data for kind, data in zip(kinds, packed, strict=True) if kind == b"IDAT")
    chunks = [(k, d) for k, d in zip(kinds, packed, strict=True) if k != b"IDAT"]
    chunks.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
