"""How far two rows of a table are apart over seeds, and whether that is more than the seed changes.

Runs of one seed see the same images in the same order, so two rows are compared seed by seed: d_s = score of one −
score of the other. Of n seeds: mean d̄, sample standard deviation sd, standard error sd/√n. The order of two rows is
decided if the 95 % interval of the mean, d̄ ± t·sd/√n (Student's t with n − 1 degrees of freedom), does not contain 0.
One seed has no spread, so it tells nothing about the next one, however large its difference is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

# Student's t, 97.5 %, for 1, 2, … 10 degrees of freedom; beyond 10 the last value is a little too careful.
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Difference:
    """The score of the row `better` minus that of the row `worse`, by seed; at least one seed. unit: of the score."""

    better: str
    worse: str
    by_seed: Mapping[int, float]
    unit: str = "dB"

    @property
    def n(self) -> int:
        """How many seeds both rows have."""
        return len(self.by_seed)

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return fmean(self.by_seed.values())

    @property
    def sd(self) -> float | None:
        """Sample standard deviation over the seeds; None for a single one."""
        return stdev(self.by_seed.values()) if self.n > 1 else None

    @property
    def error(self) -> float | None:
        """Standard error of the mean; None for a single seed."""
        return None if self.sd is None else self.sd / math.sqrt(self.n)

    @property
    def sign(self) -> int:
        """1 if `better` is above, −1 if it is below, 0 if the spread over seeds, or a single seed, leaves it open."""
        if self.error is None or abs(self.mean) <= T[min(self.n - 1, len(T)) - 1] * self.error:
            return 0
        return 1 if self.mean > 0 else -1

    def words(self, better: str, worse: str) -> str:
        """In words, with these names of the rows: "A − B: +0.28 ± 0.05 dB (n = 3)"."""
        spread = "" if self.error is None else f" ± {self.error:.2f}"
        unit = f" {self.unit}" if self.unit else ""
        return f"{better} − {worse}: {self.mean:+.2f}{spread}{unit} (n = {self.n})".replace(": -", ": −")

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the keys of "by_seed" are text there."""
        return {
            "better": self.better,
            "worse": self.worse,
            "by_seed": {str(seed): value for seed, value in self.by_seed.items()},
            "n": self.n,
            "mean": self.mean,
            "sd": self.sd,
            "se": self.error,
        }


def difference(
    scores: Mapping[str, Mapping[int, float]], better: str, worse: str, unit: str = "dB"
) -> Difference | None:
    """The difference over the seeds that both rows have; None if they share none.

    scores: by row and seed, in this unit.
    """
    one, other = scores.get(better, {}), scores.get(worse, {})
    shared = [seed for seed in one if seed in other]
    return Difference(better, worse, {seed: one[seed] - other[seed] for seed in shared}, unit) if shared else None
