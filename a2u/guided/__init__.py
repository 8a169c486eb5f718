"""Guided upsampling: an experiment in which nothing but the upsampling operator can draw detail.

A network sees a coarse map and the sharp picture that belongs to it, and has to give the sharp map. The picture reaches
the result through the kernels of the operator alone, so the operator is what the rows of the table differ in, and all
they differ in (`a2u.guided.network`).
"""
