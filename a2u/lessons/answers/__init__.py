"""A learner's answer: how it runs, how it compares with the right one, and what was probably done."""
