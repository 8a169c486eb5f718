"""Results that commands of a2u wrote for this repository, for the lessons to show."""

import json
from pathlib import Path
from typing import Any

from a2u.errors import A2UError


def find_report(name: str, command: str, start: str | Path = ".") -> dict[str, Any] | None:
    """The report `figures/NAME.json`, in `start` or the nearest folder around it that has one; None without.

    Args:
        name: "table1" or "matting".
        command: what writes it again, for the error.
        start: where to begin; a notebook begins where it is.

    Raises:
        A2UError: The file is damaged.
    """
    place = Path(start).resolve()
    for folder in (place, *place.parents):
        path = folder / "figures" / f"{name}.json"
        if path.is_file():
            try:
                report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise A2UError(f"{path} is damaged ({error}). `{command}` writes it again.") from error
            return report
    return None
