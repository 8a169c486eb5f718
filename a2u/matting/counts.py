"""How many values the matting networks learn, and how many of them an operator adds: counted from built modules.

The matting network upsamples four times. An operator that looks at encoder features meets (64, 64, 128, 256)
channels there, from the finest stage to the coarsest; CARAFE looks at the decoder's (256, 128, 64, 64).

Besides the rows of Table 2 there are the operators that came after A²U. Their published numbers, where there are any,
are those of their own papers and repositories for the same network.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from a2u.matting.rows import ROWS, row
from a2u.matting.rows import build as build_network
from a2u.operators.registry import build

ENCODER = (64, 64, 128, 256)
DECODER = (256, 128, 64, 64)
RATIO = 2
BASELINE_IN_PAPER = "8.05M"  # of the rows whose operator learns nothing


class Count(NamedTuple):
    """One row: what was built for each of the four stages, its parameters in all, and the published, rounded number.

    That number is "" where none was published for this network.
    """

    operator: str
    options: Mapping[str, Any]
    channels: tuple[int, ...]
    parameters: int
    paper: str


class NetworkCount(NamedTuple):
    """One row: all learned values of its network, those of its four operators, and the paper's rounded number."""

    row: str
    title: str
    parameters: int
    extra: int
    paper: str


# What `build` gets for each stage, the channels of the stages, and how the paper rounds the sum.
TABLE_2: list[tuple[str, dict[str, Any], tuple[int, ...], str]] = [
    ("carafe", {}, DECODER, "0.26M"),
    ("indexnet:depthwise-m2o", {"context": True, "nonlinear": True}, ENCODER, "12.26M"),
    ("a2u:static-pw-cw", {}, ENCODER, "0.10M"),
    ("a2u:static-cw", {}, ENCODER, "26K"),
    ("a2u:hybrid-cw", {}, ENCODER, "44K"),
    ("a2u:hybrid-cs", {}, ENCODER, "19K"),
    ("a2u:dynamic-cw", {}, ENCODER, "0.20M"),
    ("a2u:dynamic-cs", {}, ENCODER, "20K"),
    ("a2u:dynamic-cs-d", {}, ENCODER, "38K"),
    ("a2u:dynamic-cs-d-norm", {}, ENCODER, "38K"),
]

# SAPA's number fits d = 32, while the published code has d = 64; that of SAPA-G fits neither.
AFTER_A2U: list[tuple[str, dict[str, Any], tuple[int, ...], str]] = [
    ("sapa:i", {}, ENCODER, ""),
    ("sapa:b", {}, ENCODER, "0.04M"),
    ("sapa:b", {"embedding": 64}, ENCODER, ""),
    ("sapa:g", {}, ENCODER, "0.04M"),
    ("sapa:g", {"embedding": 64}, ENCODER, ""),
    ("fade", {}, ENCODER, "0.12M"),
    ("fade:lite", {}, ENCODER, "27K"),
    ("dysample", {}, DECODER, ""),
    ("dysample:plus", {}, DECODER, ""),
    ("dysample:s", {}, DECODER, ""),
    ("dysample:s-plus", {}, DECODER, ""),
    ("carafe_plus", {}, DECODER, ""),
    ("sapa_d", {}, ENCODER, ""),
    ("lda_aqu", {}, DECODER, ""),
    ("bilateral", {}, DECODER, ""),
    ("featup", {}, DECODER, ""),
    ("naf", {}, DECODER, ""),
]


def count(operator: str, channels: tuple[int, ...] = ENCODER, **options: Any) -> int:
    """Learned values of one `operator` per stage (as for :func:`build`), summed over stages with these `channels`."""
    built = (build(operator, stage, RATIO, **options) for stage in channels)
    return sum(parameter.numel() for module in built for parameter in module.parameters())


def count_table_2() -> list[Count]:
    """The rows of the paper's Table 2 that add an operator, counted now."""
    return [
        Count(operator, options, channels, count(operator, channels, **options), paper)
        for operator, options, channels, paper in TABLE_2
    ]


def count_after_a2u() -> list[Count]:
    """The operators that came after A²U, counted as the rows of Table 2 are."""
    return [
        Count(operator, options, channels, count(operator, channels, **options), published)
        for operator, options, channels, published in AFTER_A2U
    ]


def count_networks(width: float = 1.0) -> list[NetworkCount]:
    """Every row of Table 2 and every operator after A²U, counted; A2UError where one cannot be built at this width."""
    after = dict.fromkeys(operator for operator, *_ in AFTER_A2U)
    return [count_network(name, width) for name in (*ROWS, *after)]


def count_network(name: str, width: float = 1.0) -> NetworkCount:
    """One row of Table 2 or one operator: built without values, counted and dropped; no random numbers are drawn."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        net = build_network(name, width)
    total, extra = (sum(p.numel() for p in module.parameters()) for module in (net, net.ups))
    found = row(name)
    published = {operator: number for operator, options, _, number in AFTER_A2U if not options}
    if name in ROWS:
        paper = f"+{found.paper_parameters}" if found.paper_parameters else BASELINE_IN_PAPER
    else:
        paper = f"+{published[name]}" if published.get(name) else "–"
    return NetworkCount(name, found.title, total, extra, paper)
