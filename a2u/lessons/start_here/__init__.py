"""Lesson 00, Start here: the map of operators, exercises, page."""
