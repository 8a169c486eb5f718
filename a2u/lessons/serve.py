"""JupyterLab for the course: where the notebooks are, and the server that asks the network for nothing."""

import os
import sys
from pathlib import Path

from a2u.errors import A2UError

CONFIG = Path(__file__).parent / "jupyter"
FIRST = "00_start_here.ipynb"


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

    The server's root is the folder above `notebooks/`, so that figures and runs can be opened too. News, update
    checks and the extension catalogue, which all ask the network, are off (the files in `lessons/jupyter/`).
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
    ours = [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, ours))}
    return [*command, *(extra or [])], environment
