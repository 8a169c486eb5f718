"""What the page of lesson 12 offers of its explorer of points."""

from a2u.lessons.page import Page

PAGE = Page(
    "12_after_a2u",
    "a2u.lessons.after_a2u.points",
    {
        "column": (7, 8, 9),
        "dx": (-1.0, -0.5, 0.0, 0.25, 0.5, 1.0),
        "dy": (-1.0, -0.5, 0.0, 0.5, 1.0),
    },
)
