"""`a2u.files.outputs`: a command replaces what it wrote itself, and nothing else."""

import json
import os
import shutil
from pathlib import Path

import pytest

from a2u.errors import A2UError
from a2u.files import outputs as module
from a2u.files.outputs import LIST, Outputs

BY = "a2u test"


def write(folder: Path, name: str = "a.png", content: bytes = b"1", by: str = BY, read: tuple[Path, ...] = ()) -> Path:
    """As a command does it."""
    out = Outputs(folder, by)
    out.check([name], read)
    return out.write(name, content)


def test_its_own_files_are_replaced_again_and_again(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"2", b"1"):
        assert write(tmp_path / "new", content=content).read_bytes() == content
    lines = [json.loads(line) for line in (tmp_path / "new" / LIST).read_text().splitlines()]
    assert [set(line) for line in lines] == [{"name", "sha256", "by"}] * 2  # a line for each content


def test_somebody_elses_file_is_refused_before_any_work_and_named(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"a photograph")
    out = Outputs(tmp_path, BY)
    with pytest.raises(
        A2UError, match=r"b\.png is there already, and `a2u test` did not write it, or it was changed since"
    ):
        out.check(["a.png", "b.png"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b.png"]


def test_a_result_that_was_worked_on_since_is_somebodys(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"edited by hand")
    with pytest.raises(A2UError, match="would be lost"):
        write(tmp_path)
    assert path.read_bytes() == b"edited by hand"


def test_another_commands_result_is_refused(tmp_path: Path) -> None:
    write(tmp_path, by="a2u other")
    with pytest.raises(A2UError, match="`a2u test` did not write it"):
        write(tmp_path)


def test_a_file_that_appears_during_the_work_is_refused_too(tmp_path: Path) -> None:
    out = Outputs(tmp_path, BY)
    out.check(["a.png"])
    (tmp_path / "a.png").write_bytes(b"a photograph")
    with pytest.raises(A2UError, match="would be lost"):
        out.write("a.png", b"1")
    assert (tmp_path / "a.png").read_bytes() == b"a photograph"


@pytest.mark.parametrize("way", ["itself", "through a folder", "symbolic link", "hard link"])
def test_what_is_read_is_not_replaced_whoever_wrote_it(tmp_path: Path, way: str) -> None:
    path = write(tmp_path / "out")
    given = {"itself": path, "through a folder": tmp_path / "out" / ".." / "out" / "a.png"}.get(
        way, tmp_path / "in.png"
    )
    if way == "symbolic link":
        given.symlink_to(path)
    if way == "hard link":
        os.link(path, given)
    with pytest.raises(A2UError, match=r"a\.png is read by this command.*would be replaced"):
        write(tmp_path / "out", content=b"2", read=(given,))
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("kind", ["a link", "a folder", "not a regular file"])
@pytest.mark.parametrize("force", [False, True])
def test_links_folders_and_pipes_are_never_replaced(tmp_path: Path, kind: str, force: bool) -> None:
    path, victim = tmp_path / "a.png", tmp_path / "victim"
    victim.write_text("mine")
    {"a link": lambda: path.symlink_to(victim), "a folder": path.mkdir, "not a regular file": lambda: os.mkfifo(path)}[
        kind
    ]()
    with pytest.raises(A2UError, match=f"but it is {kind}"):
        Outputs(tmp_path, BY, force).check(["a.png"])
    assert victim.read_text() == "mine"


def test_two_results_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"Two results would be one file, .*a\.png\."):
        Outputs(tmp_path, BY).check(["a.png", "b.png", "a.png"])
    out = Outputs(tmp_path, BY)
    out.write("a.png", b"1")
    with pytest.raises(A2UError, match="Two results would be one file"):
        out.write("a.png", b"2")


@pytest.mark.parametrize("names", [("Cat.png", "cat.png"), ("caf\u00e9.png", "cafe\u0301.png")])
def test_names_that_some_disks_take_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    Outputs(tmp_path, BY).check(names)  # here they are two
    monkeypatch.setattr(module, "_takes_for_one", lambda _: True)
    with pytest.raises(A2UError, match="this disk treats both as one name"):
        Outputs(tmp_path, BY).check(names)


def test_force_replaces_files_but_not_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    out = Outputs(tmp_path, BY, force=True)
    with pytest.raises(A2UError, match="is read by this command"):
        out.check(["a.png"], [path])
    out.check(["a.png"])
    assert out.write("a.png", b"new").read_bytes() == b"new"


def test_killed_between_the_line_and_the_file_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_whole", die)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, content=b"2")
    assert path.read_bytes() == b"1"
    assert write(tmp_path, content=b"2").read_bytes() == b"2"


def test_a_list_cut_short_counts_for_what_is_left_of_it(tmp_path: Path) -> None:
    write(tmp_path, "a.png")
    write(tmp_path, "b.png")
    place = tmp_path / LIST
    place.write_bytes(place.read_bytes()[:-20])
    write(tmp_path, "a.png", b"2")
    with pytest.raises(A2UError, match="would be lost"):
        write(tmp_path, "b.png", b"2")


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_a_list_that_is_no_file(tmp_path: Path, what: str) -> None:
    """It is not followed, not waited for, and the reason is said."""
    place, victim = tmp_path / LIST, tmp_path / "victim"
    victim.write_text("mine")
    {"link": lambda: place.symlink_to(victim), "folder": place.mkdir, "pipe": lambda: os.mkfifo(place)}[what]()
    with pytest.raises(A2UError, match=r"a2u-written\.jsonl cannot be written"):
        write(tmp_path)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "a.png").exists()


def test_results_that_move_with_their_list_stay_the_commands(tmp_path: Path) -> None:
    write(tmp_path / "here", "mattes/a.png")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    assert write(tmp_path / "there", "mattes/a.png", b"2").read_bytes() == b"2"


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    write(tmp_path, name)
    assert write(tmp_path, name, b"2").read_bytes() == b"2"


def test_a_line_that_was_cut_short_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    """The disk was full in the middle of a line: what is written afterwards is known all the same."""
    Outputs(tmp_path, "a command").write("one.txt", b"1")
    with (tmp_path / ".a2u-written.jsonl").open("ab") as file:
        file.write(b'{"name": "two.t')
    Outputs(tmp_path, "a command").write("two.txt", b"2")
    Outputs(tmp_path, "a command").write("two.txt", b"3")  # its own earlier file
    assert (tmp_path / "two.txt").read_bytes() == b"3"
    assert Outputs(tmp_path, "a command").write("one.txt", b"4").read_bytes() == b"4"
