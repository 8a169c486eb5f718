"""The course: a folder for each lesson, and beside the folders what several lessons need."""
