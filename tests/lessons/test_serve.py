"""A reader's path, for real: JupyterLab is served, Chromium opens a lesson, runs it, and moves a slider by keyboard.

The first case makes its own small notebook, so that a failure of the others can be told from one of the harness; the
last has a picture that grows in training.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from chromium import changes, settled
from lab import browsing, open_notebook, run_all_cells, serving, wait_until_idle, wait_until_run, write_notebook
from patience import until
from playwright.sync_api import Page
from project import NOTEBOOKS

pytestmark = pytest.mark.browser

LESSON = "01_one_formula.ipynb"  # of the others, test_in_page.py moves the explorers, and nbval runs the cells

TINY = """
import io
import ipywidgets as widgets
from matplotlib.figure import Figure
slider, picture = widgets.IntSlider(value=2, max=5, description="height"), widgets.Image(width=200)
def draw(_=None):
    figure = Figure(figsize=(2, 2))
    figure.subplots().bar([0, 1], [slider.value, 5])
    file = io.BytesIO()
    figure.savefig(file, format="png")
    picture.value = file.getvalue()
slider.observe(draw, "value")
draw()
widgets.VBox([slider, picture])
"""

CURVES = """
from types import SimpleNamespace
from a2u.lessons.train_on_digits.live import LiveCurves
from a2u.training import Progress
live = LiveCurves(0)
live.watch("A²U", SimpleNamespace(epochs=1, steps=2))
for step in (1, 2):
    live.on_step(Progress(1, 1, step, 2, 1 / step, []))
live.on_epoch(Progress(1, 1, 2, 2, 0.5, [{"psnr": 12.0}]))
live.finish()
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a lesson without its outputs, so that whatever is there afterwards is of this run."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    write_notebook(folder / "tiny.ipynb", TINY)
    write_notebook(folder / "curves.ipynb", CURVES, TINY)
    notebook = nbformat.read(NOTEBOOKS / LESSON, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, folder / LESSON)
    return folder


@pytest.fixture(scope="module")
def served(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(course / "tiny.ipynb", tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page that leaves a picture of itself behind."""
    with browsing(1400) as page:
        yield page
        page.screenshot(path=tmp_path / "last.png")
        print(f"The page as it was at the end: {tmp_path / 'last.png'}")  # shown where the test failed


@pytest.mark.parametrize("name", ["tiny.ipynb", LESSON, "curves.ipynb"])
def test_a_slider_moved_by_keyboard_redraws_the_picture(name: str, served: str, course: Path, page: Page) -> None:
    assert (course / name).is_file(), f"notebooks/{name} is missing"
    open_notebook(page, served, name)
    run_all_cells(page)
    wait_until_run(page, course / name)
    wait_until_idle(page)

    assert page.locator(".jupyter-widgets-error-widget").count() == 0, "a widget could not be shown"
    broken = page.locator(".jp-OutputArea-output img").evaluate_all(
        "images => images.filter(image => !(image.complete && image.naturalWidth > 0)).length"
    )
    assert broken == 0, "a picture is broken"
    handle = page.locator(".jp-OutputArea-output .widget-slider [role=slider]").first
    panel = handle.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-output')][1]")
    picture = panel.locator("img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the picture is broken"
    before, value = settled(picture), handle.get_attribute("aria-valuenow")

    handle.focus()
    page.keyboard.press("ArrowRight")
    assert until(lambda: handle.get_attribute("aria-valuenow") != value), "the slider did not move"
    assert changes(picture, before), "the slider moved, but the picture stayed"
    for trouble in ("stderr", "error"):
        assert page.locator(f"[data-mime-type='application/vnd.jupyter.{trouble}']").count() == 0
