"""Section 6: image matting, as data, networks, losses and metrics."""
