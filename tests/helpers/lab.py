"""JupyterLab as `a2u lab` starts it, for tests that drive it in a browser: served, opened, all cells run."""

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
from chromium import SECONDS, opened, program
from patience import patience, until
from playwright.sync_api import Page, TimeoutError

from a2u.lessons.serve import lab_command

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
IDLE = "Python 3 (ipykernel) | Idle"


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of these code cells, without outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    notebook.metadata.kernelspec = KERNEL
    nbformat.write(notebook, path)


@contextlib.contextmanager
def serving(notebook: Path, home: Path) -> Iterator[str]:
    """JupyterLab over a notebook's folder, on loopback, with a token; an address for any {name} and {workspace}."""
    program()  # without a browser, nobody would look
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells stay in the page, not only those in view.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    token = secrets.token_hex(16)
    command, environment = lab_command(notebook, browser=False)
    command += [
        *(f"--IdentityProvider.token={token}", "--ServerApp.ip=127.0.0.1"),
        "--LabApp.expose_app_in_browser=True",  # for `command`
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


@contextlib.contextmanager
def browsing(width: int, height: int = 1000) -> Iterator[Page]:
    """A page that asks nobody but loopback."""
    outside: list[str] = []
    with opened(width, height) as page:
        page.context.on("request", lambda asked: _note_outsider(asked.url, outside))
        yield page
    assert outside == [], "a lesson must need nothing from the network"


def open_notebook(page: Page, served: str, name: str, workspace: str = "") -> None:
    """A notebook with its kernel ready, in a workspace of its own: one open tab."""
    page.goto(served.format(name=name, workspace=workspace or Path(name).stem))
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    wait_until_idle(page)


def wait_until_idle(page: Page) -> None:
    """Until the status bar says that the kernel has nothing to do."""
    page.locator(".jp-StatusBar-TextItem", has_text=IDLE).wait_for()


def command(page: Page, name: str, **arguments: str) -> None:
    """A command of JupyterLab, as a menu would give it."""
    page.evaluate("([name, arguments]) => { void jupyterapp.commands.execute(name, arguments) }", [name, arguments])


def run_all_cells(page: Page) -> None:
    """Menu Run, Run All Cells. A click that comes before the kernel's channels are open is lost: click again."""
    started = page.locator(".jp-InputPrompt", has_text=re.compile(r"\[[*\d]+\]"))
    for _ in range(5):
        page.locator("li.lm-MenuBar-item", has_text="Run").click()
        page.locator("li.lm-Menu-item[data-command='runmenu:run-all']").click()
        with contextlib.suppress(TimeoutError):
            started.first.wait_for(timeout=patience(10) * SECONDS)
            return
    pytest.fail("Run All Cells ran no cell.")


def wait_until_run(page: Page, path: Path) -> None:
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
