"""What a teacher can rely on: every lesson has a plan that adds up, its exercises' errors, and answered questions."""

import itertools
import re
from pathlib import Path

import jupytext
import pytest
from project import NOTEBOOKS

SOURCES = sorted((NOTEBOOKS / "source").glob("*.py"))
SYLLABUS = (NOTEBOOKS / "teacher" / "syllabus.md").read_text(encoding="utf-8")
HEADINGS = ["the session", "what learners get wrong", "discussion, grading, going on"]


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def notes(source: Path) -> list[str]:
    cells = jupytext.read(source, fmt="py:percent").cells
    return [cell.source for cell in cells if "teacher" in cell.metadata.get("tags", [])]


def plan(text: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in re.findall(r"(?m)^\| (\d+)–(\d+) \|", text)]


def test_every_lesson_has_the_three_notes(source: Path) -> None:
    assert [text.splitlines()[0] for text in notes(source)] == [f"## Teacher · {heading}" for heading in HEADINGS]


def test_the_minutes_of_the_session_follow_each_other(source: Path) -> None:
    minutes = plan(notes(source)[0])
    assert minutes[0][0] == 0
    assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(minutes))
    assert 60 <= minutes[-1][1] <= 90
    assert f"{minutes[-1][1]} minutes" in notes(source)[0].split("\n\n")[1], "say so in the first line"
    assert "**To save time:**" in notes(source)[0]


def test_every_exercise_has_its_errors(source: Path) -> None:
    exercises = len(re.findall(r'(?m)^# %% tags=\["exercise"\]', source.read_text()))
    text = notes(source)[1]
    if exercises == 1:
        assert "exercise" in text
    else:
        assert re.findall(r"\*\*Exercise (\d)\.\*\*", text) == [str(n) for n in range(1, exercises + 1)]
    assert len(re.findall(r'(?m)^- \*("|Section|The picture)', text)) >= 3, "and the lesson its own"


def test_every_question_has_an_answer(source: Path) -> None:
    text = notes(source)[2]
    questions = text.split("**Q.** ")[1:]
    assert len(questions) >= 3
    for question in questions:
        asked, answer = question.split("**A.**")
        assert "?" in asked or asked.rstrip().endswith("."), asked
        assert len(answer.split()) >= 8, asked
    assert "**Grade.**" in text
    assert "**Extend.**" in text


def test_the_syllabus_leads_to_every_lesson_and_knows_its_length(source: Path) -> None:
    line = re.search(rf"(?m)^\| \d+ \| \[[^]]+\]\({source.stem}\.ipynb\) \| (\d+) \|", SYLLABUS)
    assert line is not None, f"the syllabus has no session for {source.stem}"
    assert int(line[1]) == plan(notes(source)[0])[-1][1]


def test_there_are_thirteen_sessions_and_three() -> None:
    thirteen, three = SYLLABUS.split("## Three sessions")
    assert re.findall(r"(?m)^\| (\d+) \|", thirteen) == [str(n) for n in range(1, 14)]
    assert re.findall(r"(?m)^\| (\d+) \|", three.split("\n## ")[0]) == ["1", "2", "3"]


def test_the_command_for_grading_finds_every_verdict() -> None:
    """The pattern of the syllabus on lessons as they are stored: nothing tried, and all solved."""
    (pattern,) = re.findall(r"grep -o '(.*)' handed-in", SYLLABUS)
    for folder, mark in ((".", "○"), ("solutions", "✓")):
        stored = (NOTEBOOKS / folder / "02_pooling_remembers.ipynb").read_text(encoding="utf-8")
        assert [found[1] for found in re.findall(pattern, stored)] == [mark] * 4
