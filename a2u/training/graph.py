"""What records training steps for `a2u.training.captured`: a CUDA graph, and why a recording failed."""

import gc
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from a2u.errors import A2UError

Body = Callable[[], Tensor]


class NotCaptured(A2UError):
    """These steps cannot be recorded; taken one by one they may work."""


class Graph(Protocol):
    """What records steps: a CUDA graph, or, in tests, an imitation on a CPU."""

    def warm(self, body: Body) -> Tensor:
        """Run `body` once, as it will be recorded; returns its result."""

    def record(self, body: Body) -> Tensor:
        """Record `body`; returns the tensor that each replay writes its result into."""

    def replay(self) -> None:
        """Repeat what was recorded."""


class CudaGraph:
    """`torch.cuda.CUDAGraph`, with memory of its own, on one stream for warming up, recording and replaying.

    It takes the current stream, unless that is the default one, which cannot record: then it makes a stream of its
    own. cuBLAS has a workspace for each stream, and torch frees it with the last graph that was recorded there: so
    two graphs that are alive at the same time must not share a stream (https://github.com/pytorch/pytorch/issues/193402).
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        current = torch.cuda.current_stream(device)
        on_default = current == torch.cuda.default_stream(device)
        self._stream = torch.cuda.Stream(device) if on_default else current
        self._graph = torch.cuda.CUDAGraph()

    def warm(self, body: Body) -> Tensor:
        """Run `body` on the stream that will record it: workspaces and gradients belong to a stream."""
        with torch.cuda.device(self.device):
            current = torch.cuda.current_stream()
            self._stream.wait_stream(current)
            with torch.cuda.stream(self._stream):
                result = body()
            current.wait_stream(self._stream)
        return result

    def record(self, body: Body) -> Tensor:
        """Record `body`; nothing is computed yet.

        Raises:
            NotCaptured: Something in it waits for the GPU, or copies from the CPU.
        """
        gc.collect()  # now, because objects in dead cycles may not be released while recording
        recording = torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local")
        try:
            with torch.cuda.device(self.device), recording:
                return body()
        except RuntimeError as error:
            reason = why_not_captured(error)
        raise reason  # outside `except`: so it does not keep alive what the recording held

    def replay(self) -> None:
        """Start all recorded kernels on the current stream."""
        self._graph.replay()


def why_not_captured(error: BaseException) -> Exception:
    """What to raise for a recording that ended with `error`.

    An error inside a recording is followed by another one when the recording ends, which hides it: the first counts.
    Too little memory stays what it is, since another kind of step would not help.
    """
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    texts = [" ".join(str(each).split())[:300] for each in reversed(chain)]  # the first error first
    for each, text in zip(reversed(chain), texts, strict=True):
        if isinstance(each, torch.OutOfMemoryError):
            return torch.OutOfMemoryError(text)
    return NotCaptured(f"This training step cannot be captured ({'; then: '.join(texts)}). Use `step='eager'`.")
