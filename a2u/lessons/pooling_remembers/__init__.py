"""Lesson 02, Pooling remembers: explorer, picture, page."""
