"""What the page of lesson 09 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "09_see_the_kernels",
    "a2u.lessons.see_the_kernels.explorer",
    {"weights": ("random", "learned"), "image": range(4), "stage": (0, 1, 2), "phase": (0, 1, 2, 3)},
)
