"""What `uv sync --all-extras` downloads: the sum of the sizes that uv.lock states, for one kind of machine."""

import tomllib
from functools import cache
from typing import Any
from urllib.parse import unquote

from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename
from project import ROOT

PLATFORMS = {
    ("linux", "x86_64"): [*(f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)), "manylinux2014_x86_64"],
    ("darwin", "arm64"): list(mac_platforms((15, 0), "arm64")),
}


@cache
def _packages() -> list[dict[str, Any]]:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]


def downloaded(system: str, machine: str, python: str = "3.12") -> int:
    """Bytes of all wheels that the whole environment needs there; of a package without a fitting one, its source."""
    place = {"python_full_version": f"{python}.0", "python_version": python, "sys_platform": system,
             "platform_machine": machine, "platform_system": {"linux": "Linux", "darwin": "Darwin"}[system],
             "implementation_name": "cpython", "platform_python_implementation": "CPython", "os_name": "posix",
             "extra": ""}  # fmt: skip
    number, platforms = tuple(map(int, python.split("."))), PLATFORMS[system, machine]
    interpreter = f"cp{python.replace('.', '')}"
    fitting = [*cpython_tags(number, platforms=platforms), *compatible_tags(number, interpreter, platforms)]
    rank = {tag: position for position, tag in enumerate(fitting)}
    return sum(_size(package, rank) for package in _needed(place) if "editable" not in package["source"])


def _needed(place: dict[str, str]) -> list[dict[str, Any]]:
    """The project, and every package that it or its extras need in this place."""
    project = next(package for package in _packages() if "editable" in package["source"])
    todo, seen = [(project, tuple(project["optional-dependencies"]))], {}
    while todo:
        package, extras = todo.pop()
        name = package["name"], package["version"]
        new = set(extras) - seen.get(name, (package, set()))[1]
        needs = [] if name in seen else list(package.get("dependencies", []))
        seen.setdefault(name, (package, set()))[1].update(extras)
        for extra in new:
            needs += package.get("optional-dependencies", {}).get(extra, [])
        for need in needs:
            if "marker" not in need or Marker(need["marker"]).evaluate(place):
                todo.append((_found(need, place), tuple(need.get("extra", ()))))
    return [package for package, _ in seen.values()]


def _found(need: dict[str, Any], place: dict[str, str]) -> dict[str, Any]:
    """The locked package of a name; of several versions the one for this place."""
    found = [each for each in _packages() if each["name"] == need["name"]]
    found = [each for each in found if need.get("version", each["version"]) == each["version"]]
    if len(found) > 1:
        found = [each for each in found if any(Marker(m).evaluate(place) for m in each["resolution-markers"])]
    (package,) = found
    return package


def _size(package: dict[str, Any], rank: dict[Any, int]) -> int:
    best = {}
    for wheel in package.get("wheels", []):
        tags = parse_wheel_filename(unquote(wheel["url"].rsplit("/", 1)[1]))[3]
        ranks = [rank[tag] for tag in tags if tag in rank]
        if ranks:
            best[min(ranks)] = wheel["size"]
    return best[min(best)] if best else package["sdist"]["size"]
