"""JupyterLab for the course: where the notebooks are, and the server that asks the network for nothing."""

import errno
import os
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

from a2u.errors import A2UError
from a2u.files.writing import make_folder

CONFIG = Path(__file__).parent / "jupyter"
FIRST = "00_start_here.ipynb"
PORT, PORTS = 8888, 50  # JupyterLab's own first port, and how many it tries
TEXT_BROWSERS = ("lynx", "w3m", "links", "elinks", "www-browser")  # they would take the terminal, and run no JupyterLab


def notebooks_folder(first: str = FIRST, start: Path | None = None) -> Path:
    """The `notebooks/` folder of the checkout around `start` (here), else of the checkout a2u is installed from.

    Raises:
        A2UError: Neither holds `first`.
    """
    here = (start or Path.cwd()).resolve()
    package = Path(__file__).resolve().parents[2]
    for folder in (here, *here.parents, package):
        for candidate in (folder / "notebooks", folder):
            if (candidate / first).is_file() and candidate.name == "notebooks":
                return candidate
    raise A2UError(
        f"No notebooks/{first} in {here}, above it, or beside the installed package: the course lives in a "
        f"checkout of the project. Clone it and run `a2u lab` inside, or `make lab`."
    )


def lab_command(
    notebook: Path, *, browser: bool = True, port: int | None = None, extra: list[str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment that serve `notebook`'s checkout and open `notebook`.

    The server's root is the folder above that of the notebook, so that figures and runs can be opened too. News, update
    checks and the extension catalogue, which all ask the network, are off (the files in `lessons/jupyter/`). The kernel
    is this Python, whatever kernel of that name the user has installed, with :mod:`a2u.lessons.kernel` loaded.
    """
    root = notebook.parent.parent
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(root).as_posix()}",
    ]
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container's user is often root; the token guards the server either way
    ours = {
        name: os.pathsep.join(filter(None, [str(CONFIG), os.environ.get(name, "")]))
        for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH")  # settings, and kernels
    }
    # So that `a2u` is a command in JupyterLab's terminal, too, where nobody activated the environment.
    ours["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return [*command, *(extra or [])], os.environ | ours


def usable_port(port: int | None = None) -> int | None:
    """The port to ask JupyterLab for: `port`, else the first free one from 8888; None where 8888 itself is free.

    Raises:
        A2UError: `port` is in use or forbidden, or no port of those is free.
    """
    if port is not None:
        reason = _why_not(port)
        if reason is not None:
            raise A2UError(f"Port {port} {reason}. Choose another; without one, the first free port is taken.")
        return port
    free = next((each for each in range(PORT, PORT + PORTS) if _why_not(each) is None), None)
    if free is None:
        raise A2UError(f"All ports from {PORT} to {PORT + PORTS - 1} are in use. Choose another one, such as 9000.")
    return None if free == PORT else free


def running_at(root: Path) -> str | None:
    """The address of a JupyterLab of this user that serves `root` already, if there is one."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        with suppress(KeyError, OSError):
            if Path(server["root_dir"]).resolve() == root.resolve():
                return f"{server['url']}lab?token={server['token']}"
    return None


def has_browser() -> bool:
    """Is there a browser here that can show JupyterLab?"""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    return Path(str(getattr(found, "name", ""))).name not in TEXT_BROWSERS


def check_state_folder() -> None:
    """Can JupyterLab write where it keeps what is running?

    Raises:
        A2UError: It cannot; JupyterLab would end with a traceback.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    folder = Path(jupyter_runtime_dir())
    try:
        make_folder(folder)
        if not os.access(folder, os.W_OK):
            raise A2UError(f"{folder} cannot be written.")
    except A2UError as error:
        raise A2UError(
            f"JupyterLab needs its own folder: {error} Or set HOME (or JUPYTER_RUNTIME_DIR) to a folder of yours."
        ) from error


def _why_not(port: int) -> str | None:
    """What keeps a server from listening on `port` of this machine, in words; None if nothing does."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                if os.name == "posix":  # as JupyterLab does: a port that was closed a moment ago is free
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is in use"
            if error.errno == errno.EACCES:
                return "may not be used by you"
    return None
