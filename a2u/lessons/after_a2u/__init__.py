"""Lesson 12, After A²U: explorers, pictures, exercises, a short training, page."""
