"""What the page of lesson 04 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "04_carafe",
    "a2u.lessons.carafe.explorer",
    {
        "picture": ("a handwritten 2", "a handwritten 7", "an edge", "a slanted line", "plain grey"),
        "change": (
            "nothing changed",
            "moved 2 to the right",
            "half as strong",
            "three times as strong",
            "½ added everywhere",
            "noise added",
        ),
        "temperature": (0.01, 1.0, 100.0),
    },
)
