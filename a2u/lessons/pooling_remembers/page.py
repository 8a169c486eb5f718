"""What the page of lesson 02 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "02_pooling_remembers",
    "a2u.lessons.pooling_remembers.explorer",
    {
        "operator": ("max_unpool", "max_nearest", "average_nearest"),
        "ratio": (2, 4),
        "channel": (0, 1),
        "row": (0, 8, 9),
        "column": (0, 4, 5),
    },
)
