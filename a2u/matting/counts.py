"""How many values the networks of Table 2 learn, and how many of them an operator adds: counted from built modules.

The matting network upsamples four times. An operator that looks at encoder features meets (64, 64, 128, 256)
channels there, from the finest stage to the coarsest; CARAFE looks at the decoder's (256, 128, 64, 64).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from a2u.matting.rows import ROWS
from a2u.matting.rows import build as build_network
from a2u.operators.registry import build

ENCODER = (64, 64, 128, 256)
DECODER = (256, 128, 64, 64)
RATIO = 2
BASELINE_IN_PAPER = "8.05M"  # of the rows whose operator learns nothing


class Count(NamedTuple):
    """One row: what was built for each of the four stages, its parameters in all, and the paper's rounded number."""

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


def count_networks(width: float = 1.0) -> list[NetworkCount]:
    """Every row of Table 2, counted; A2UError where one cannot be built at this width."""
    return [count_network(name, width) for name in ROWS]


def count_network(name: str, width: float = 1.0) -> NetworkCount:
    """One row of Table 2: built, counted and dropped, without a change to the caller's random numbers."""
    with torch.random.fork_rng(devices=[]):
        net = build_network(name, width)
    total, extra = (sum(p.numel() for p in module.parameters()) for module in (net, net.ups))
    row = ROWS[name]
    paper = f"+{row.paper_parameters}" if row.paper_parameters else BASELINE_IN_PAPER
    return NetworkCount(name, row.title, total, extra, paper)
