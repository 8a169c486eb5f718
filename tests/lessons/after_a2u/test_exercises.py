"""Lesson 12's references are what the library computes."""

import torch

import a2u
from a2u.lessons.after_a2u import answers, exercises


def cases(exercise):
    generator = torch.Generator().manual_seed(12)
    return [exercise.cases(generator, number) for number in range(5)]


def test_the_kernels_of_sapa_are_those_of_the_library() -> None:
    for x, guide, size, ratio in cases(exercises.SAPA):
        op = a2u.build("sapa:i", len(x), ratio, kernel_size=size).double()
        torch.testing.assert_close(answers.sapa_reference(x, guide, size, ratio), op.kernel(x[None], guide[None])[0, 0])


def test_the_points_of_dysample_are_read_as_the_library_reads_them() -> None:
    for x, offsets in cases(exercises.DYSAMPLE):
        op = a2u.build("dysample", len(x), offsets.shape[1] // x.shape[1], groups=1).double()
        op.offsets = lambda x, o=offsets: o[None, :, None]
        torch.testing.assert_close(answers.dysample_reference(x, offsets), op(x[None])[0].detach())


def test_without_offsets_the_reading_is_bilinear() -> None:
    x, _ = cases(exercises.DYSAMPLE)[0]
    mine = answers.dysample_reference(x, torch.zeros(2, 8, 10, dtype=x.dtype))
    torch.testing.assert_close(mine, a2u.build("bilinear", len(x)).double()(x[None])[0])


def test_the_gate_is_that_of_the_library() -> None:
    for x, guide, w, gate, ratio in cases(exercises.GATE):
        op = a2u.build("fade", len(x), ratio, kernel_size=round(len(w) ** 0.5)).double()
        s = gate.sigmoid().repeat_interleave(ratio, 0).repeat_interleave(ratio, 1)
        op.weights = lambda *_, s=s, w=w: (((1 - s) * w)[None, None], s[None, None])
        mine = answers.gated_reference(x, guide, w, gate, ratio)
        torch.testing.assert_close(mine, op(x[None], guide[None])[0].detach())


def test_the_naive_form_takes_as_many_bytes_as_its_windows() -> None:
    channels, height, width, ratio, k = exercises.BYTES_OF_NAF.cases(torch.Generator(), 2)
    z = a2u.windows(torch.zeros(1, channels, height, width), k)
    z = z.repeat_interleave(ratio, -1).repeat_interleave(ratio, -2)
    assert int(answers.bytes_reference(channels, height, width, ratio, k)) == z.numel() * z.element_size()
