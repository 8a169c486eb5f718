"""What the page of lesson 08 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "08_train_on_digits",
    "a2u.lessons.train_on_digits.explorer",
    {
        "operator": (
            "nearest",
            "bilinear",
            "deconvolution",
            "pixel_shuffle",
            "max_unpool",
            "carafe",
            "indexnet-holistic",
            "indexnet-depthwise",
            "a2u",
        ),
        "image": (0, 19),
        "row": range(7, 13),
    },
)
