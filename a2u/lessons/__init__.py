"""The course: a folder for each lesson, and beside the folders what several lessons need."""

from a2u.lessons import kernel

kernel.install()
