"""What a saved notebook keeps of its explorers: the picture of that moment, and nothing that plays dead."""

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
from chromium import changes, settled
from lab import browsing, open_notebook, run_all_cells, serving, wait_until_idle, wait_until_run, write_notebook
from patience import until
from traitlets.utils.importstring import import_item

from a2u.lessons import in_page, saving
from a2u.lessons.frame import Drawing, Panel, slider
from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.saving import NOTE, PNG, VIEW, WORDS, before_saving, keep_pictures, repacked
from a2u.lessons.serve import CONFIG
from a2u.lessons.train_on_digits.live import LiveCurves
from a2u.plots.maps import side_by_side


def steps(height: int) -> Drawing:
    return Drawing(side_by_side({"steps": np.eye(4) * height}), f"A diagonal of {height} <b>.", f"x_i, height {height}")


@pytest.fixture
def panel() -> Panel:
    return Panel(steps, height=slider(0, 9, 3))


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    saving._before.clear()


def shown(widget: Any) -> dict[str, Any]:
    """The output of a cell that ends with this widget."""
    bundle = widget._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def notebook(*outputs: dict[str, Any], state: bool = True) -> Any:
    """A notebook as the page sends it to be saved: one cell for each output, and the state of all widgets."""
    cells = [nbformat.v4.new_code_cell("panel", outputs=[output]) for output in outputs]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Look."), *cells])
    if state:
        made.metadata["widgets"] = {saving.STATE: widgets.Widget.get_manager_state(drop_defaults=True)}
    return nbformat.from_dict(json.loads(json.dumps(made)))


def kept(saved: Any, cell: int = 1) -> list[Any]:
    nbformat.validate(saved)
    assert "widgets" not in saved.metadata, "stored state only shows sliders that move nothing"
    return nbformat.from_dict(saved.cells[cell].outputs)


def test_the_picture_is_the_one_at_the_moment_of_saving(panel: Panel) -> None:
    output = shown(panel)
    panel.controls["height"].value = 7
    saved = notebook(output)
    keep_pictures(saved)
    note, picture, words = kept(saved)
    assert NOTE in note.data["text/markdown"]
    assert set(picture.data) == {PNG, WORDS}
    assert base64.b64decode(picture.data[PNG]) == panel.drawing.png()
    assert picture.data[WORDS] == panel.drawing.words
    assert picture.metadata[PNG] == {"width": 960, "alt": panel.drawing.alt}
    assert "x_i, height 7" in words.data["text/html"]
    assert "A diagonal of 7 &lt;b&gt;." in words.data["text/html"]


def test_a_panel_that_was_not_moved_keeps_its_bytes(panel: Panel) -> None:
    output = shown(panel)
    saved = notebook(output)
    keep_pictures(saved)
    assert kept(saved)[1].data[PNG] == output.data[PNG]


def test_saved_again_it_stays_as_it_is(panel: Panel) -> None:
    saved = notebook(shown(panel))
    keep_pictures(saved)
    again = copy.deepcopy(saved)
    keep_pictures(again)
    assert again == saved


def test_a_page_that_sends_no_state_keeps_the_picture_of_the_last_run(panel: Panel) -> None:
    output = shown(panel)
    panel.controls["height"].value = 7
    saved = notebook(output, state=False)
    keep_pictures(saved)
    note, picture = kept(saved)
    assert NOTE in note.data["text/markdown"]
    assert picture.data == {kind: value for kind, value in output.data.items() if kind != VIEW}


def test_after_a_restart_the_page_sends_no_state_and_what_was_saved_before_stays(panel: Panel) -> None:
    output = shown(panel)
    panel.controls["height"].value = 7
    first = notebook(output)
    keep_pictures(first)
    again = notebook(output, state=False)
    keep_pictures(again)
    assert kept(again) == kept(first)


def test_the_server_remembers_no_more_than_it_says(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "REMEMBERED", 2)
    panels = [Panel(steps, height=slider(0, 9, height)) for height in (1, 2, 3)]
    keep_pictures(notebook(*map(shown, panels)))
    assert [each.says for each in saving._before.values()] == ["x_i, height 2", "x_i, height 3"]


def test_of_several_panels_each_keeps_its_own_picture(panel: Panel) -> None:
    other = Panel(steps, height=slider(0, 9, 5))
    saved = notebook(shown(panel), shown(other))
    keep_pictures(saved)
    assert [kept(saved, cell)[1].data[WORDS] for cell in (1, 2)] == [panel.drawing.words, other.drawing.words]


