"""Lesson 04, CARAFE: input pictures, explorer, exercises, page."""
