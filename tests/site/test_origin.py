"""Where the notebooks of the site come from: the last commit, or the folder where git cannot say."""

from pathlib import Path

import pytest
from small_site import SMALL, commit, git, small

from a2u.errors import A2UError
from a2u.site import origin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Notebooks of a lesson with an exercise, not committed."""
    small(tmp_path / "course" / "notebooks", exercise=True)
    return tmp_path / "course" / "notebooks"


def test_the_last_commit_is_shown_and_not_the_working_copy(folder: Path) -> None:
    name = commit(folder.parent)
    committed = (folder / f"{SMALL}.ipynb").read_bytes()
    (folder / f"{SMALL}.ipynb").write_text("answers of a learner")
    (folder / "solutions" / f"{SMALL}.ipynb").unlink()
    found = origin.find(folder)
    assert found.names == [SMALL]
    assert found.content(SMALL) == committed
    assert found.content(SMALL, "solutions") is not None
    assert found.committed
    assert found.words == (
        f"The notebooks are those of commit {name}. {SMALL}.ipynb, solutions/{SMALL}.ipynb in {folder} differ from it "
        "and stay out."
    )


def test_the_notation_comes_from_the_same_place_and_is_no_lesson(folder: Path) -> None:
    assert origin.find(folder, stored=True).notation == ""
    (folder / "notation.md").write_text("# Letters")
    commit(folder.parent)
    (folder / "notation.md").write_text("# Changed")
    found = origin.find(folder)
    assert (found.names, found.notation, found.only(SMALL).notation) == ([SMALL], "# Letters", "# Letters")
    assert "notation.md in" in found.words
    assert origin.find(folder, stored=True).notation == "# Changed"


def test_a_notebook_that_is_added_but_not_committed_is_not_shown(folder: Path) -> None:
    commit(folder.parent)
    small(folder, "01_other")
    git(folder, "add", "--all")
    assert origin.find(folder).names == [SMALL]


def test_the_folder_is_shown_on_demand(folder: Path) -> None:
    commit(folder.parent)
    (folder / f"{SMALL}.ipynb").write_text("not committed")
    found = origin.find(folder, stored=True)
    assert found.content(SMALL) == b"not committed"
    assert found.words == f"The notebooks are those that lie in {folder} now (as asked for)."


def test_without_a_repository_the_folder_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder))
    found = origin.find(folder)
    assert found.names == [SMALL]
    assert not found.committed
    assert "git says: not a git repository" in found.words


def test_a_repository_that_does_not_have_the_notebooks_or_no_commit_is_no_source(folder: Path) -> None:
    git(folder.parent, "init", "--quiet")
    assert "git says: " in origin.find(folder).words
    (folder.parent / ".gitignore").write_text("notebooks/\n")
    name = commit(folder.parent)
    found = origin.find(folder)
    assert f"none is in commit {name}" in found.words
    assert found.names == [SMALL]


def test_without_git_the_folder_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(folder.parent)
    monkeypatch.setenv("PATH", str(folder))
    found = origin.find(folder)
    assert "there is no git on this machine" in found.words
    assert found.names == [SMALL]


def test_variables_that_git_sets_for_its_hooks_lead_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(folder.parent)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert origin.find(folder).committed


def test_files_of_other_kinds_are_no_lessons(folder: Path) -> None:
    (folder / "scratch.ipynb").write_text("{}")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "01_old.ipynb").write_text("{}")
    assert origin.find(folder, stored=True).names == [SMALL]


def test_a_folder_without_lessons_or_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"no built lessons.*make notebooks"):
        origin.find(tmp_path, stored=True)
    with pytest.raises(A2UError, match=f"There is no folder {tmp_path / 'nowhere'}"):
        origin.find(tmp_path / "nowhere")


def test_one_lesson_alone_has_both_its_editions_and_no_other(folder: Path) -> None:
    small(folder, "01_other")
    alone = origin.find(folder, stored=True).only(SMALL)
    assert set(alone.files) == {f"{SMALL}.ipynb", f"solutions/{SMALL}.ipynb"}
