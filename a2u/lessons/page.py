"""What a page of the site offers of a lesson's explorer: each lesson says it in its own `page.py`.

A page has no kernel, so each combination of values is a picture that is drawn when the site is built. Choose the one
to three controls that carry the lesson, and the values that answer its questions; the other controls stay where the
lesson starts them. A lesson whose folder has no `page.py` gets a page without an explorer.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from a2u import lessons
from a2u.errors import A2UError, near_match
from a2u.lessons.frame import Panel

MOST = 120  # combinations of one explorer: about half a minute of drawing, and some megabytes


@dataclass(frozen=True)
class Page:
    """What a page shows of a lesson's panel.

    Attributes:
        notebook: the lesson, by the name of its notebook.
        module: where the function ``explorer`` is that makes the panel.
        controls: by name of a control, the values that the page offers, in their order.
        start: what the lesson gives to ``explorer``, so that the page starts with the notebook's picture.
    """

    notebook: str
    module: str
    controls: Mapping[str, Sequence[Any]]
    start: Mapping[str, Any] = field(default_factory=dict)

    def panel(self) -> Panel:
        """The panel as the lesson opens it.

        Raises:
            A2UError: it has no such control or value, a control's start is not among the values, or there are too
                many combinations.
        """
        made = importlib.import_module(self.module).explorer(**self.start)
        assert isinstance(made, Panel)
        count = 1
        for name, values in self.controls.items():
            if name not in made.controls:
                known = list(made.controls)
                raise A2UError(f"The explorer of {self.notebook} has no control {name!r}. {near_match(name, known)}")
            if made.controls[name].value not in values:
                raise A2UError(
                    f"The explorer of {self.notebook} starts with {name} = {made.controls[name].value!r}, which is not "
                    f"among the values that its page offers: {', '.join(map(str, values))}. Add it."
                )
            wrong = [value for value in values if not _takes(made.controls[name], value)]
            if wrong:
                raise A2UError(f"The explorer of {self.notebook} cannot set {name} to {', '.join(map(str, wrong))}.")
            count *= len(values)
        if count > MOST:
            raise A2UError(f"The explorer of {self.notebook} has {count} combinations, more than {MOST}. Offer fewer.")
        return made


def _takes(control: Any, value: Any) -> bool:
    """Can this slider, or this list, have the value?"""
    if hasattr(control, "options"):
        return value in [option[1] if isinstance(option, tuple) else option for option in control.options]
    return bool(control.min <= value <= control.max)


def pages() -> dict[str, Page]:
    """The page of every lesson that has one, by the name of its notebook: `PAGE` of each `a2u/lessons/*/page.py`."""
    folders = [each.name for each in pkgutil.iter_modules(lessons.__path__, "a2u.lessons.") if each.ispkg]
    found = [f"{folder}.page" for folder in folders if importlib.util.find_spec(f"{folder}.page")]
    return {page.notebook: page for page in (importlib.import_module(name).PAGE for name in found)}
