"""Training for any model: a loop, checkpoints, run folders, devices and seeds."""

from a2u.training.device import choose_device
from a2u.training.loop import Progress, Task, fit
from a2u.training.run import Run
from a2u.training.run_folder import read_best, read_run
from a2u.training.step import choose_step

__all__ = ["Progress", "Run", "Task", "choose_device", "choose_step", "fit", "read_best", "read_run"]
