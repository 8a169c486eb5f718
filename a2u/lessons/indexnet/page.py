"""What the page of lesson 05 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "05_indexnet",
    "a2u.lessons.indexnet.explorer",
    {
        "kind": ("holistic", "depth-wise"),
        "stage": (0, 1, 2),
        "channel": (0, 1, 12),
        "column": (4, 11, 12, 13, 14),
    },
)
