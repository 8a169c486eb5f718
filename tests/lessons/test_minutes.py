"""The minutes that a lesson states are those of the rule, about; and what the rule is."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from project import NOTEBOOKS

from a2u.errors import A2UError
from a2u.lessons import editions, minutes


def text(source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source)


def code(source: str = "1", *tags: str) -> Any:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def of(*cells: Any) -> minutes.Minutes:
    return minutes.by_rule(list(cells))


@pytest.mark.parametrize("name", editions.names(NOTEBOOKS))
def test_a_lesson_states_the_minutes_of_the_rule(name: str) -> None:
    """A few words more or less are no reason to change a head."""
    cells = editions.compose(NOTEBOOKS, name, "student").cells
    rule, head = minutes.by_rule(cells), minutes.stated(cells)
    assert head is not None
    assert list(head.sections) == list(rule.sections), "a row for each section, in order"
    for title, count in rule.sections.items():
        assert abs(head.sections[title] - count) <= max(1, 0.2 * count), title
    assert head.exercises == rule.exercises
    assert head.reading == pytest.approx(rule.reading, rel=0.2)


def test_words_and_code_cells_count_to_their_section_and_the_head_to_the_first() -> None:
    head = text("# Title\n\n" + "word " * 150)
    assert of(head, text("## One\n\n" + "word " * 148), code(), code(), text("## Two"), code()).sections == {
        "One": 4, "Two": 1,
    }  # fmt: skip


def test_a_section_may_begin_within_a_cell() -> None:
    found = of(text("## One\n\n" + "word " * 200 + "\n## Two\n\nword"), code(), text("## Three\n\nword"))
    assert found.sections == {"One": 2, "Two": 2, "Three": 1}


def test_hints_code_in_the_text_tally_and_sources_are_not_counted() -> None:
    much = "word " * 500
    folded, fenced = f"<details><summary>Hint</summary>\n\n{much}</details>", f"```\n{much}\n```"
    found = of(text(f"## One\n\n{folded}\n\n{fenced}"), text("## Your tally"), code(), text(f"## Sources\n\n{much}"))
    assert found.sections == {"One": 0}


def test_an_exercise_takes_what_its_card_says() -> None:
    card = text("### Exercise 1\n*Difficulty* ★☆☆ · *time* 8 minutes\n\n" + "word " * 500)
    assert of(text("## One\n\nword"), text("## Exercises"), card, code("...", "exercise")) == ({"One": 1}, 8)


def test_concept_questions_take_a_minute_each(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        class concepts:
            questions = dict.fromkeys("abcde")

    monkeypatch.setattr("importlib.import_module", {"a2u.lessons.carafe.questions": Module}.__getitem__)
    asks = code("from a2u.lessons.carafe.questions import concepts\n\nconcepts.ask()", "questions")
    assert of(text("## Five questions"), asks).sections == {"Five questions": 5}


def test_what_is_printed_is_what_is_read() -> None:
    counted = minutes.Minutes({"1 · One": 5, "2 · $U \\equiv 1$": 7}, 20)
    head = text(f"# 01 · Title\n\n**You need** nothing. {minutes.words(counted)}")
    assert "**Time** 12 minutes, and 20 more for the exercises." in head.source
    assert minutes.stated([head]) == counted
    assert minutes.stated([text("**Time** 5 minutes.")]) is None


def test_a_sum_that_is_not_that_of_the_table_is_an_error() -> None:
    head = text(minutes.words(minutes.Minutes({"One": 5}, 0)).replace("Time** 5", "Time** 6"))
    with pytest.raises(A2UError, match=r"its table makes 5, and 0 more"):
        minutes.stated([head])


def test_the_command_prints_what_belongs_into_the_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_one.py").write_text(
        "# %% [markdown]\n# # 01 · One\n#\n# ## First\n#\n# Word.\n\n# %%\n1\n"
    )
    assert minutes.main(["01_one", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(
        "01_one\n# **Time** 2 minutes.\n#\n# <details><summary>Minutes by section"
    )
    assert minutes.main(["02_two", "--folder", str(tmp_path)]) == 1
    assert "no lesson '02_two'" in capsys.readouterr().err
