"""What the page of lesson 06 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "06_affinity",
    "a2u.lessons.affinity.explorer",
    {
        "weights": ("centre with all", "left with right", "near pairs", "random", "each with itself"),
        "rank": (1, 3, 12, 13),
        "row": (0, 3),
        "j": (5, 8, 12),
    },
)
