"""Finished pieces of a site: whole or not there, kept while their inputs stay, and one build at a time."""

from pathlib import Path

import pytest
from small_site import commit, git

from a2u.errors import A2UError
from a2u.site import kept

KEY = kept.digest("inputs")
FILES = {"01_x.html": b"<p>", "slides/01_x.html": b"<section>"}


def test_a_piece_is_found_by_its_inputs_and_put_into_a_site(tmp_path: Path) -> None:
    kept.keep(tmp_path, "lesson", "01_x", KEY, FILES, [1, "two"])
    piece = kept.find(tmp_path, "lesson", "01_x", KEY)
    assert piece is not None
    assert piece.record == [1, "two"]
    piece.put(tmp_path / "site")
    found = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.*")}
    assert found == set(FILES), "the record is no part of a site"
    assert kept.find(tmp_path, "lesson", "01_x", kept.digest("others")) is None
    assert kept.find(tmp_path, "check", "01_x", KEY) is None


def test_parts_of_a_digest_do_not_run_into_each_other() -> None:
    assert kept.digest("ab", "c") != kept.digest("a", "bc") != kept.digest("abc")
    assert kept.digest("a") == kept.digest(b"a")


@pytest.mark.parametrize("damage", ["cut", "gone", "changed", "record cut", "record of another kind"])
def test_a_damaged_piece_is_not_used(tmp_path: Path, damage: str) -> None:
    kept.keep(tmp_path, "lesson", "01_x", KEY, FILES, None)
    piece = kept.find(tmp_path, "lesson", "01_x", KEY)
    assert piece is not None
    file, record = piece.folder / "01_x.html", piece.folder / "record.json"
    match damage:
        case "cut":
            file.write_bytes(b"")
        case "gone":
            file.unlink()
        case "changed":
            file.write_bytes(b"<q>")
        case "record cut":
            record.write_bytes(record.read_bytes()[:20])
        case _:
            record.write_text("[1]")
    assert kept.find(tmp_path, "lesson", "01_x", KEY) is None
    kept.keep(tmp_path, "lesson", "01_x", KEY, FILES, None)
    assert kept.find(tmp_path, "lesson", "01_x", KEY) is not None, "and is made again"


def test_a_piece_that_a_killed_build_left_half_is_not_there(tmp_path: Path) -> None:
    kept.keep(tmp_path, "lesson", "01_x", KEY, FILES, None)
    piece = kept.find(tmp_path, "lesson", "01_x", KEY)
    assert piece is not None
    piece.folder.rename(piece.folder.with_name(f"{piece.folder.name}.part"))
    assert kept.find(tmp_path, "lesson", "01_x", KEY) is None
    kept.keep(tmp_path, "lesson", "01_x", KEY, {"01_x.html": b"<b>"}, None)
    again = kept.find(tmp_path, "lesson", "01_x", KEY)
    assert again is not None
    assert again.files == ["01_x.html"], "nothing of the half one is in it"


def test_pieces_of_older_inputs_go_and_those_of_other_lessons_stay(tmp_path: Path) -> None:
    other = kept.digest("older")
    for name, key in (("01_x", KEY), ("01_x", other), ("02_y", other)):
        kept.keep(tmp_path, "lesson", name, key, FILES, None)
    (tmp_path / "lesson" / "notes").mkdir()
    piece = kept.find(tmp_path, "lesson", "01_x", KEY)
    assert piece is not None
    kept.forget(tmp_path, ["01_x"], [piece])
    assert kept.find(tmp_path, "lesson", "01_x", KEY) is not None
    assert kept.find(tmp_path, "lesson", "01_x", other) is None
    assert kept.find(tmp_path, "lesson", "02_y", other) is not None
    assert (tmp_path / "lesson" / "notes").is_dir()


def test_a_second_build_at_once_is_refused_and_a_later_one_is_not(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with kept.workshop(out), pytest.raises(A2UError, match=f"Another process is writing {out}"), kept.workshop(out):
        pytest.fail("two builds at once")
    with kept.workshop(out):
        pass


def test_git_sees_nothing_of_a_build(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")
    commit(tmp_path)
    with kept.workshop(tmp_path / "public") as work:
        kept.keep(work, "lesson", "01_x", KEY, FILES, None)
        assert git(tmp_path, "status", "--porcelain") == ""


def test_the_new_site_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "site"
    for content in ("first", "second"):
        with kept.workshop(out) as work:
            (work / "next").mkdir()
            (work / "next" / "index.html").write_text(content)
            kept.exchange(work, out)
            assert not (work / "before").exists()
    assert (out / "index.html").read_text() == "second"


def test_where_the_exchange_fails_the_old_site_is_back(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "index.html").write_text("old")
    with kept.workshop(out) as work, pytest.raises(FileNotFoundError):
        kept.exchange(work, out)  # there is no new one
    assert (out / "index.html").read_text() == "old"


def test_a_site_that_a_killed_build_had_set_aside_is_put_back(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with kept.workshop(out) as work:
        (work / "before").mkdir()
        (work / "before" / "index.html").write_text("old")
    assert not out.exists()
    with kept.workshop(out):
        assert (out / "index.html").read_text() == "old"
