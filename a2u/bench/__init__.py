"""Speed and memory, measured side by side in one run: what `a2u bench` prints are ratios, not promises.

The candidates of a group take turns, so that a busy machine slows all of them alike; the median of the turns counts.
Memory is the peak of what one call allocates on top of its inputs.
"""

from a2u.bench.measure import peak_memory
from a2u.bench.operators import kernels_one_by_one, unfold_multiply_sum

__all__ = ["kernels_one_by_one", "peak_memory", "unfold_multiply_sum"]
