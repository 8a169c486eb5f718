"""Random calls of the formula, of gather and of every operator: the result is right, or an A2UError says what is wrong.

    python -m tests.attack.operators --calls 20000 --seed 0

Shapes (axes of 0 among them), dtypes, memory layouts, torch's modes, paths and mistakes are drawn together. A call
that is allowed must give the values and the gradients of the plain float64 product (references.py) within what its
dtype can hold; a mistake must be refused. Each call has a number of its own, and `--only NUMBER` repeats it.
"""

import argparse
import contextlib
import copy
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

import a2u
from a2u import A2UError, cells
from a2u.operators import card
from tests.attack import references
from tests.helpers import every

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
COMPLEX = (torch.complex128, torch.complex64)
WHOLE = (torch.uint8, torch.int64, torch.bool)
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda t: t,
    "channels last": lambda t: t.movedim(1, -1).contiguous().movedim(-1, 1),
    "every second": lambda t: torch.stack([t, t], -1).flatten(-2)[..., ::2],
    "transposed": lambda t: t.mT.contiguous().mT,
    "batch last": lambda t: t.movedim(0, -1).contiguous().movedim(-1, 0),
    "a part": lambda t: torch.cat([t, t], 1)[:, : t.shape[1]],
}
MODES = (
    *("plain",) * 4,
    "autocast bfloat16",
    "autocast float16",
    "no_grad",
    "inference",
    "deterministic",
    "default float64",
    "default float16",
    "default bfloat16",
)
NO_RATIO = (0, -1, 2.0, "2", None, True, np.True_, np.float32(2))
NO_PATH = ("tils", None, 3, "", ["auto"], b"auto")


class Wrong(AssertionError):
    """The library gave a result that is not right, or refused what is allowed."""


@contextlib.contextmanager
def mode(name: str) -> Iterator[None]:
    """Within one of MODES; afterwards as before."""
    word, _, dtype = name.partition(" ")
    before = torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()
    with contextlib.ExitStack() as stack:
        if word == "autocast":
            stack.enter_context(torch.autocast("cpu", getattr(torch, dtype)))
        elif word == "default":
            torch.set_default_dtype(getattr(torch, dtype))
        elif word == "deterministic":
            torch.use_deterministic_algorithms(True)
        elif word in ("no_grad", "inference"):
            stack.enter_context(torch.no_grad() if word == "no_grad" else torch.inference_mode())
        try:
            yield
        finally:
            torch.set_default_dtype(before[0])
            torch.use_deterministic_algorithms(before[1])


