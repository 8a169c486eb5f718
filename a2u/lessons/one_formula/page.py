"""What the page of lesson 01 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "01_one_formula",
    "a2u.lessons.inspector",
    {
        "operator": (
            "nearest",
            "bilinear",
            "bicubic",
            "max_unpool",
            "deconvolution",
            "pixel_shuffle",
            "carafe",
            "indexnet:holistic",
            "a2u:hybrid-cw",
        ),
        "row": (0, 5),
        "column": range(5, 11),
    },
    {"name": "bilinear", "row": 5, "column": 7},
)
