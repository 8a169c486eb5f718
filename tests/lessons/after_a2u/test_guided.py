"""Lesson 12's guided experiment: a short training, and what is said of the whole table."""

import json
from pathlib import Path

import pytest

from a2u.errors import A2UError
from a2u.lessons.after_a2u import guided
from a2u.lessons.mode import choose_mode

BANDS = {"bilinear": (0.23, 0.24, 0.25), "carafe": (0.20, 0.21, 0.225), "naf": (0.22, 0.25, 0.24)}


def report(seeds: int = 3) -> dict:
    """A report as `a2u.guided.report.collect` makes one, with scores of our own, after it was a file."""
    rows = []
    for name, bands in BANDS.items():
        by_seed = {seed: {"band": band, "inside": 0.0, "sad": 1.0, "f": 0.5} for seed, band in enumerate(bands[:seeds])}
        mean = {score: sum(one[score] for one in by_seed.values()) / seeds for score in by_seed[0]}
        rows.append({
            "row": name, "title": name.title(), "axis": "", "against": "bilinear", "seeds": by_seed, "parameters": 7,
            "mean": mean, "sd": dict.fromkeys(mean, 0.01), "seconds": 1.0, "device": "cpu", "difference": None,
        })  # fmt: skip
    part = {"task": "alpha", "factor": 4, "rows": rows, "variants": [], "command": "a2u guided"}
    chosen = {"train": 64, "size": 96, "epochs": 4, "steps": 50, "batch": 8}
    whole = {"preset": "minute", "seeds": list(range(seeds)), "settings": chosen, "parts": [part]}
    for row in rows[1:]:
        row["difference"] = guided.against(whole, row["row"], "bilinear")
    return json.loads(json.dumps(whole))


def test_rows_are_compared_seed_by_seed() -> None:
    found = guided.against(report(), "carafe", "bilinear")
    assert found["mean"] == pytest.approx((-30 - 30 - 25) / 3)
    assert found["verdict"] == "better"
    assert guided.against(report(), "bilinear", "carafe")["verdict"] == "worse"
    assert guided.against(report(), "naf", "bilinear")["verdict"] == "cannot be told"
    with pytest.raises(A2UError, match=r"no row 'carafee'.*'carafe'"):
        guided.against(report(), "carafee", "bilinear")


def test_verdicts_are_lines_of_numbers_and_words() -> None:
    first, line, other = guided.verdicts(report(), [("carafe", "bilinear"), ("naf", "carafe")]).splitlines()
    assert first.split()[0] == "band"
    assert "CARAFE against Bilinear" in line
    assert line.endswith("better")
    assert "−28.3" in line
    assert other.endswith("cannot be told")
    assert "run a2u guided" in guided.verdicts(None, [("carafe", "bilinear")])


def test_one_seed_has_no_standard_error() -> None:
    line = guided.verdicts(report(seeds=1), [("carafe", "bilinear")]).splitlines()[1]
    assert line.split()[-5:] == ["–", "–", "cannot", "be", "told"]


def test_the_table_is_drawn_and_counted(tmp_path: Path) -> None:
    drawing = guided.show_table(report())
    assert "3 seeds" in drawing.says
    assert "1 better, 1 cannot be told" in drawing.says
    assert len(drawing.png()) > 10_000
    assert "run a2u guided" in guided.show_table(None).says
    assert guided.whole_table(tmp_path) is None
    (tmp_path / "figures").mkdir()
    path = tmp_path / "figures" / "guided.json"
    path.write_text(json.dumps(report()))
    assert guided.whole_table(tmp_path) == report()
    path.write_text('{"preset": "minute"}')
    with pytest.raises(A2UError, match="a2u guided --report-only"):
        guided.whole_table(tmp_path)


def test_a_short_training_learns_and_is_called_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(guided.SHORT, "steps", 10)
    trained = guided.train("bilinear", choose_mode("quick"))
    assert trained.after["band"] < trained.before["band"]
    assert "Bilinear       10 steps" in trained.words
    drawing = guided.show_trained([trained])
    assert "after a short training" in drawing.alt
    assert "largest weight at the framed value: Bilinear 0.56" in drawing.says
