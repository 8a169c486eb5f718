"""Lesson 06, Affinity: explorer, picture, exercises, page."""
