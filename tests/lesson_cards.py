"""What every lesson's exercises owe: a card each, whose folded solution passes and is that of the solutions edition."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from a2u.lessons.exercises import Exercise

SOURCES = Path(__file__).parents[1] / "notebooks" / "source"


def check_cards(lesson: str, exercises: Sequence[Exercise]) -> None:
    cards = re.split(r"(?m)^# ### Exercise \d", (SOURCES / f"{lesson}.py").read_text())[1:]
    assert len(cards) == len(exercises)
    for card, exercise in zip(cards, exercises, strict=True):
        assert exercise.title.split(" · ")[1] in card.splitlines()[0]
        assert re.search(r"\*Difficulty\* [★☆]{3} · \*time\* \d+ minutes", card)
        assert re.findall(r"<summary>(.*?)</summary>", card) == ["Hint 1", "Hint 2", "Solution"]
        folded = re.search(r"# ```python\n(.*?)# ```", card, re.DOTALL)
        assert folded is not None
        text = re.sub(r"(?m)^# ?", "", folded[1]).strip()
        names: dict[str, object] = {"torch": torch, "F": F}
        exec(text, names)
        written = next(value for name, value in names.items() if name.startswith("my_"))
        assert exercise.check(written).passed, exercise.check(written).message
        assert exercise.check(lambda *_: ...).passed is None  # not attempted is no failure
        assert text in card.split('tags=["solution"]')[1]
