"""Lesson 01, One formula: pictures of distance-based kernels, exercises, page."""
