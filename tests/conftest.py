"""What all tests share: few threads, so that two workers do not fight over two cores, and repeatable examples."""

import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("a2u", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("a2u")
