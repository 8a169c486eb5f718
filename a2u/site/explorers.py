"""The explorer of each lesson, and the values of its controls that the page offers.

A page has no kernel, so each combination of values is a picture that is drawn when the site is built. Choose the one
to three controls that carry the lesson, and the values that answer its questions; the other controls stay where the
lesson starts them. A new lesson with an explorer gets one entry here; everything else follows from its panel.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.lessons.frame import Panel

MOST = 120  # combinations of one explorer: about half a minute of drawing, and some megabytes


@dataclass(frozen=True)
class Explorer:
    """What a page shows of a lesson's panel.

    Attributes:
        module: of a2u.lessons, with a function ``explorer`` that makes the panel.
        controls: by name of a control, the values that the page offers, in their order.
        start: what the lesson gives to ``explorer``, so that the page starts with the notebook's picture.
    """

    module: str
    controls: Mapping[str, Sequence[Any]]
    start: Mapping[str, Any] = field(default_factory=dict)

    def panel(self) -> Panel:
        """The panel as the lesson opens it.

        Raises:
            A2UError: it has no such control or value, a control's start is not among the values, or there are too
                many combinations.
        """
        made = importlib.import_module(f"a2u.lessons.{self.module}").explorer(**self.start)
        assert isinstance(made, Panel)
        count = 1
        for name, values in self.controls.items():
            if name not in made.controls:
                known = list(made.controls)
                raise A2UError(f"The explorer of {self.module} has no control {name!r}. {near_match(name, known)}")
            if made.controls[name].value not in values:
                raise A2UError(
                    f"The explorer of {self.module} starts with {name} = {made.controls[name].value!r}, which is not "
                    f"among the values that its page offers: {', '.join(map(str, values))}. Add it."
                )
            wrong = [value for value in values if not _takes(made.controls[name], value)]
            if wrong:
                raise A2UError(f"The explorer of {self.module} cannot set {name} to {', '.join(map(str, wrong))}.")
            count *= len(values)
        if count > MOST:
            raise A2UError(f"The explorer of {self.module} has {count} combinations, more than {MOST}. Offer fewer.")
        return made


def _takes(control: Any, value: Any) -> bool:
    """Can this slider, or this list, have the value?"""
    if hasattr(control, "options"):
        return value in [option[1] if isinstance(option, tuple) else option for option in control.options]
    return bool(control.min <= value <= control.max)


_OPERATORS = ("nearest", "bilinear", "bicubic", "max_unpool", "deconvolution", "pixel_shuffle", "carafe")

EXPLORERS: dict[str, Explorer] = {
    "00_start_here": Explorer(
        "inspector",
        {"operator": ("nearest", "bilinear", "max_unpool", "carafe", "a2u:dynamic-cs"), "column": range(16)},
        {"name": "bilinear", "ratio": 2, "row": 8, "column": 6},
    ),
    "01_one_formula": Explorer(
        "inspector",
        {"operator": (*_OPERATORS, "indexnet:holistic", "a2u:hybrid-cw"), "row": (0, 5), "column": range(5, 11)},
        {"name": "bilinear", "row": 5, "column": 7},
    ),
    "02_pooling_remembers": Explorer(
        "pooling_remembers",
        {
            "operator": ("max_unpool", "max_nearest", "average_nearest"),
            "ratio": (2, 4),
            "channel": (0, 1),
            "row": (0, 8, 9),
            "column": (0, 4, 5),
        },
    ),
    "03_kernels_learned_once": Explorer(
        "learned_once",
        {"kernel": range(1, 9), "stride": (2, 3, 4), "output_padding": (0, 1), "kind": ("equal", "random")},
    ),
    "04_carafe": Explorer(
        "carafe",
        {
            "picture": ("a handwritten 2", "a handwritten 7", "an edge", "a slanted line", "plain grey"),
            "change": (
                "nothing changed", "moved 2 to the right", "half as strong", "three times as strong",
                "½ added everywhere", "noise added",
            ),
            "temperature": (0.01, 1.0, 100.0),
        },
    ),
    "05_indexnet": Explorer(
        "indexnet",
        {
            "kind": ("holistic", "depth-wise"),
            "stage": (0, 1, 2),
            "channel": (0, 1, 12),
            "column": (4, 11, 12, 13, 14),
        },
    ),
    "06_affinity": Explorer(
        "affinity_window",
        {
            "weights": ("centre with all", "left with right", "near pairs", "random", "each with itself"),
            "rank": (1, 3, 12, 13),
            "row": (0, 3),
            "j": (5, 8, 12),
        },
    ),
    "07_a2u": Explorer(
        "a2u_modes",
        {"image": ("shifted by 4", "mirrored", "half contrast", "the same"), "row": (8, 9), "column": range(4, 14)},
    ),
    "08_train_on_digits": Explorer(
        "nine_networks",
        {
            "operator": (
                "nearest", "bilinear", "deconvolution", "pixel_shuffle", "max_unpool", "carafe", "indexnet-holistic",
                "indexnet-depthwise", "a2u",
            ),
            "image": (0, 19),
            "row": range(7, 13),
        },
    ),
    "09_see_the_kernels": Explorer(
        "see_the_kernels",
        {"weights": ("random", "learned"), "image": range(4), "stage": (0, 1, 2), "phase": (0, 1, 2, 3)},
    ),
    "10_matting": Explorer(
        "matting",
        {
            "kind": ("hair", "fur", "net", "foliage", "glass", "bubbles", "smoke", "shapes"),
            "method": ("½ everywhere", "nearest", "dynamic-cs"),
            "band": (0, 3, 6, 12, 24),
        },
        {"kind": "hair", "method": "dynamic-cs", "band": 6},
    ),
    "11_see_the_features": Explorer(
        "see_the_features",
        {
            "scene": ("hair", "glass"),
            "operator": ("nearest", "bilinear", "hybrid-cw", "dynamic-cs"),
            "stage": (1, 2, 3),
            "channel": (-1, 9, 13),  # those that section 7 lets one find
        },
    ),
}  # fmt: skip
