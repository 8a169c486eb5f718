"""Table 2 of the paper on a small scale: the command, and the picture of its report."""
