"""Lesson 05, IndexNet: explorer, picture, exercises, page."""
