"""A rebuilt notebook keeps the bytes of pictures that look as they did: a clone grows by what changed, and no more."""

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from a2u.lessons import editions
from a2u.lessons.stored import STEPS, keep_pictures, looks_the_same, stored_pictures

FLICKERING = """\
# %% tags=["exercise"]
x = ...

# %% tags=["solution"]
x = 1

# %%
import base64, io, time
from IPython.display import display
from PIL import Image

file = io.BytesIO()
Image.new("L", (8, 8), 100 + time.time_ns() % 2).save(file, "PNG")  # one step of 255, by chance
png = base64.b64encode(file.getvalue()).decode()
display({"image/png": png, "text/plain": "grey"}, raw=True)
"""

GREY = np.full((4, 6, 3), 128, dtype=np.uint8)


def png(pixels: np.ndarray, level: int = 6) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=level)
    return base64.b64encode(file.getvalue()).decode()


def notebook(*pictures: str, words: str = "a grey map", source: str = "draw()") -> Any:
    outputs = [nbformat.v4.new_output("display_data", {"image/png": each, "text/plain": words}) for each in pictures]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, outputs=outputs)])


def pictures(of: Any) -> list[str]:
    return [output.data["image/png"] for cell in of.cells for output in cell.outputs]


def stored(folder: Path, *notebooks: Any) -> dict[str, list[str]]:
    paths = [folder / f"{index}.ipynb" for index in range(len(notebooks))]
    for path, each in zip(paths, notebooks, strict=True):
        nbformat.write(each, path)
    return stored_pictures(paths)


@pytest.mark.parametrize("step", range(-STEPS, STEPS + 1))
def test_a_picture_that_looks_the_same_keeps_its_stored_bytes(tmp_path: Path, step: int) -> None:
    changed = GREY.copy()
    changed[1, 2] = 128 + step
    new = notebook(png(changed, level=1))
    assert keep_pictures(new, stored(tmp_path, notebook(png(GREY)))) == 1
    assert pictures(new) == [png(GREY)]


@pytest.mark.parametrize("step", [-STEPS - 1, STEPS + 1, 60])
def test_a_picture_that_changed_is_stored_anew(tmp_path: Path, step: int) -> None:
    changed = GREY.copy()
    changed[3, 5, 1] = 128 + step
    new = notebook(png(changed))
    assert keep_pictures(new, stored(tmp_path, notebook(png(GREY)))) == 0
    assert pictures(new) == [png(changed)]


def test_other_words_or_another_size_are_another_picture(tmp_path: Path) -> None:
    before = stored(tmp_path, notebook(png(GREY)))
    assert keep_pictures(notebook(png(GREY, level=1), words="something else"), before) == 0
    assert not looks_the_same(png(GREY), png(GREY[:, :5]))


def test_the_code_of_the_cell_may_change_and_several_pictures_may_share_their_words(tmp_path: Path) -> None:
    black = np.zeros_like(GREY)
    before = stored(tmp_path, notebook(png(GREY), png(black)))
    new = notebook(png(black, level=1), png(GREY, level=1), source="draw(by=another_name)")
    assert keep_pictures(new, before) == 2
    assert pictures(new) == [png(black), png(GREY)]


def test_a_notebook_that_is_damaged_or_not_there_has_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "damaged.ipynb").write_text("{")
    assert stored_pictures([tmp_path / "damaged.ipynb", tmp_path / "none.ipynb", tmp_path]) == {}


def test_a_lesson_built_twice_has_the_same_bytes_and_its_editions_share_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_lesson.py").write_text(FLICKERING)
    build = ["build", "--folder", str(tmp_path)]
    assert editions.main(build) == 0
    paths = [tmp_path / "01_lesson.ipynb", tmp_path / "solutions" / "01_lesson.ipynb"]
    first = [path.read_bytes() for path in paths]
    shown = [nbformat.read(path, as_version=4).cells[-1].outputs[0].data["image/png"] for path in paths]
    assert shown[0] == shown[1]
    assert editions.main(build) == 0
    assert [path.read_bytes() for path in paths] == first
