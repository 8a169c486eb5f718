"""A process that is lost from a training of several: known by what the libraries say, and told once."""

import pytest
import torch.distributed as dist

from a2u.training.distributed import first_to_tell, peer_was_lost


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