class Draw(random.Random):
    """Everything about one call follows from its number."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(f"{seed}/{number}")
        self.tensors = torch.Generator().manual_seed(self.randrange(2**31))

        self.what = "drawing"

    def happens(self, share: float) -> bool:
        return self.random() < share

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        wide = torch.complex128 if dtype.is_complex else torch.float64
        return torch.randn(shape, generator=self.tensors, dtype=wide).to(dtype)

    def side(self) -> int:
        return 0 if self.happens(0.06) else self.randint(1, 9)


# --- the functions


def call_function(draw: Draw) -> bool:
    """One call of reassemble, reduce or universal: whether it was refused."""
    name = draw.choice(("reassemble", "reassemble", "reduce", "reduce", "universal"))
    dtype = draw.choice((*FLOATS, *FLOATS, *COMPLEX))
    ratio, k, where = draw.randint(1, 4), draw.randint(1, 6), draw.choice(MODES)
    x, w = _operands(draw, name, ratio, k, dtype)
    path = draw.choice(("auto", "reference") if name == "universal" else ("auto", "reference", "shift", "tiles"))
    if x.numel() and draw.happens(0.1) and name != "universal":
        x.view(-1)[draw.randrange(x.numel())] = draw.choice((torch.nan, torch.inf, -torch.inf))
    given_ratio = np.int64(ratio) if draw.happens(0.1) else ratio
    draw.what = f"{name} k={k} ratio={given_ratio!r} {path} {where} x {_words(x)} w {_words(w)}"
    function, plain = getattr(a2u, name), _plain(name)
    if draw.happens(0.25):
        x, w, given_ratio, path, mistake = _spoil(draw, name, x, w, given_ratio, path)
        with mode(where):
            return _refused(lambda: function(x, w, given_ratio, path), mistake)
    layouts = LAYOUTS[draw.choice(list(LAYOUTS))], LAYOUTS[draw.choice(list(LAYOUTS))]
    leaves = [x.clone(), w.clone()]
    gradients = where not in ("no_grad", "inference")
    first, second = (layout(leaf.requires_grad_(gradients)) for layout, leaf in zip(layouts, leaves, strict=True))
    with mode(where):
        y = function(first, second, given_ratio, path)
        if not torch.equal(y.nan_to_num(), function(first, second, given_ratio, path).nan_to_num()):
            raise Wrong("the second call gives something else")
        lowered = name == "universal" and where.startswith("autocast") and dtype not in (torch.float64, *COMPLEX)
        if not lowered and y.dtype != dtype:
            raise Wrong(f"a result of {y.dtype} for a map of {dtype}")
        seed = draw.normal(*y.shape, dtype=dtype).to(y.dtype)
        again = draw.happens(0.2)  # a gradient that can itself be differentiated, by another way
        found = [y, *(torch.autograd.grad(y, leaves, seed, create_graph=again) if gradients else ())]
    eps = 0.0 if lowered else torch.finfo(dtype).eps
    inputs = 2 * torch.finfo(torch.bfloat16).eps if lowered else 0.0  # that autocast rounds
    exact = _with_gradients(lambda a, b: plain(a, b, ratio), [x, w], seed)
    bound = _with_gradients(lambda a, b: plain(a, b, ratio), [_size(x), _size(w)], _size(seed))
    for part, a, b, size in zip(("values", "∂x", "∂w"), found, exact, bound, strict=False):
        _compare(part, a, b, size, eps, inputs + _sums(dtype, k * k * (x.shape[1] if name == "universal" else 1)))
    return False


def _operands(draw: Draw, name: str, ratio: int, k: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    n, groups = (0 if draw.happens(0.05) else draw.randint(1, 3)), draw.randint(1, 3)
    c, height, width = groups * draw.randint(1, 5), draw.side(), draw.side()
    kernels = torch.float32 if dtype in (torch.float16, torch.bfloat16) and draw.happens(0.2) else dtype
    if name == "universal":
        return draw.normal(n, c, height, width, dtype=dtype), draw.normal(
            draw.randint(1, 3) * ratio**2, c * k * k, dtype=dtype
        )
    up = name == "reassemble"
    size = (height, width) if up else (height * ratio, width * ratio)
    out = (height * ratio, width * ratio) if up else (height, width)
    w = draw.normal(1 if draw.happens(0.2) else n, groups, k * k, *out, dtype=kernels)
    if draw.happens(0.2):
        w = w * (w.abs() > 0.5)  # zeros among the weights
    return draw.normal(n, c, *size, dtype=dtype), w


def _spoil(draw: Draw, name: str, x: Tensor, w: Tensor, ratio: object, path: object) -> tuple:
    """One mistake, in words, beside the arguments that make it."""
    universal = name == "universal"
    other = torch.float32 if x.dtype == torch.float64 else torch.float64
    mistakes: dict[str, Callable[[], tuple]] = {
        "a map of three axes": lambda: (x[0] if len(x) else x.sum(0), w, ratio, path),
        "kernels with an axis more": lambda: (x, w[None], ratio, path),
        "kernels with an axis less": lambda: (x, w.flatten(0, 1), ratio, path),
        "taps that are no square": lambda: (
            x,
            torch.cat([w, w], 1 if universal else 2).repeat(1, *(1,) * (w.dim() - 1)),
            ratio,
            path,
        ),
        "whole numbers": lambda: (x.real.to(t := draw.choice(WHOLE)), w.real.to(t), ratio, path),
        "two dtypes": lambda: (x, w.to(other), ratio, path),
        "a list": lambda: (x.tolist(), w, ratio, path),
        "NumPy's array": lambda: (x, np.zeros(tuple(w.shape)), ratio, path),
        "no kernels": lambda: (x, None, ratio, path),
        "a sparse map": lambda: (x.to_sparse(), w, ratio, path),
        "a ratio that is none": lambda: (
            x,
            w,
            draw.choice(NO_RATIO),
            path,
        ),
        "a path that is none": lambda: (x, w, ratio, draw.choice(NO_PATH)),
        "two devices": lambda: (x, w.to("meta"), ratio, path),
    }
    word = draw.choice(list(mistakes))
    return (*mistakes[word](), word)


def _plain(name: str) -> Callable[[Tensor, Tensor, int], Tensor]:
    return {
        "reassemble": references.upsampled,
        "reduce": references.downsampled,
        "universal": references.universal,
    }[name]


def call_gather(draw: Draw) -> bool:
    """One call of gather: whether it was refused."""
    dtype, where, path = draw.choice((*FLOATS, *FLOATS, *COMPLEX)), draw.choice(MODES), draw.choice(cells.PATHS)
    n, groups, t = draw.randint(1, 3), draw.randint(1, 3), draw.randint(1, 9)
    c, height, width, size = groups * draw.randint(1, 4), draw.side(), draw.side(), (draw.side(), draw.side())
    x = draw.normal(n, c, height, width, dtype=dtype)
    kernels = torch.float32 if dtype in (torch.float16, torch.bfloat16) and draw.happens(0.2) else dtype
    shapes = [(draw.choice((1, n)), draw.choice((1, groups)), t, *size) for _ in range(2)]
    if max(shape[1] for shape in shapes) < groups:
        shapes[0] = (shapes[0][0], groups, t, *size)
    w = draw.normal(*shapes[0], dtype=kernels)
    index = torch.randint(-1, max(height * width, 0), shapes[1], generator=draw.tensors)
    if x.numel() and draw.happens(0.1):
        x.view(-1)[draw.randrange(x.numel())] = draw.choice((torch.nan, torch.inf, -torch.inf))
    draw.what = f"gather {path} {where} x {_words(x)} w {_words(w)} index {tuple(index.shape)}"
    if draw.happens(0.2):
        mistakes: dict[str, Callable[[], tuple]] = {
            "a cell beyond the map": lambda: (x, w, index.clone().fill_(height * width), path),
            "an index before −1": lambda: (x, w, index.clone().fill_(-2), path),
            "an index of floats": lambda: (x, w, index.double(), path),
            "other cells": lambda: (x, w, index[:, :, :0], path),
            "no index": lambda: (x, w, None, path),
            "two dtypes": lambda: (x, w.to(torch.float32 if dtype == torch.float64 else torch.float64), index, path),
            "a map of three axes": lambda: (x[0], w, index, path),
            "a path that is none": lambda: (x, w, index, draw.choice(NO_PATH)),
        }
        word = draw.choice(
            [word for word in mistakes if index.numel() or not word.startswith(("a cell", "an index b"))]
        )
        with mode(where):
            return _refused(lambda: a2u.gather(*mistakes[word]()), word)
    layouts = [LAYOUTS[draw.choice(list(LAYOUTS))] for _ in range(3)]
    gradients, leaves = where not in ("no_grad", "inference"), [x.clone(), w.clone()]
    given = [layout(leaf.requires_grad_(gradients)) for layout, leaf in zip(layouts, leaves, strict=False)]
    with mode(where):
        y = a2u.gather(*given, layouts[2](index), path)
        if y.dtype != dtype:
            raise Wrong(f"a result of {y.dtype} for a map of {dtype}")
        seed = draw.normal(*y.shape, dtype=dtype)
        again = draw.happens(0.2)
        found = [y, *(torch.autograd.grad(y, leaves, seed, create_graph=again) if gradients else ())]
    exact = _with_gradients(lambda a, b: references.listed(a, b, index), [x, w], seed)
    bound = _with_gradients(lambda a, b: references.listed(a, b, index), [_size(x), _size(w)], _size(seed))
    terms = max(t, c, size[0] * size[1] * t * n)  # a gradient sums over all outputs that read a cell
    for part, a, b, most in zip(("values", "∂x", "∂w"), found, exact, bound, strict=False):
        _compare(part, a, b, most, torch.finfo(dtype).eps, _sums(dtype, terms))
    return False


# --- the operators


def call_operator(draw: Draw) -> bool:
    """One call of one operator, up or down: whether it was refused."""
    name = draw.choice(every.EVERY)
    kind, where = name.partition(":")[0], draw.choice(MODES)
    ratio, dtype = draw.randint(1, 3), draw.choice((*FLOATS, *FLOATS, *COMPLEX))
    if where.startswith("autocast") and dtype in (torch.float16, torch.bfloat16):
        dtype = getattr(torch, where.split()[1])  # torch does not let a module mix the two
    linear = card(kind).family != "feature"
    c = every.channels_of(name, ratio, least=draw.randint(1, 6))
    n, height, width = (0 if draw.happens(0.05) else draw.randint(1, 3)), draw.side(), draw.side()
    torch.manual_seed(seed := draw.randrange(2**31))
    op = every.built(name, ratio, c, seed)
    height, width = every.side(op, height), every.side(op, width)
    x, seen = draw.normal(n, c, height, width, dtype=dtype), op.guide_channels if card(kind).needs_guide else c
    guide = draw.normal(n, seen, height * ratio, width * ratio)
    guide = guide.to(dtype if dtype in FLOATS else torch.float64)
    draw.what = f"{name} ratio={ratio} {where} x {_words(x)}"
    meta = draw.happens(0.2)
    with mode(where if where.startswith("default") else "plain"):
        op = _built(name, c, ratio, meta, seed).eval()
    autocast = where.startswith("autocast") and dtype in FLOATS and dtype != torch.float64
    op = op.float() if autocast else op.to(guide.dtype if card(kind).needs_guide else dtype if linear else guide.dtype)
    op.path = draw.choice(("auto", "reference", "shift", "tiles"))
    if draw.happens(0.2):
        x, guide, mistake = _spoil_maps(draw, op, x, guide)
        with mode(where):
            return _refused(lambda: op(x, guide), mistake)
    if x.is_complex() and not card(kind).linear_in_x:
        return _refused(lambda: op(x, guide), "complex numbers")
    leaves = [x.clone(), guide.clone()]
    gradients = where not in ("no_grad", "inference")
    layout = LAYOUTS[draw.choice(list(LAYOUTS))]
    first, second, below = (layout(each) for each in (*(leaf.requires_grad_(gradients) for leaf in leaves), guide))
    with mode(where):
        y = op(first, second)
        seed = draw.normal(*y.shape, dtype=y.dtype)
        learned = _used(op)
        if gradients:
            again = draw.happens(0.3)
            found = torch.autograd.grad(y, [*leaves, *learned], seed, create_graph=again, allow_unused=True)
            if any(slope is None for slope in found[2:]):
                raise Wrong("a parameter without a gradient")
        if draw.happens(0.2) and where in ("plain", "no_grad", "inference", "deterministic"):
            draw.what += " mapped"
            _roughly(
                "values under vmap", torch.vmap(op)(first[None], second[None])[0], y, _tolerance(kind, dtype, False)
            )
        down = op.downsample(below) if getattr(op, "paired", hasattr(op, "downsample")) else None
    wide = x.to(torch.complex128 if x.is_complex() else torch.float64)
    reference = copy.deepcopy(op).to(wide.dtype if linear else torch.float64)
    reference.path = "reference"
    wide_leaves = [wide.detach().requires_grad_(), guide.detach().double().requires_grad_()]
    if not y.numel():
        exact = wide.new_zeros(n, c, height * ratio, width * ratio)
    else:
        exact = references.operator(kind, reference, *wide_leaves)
    _roughly("values", y, exact.detach(), _tolerance(kind, dtype, autocast))
    if gradients and y.numel() and not autocast and dtype in (torch.float64, torch.float32):
        slopes = torch.autograd.grad(exact, [*wide_leaves, *_used(reference)], seed.to(exact.dtype), allow_unused=True)
        for number, (slope, right) in enumerate(zip(found, slopes, strict=True)):
            if (slope is None or not slope.any()) and (right is None or not right.any()):
                continue  # a guide that is not looked at
            _roughly(f"gradient {number}", slope, right, 30 * _tolerance(kind, dtype, autocast))
    with torch.no_grad():
        if down is not None and down.numel():
            w = reference.down_kernel(guide.double()) if hasattr(reference, "down_kernel") else None
            plain = torch.nn.functional.max_pool2d(guide.double(), ratio)
            align = "stride" if kind == "carafe_plus" else "block"
            exact = plain if w is None else references.downsampled(guide.double(), w, ratio, align)
            _roughly("values going down", down, exact, _tolerance(kind, guide.dtype, autocast))
    return False


def _built(name: str, c: int, ratio: int, meta: bool, seed: int) -> a2u.operators.Upsampler:
    """The operator; by way of the meta device, if asked: built without values, allocated, loaded."""
    op = every.built(name, ratio, c, seed)
    if name == "lda_aqu":  # it begins with all points on the borders of cells, where no dtype knows the slope
        torch.nn.init.normal_(op.place[-1].bias, std=0.02)
    if not meta:
        return op
    with torch.device("meta"):
        empty = every.built(name, ratio, c, seed)
    empty.to_empty(device="cpu").load_state_dict(op.state_dict())
    return empty


def _used(op: torch.nn.Module) -> list[Tensor]:
    """The parameters of the way up."""
    return [p for name, p in op.named_parameters() if not name.startswith(("p_down", "down_"))]


def _spoil_maps(draw: Draw, op: torch.nn.Module, x: Tensor, guide: Tensor) -> tuple:
    mistakes: dict[str, Callable[[], tuple]] = {
        "a map of three axes": lambda: (x.sum(0), guide),
        "a channel more": lambda: (torch.cat([x, x[:, :1]], 1), guide),
        "whole numbers": lambda: (x.real.to(draw.choice(WHOLE)), guide),
        "a list": lambda: (x.tolist(), guide),
        "nothing": lambda: (None, guide),
        "a sparse map": lambda: (x.to_sparse(), guide),
    }
    if op.card.needs_guide:
        mistakes |= {
            "no guide": lambda: (x, None),
            "a guide of another size": lambda: (
                x,
                torch.cat([guide] * 3, 1 if op.card.guided_by == "image" else 3)
                if guide.numel()
                else guide.new_zeros(1, 1, 1, 1),
            ),
            "a guide of whole numbers": lambda: (x, guide.to(draw.choice(WHOLE))),
            "a complex guide": lambda: (x, torch.complex(guide.float(), guide.float())),
            "a list as guide": lambda: (x, guide.tolist()),
        }
    if next(op.parameters(), None) is not None:
        mistakes["an operator elsewhere"] = lambda: (op.to("meta") and x, guide)
    word = draw.choice(list(mistakes))
    return (*mistakes[word](), word)


# --- comparing


def _refused(call: Callable[[], object], mistake: str) -> bool:
    try:
        call()
    except A2UError as error:
        if "\n" in str(error) or len(str(error)) < 20:
            raise Wrong(f"{mistake}: not one clear line: {error}") from None
        return True
    raise Wrong(f"{mistake}: accepted")


def _words(t: Tensor) -> str:
    return f"{tuple(t.shape)} {str(t.dtype).removeprefix('torch.')}"


def _size(t: Tensor) -> Tensor:
    """Absolute values in float64: what rounding errors are measured by."""
    return t.detach().abs().double().nan_to_num(0, 0, 0)


def _with_gradients(function: Callable[..., Tensor], leaves: list[Tensor], seed: Tensor) -> list[Tensor]:
    wide = torch.complex128 if any(each.is_complex() for each in leaves) else torch.float64
    leaves = [each.detach().to(wide).requires_grad_() for each in leaves]
    y = function(*leaves)
    return [y.detach(), *torch.autograd.grad(y, leaves, seed.to(wide))]


def _sums(dtype: torch.dtype, terms: int) -> float:
    """What rounding in a sum of so many terms may do, in float32 or wider, relative to the sum of absolute values."""
    return 4 * (terms + 8) * min(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps)


def _compare(part: str, found: Tensor, exact: Tensor, size: Tensor, eps: float, sums: float) -> None:
    """One rounding to the dtype beside those of the sums; what is not finite must be where it is."""
    if found.shape != exact.shape:
        raise Wrong(f"{part} of shape {tuple(found.shape)} in place of {tuple(exact.shape)}")
    a = found.detach().to(exact.dtype)
    finite = exact.isfinite()
    if not torch.equal(a.isfinite(), finite) or (not a.is_complex() and not _same(a[~finite], exact[~finite])):
        raise Wrong(f"{part}: NaN or infinity in other places")
    allowed = eps * exact.abs() + sums * size + 1e-7 * (eps > 1e-4) + 1e-300
    error = (a - exact).abs()[finite] / allowed[finite]
    if error.numel() and float(error.max()) > 1:
        raise Wrong(f"{part}: {float(error.max()):.2g} times the error that is allowed")


def _same(a: Tensor, b: Tensor) -> bool:
    return bool(((a == b) | (a.isnan() & b.isnan())).all())


def _roughly(part: str, found: Tensor, exact: Tensor, tolerance: float) -> None:
    if found.shape != exact.shape:
        raise Wrong(f"{part} of shape {tuple(found.shape)} in place of {tuple(exact.shape)}")
    error = (found.detach().to(exact.dtype) - exact).abs()
    if error.numel() and not float(error.max()) <= tolerance * max(1.0, float(exact.abs().max())):
        raise Wrong(f"{part}: an error of {float(error.max()):.2g}, {tolerance:.2g} is allowed")


def _tolerance(kind: str, dtype: torch.dtype, autocast: bool) -> float:
    """Relative to the largest value. Kernels made in half precision by several layers are as rough as those are."""
    eps = {torch.float64: 1e-11, torch.complex128: 1e-11, torch.complex64: 1e-4}.get(dtype, 1e-4)
    if dtype in (torch.float16, torch.bfloat16) or autocast:
        eps = torch.finfo(torch.bfloat16 if autocast else dtype).eps * (1 if card(kind).family == "distance" else 4)
        return eps if kind in ("carafe", "indexnet", "max_unpool") or card(kind).family != "feature" else 40 * eps
    return eps


# --- many calls

KINDS = (call_function, call_gather, call_operator)


def attack(
    calls: int, seed: int, only: int | None = None, kinds: Sequence[Callable[[Draw], bool]] = KINDS
) -> tuple[Counter, list[str]]:
    """Tried, right, refused and failed; and one line for each failure."""
    tally: Counter = Counter()
    failures = []
    for number in range(calls) if only is None else (only,):
        draw = Draw(seed, number)
        try:
            refused = draw.choice(kinds)(draw)
            tally["refused" if refused else "right"] += 1
        except Exception as error:
            if only is not None:
                traceback.print_exc()
            tally["failed"] += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            lines = str(error).strip().splitlines() or [""]
            place = f"{type(error).__name__} at {where.name}:{where.lineno}"
            failures.append(f"call {number}: {place}: {lines[0]} [{draw.what}]")
        tally["tried"] += 1
    return tally, failures


def main() -> int:
    """The command line: figures, failures, and 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat one call and show where it fails")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tally, failures = attack(options.calls, options.seed, options.only)
    for line in failures[:50]:
        print(line[:300])
    print("operators: " + ", ".join(f"{word} {tally[word]:,}" for word in ("tried", "right", "refused", "failed")))
    return 1 if tally["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
