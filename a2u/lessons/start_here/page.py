"""What the page of lesson 00 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "00_start_here",
    "a2u.lessons.inspector",
    {"operator": ("nearest", "bilinear", "max_unpool", "carafe", "a2u:dynamic-cs"), "column": range(16)},
    {"name": "bilinear", "ratio": 2, "row": 8, "column": 6},
)
