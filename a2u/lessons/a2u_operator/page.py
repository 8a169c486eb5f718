"""What the page of lesson 07 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "07_a2u",
    "a2u.lessons.a2u_operator.explorer",
    {"image": ("shifted by 4", "mirrored", "half contrast", "the same"), "row": (8, 9), "column": range(4, 14)},
)
