"""Section 6: image matting, as data, networks, losses and metrics; Table 2 on a small scale."""
