"""Lesson 11, See the features: explorer, picture, exercises, page."""
