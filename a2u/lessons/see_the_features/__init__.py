"""Lesson 11, See the features: explorer, figures, picture, exercises, page."""
