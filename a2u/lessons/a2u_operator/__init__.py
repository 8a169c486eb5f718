"""Lesson 07, A²U: explorer, pictures, exercises, page."""
