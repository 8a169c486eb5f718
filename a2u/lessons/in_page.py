"""The part of a panel or a question that runs in the page: names for screen readers, and a word when no kernel answers.

ipywidgets gives neither its sliders a name nor its pictures a description, and a slider whose kernel is gone still
moves. A small script (`in_page.js`) mends both wherever widgets are shown; a page that cannot load it loses no more
than that.
"""

# ipywidgets and anywidget have no types of their own.
# mypy: disable-error-code="attr-defined, name-defined, misc, no-untyped-call"

import html
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

HERE = Path(__file__).parent
MARK = "a2u-explorer"  # in the metadata of an output: a saved notebook says how to bring it back
AGAIN = "Run this cell again (Shift+Enter)"
GONE = f"The kernel has been restarted, and nothing here would answer. {AGAIN}."
SILENT = f"The kernel has not answered yet. If no other cell is running, it is gone: {AGAIN[0].lower()}{AGAIN[1:]}."


class InPage(anywidget.AnyWidget):
    """Nothing to see; it works on the widget of class "a2u-live" in which it stands.

    Attributes:
        alt: the description of the picture, if there is one.
        says: what stands under it. With `alt`, this is what a saved notebook keeps beside the picture.
    """

    _esm = (HERE / "in_page.js").read_text(encoding="utf-8")
    alt = traitlets.Unicode().tag(sync=True)
    says = traitlets.Unicode().tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self.add_class("a2u-in-page")
        self.on_msg(lambda *_: self.send("Yes."))


def frame() -> widgets.HTML:
    """The look of a widget of class "a2u-live", and what it says when its kernel is gone; unseen until then."""
    style = (HERE / "in_page.css").read_text(encoding="utf-8")
    words = "".join(
        f'<div class="{kind}" role="alert">{html.escape(text)}</div>'
        for kind, text in (("a2u-gone", GONE), ("a2u-silent", SILENT))
    )
    made = widgets.HTML(f"<style>{style}</style>{words}", layout=widgets.Layout(margin="0"))
    made.add_class("a2u-frame")
    return made
