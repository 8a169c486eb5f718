"""The frame of every explorer: controls, picture, words, errors, and moves from several threads."""

import re
import threading

import numpy as np
import pytest
import torch
from rendered import is_picture

from a2u.errors import A2UError
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.plots.maps import side_by_side


def bars(height: int, kind: str) -> Drawing:
    if kind == "broken":
        raise A2UError("no bars today")
    if kind == "bug":
        raise ZeroDivisionError("a bug")
    assert not torch.is_grad_enabled()
    return Drawing(side_by_side({kind: np.eye(4) * height}), f"A diagonal of {height}.", f"height {height}")


@pytest.fixture
def small() -> Panel:
    return Panel(bars, height=slider(0, 9, 3), kind=choice(["eye", "broken", "bug"]))


@pytest.mark.parametrize(("kind", "message"), [("broken", "no bars today"), ("bug", "ZeroDivisionError: a bug")])
def test_an_error_is_shown_in_the_panel_and_the_last_picture_stays(small: Panel, kind: str, message: str) -> None:
    before = small.image.value
    small.controls["kind"].value = kind
    assert message in small.caption.value
    assert 'role="alert"' in small.caption.value
    assert small.image.value == before
    small.controls["kind"].value = "eye"
    assert small.error is None
    assert 'role="status"' in small.caption.value
    with pytest.raises(A2UError, match=message):
        small.set(kind=kind)


def test_a_page_without_a_kernel_has_the_picture_and_its_words(small: Panel) -> None:
    data, metadata = small._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert data["text/plain"] == "A diagonal of 3.\nheight 3"
    assert metadata["image/png"] == {"width": 960, "alt": "A diagonal of 3."}


def test_a_drawing_shows_picture_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    drawing = Drawing(side_by_side({"a": np.eye(2)}), "A diagonal.", "trace 2")
    data, metadata = drawing._repr_mimebundle_()
    assert data["text/plain"] == "A diagonal.\ntrace 2"
    assert metadata["image/png"]["alt"] == "A diagonal."
    drawing._ipython_display_()
    assert "trace 2" in capsys.readouterr().out


def test_controls_are_labelled_and_words_are_escaped() -> None:
    panel = Panel(lambda n: Drawing(side_by_side({"a": np.eye(2)}), "<b>"), n=slider(0, 1, 0))
    assert panel.controls["n"].description == "n"
    assert "&lt;b&gt;" in panel.caption.value


def test_a_panel_asked_for_other_values_stays_where_it_is(small: Panel) -> None:
    small.set(height=8)  # as a learner might have left it
    picture, drawing = small.image.value, small.drawing
    assert small.at(kind="eye").says == "height 3", "what is not asked for is as the panel began"
    assert small.at(height=5).says == "height 5"
    assert small.at(height=9).says == "height 9"
    assert (small.controls["height"].value, small.image.value, small.drawing) == (8, picture, drawing)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hight": 1}, "no control 'hight'. Did you mean 'height'"),
        ({"kind": "eyes"}, "kind cannot be 'eyes'. Did you mean 'eye'"),
        ({"height": -1}, "height begins at 0, got -1"),
        ({"kind": "broken"}, "no bars today"),
        ({"kind": "bug"}, "cannot be drawn. ZeroDivisionError: a bug"),
    ],
)
def test_a_panel_says_why_it_cannot_show_what_is_asked(small: Panel, values: dict, message: str) -> None:
    with pytest.raises(A2UError, match=re.escape(message)):
        small.at(**values)
    assert small.error is None


def test_the_page_gets_the_words_of_each_picture(small: Panel) -> None:
    small.controls["height"].value = 6
    assert (small.in_page.alt, small.in_page.says) == ("A diagonal of 6.", "height 6")


def test_the_page_gets_an_answer() -> None:
    sent = []
    panel = Panel(lambda n: Drawing(side_by_side({"a": np.eye(2)}), "eye"), n=slider(0, 1, 0))
    panel.in_page.send = lambda content, buffers=None: sent.append(content)
    panel.in_page._handle_custom_msg("Is anyone there?", [])
    assert len(sent) == 1


def test_moves_from_several_threads_end_in_a_whole_picture(small: Panel) -> None:
    def move(values: range) -> None:
        for value in values:
            small.controls["height"].value = value

    threads = [threading.Thread(target=move, args=(values,)) for values in (range(0, 10), range(9, -1, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_picture(small.image.value)
    assert small.error is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Panel(bars), "at least one control"),
        (lambda: Panel(bars, height=slider(0, 1, 0), kind=choice(["broken"])), "first picture.*no bars today"),
        (lambda: Panel(bars, height=slider(0, 1, 0), kind=choice(["eye"])).set(hight=1), "no control 'hight'"),
    ],
)
def test_misuse_of_a_panel_is_explained(make, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        make()
