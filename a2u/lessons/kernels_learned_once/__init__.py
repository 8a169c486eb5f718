"""Lesson 03, Kernels learned once: explorer, picture, page."""
