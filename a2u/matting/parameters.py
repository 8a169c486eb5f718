"""How many values each network of Table 2 learns, counted on the network itself."""

from typing import NamedTuple

import torch

from a2u.matting.rows import ROWS, build

BASELINE_IN_PAPER = "8.05M"  # of the rows whose operator learns nothing


class NetworkCount(NamedTuple):
    """One row: all learned values of its network, those of its four operators, and the paper's rounded number."""

    row: str
    title: str
    parameters: int
    extra: int
    paper: str


def count_networks(width: float = 1.0) -> list[NetworkCount]:
    """Every row of Table 2, counted; A2UError where one cannot be built at this width."""
    return [count_network(name, width) for name in ROWS]


def count_network(name: str, width: float = 1.0) -> NetworkCount:
    """One row of Table 2: built, counted and forgotten, without a trace in the random numbers of others."""
    with torch.random.fork_rng(devices=[]):
        net = build(name, width)
    total, extra = (sum(p.numel() for p in module.parameters()) for module in (net, net.ups))
    row = ROWS[name]
    paper = f"+{row.paper_parameters}" if row.paper_parameters else BASELINE_IN_PAPER
    return NetworkCount(name, row.title, total, extra, paper)
