"""A training under torchrun that loses a process: the command line, with the tiny matting experiment.

    torchrun --nproc-per-node 2 tests/helpers/losing.py RANK HOW matting train …

In the third step process RANK is killed (HOW is "kill"), or asks torchrun to end (HOW is "stop").
"""

import os
import signal
import sys

import tiny_matting
from torch import Tensor

from a2u.commands import cli, matting_train
from a2u.training.distributed import Group


def lose(rank: str, how: str) -> None:
    """Put the loss into the step of that process, and the tiny experiment into the command."""
    weigh, steps = Group.weigh, iter(range(1, 1000))

    def losing(group: Group, loss: Tensor, unknown: Tensor) -> Tensor:
        if next(steps) == 3 and os.environ["RANK"] == rank:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            os.kill(os.getppid(), signal.SIGTERM)
            signal.pause()
        return weigh(group, loss, unknown)

    Group.weigh = losing
    matting_train.prepare = lambda chosen, place, workers, together: tiny_matting.build(together=together)


if __name__ == "__main__":
    lose(*sys.argv[1:3])
    cli.main(sys.argv[3:])
