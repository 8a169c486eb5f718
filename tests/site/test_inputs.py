"""What a page and its pictures are made from: enough that nothing old is shown, and no more than that by far."""

import dataclasses
from collections.abc import Callable

import pytest

from a2u.lessons.page import Page, pages
from a2u.site.inputs import HOME, Inputs


def read_by(ask: Callable[[Inputs], str]) -> set[str]:
    """The files of a2u/ that go into a digest."""
    inputs = Inputs()
    ask(inputs)
    return {path.relative_to(HOME).as_posix() for path in inputs._known}


def files_of(name: str) -> set[str]:
    return read_by(lambda inputs: inputs.of_explorer(pages()[name]))


def test_an_explorer_depends_on_the_library_on_its_lesson_and_on_how_pictures_are_stored() -> None:
    found = files_of("06_affinity")
    assert {"lessons/affinity/explorer.py", "lessons/affinity/picture.py", "lessons/frame.py"} <= found
    assert {"operators/affinity.py", "formula.py", "plots/style.py", "site/frames.py"} <= found
    assert any(file.startswith("data/sample/") for file in found), "on the digits that ship, too"
    assert any(file.endswith(".safetensors") for file in found), "and on the weights"


def test_it_does_not_depend_on_other_lessons_nor_on_commands_nor_on_templates() -> None:
    found = files_of("06_affinity")
    assert not any(file.startswith(("lessons/carafe/", "commands/", "bench/", "site/templates/")) for file in found)


def test_a_lesson_that_uses_another_one_depends_on_it() -> None:
    assert "lessons/matting/synthetic_set.py" in files_of("11_see_the_features")


def test_pages_depend_on_templates_and_not_on_style_sheets() -> None:
    found = read_by(Inputs.of_site)
    assert {"site/templates/lesson.html.j2", "site/pages.py", "site/mathematics.py"} <= found
    assert not any(file.endswith((".css", ".js")) for file in found), "those are files beside the pages"


def test_another_offer_is_another_digest_and_the_same_is_the_same() -> None:
    page = pages()["06_affinity"]
    other = dataclasses.replace(page, controls={**page.controls, "rank": (1, 3)})
    assert Inputs().of_explorer(page) == Inputs().of_explorer(page) != Inputs().of_explorer(other)


def test_another_version_of_what_draws_is_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    page: Page = pages()["06_affinity"]
    before = Inputs().of_explorer(page), Inputs().of_site()
    monkeypatch.setattr("a2u.site.inputs.version", lambda package: "99" if package == "matplotlib" else "1")
    assert Inputs().of_explorer(page) != before[0]
    assert Inputs().of_site() != before[1]
