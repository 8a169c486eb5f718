"""What the page of lesson 10 offers of its explorer."""

from a2u.lessons.page import Page

PAGE = Page(
    "10_matting",
    "a2u.lessons.matting.explorer",
    {
        "kind": ("hair", "fur", "net", "foliage", "glass", "bubbles", "smoke", "shapes"),
        "method": ("½ everywhere", "nearest", "hybrid-cw"),
        "band": (0, 3, 6, 12, 24),
    },
    {"kind": "hair", "method": "hybrid-cw", "band": 6},
)
