"""Lesson 09, See the kernels: explorer, exercises, page."""
