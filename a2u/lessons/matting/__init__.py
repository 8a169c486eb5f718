"""Lesson 10, Matting: explorer, Figure 3, wrong mattes, pictures, exercises, page."""
