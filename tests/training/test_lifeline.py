"""A child of --jobs ends with its parent, whatever it is doing and however the parent ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import until

SCRIPT = """
import multiprocessing, os, time
from a2u.training.lifeline import end_with

def work(life):
    end_with(life)
    inner = multiprocessing.get_context("fork").Process(target=time.sleep, args=(10_000,))
    inner.start()
    print(os.getpid(), inner.pid, flush=True)
    time.sleep(10_000)  # says nothing to its parent, which is how a long step looks

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    life, held = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(life,))
    process.start()
    life.close()
    process.join()
"""


def runs(number: int) -> bool:
    """Is there such a process, other than as a name that nobody has asked for yet?"""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_the_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(SCRIPT)
    with subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    try:
        assert until(lambda: not any(map(runs, children)), 1), "they go on for nobody"
    finally:
        for number in filter(runs, children):
            os.kill(number, signal.SIGKILL)
