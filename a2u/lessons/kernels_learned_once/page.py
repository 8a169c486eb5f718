"""What the page of lesson 03 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "03_kernels_learned_once",
    "a2u.lessons.kernels_learned_once.explorer",
    {"kernel": range(1, 9), "stride": (2, 3, 4), "output_padding": (0, 1), "kind": ("equal", "random")},
)
