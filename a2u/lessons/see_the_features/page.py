"""What the page of lesson 11 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "11_see_the_features",
    "a2u.lessons.see_the_features.explorer",
    {
        "scene": ("hair", "glass"),
        "operator": ("nearest", "bilinear", "hybrid-cw", "dynamic-cs"),
        "stage": (1, 2, 3),
        "channel": (-1, 9, 13),  # those that section 7 lets one find
    },
)
