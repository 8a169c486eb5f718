"""The rows of the guided table: which operator makes each, with which options, and what its kernels look at.

`ROWS` is the table: every operator that can take part. `VARIANTS` are A²U with one thing changed at a time, and the
ways past the operator; each is compared with the row `against`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from a2u.errors import A2UError, near_match


@dataclass(frozen=True)
class Row:
    """One network.

    options: of the operator. source, skip: see `a2u.guided.network`. against: the row that it is compared with.
    axis: of a variant, what was changed.
    """

    name: str
    title: str
    operator: str
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = "features"
    skip: str = "none"
    against: str = "bilinear"
    axis: str = ""


_INDEXNET: dict[str, Any] = {"context": True, "nonlinear": True}
_NORM: dict[str, Any] = {"group_norm": True, "norm_groups": 4}
_BASE = "a2u-dynamic-cs"

ROWS: dict[str, Row] = {
    row.name: row
    for row in [
        Row("nearest", "Nearest", "nearest"),
        Row("bilinear", "Bilinear", "bilinear"),
        Row("bicubic", "Bicubic", "bicubic"),
        Row("deconvolution", "Deconvolution", "deconvolution"),
        Row("pixel-shuffle", "Pixel shuffle", "pixel_shuffle"),
        Row("carafe", "CARAFE", "carafe"),
        Row("indexnet", "IndexNet", "indexnet:depthwise-m2o", _INDEXNET),
        Row("a2u-static-cw", "A²U static-cw", "a2u:static-cw"),
        Row("a2u-hybrid-cw", "A²U hybrid-cw", "a2u:hybrid-cw"),
        Row(_BASE, "A²U dynamic-cs", "a2u:dynamic-cs"),
        Row("a2u-dynamic-cs-norm", "A²U dynamic-cs, group norm", "a2u:dynamic-cs", _NORM),
        Row("sapa-i", "SAPA-I", "sapa:i"),
        Row("sapa-b", "SAPA-B", "sapa:b"),
        Row("sapa-g", "SAPA-G", "sapa:g"),
        Row("sapa-d", "SAPA-D", "sapa_d"),
        Row("fade", "FADE", "fade"),
        Row("fade-lite", "FADE-Lite", "fade:lite"),
        Row("dysample", "DySample", "dysample"),
        Row("dysample-s-plus", "DySample-S+", "dysample:s-plus"),
        Row("lda-aqu", "LDA-AQU", "lda_aqu"),
        Row("bilateral", "Joint bilateral", "bilateral", source="picture"),
        Row("featup", "FeatUp, one stage each", "featup", source="picture"),
        Row("naf", "NAF", "naf", source="picture"),
    ]
}


def _changed(axis: str, name: str, title: str, **given: Any) -> Row:
    options = given.pop("options", {})
    return Row(f"{_BASE}-{name}", title, "a2u:dynamic-cs", options, against=_BASE, axis=axis, **given)


def _beside(way: str) -> list[Row]:
    """The same networks with a second way for the features; compared with bilinear that has it too."""
    words = {"last": "a skip at the last stage", "all": "a skip at every stage"}[way]
    chosen = ("bilinear", "nearest", "carafe", "indexnet", _BASE, "a2u-dynamic-cs-norm")
    return [
        Row(
            f"{name}-skip-{way}",
            ROWS[name].title,
            ROWS[name].operator,
            ROWS[name].options,
            skip=way,
            against=f"bilinear-skip-{way}",
            axis=words,
        )
        for name in chosen
    ]


VARIANTS: dict[str, Row] = {
    row.name: row
    for row in [
        _changed("normalisation", "softmax", "softmax alone", options={"normalization": "softmax"}),
        _changed("normalisation", "sigmoid", "sigmoid alone", options={"normalization": "sigmoid"}),
        _changed("normalisation", "none", "none", options={"normalization": "none"}),
        _changed("rank", "rank-4", "rank 4", options={"rank": 4}),
        _changed("rank", "softmax-rank-4", "rank 4, softmax alone", options={"rank": 4, "normalization": "softmax"}),
        _changed("group norm", "norm", "group norm", options=_NORM),
        _changed(
            "group norm", "softmax-norm", "group norm, softmax alone", options={**_NORM, "normalization": "softmax"}
        ),
        _changed("kernel size", "kernel-5", "5×5", options={"kernel_size": 5}),
        _changed(
            "kernel size", "softmax-kernel-5", "5×5, softmax alone",
            options={"kernel_size": 5, "normalization": "softmax"},
        ),
        _changed("what is compared", "picture", "the picture", source="picture", options={}),
        _changed("what is compared", "decoder", "the map that is enlarged", source="decoder", options={}),
        _changed("what is compared", "both", "both maps", source="both", options={}),
        *_beside("last"),
        *_beside("all"),
    ]
}  # fmt: skip


def row(name: str) -> Row:
    """The row or variant called `name`.

    Raises:
        A2UError: There is none of that name; the message gives the closest one.
    """
    known = ROWS | VARIANTS
    if name not in known:
        raise A2UError(f"The guided table has no row {name!r}. {near_match(name, list(known))}")
    return known[name]
