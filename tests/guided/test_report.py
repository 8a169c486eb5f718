"""What the guided report holds each row against."""

from pathlib import Path
from typing import Any

import pytest

from a2u.guided import report
from a2u.guided.rows import ROWS, VARIANTS, Row


def test_a_network_that_is_a_row_and_a_variant_is_held_against_both(monkeypatch: pytest.MonkeyPatch) -> None:
    bands = {"bilinear": 0.2, "a2u-dynamic-cs": 0.25, "a2u-dynamic-cs-norm": 0.26}

    def made(_runs: Path, each: Row, _asked: list[Any]) -> dict[str, Any]:
        seeds = {0: {"band": bands[each.name]}, 1: {"band": bands[each.name]}} if each.name in bands else {}
        return {"row": each.name, "title": each.title, "against": each.against, "seeds": seeds}

    monkeypatch.setattr(report, "_row", made)
    (part, *_) = report.collect(Path("runs"), "quick", [0, 1])["parts"]
    name = "a2u-dynamic-cs-norm"
    assert name in {*ROWS} & {*VARIANTS}
    (row,), (variant,) = ([each for each in part[kind] if each["row"] == name] for kind in ("rows", "variants"))
    assert (row["title"], variant["title"]) == (ROWS[name].title, VARIANTS[name].title)
    assert row["difference"]["mean"] == pytest.approx(60)
    assert variant["difference"]["mean"] == pytest.approx(10)
