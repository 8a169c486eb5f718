"""Names: partners from other systems, lists of any encoding, and names that no terminal can print."""

import os
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matting_folders import save

from a2u.errors import A2UError
from a2u.matting.data.listing import Pictures, by_name, decoded, fold, listed, pictures, shown, stem

NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
PIXEL = np.zeros((1, 1), np.uint8)


def named(*names: str) -> Pictures:
    return Pictures({name: Path(f"{name}.png") for name in names})


# --- partners


@given(NAMES)
def test_a_partner_may_have_another_case_and_unicode_form(name):
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, name)
        assert named(other, f"{other} 2").partner(name) == Path(f"{other}.png")
    assert fold(name) == fold(unicodedata.normalize("NFD", name).casefold())


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0xFF), min_size=1, max_size=8))
def test_a_name_of_latin_1_bytes_is_the_name(name):
    assert fold(os.fsdecode(name.encode("latin-1"))) in (fold(name), fold(os.fsdecode(name.encode("latin-1"))))
    assert fold(os.fsdecode(b"caf\xe9")) == fold("café")


def test_the_same_name_comes_first_and_alike_must_be_alone():
    both = named("A", "a")
    assert (both.partner("A"), both.partner("a")) == (Path("A.png"), Path("a.png"))
    assert both.partner("á") is None
    assert named("É", "é").partner("e\u0301") is None  # which of the two?
    assert named("a").partner("A", own=both) is None  # its partner is a, which is here as well
    assert named("a").partner("A", own=named("A", "b")) == Path("a.png")


def test_folders_are_no_pictures_and_hidden_files_neither(tmp_path):
    save(tmp_path / "b10.png", PIXEL)
    save(tmp_path / "b9.PNG", PIXEL)
    save(tmp_path / "._b9.png", PIXEL)
    (tmp_path / "c.png").mkdir()
    assert list(pictures(tmp_path)) == ["b9", "b10"]


def test_a_phone_s_two_files_of_one_photograph_are_one(tmp_path):
    for name in ("IMG_1.HEIC", "IMG_2.heic"):
        (tmp_path / name).touch()
    save(tmp_path / "IMG_1.png", PIXEL)
    assert {name: [file.name for file in files] for name, files in by_name(tmp_path).items()} == {
        "IMG_1": ["IMG_1.png"],
        "IMG_2": ["IMG_2.heic"],  # to be told what it needs
    }


# --- lists


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_lists_are_read_in_every_usual_encoding(encoding, end, tmp_path):
    lines = ["", "dog.png", "  ", "Café-Größe.jpg  ", "Test_set\\fg\\cat.png", ""]
    (tmp_path / "test_fg_names.txt").write_bytes(end.join(lines).encode(encoding))
    assert listed(tmp_path, "test_fg_names.txt") == ["dog.png", "Café-Größe.jpg", "Test_set/fg/cat.png"]
    assert [stem(line) for line in listed(tmp_path, "test_fg_names.txt")] == ["dog", "Café-Größe", "cat"]


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=8), max_size=5))
def test_text_with_a_mark_comes_back(lines):
    text = "\n".join(lines)
    for encoding in ("utf-8-sig", "utf-16"):
        assert decoded(text.encode(encoding)) == text


@given(st.binary(max_size=60))
def test_no_list_stops_a_program(content):
    assert isinstance(decoded(content), str)


def test_a_dot_within_a_name_is_no_ending():
    assert [stem(line) for line in ("a.b.png", "a.b", "fg/pexels-1.2", "x.JPG")] == ["a.b", "a.b", "pexels-1.2", "x"]


def test_a_list_that_cannot_be_read_is_explained(tmp_path):
    (tmp_path / "names.txt").mkdir()
    with pytest.raises(A2UError, match=r"names\.txt is a folder, but should be a file"):
        listed(tmp_path, "names.txt")


# --- printing


@given(st.text(max_size=20))
def test_every_name_can_be_shown_on_one_line(name):
    line = shown(name + "\udce9\n")
    assert line.isprintable()
    line.encode("utf-8")
    if name.isprintable():
        assert line == name + "\\udce9\\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_listed(tmp_path):
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/caf\xe9.png")).write_bytes(b"")
    Path(os.fsdecode(folder + b"/two\nlines.png")).write_bytes(b"")
    assert pictures(tmp_path).partner("café") is not None
    assert {shown(name) for name in pictures(tmp_path)} == {"caf\\udce9", "two\\nlines"}
