"""The explorers of all lessons. They are found, not listed.

A module of `a2u/lessons` that makes a Panel has a function `explorer`, which opens it.
"""

import ast
from pathlib import Path

from project import ROOT

LESSONS = ROOT / "a2u" / "lessons"


def makes_panels(path: Path) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return any(isinstance(func, ast.Name) and func.id == "Panel" for func in calls)


EXPLORERS = sorted(
    ".".join(path.relative_to(LESSONS).with_suffix("").parts)
    for path in LESSONS.rglob("*.py")
    if path.stem != "frame" and makes_panels(path)
)
