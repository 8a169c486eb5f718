"""All attacks, and their figures: `python -m tests.attack` (`make attack`); exit code 1 if one did not hold.

python -m tests.attack             minutes: every system call, every damage, 20,000 calls of operators
python -m tests.attack --short     about a minute: a sample of each
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

from tests.attack import damage, memory, operators, processes, system_calls  # noqa: E402
from tests.attack.tally import Tally  # noqa: E402


def run(short: bool) -> list[Tally]:
    """Every attack, printed as it ends."""
    found: list[Tally] = []
    for attack in (
        lambda: system_calls.attack(every=9 if short else 1),
        lambda: damage.attack(every=8 if short else 1),
        lambda: processes.attack(short),
        lambda: memory.attack(every=4 if short else 1),
        lambda: [_operators(500 if short else 20_000)],
    ):
        for tally in attack():
            print(tally, flush=True)
            found.append(tally)
    return found


def _operators(calls: int) -> Tally:
    counts, failures = operators.attack(calls, seed=0)
    return Tally("operators and formula", counts["tried"], counts["right"] + counts["refused"], failures)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a sample of each attack")
    found = run(parser.parse_args().short)
    failures = [line for tally in found for line in tally.failures]
    for line in failures[:50]:
        print(line)
    tried, held = sum(tally.tried for tally in found), sum(tally.held for tally in found)
    print(f"{'all':42} {tried:7,} tried {held:7,} held")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
