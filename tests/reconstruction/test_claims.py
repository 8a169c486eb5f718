"""The paper's claims over seeds: which hold, which do not, and which cannot be told."""

from typing import Any

import pytest

from a2u.reconstruction import ROWS, claims

PAPER = {name: row.paper["mnist"].psnr for name, row in ROWS.items()}
FEATURES, MATTERS, HOLISTIC, DEPTHWISE = range(4)


def over_seeds(seeds: dict[str, list[float]]) -> list[dict[str, Any]]:
    """The answers from these PSNRs (seeds 0, 1, …); of other rows one run, that of the paper."""
    by_seed = {name: dict(enumerate(seeds.get(name, [value]))) for name, value in PAPER.items()}
    means = {name: sum(each.values()) / len(each) for name, each in by_seed.items() if each}
    return [each["over_seeds"] for each in claims.check({"mnist": means}, {"mnist": by_seed})]


def everywhere(*added: float) -> dict[str, list[float]]:
    """All rows with several seeds, which move all rows alike."""
    return {name: [value + each for each in added] for name, value in PAPER.items()}


def test_with_one_seed_no_order_is_told() -> None:
    found = over_seeds({})
    assert [each["decision"] for each in found] == [
        "cannot be told",
        "cannot be told",
        "does not hold",
        "cannot be told",
    ]
    assert found[DEPTHWISE]["reason"] == (
        "one seed, so no spread to compare with; A²U − IndexNet, depth-wise: +0.50 dB (n = 1)"
    )
    assert "the closest pair: CARAFE − Nearest: +0.18 dB (n = 1)" in found[FEATURES]["reason"]


def test_without_seeds_every_number_is_one_run() -> None:
    assert claims.check({"mnist": PAPER})[DEPTHWISE]["over_seeds"] == over_seeds({})[DEPTHWISE]


def test_what_parameters_contradict_no_seed_can_mend() -> None:
    found = over_seeds({"a2u": [48.0, 48.1], "indexnet-holistic": [45.0, 45.1]})[HOLISTIC]
    assert found["decision"] == "does not hold"
    assert found["reason"] == "28,675 ≥ 14,336 parameters, with every seed"
    assert found["pairs"][0]["n"] == 2


@pytest.mark.parametrize(
    ("a2u", "decision", "reason"),
    [
        ([47.6, 47.65, 47.55], "holds", "A²U − IndexNet, depth-wise: +0.50 ± 0.03 dB (n = 3)"),
        ([47.6, 46.6, 48.6], "cannot be told", "is within the spread over seeds"),
        ([46.6, 46.65, 46.55], "does not hold", "A²U − IndexNet, depth-wise: −0.50 ± 0.03 dB (n = 3)"),
    ],
)
def test_the_spread_decides(a2u: list[float], decision: str, reason: str) -> None:
    found = over_seeds({"a2u": a2u, "indexnet-depthwise": [47.1] * 3})[DEPTHWISE]
    assert found["decision"] == decision
    assert reason in found["reason"]
    assert len(found["pairs"][0]["by_seed"]) == 3


def test_a_claim_over_many_pairs_needs_every_pair() -> None:
    assert over_seeds(everywhere(0, 0.3))[MATTERS]["decision"] == "holds"
    found = over_seeds({**everywhere(0, 0.3), "nearest": [28.54]})[MATTERS]
    assert found["decision"] == "cannot be told"
    assert found["reason"].startswith("one seed, for 3 of 18 pairs")
    one_below = {**everywhere(0, 0.3), "deconvolution": [50.0, 50.3]}
    assert over_seeds(one_below)[MATTERS]["decision"] == "does not hold"


def test_a_pair_without_a_common_seed_is_not_measured() -> None:
    found = over_seeds({**everywhere(0, 0.3), "carafe": []})[FEATURES]
    assert found["decision"] == "not measured"
    assert found["reason"] == "2 of 10 pairs of rows share no seed"
    assert over_seeds({**everywhere(0, 0.3), "carafe": [], "max_unpool": [10.0, 10.3]})[FEATURES]["decision"] == (
        "does not hold"
    )
