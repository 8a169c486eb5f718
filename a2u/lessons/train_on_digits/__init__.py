"""Lesson 08, Train on digits: live curves, explorer, pictures, exercises, page."""
