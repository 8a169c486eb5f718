"""Table 1 of the paper, reproduced: the command, and the pictures of its report."""
