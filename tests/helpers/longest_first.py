"""Which file of tests a worker of xdist takes next: the longest, so that all workers finish at about the same time."""

import json
from collections import Counter
from pathlib import Path

import pytest
from quick import LIST, file_of, listed

LONG_CELLS = Path("notebooks", "source", "seconds.json")


def seconds(root: Path) -> Counter[str]:
    """What files take, from the stored seconds of slow tests and of long cells; short tests and cells count nothing."""
    found: Counter[str] = Counter()
    for test, spent in listed(root / LIST).items():
        found[file_of(test)] += spent
    for lesson, cells in json.loads((root / LONG_CELLS).read_text(encoding="utf-8")).items():
        for folder in ("notebooks", "notebooks/solutions"):
            found[f"{folder}/{lesson}.ipynb"] += sum(cells.values())
    return found


def longest_first(items: list[pytest.Item], root: Path) -> None:
    """Sort tests by the seconds of their files, in each file as they are; for `--dist loadfile --no-loadscope-reorder`.

    By itself xdist starts the files with the most tests, and those with few and long ones are left for the end.
    """
    spent = seconds(root)
    items.sort(key=lambda item: (-spent[file_of(item.nodeid)], file_of(item.nodeid)))
