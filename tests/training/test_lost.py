"""A process that is lost from a training of several: known by what the libraries say, and told once."""

import os
from pathlib import Path

import pytest
import torch.distributed as dist
from processes import python
from project import HELPERS
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from a2u.training.lost import first_to_tell, peer_was_lost, report


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        ("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:43711", True),
        ("NCCL communicator was aborted on rank 0", True),
        ("Socket Timeout", True),
        ("Connection reset by peer", True),
        ("shape '[3]' is invalid for input of size 4", False),
    ],
)
def test_what_the_libraries_say(monkeypatch: pytest.MonkeyPatch, words: str, lost: bool) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert peer_was_lost(RuntimeError(words)) is lost
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not peer_was_lost(RuntimeError(words))


def test_one_process_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    store = dist.TCPStore("127.0.0.1", 0, is_master=True)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(store.port))
    assert [first_to_tell() for _ in range(3)] == [True, False, False]
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")  # torchrun has started them again
    assert first_to_tell()


def test_without_a_store_the_second_process_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is that of the first, which is gone."""
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    for rank in ("0", "1", "2"):
        monkeypatch.setenv("RANK", rank)
        assert first_to_tell() is (rank == "1")


def test_torchruns_report_carries_the_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read as torchrun reads it."""
    place = tmp_path / "error.json"
    report("not under torchrun: nothing to write")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(place))
    report("a2u: Bad input.")
    failure = ProcessFailure(local_rank=0, pid=1, exitcode=1, error_file=str(place))
    assert "traceback : a2u: Bad input.\n" in ChildFailedError("training", {0: failure}).format_msg()
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "gone" / "error.json"))
    report("a report that cannot be written is no reason to fail")


@pytest.mark.parametrize(
    ("rank", "how", "said"),
    [
        ("0", "kill", "Another process of this training was lost"),
        ("1", "stop", "torchrun ended this training: another process was lost, or it was stopped."),
    ],
)
def test_under_torchrun_the_others_say_one_line_and_leave(tmp_path: Path, rank: str, how: str, said: str) -> None:
    """No process waits, none prints a traceback of its own, and torchrun's report ends with what they said."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", HELPERS / "losing.py", rank, how]
    command = ["matting", "train", "--row", "nearest", "--preset", "quick", "--runs", tmp_path, "--device", "cpu"]
    done = python(*words, *command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    ours = [line for line in lines if line.startswith("a2u: ")]
    assert len(ours) == 1, done.stderr
    assert said in ours[0]
    assert "matting-nearest-quick keeps every complete epoch: the same command goes on from there." in ours[0]
    by_torchrun = next(number for number, line in enumerate(lines) if line.startswith("Traceback"))
    assert not any(line.startswith("Traceback") for line in lines[by_torchrun + 1 :])
    assert "distributed/run.py" in "".join(lines[by_torchrun:])
    assert f"  traceback : {ours[0]}" in lines or how == "stop"
