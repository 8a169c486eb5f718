"""A reader's path, for real: JupyterLab is served, Chromium opens a lesson, runs it, and moves a slider by keyboard.

The first case makes its own small notebook, so that a failure of the others can be told from one of the harness.
"""

import contextlib
import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from chromium import SECONDS, changes, opened, program, settled
from patience import patience, until
from playwright.sync_api import Page, TimeoutError
from project import NOTEBOOKS

from a2u.lessons.serve import lab_command

pytestmark = pytest.mark.browser


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


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks without their outputs, so that whatever is there afterwards is of this run."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    tiny = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TINY.strip())])
    tiny.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(tiny, folder / "tiny.ipynb")
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def served(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of JupyterLab over the course, on loopback, with a token."""
    program()  # without a browser, nobody would look
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells stay in the page, not only those in view.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    token = secrets.token_hex(16)
    command, environment = lab_command(course / "tiny.ipynb", browser=False)
    command += [
        *(f"--IdentityProvider.token={token}", "--ServerApp.ip=127.0.0.1"),
        # Should the tests be killed, the server leaves by itself.
        f"--MappingKernelManager.cull_idle_timeout={patience(120):.0f}",
        f"--ServerApp.shutdown_no_activity_timeout={patience(120):.0f}",
    ]
    environment |= {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    log = home / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        port = _port(home / "runtime", server, log)
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{workspace}}/tree/notebooks/{{name}}?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=patience(20))
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _port(runtime: Path, server: subprocess.Popen[bytes], log: Path) -> int:
    """Where the server listens: it writes a file that says so, once it does."""
    found: list[int] = []

    def listens() -> bool:
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # it is being written at this moment
                found.append(json.loads(path.read_text())["port"])
        return bool(found) or server.poll() is not None

    if not until(listens, 60) or not found:
        pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
    return found[0]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page that asks nobody but loopback, and leaves a picture of itself behind."""
    outside: list[str] = []
    with opened(1400) as page:
        page.on("request", lambda asked: _note_outsider(asked.url, outside))
        yield page
        page.screenshot(path=tmp_path / "last.png")
        print(f"The page as it was at the end: {tmp_path / 'last.png'}")  # shown where the test failed
    assert outside == [], "a lesson must need nothing from the network"


@pytest.mark.parametrize(
    "name", ["tiny.ipynb", "01_one_formula.ipynb", "07_a2u.ipynb", "08_train_on_digits.ipynb", "10_matting.ipynb"]
)
def test_a_slider_moved_by_keyboard_redraws_the_picture(name: str, served: str, course: Path, page: Page) -> None:
    assert (course / name).is_file(), f"notebooks/{name} is missing"
    page.goto(served.format(name=name, workspace=Path(name).stem))  # a workspace of its own: one open tab
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    idle = page.locator(".jp-StatusBar-TextItem", has_text="Python 3 (ipykernel) | Idle")
    idle.wait_for()
    _run_all_cells(page)
    _wait_until_run(page, course / name)
    idle.wait_for()

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


def _run_all_cells(page: Page) -> None:
    """Menu Run, Run All Cells. A click that comes before the kernel's channels are open is lost: click again."""
    started = page.locator(".jp-InputPrompt", has_text=re.compile(r"\[[*\d]+\]"))
    for _ in range(5):
        page.locator("li.lm-MenuBar-item", has_text="Run").click()
        page.locator("li.lm-Menu-item[data-command='runmenu:run-all']").click()
        with contextlib.suppress(TimeoutError):
            started.first.wait_for(timeout=patience(10) * SECONDS)
            return
    pytest.fail("Run All Cells ran no cell.")


def _wait_until_run(page: Page, path: Path) -> None:
    """Until the saved notebook says that every cell ran; an error output is a failure at once."""
    counts: list[int | None] = []

    def has_run() -> bool:
        page.keyboard.press("Control+s")
        try:
            code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        except nbformat.reader.NotJSONError:  # it is being saved at this moment
            return False
        errors = [output for cell in code for output in cell.outputs if output.output_type == "error"]
        assert not errors, f"{path.name}: {errors[0].ename}: {errors[0].evalue}"
        counts[:] = [cell.execution_count for cell in code if cell.source.strip()]
        return all(counts)

    assert until(has_run, 60, every=1), f"{path.name} did not finish; cells that ran: {counts}"


def _note_outsider(url: str, outside: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
        outside.append(url)
