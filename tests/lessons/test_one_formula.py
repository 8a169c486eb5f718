"""Lesson 01: its text and its pictures have the same colours."""

import re

from project import NOTEBOOKS

from a2u.plots import style


def test_the_legend_of_lesson_01_has_the_colours_of_the_pictures() -> None:
    text = (NOTEBOOKS / "source" / "01_one_formula.py").read_text()
    shown = re.findall(r'<span style="color: (#\w+)">(.)</span>', text)
    assert shown == [(style.COLOURS[kind], style.GLYPHS[kind]) for kind in "zwy"]
