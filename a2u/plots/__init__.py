"""Arrays in, matplotlib Figure out: every picture of the course, in one visual language (:mod:`a2u.plots.style`)."""
