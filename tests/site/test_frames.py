"""The pictures of an explorer on a page: one for each combination, with the colours of the original."""

import json
from pathlib import Path

from bs4 import BeautifulSoup
from small_site import LESSON


def test_the_explorer_has_one_picture_for_each_combination(site: Path, pages: dict[str, BeautifulSoup]) -> None:
    explorer = pages[f"{LESSON}.html"].select_one("[data-explorer]")
    data = json.loads(explorer.script.string)
    assert data["sizes"] == [2, 3]
    assert len(data["frames"]) == 6
    assert len({tuple(frame) for frame in data["frames"]}) == 6, "every combination shows something else"
    for file, width, height in data["pictures"]:
        assert (site / file).is_file()
        assert width == 960
        assert height > 200
    start = data["frames"][1]  # bilinear, column 7: where the lesson starts
    assert explorer.img["src"] == data["pictures"][start[0]][0]
    assert explorer.img["alt"] == data["texts"][start[1]]
    assert "explorer(" in explorer.find_previous(class_="input").get_text(), "it stands where the lesson opens it"
    assert [label.get_text() for label in explorer.select("label")] == ["operator", "column"]
    assert all(explorer.find(id=label["for"]) for label in explorer.select("label"))
    note = " ".join(explorer.select_one(".note").get_text().split())
    assert "Here the ratio stays 2, the channel 0 and the row 5; for questions about them open the lesson in" in note
