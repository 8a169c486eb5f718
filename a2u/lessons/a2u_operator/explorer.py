"""Static, hybrid and dynamic A²U side by side on two images, and the kernel generation of Figure 2 with real maps."""

from functools import cache

import torch
from torch import Tensor

from a2u import operators
from a2u.errors import A2UError, near_match
from a2u.lessons import shared
from a2u.lessons.a2u_operator.picture import generation, modes
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.inspector import randomise
from a2u.operators.affinity import A2U, MODES
from a2u.operators.encoding import descriptors, responses
from a2u.plots import style

SEED, SIZE = 3, 2 * shared.SIZE
OTHERS = ("shifted by 4", "mirrored", "half contrast", "the same")


@cache
def operator(mode: str) -> A2U:
    """A channel-wise A²U of rank 1 with fixed random weights, in float64."""
    with torch.random.fork_rng(devices=[]):
        op = operators.build("a2u", len(shared.CHANNELS), mode=mode, share="none").double().eval()
    assert isinstance(op, A2U)
    randomise(op, SEED)
    return op


def other(guide: Tensor, how: str) -> Tensor:
    """The encoder map changed: rolled 4 pixels to the right, mirrored left to right, halved, or as it is.

    Raises:
        A2UError: there is no such change.
    """
    if how not in OTHERS:
        raise A2UError(f"There is no image {how!r}. {near_match(how, OTHERS)}")
    changed = {"shifted by 4": guide.roll(4, dims=-1), "mirrored": guide.flip(-1), "half contrast": guide / 2}
    return changed.get(how, guide)


def parts(op: A2U, guide: Tensor, row: int, column: int) -> dict[str, Tensor]:
    """What makes the kernel of one output: U (k×k, first channel), P of its phase (s×s), affinity and kernel w."""
    pooled, mean = descriptors(guide, op.encoder_kernel)
    assert op.u is not None
    p = op.p.generate(mean).flatten() if op.p.dynamic else op.p.weight[:, 0]
    phase, s = row % op.ratio * op.ratio + column % op.ratio, op.kernel_size
    return {
        "U": op.u(pooled)[0, 0, 0],
        "P": p.view(s * s, op.ratio**2)[:, phase].view(s, s),
        "a": op.affinity(guide)[0, 0, row // op.ratio, column // op.ratio],
        "w": op.kernel(None, guide)[0, 0, :, row, column].view(s, s),
    }


def draw(row: int, column: int, image: str) -> Drawing:
    """The picture of one position and one other image, with what changed."""
    guides = {"this image": shared.encoder_map().double()}
    guides[image] = other(guides["this image"], image)
    if image == "the same":
        guides = {"this image": guides["this image"], "the same again": guides["this image"]}
    both = [{mode: parts(operator(mode), guide, row, column) for mode in MODES} for guide in guides.values()]
    tables = [{m: {n: v.numpy() for n, v in found.items()} for m, found in each.items()} for each in both]
    fig = modes({n: g[0, 0].numpy() for n, g in guides.items()}, tables, (row, column))
    says = []
    for mode in MODES:
        first, second = both[0][mode], both[1][mode]
        found = {n: "same" if torch.allclose(first[n], second[n], atol=1e-9) else "changed" for n in ("U", "P", "w")}
        a, then = (style.number(float(each["a"])) for each in (first, second))
        says.append(f"{mode}: {', '.join(f'{n} {how}' for n, how in found.items())};  affinity {a}, then {then}")
    alt = (
        f"Output ({row}, {column}) of two images, this one and “{image}”: filters U, rows of P and the kernel w for "
        f"static, hybrid and dynamic A²U."
    )
    return Drawing(fig, alt, "\n".join(says))


def explorer(row: int = 9, column: int = 5, image: str = "half contrast") -> Panel:
    """Choose an output and another image; see which of U, P and w change in each mode."""
    return Panel(
        draw,
        row=slider(0, SIZE - 1, row, "row"),
        column=slider(0, SIZE - 1, column, "column"),
        image=choice(OTHERS, image, "image"),
    )


def figure_2(row: int = 9, column: int = 9) -> Drawing:
    """Kernel generation (d = 1) on the shared digit: what Figure 2 of the paper explains, in our own drawing."""
    op, guide = operator("dynamic"), shared.encoder_map().double()
    with torch.no_grad():
        pooled, _ = descriptors(guide, op.encoder_kernel)
        assert op.u is not None
        by_u, by_v = (responses(guide, side(pooled), op.ratio)[0, 0, 0] for side in (op.u, op.v))
        affinity = op.affinity(guide)[0, 0]
        top, left = row // 2 * 2, column // 2 * 2
        found = [parts(op, guide, top + i, left + j) for i in (0, 1) for j in (0, 1)]
    fig = generation(
        guide[0, 0].numpy(), by_u.numpy(), by_v.numpy(), affinity.numpy(), [f["P"].numpy() for f in found],
        [f["w"].numpy() for f in found], (row // 2, column // 2),
    )  # fmt: skip
    w = torch.stack([f["w"] for f in found])
    alt = (
        "How A²U makes kernels, with d = 1: depth-wise filters U and V look at the encoder map, their responses are "
        "multiplied and summed over channels into an affinity map, P turns each affinity into four times nine values, "
        f"and sigmoid and softmax make four 3×3 kernels with weights from {w.min():.3f} to {w.max():.3f}."
    )
    says = (
        f"Dynamic A²U, output block ({row // 2}, {column // 2}). X: the encoder map, `guide` in the code. gpconv: "
        "depth-wise convolution, stride 2."
    )
    if found[0]["P"].max() < 0 < found[0]["a"]:
        says += (
            "\nThe first kernel is flat to within 0.01: the affinity is positive and every P of its phase is negative, "
            "so that all nine sigmoids are near 0."
        )
    return Drawing(fig, alt, says)
