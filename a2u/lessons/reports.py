"""Results that commands of a2u wrote for this repository, for the lessons to show."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.reading import Unreadable, read_json

KEYS: Mapping[str, type] = {"label": str, "command": str}


def find_report(
    name: str, command: str, start: str | Path = ".", keys: Mapping[str, type] = KEYS
) -> dict[str, Any] | None:
    """The report `figures/NAME.json`, in `start` or the nearest folder around it that has one; None without.

    Args:
        name: "table1", "matting" or "guided".
        command: what writes it again, for the error.
        start: where to begin; a notebook begins where it is.
        keys: what the report must hold, and of which type.

    Raises:
        A2UError: The file is damaged.
    """
    place = Path(start).resolve()
    for folder in (place, *place.parents):
        path = folder / "figures" / f"{name}.json"
        if path.is_file():
            try:
                report: dict[str, Any] = read_json(path, dict(keys))
            except Unreadable:
                raise
            except A2UError as error:
                raise A2UError(f"{error} `{command}` writes it again.") from error
            return report
    return None
