"""A kernel started as `a2u lab` starts it, and what a learner sees below a cell that it runs."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from jupyter_client.manager import start_new_kernel
from patience import patience

from a2u.lessons.serve import CONFIG


class Seen(NamedTuple):
    """Below a cell: what was printed, the text of an error, and whether there was one."""

    printed: str
    error: str
    failed: bool


class Kernel:
    """It runs cells one by one."""

    def __init__(self, client: object) -> None:
        self.client = client

    def run(self, source: str, cell_id: str | None = None) -> Seen:
        """Run a cell as JupyterLab does; without a name, as programs that give none."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
        self.client.shell_channel.send(message)
        printed, error = "", ""
        while True:
            answer = self.client.get_iopub_msg(timeout=patience(120))
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            what, kind = answer["content"], answer["msg_type"]
            printed += what["text"] if kind == "stream" else ""
            error += "\n".join(what["traceback"]) if kind == "error" else ""
            if kind == "status" and what["execution_state"] == "idle":
                return Seen(printed, error, self._status(message) == "error")

    def _status(self, message: dict) -> str:
        """What the kernel answers to this message: Run All stops where it is an error."""
        while True:
            reply = self.client.get_shell_msg(timeout=patience(60))
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]["status"]


@contextlib.contextmanager
def kernel_of(notebook: Path, name: Path | None = None) -> Iterator[Kernel]:
    """A kernel in the folder of a notebook; `name`: which notebook it is told to run, if another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(CONFIG))
        environment = {**os.environ, "JPY_SESSION_NAME": str(name or notebook)}
        manager, client = start_new_kernel(
            startup_timeout=patience(60), kernel_name="python3", cwd=str(notebook.parent), env=environment
        )
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
