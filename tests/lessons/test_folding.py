"""Answers are folded in the student's edition and shown in the others; what a learner needs first stays open."""

from pathlib import Path

import pytest

from a2u.errors import A2UError
from a2u.lessons import editions

SOURCE = """\
# %%
from a2u.lessons.one_formula.predictions import predict

# %% [markdown]
# **Predict.** How many?

# %% tags=["prediction"]
predict("inside")

# %% tags=["spoiler"]
four = 4
print(four)

# %%
print("more")

# %% [markdown]
# **Explain.** There are four.
#
# - One for each place.

# %%
print("open again")

# %% [markdown]
# **Predict, then look.**

# %% tags=["prediction"]
predict("comes-back")

# %%
panel = explorer()
panel

# %%
print(panel.says)

# %% [markdown]
# ## Next
#
# **Explain.** Of another question.

# %%
print("last")
"""


OTHERS = """
# %% tags=["exercise"]
1

# %% tags=["solution"]
2

# %% [markdown] tags=["teacher"]
# A note.
"""


def compose(folder: Path, edition: str, text: str = SOURCE) -> list:
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "01_lesson.py").write_text(text + OTHERS)
    return editions.compose(folder, "01_lesson", edition).cells


def folds(cells: list) -> dict[str, dict]:
    return {cell.source.splitlines()[0]: dict(cell.metadata.get("jupyter", {})) for cell in cells}


def test_what_answers_a_question_is_folded_for_students(tmp_path: Path) -> None:
    found = folds(compose(tmp_path, "student"))
    assert {first: fold for first, fold in found.items() if fold} == {
        "four = 4": {"outputs_hidden": True, "source_hidden": True},
        'print("more")': {"outputs_hidden": True},
        "**Explain.**": {"source_hidden": True},
        "print(panel.says)": {"outputs_hidden": True},
    }
    assert 'predict("inside")' in found


def test_the_line_that_a_folded_explanation_shows_does_not_tell_the_answer(tmp_path: Path) -> None:
    explained = next(cell for cell in compose(tmp_path, "student") if cell.source.startswith("**Explain"))
    assert explained.source == "**Explain.**\nThere are four.\n\n- One for each place."


@pytest.mark.parametrize("edition", ["solutions", "teacher"])
def test_the_other_editions_show_the_answers(edition: str, tmp_path: Path) -> None:
    cells = compose(tmp_path, edition)
    assert not any(fold for fold in folds(cells).values())
    asked = [cell.source for cell in cells if "prediction" in cell.metadata.get("tags", [])]
    assert asked == ['predict.answer("inside")', 'predict.answer("comes-back")']
    assert "**Explain.** There are four." in "\n".join(cell.source for cell in cells)


@pytest.mark.parametrize(
    "cell",
    [
        '# %% tags=["prediction"]\npredict("inside", "b")\n',
        '# %% tags=["prediction"]\nx = 1\n',
        '# %% [markdown] tags=["prediction"]\n# predict("inside")\n',
    ],
)
@pytest.mark.parametrize("edition", ["student", "solutions"])
def test_a_question_that_is_none_is_an_error(cell: str, edition: str, tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"tagged 'prediction' holds predict\(\"name\"\) and nothing else"):
        compose(tmp_path, edition, cell)


def test_a_notebook_whose_folds_differ_has_drifted(tmp_path: Path) -> None:
    import nbformat

    text = '# %%\nprint("a")\n\n# %% [markdown]\n# Text.\n'
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_lesson.py").write_text(text)
    editions.build(tmp_path, "01_lesson", "student")
    assert list(editions.drift(tmp_path)) == []
    path = tmp_path / "01_lesson.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["jupyter"] = {"source_hidden": True}
    nbformat.write(notebook, path)
    assert len(list(editions.drift(tmp_path))) == 1


ASKS = '# %% tags=["questions"]\nfrom a2u.lessons.one_formula.questions import concepts\n\nconcepts.ask()\n'


def test_concept_questions_are_asked_in_the_students_edition_and_answered_in_the_others(tmp_path: Path) -> None:
    cells = {edition: compose(tmp_path, edition, ASKS)[0] for edition in editions.EDITIONS}
    assert cells["student"].source.endswith("\nconcepts.ask()")
    assert not cells["student"].metadata.get("jupyter")
    for edition in ("solutions", "teacher"):
        assert cells[edition].source.endswith("import concepts\n\nconcepts.answers()")
        assert compose(tmp_path, edition, ASKS.replace("concepts", "quiz"))[0].source.endswith("\nquiz.answers()")


@pytest.mark.parametrize("cell", [ASKS.replace(' tags=["questions"]', ""), '# %% tags=["questions"]\nx = 1\n'])
@pytest.mark.parametrize("edition", ["student", "solutions"])
def test_a_cell_asks_concept_questions_if_and_only_if_it_is_tagged_so(cell: str, edition: str, tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"tagged 'questions' ends with concepts\.ask\(\), and no other"):
        compose(tmp_path, edition, cell)