def test_a_training_that_was_watched_keeps_its_line_without_a_note() -> None:
    live = LiveCurves()
    live.watch("A²U", SimpleNamespace(epochs=1, steps=2))
    saved = notebook(shown(live.view))
    keep_pictures(saved)
    (picture,) = kept(saved)
    assert set(picture.data) == {PNG, WORDS}
    assert picture.data[WORDS].startswith("Training: A²U")


def test_a_question_keeps_its_options() -> None:
    question = Question("how-many", "How many?", right("Two.", "One each."), wrong("Three.", "One too many."))
    predict = Predictions("a2u.lessons.one_formula.predictions", [question], [])
    saved = notebook(shown(predict("how-many")))
    keep_pictures(saved)
    (page,) = kept(saved)
    assert page.data == {"text/html": question.markup("Your prediction"), WORDS: predict.words(question)}


def test_what_is_no_explorer_is_left_alone(panel: Panel) -> None:
    plain = shown(widgets.IntSlider())
    text = nbformat.v4.new_output("stream", text="printed")
    saved = notebook(plain, text, shown(panel))
    keep_pictures(saved)
    assert kept(saved, 1) == [plain]
    assert kept(saved, 2) == [text]
    assert saved.cells[0].source == "Look."


def test_only_notebooks_are_changed() -> None:
    for model in ({"type": "file", "content": "text"}, {"type": "directory", "content": None}, {"type": "notebook"}):
        before = copy.deepcopy(model)
        before_saving(model=model, path="x", contents_manager=None)
        assert model == before


def test_the_mark_of_an_explorer_is_the_one_that_its_output_has() -> None:
    assert saving.MARK == in_page.MARK


def test_packing_changes_no_pixel(panel: Panel) -> None:
    loose, tight = panel.drawing.png(small=False), panel.drawing.png(small=True)
    assert len(tight) < len(loose)
    assert repacked(loose) == tight
    assert repacked(tight) == tight


def test_the_server_of_a2u_lab_calls_it_and_the_page_sends_the_state() -> None:
    server = json.loads((CONFIG / "jupyter_server_config.json").read_text())
    assert import_item(server["ContentsManager"]["pre_save_hook"]) is before_saving
    page = json.loads((CONFIG / "labconfig" / "default_setting_overrides.json").read_text())
    assert page["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": True}
    viewers = page["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
    assert viewers == {"markdown": "Markdown Preview"}, "the page of notation opens to be read"


# --- a real browser


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    write_notebook(folder / "one.ipynb", "from a2u.lessons.inspector import explorer\nexplorer()")
    return folder


@pytest.fixture(scope="module")
def served(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(course / "one.ipynb", tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.mark.browser
def test_a_lesson_that_is_saved_closed_and_opened_again_shows_its_explorer(course: Path, served: str) -> None:
    path = course / "one.ipynb"
    with browsing(1000, 700) as page:
        open_notebook(page, served, path.name)
        run_all_cells(page)
        wait_until_run(page, path)
        wait_until_idle(page)
        picture, row = page.locator(".a2u-panel img"), page.get_by_role("slider", name="row", exact=True)
        before = settled(picture)
        row.press("ArrowRight")
        assert changes(picture, before)
        settled(picture)
        alt = picture.get_attribute("alt")
        assert alt is not None

        def is_saved() -> bool:
            page.keyboard.press("Control+s")
            return alt in path.read_text()

        assert until(is_saved, every=1), "the moved explorer was not saved"
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
        before = settled(picture)
        row.press("ArrowRight")
        assert changes(picture, before), "a save leaves the explorer of the open page alive"

    with browsing(1000, 700) as page:
        open_notebook(page, served, path.name, "again")  # with a new kernel, which knows nothing of it
        picture = page.locator(".jp-OutputArea-output img")
        picture.wait_for()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
        output = page.locator(".jp-Cell-outputArea")
        assert NOTE in output.inner_text()
        assert "This picture in words" in output.inner_text()
        assert page.locator("[role=slider]").count() == 0, "no slider that moves nothing"
        assert "not found" not in output.inner_text()
        assert alt in str(output.locator("details").text_content())
        wide = "part => [part, ...part.querySelectorAll('*')].every(each => each.scrollWidth <= part.clientWidth + 1)"
        assert output.evaluate(wide), "it fits a small window"
