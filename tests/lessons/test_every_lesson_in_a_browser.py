"""`a2u lab` as a learner has it: in a checkout under git, a browser in which lessons run, pass and run too early."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from chromium import SECONDS, opened, program
from patience import patience, until
from playwright.sync_api import Page, TimeoutError
from project import NOTEBOOKS, ROOT
from small_course import notebook, small_course

from a2u.lessons import progress
from a2u.lessons.links import from_below
from a2u.lessons.start_here.exercises import BLOCK

pytestmark = pytest.mark.browser

LESSONS = ["00_start_here.ipynb"]  # as they are; any other would do
SMALL = notebook(
    "# 01 · One formula",
    "x = 3\nprint('the first cell ran')",
    "## 1 · Use\n\n![Outputs appear one after the other.](../figures/half-pixels.webp)",
    "print('x is', x)",
    ("exercise", "from a2u.lessons.start_here.exercises import BLOCK\nBLOCK.check(lambda z, w: (w @ z).view(2, 2))"),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lab") / "Ünïcode näme with spaces"
    course = small_course(root)
    (course / "01_one_formula.ipynb").write_text(SMALL)
    (course / "solutions" / "01_one_formula.ipynb").write_text(from_below(SMALL))
    (root / "figures").mkdir()
    shutil.copy(ROOT / "figures" / "half-pixels.webp", root / "figures")
    for name in LESSONS:
        lesson = nbformat.read(NOTEBOOKS / name, as_version=4)
        for cell in (cell for cell in lesson.cells if cell.cell_type == "code"):
            cell.outputs, cell.execution_count = [], None  # whatever is there afterwards is of this run
        nbformat.write(lesson, course / name)
    (root / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "The course"]):
        git(root, *command)
    return root


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def address(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `a2u lab`, with its token; `{}` stands for what is opened."""
    program()  # without a browser, nobody would look
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    places = {"JUPYTERLAB_SETTINGS_DIR": home / "settings", "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces"}
    environment = {**os.environ, "HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    environment |= {name: str(folder) for name, folder in places.items()} | {"PYTHONPATH": str(ROOT)}
    with (home / "log").open("w") as log:
        command = [sys.executable, "-m", "a2u.commands.cli", "lab", "--no-browser"]
        server = subprocess.Popen(command, cwd=checkout, env=environment, stdout=log, stderr=log)
    try:
        found: list[dict] = []

        def listens() -> bool:
            for path in (home / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(json.JSONDecodeError):
                    found.append(json.loads(path.read_text()))
            return bool(found) or server.poll() is not None

        assert until(listens, 60), (home / "log").read_text()
        assert found, (home / "log").read_text()
        yield f"{found[0]['url']}{{}}?token={found[0]['token']}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with opened(1400) as page:
        yield page
        page.screenshot(path=tmp_path / "last.png")
        print(f"The page as it was at the end: {tmp_path / 'last.png'}")  # shown where the test failed


def ready(page: Page) -> None:
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.locator(".jp-StatusBar-TextItem", has_text="Python 3 (ipykernel) | Idle").wait_for()


def command(page: Page, menu: str, name: str) -> None:
    page.locator("li.lm-MenuBar-item", has_text=re.compile(f"^{menu}$")).click()
    page.locator(f"li.lm-Menu-item[data-command='{name}']").first.click()


def run_all(page: Page) -> None:
    """A click that comes before the kernel's channels are open, or while it clears up after an error, is lost."""
    first = page.locator(".jp-CodeCell .jp-InputArea-prompt").first
    for _ in range(5):
        command(page, "Run", "runmenu:run-all")
        if until(lambda: re.search(r"\[\d+\]", first.inner_text()), 10, every=0.5):
            return
    pytest.fail("Run All Cells ran no cell.")


def stored(path: Path) -> list:
    try:
        return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code" and c.source.strip()]
    except nbformat.reader.NotJSONError:  # it is being saved
        return []


def save_until(page: Page, condition) -> bool:
    def holds() -> bool:
        page.keyboard.press("Control+s")
        return condition()

    return until(holds, 60, every=1)


@pytest.mark.parametrize("name", LESSONS)
def test_after_run_all_git_has_seen_nothing(name: str, checkout: Path, address: str, page: Page) -> None:
    where = "" if name == "00_start_here.ipynb" else f"lab/tree/my-lessons/{name}"  # the first opens by itself
    page.goto(address.format(where))
    ready(page)
    assert page.locator(".jp-mod-current.lm-TabBar-tab", has_text=name).count(), "it opens at lesson 00"
    copy = checkout / "my-lessons" / name
    run_all(page)
    assert save_until(page, lambda: stored(copy) and all(cell.execution_count for cell in stored(copy)))
    assert [o for cell in stored(copy) for o in cell.outputs if o.output_type == "error"] == []
    assert copy.read_bytes() != (checkout / "notebooks" / name).read_bytes(), "the run was stored in the copy"
    assert git(checkout, "status", "--porcelain") == ""
    assert progress.of_lesson(copy.parent, copy.stem).stopped, "where the learner stopped is known"


def test_an_animation_of_the_text_is_loaded_in_each_edition(address: str, page: Page) -> None:
    for number, folder in enumerate(["my-lessons", "my-lessons/solutions"]):
        page.goto(address.format(f"lab/workspaces/see-{number}/tree/{folder}/01_one_formula.ipynb"))
        picture = page.locator(".jp-MarkdownOutput img[alt^='Outputs appear']")
        picture.wait_for(state="attached")
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())


def test_a_cell_that_runs_too_early_then_all_then_the_same_lesson_in_a_second_tab(
    checkout: Path, address: str, page: Page
) -> None:
    copy = checkout / "my-lessons" / "01_one_formula.ipynb"
    page.goto(address.format("lab/workspaces/one/tree/my-lessons/01_one_formula.ipynb"))
    ready(page)
    page.locator(".jp-CodeCell .jp-InputArea-editor").nth(1).click()
    error = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")  # so JupyterLab marks any error
    for _ in range(5):
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(TimeoutError):
            error.wait_for(timeout=patience(10) * SECONDS)
            break
    assert error.inner_text().startswith("“x” is not there yet: the cell under “01 · One formula” makes it.")
    assert "Traceback" not in error.inner_text()

    ready(page)
    run_all(page)
    assert save_until(page, lambda: [c.execution_count is not None for c in stored(copy)] == [True] * 3)
    assert error.count() == 0
    assert until(lambda: progress.of_lesson(copy.parent, copy.stem).passed == (BLOCK.title,))

    second = page.context.new_page()
    second.goto(address.format("lab/workspaces/two/tree/my-lessons/01_one_formula.ipynb"))
    ready(second)
    assert second.get_by_text("x is 3").count(), "it shows what the first tab stored"
    second.locator(".jp-CodeCell .jp-InputArea-editor").nth(1).click()
    second.keyboard.press("End")
    second.keyboard.type("  # from the second tab")
    assert save_until(second, lambda: "from the second tab" in copy.read_text())

    page.bring_to_front()
    page.locator(".jp-CodeCell .jp-InputArea-editor").nth(0).click()
    page.keyboard.press("End")
    page.keyboard.type("  # from the first tab")
    page.keyboard.press("Control+s")
    asked = page.locator(".jp-Dialog", has_text="File Changed")
    asked.wait_for()
    assert "from the second tab" in copy.read_text(), "nothing is overwritten before the learner decides"
    asked.get_by_role("button", name=re.compile("Cancel")).first.click()
    assert git(checkout, "status", "--porcelain") == ""
