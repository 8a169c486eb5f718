# %% [markdown]
# # 01 · One formula
#
# Neural networks that paint a picture, cut out a person or segment a street usually have to turn small maps into large
# ones. There are many ways to do it, with many names. In this lesson you will see that all the ways in this course come
# down to one formula: **every upsampled value is a weighted sum of a few values of the small map.** Once you can read
# that sum, you can read them all.
#
# **You will be able to**
# - open any value of an upsampled map and name the window $z$, the kernel $w$ and their sum $w^\top z$;
# - build the kernels of nearest-neighbour, bilinear and bicubic upsampling, and match PyTorch within rounding;
# - say what really differs between two operators: where $w$ comes from, and which $z$ it is multiplied with;
# - choose the right grid, resize to any size, larger or smaller, and say where false patterns come from.
#
# **You need** Python and a little PyTorch (tensors, indexing). If something is not installed, lesson 00 helps.
# Symbols and terms: [Notation and words](notation.md).
# **Time** 64 minutes, and 25 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 4 |
# | 1 · From 64 values to 256 | 3 |
# | 2 · Nearest neighbour: a kernel with one weight | 4 |
# | 3 · Where exactly is an output pixel? | 4 |
# | 4 · Bilinear: weights from a straight line | 6 |
# | 5 · Bicubic: a smoother curve, and negative weights | 8 |
# | 6 · Every operator, one picture | 8 |
# | 7 · Open your own | 3 |
# | 8 · Two grids: align_corners | 5 |
# | 9 · Any size, and smaller ones | 6 |
# | 10 · The same, as a filter | 6 |
# | Five questions | 5 |
# | Summary | 2 |
# | Exercises | 25 |
#
# </details>
#
# **Two sittings**: do sections 1 to 7 and exercises 1 and 4 first; the rest is the second sitting.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes for sections 1 to 7; sections 8 to 10 are a second sitting of half an hour, or reading for those who resize
# images at work. Everything later builds on this lesson: window, phase, kernel, sum.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | show it, name nothing but ■ ◆ ●; promise that every box will have a name |
# | 8–18 | section 1, quotient and remainder | squared paper: colour the outputs of pixel (2, 3), write their phases |
# | 18–24 | section 2, nearest | predict the picture, then the sum of the output, before running |
# | 24–36 | section 3, half pixels | two rulers on the board, one twice as fine; read $s$ off them, then the formula |
# | 36–52 | section 4, bilinear and the border | three weights by hand; let the first version fail at the edge |
# | 52–60 | section 5, bicubic | the curve and the overshoot; leave the derivation for reading |
# | 60–72 | section 6, explorer; section 7 if there is time | four questions, in pairs; each pair reports one |
# | 72–90 | exercises 1 and 4 | exercises 2 and 3 are homework |
#
# **To save time:** leave out section 7 (it comes back in lesson 03), the derivation of the cubic, and sections 8 to 10.
# Never leave out section 3: half pixels are behind many bug reports about "shifted" masks.

# %% [markdown]
# ## The picture
#
# Here is the whole lesson in one picture. Do not try to understand it all yet; come back to it at the end.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import look
from a2u.lessons.one_formula.predictions import predict
from a2u.lessons.shared import small_map
from a2u.plots.maps import side_by_side

x = small_map()
bilinear = a2u.build("bilinear", channels=1, ratio=2)
look(bilinear, x, at=(0, 0, 5, 7))

# %% [markdown]
# Three things have the same colour and the same symbol in every picture of this course:
#
# | | | |
# |---|---|---|
# | <span style="color: #0047AB">■</span> blue | $z$, the **window** | what the operator looks at in the small map |
# | <span style="color: #C04B00">◆</span> orange | $w$, the **kernel** | how much each of these values counts |
# | <span style="color: #007F4F">●</span> green | $y$, the **output** | one value of the large map |
#
# Follow the arrows: each value of the window is multiplied by the weight in the same place of the kernel; the products
# are added up (∑); the sum is one value of the output. In maps, positive values are grey to black; in kernels, orange.
# Negative values are violet in both, and zero is white. Hatched cells lie outside the map and count as zero.

# %% [markdown]
# ## 1 · From 64 values to 256
#
# Our small map $x$ is a handwritten 2 from MNIST, max-pooled to 8×8 as in lesson 00. We want it at 16×16: the **ratio**
# is $r = 2$. Rows and columns count from 0. Every output pixel $(i', j')$ lies inside exactly one pixel $(i, j)$ of the
# small map:
#
# $$(i, j) = \big(\lfloor i'/r \rfloor,\ \lfloor j'/r \rfloor\big)$$
#
# **Predict.** Take pixel $(2, 3)$ of the small map, and look for the outputs that lie inside it.

# %% tags=["prediction"]
predict("inside")

# %% tags=["spoiler"]
ratio = 2
inside = [(i, j) for i in range(16) for j in range(16) if (i // ratio, j // ratio) == (2, 3)]
print(inside)
assert len(inside) == ratio**2

# %% [markdown]
# **Explain.** There are $r^2 = 4$, one for each place in a 2×2 block. The place of an output in its block is its
# **phase** $(i' \bmod r,\ j' \bmod r)$. So the position of an output answers two questions that come back all through
# the course: *which window* (the quotient) and *which phase* (the remainder).

# %% [markdown]
# ## 2 · Nearest neighbour: a kernel with one weight
#
# The formula of the whole course is an inner product of two vectors:
#
# $$g(w, z) = w^\top z = \sum_t w_t\, z_t \tag{1}$$
#
# One weight of a kernel, with the place in the window that it belongs to, is called a **tap**. The simplest choice has
# one tap: the window is the one pixel that the output lies in, and the kernel is $w = [1]$.
#
# `a2u.reassemble(x, w, ratio)` is the formula as a function. It wants one kernel for **every** output position, so
# `w` has the shape (batch, groups, taps, output height, output width). The channels of one **group** share their
# kernels; here there is one channel, and so one group.
#
# **Predict.** We take $w = [1]$ for each of the 256 outputs.

# %% tags=["prediction"]
predict("all-ones")

# %%
w = torch.ones(1, 1, 1, 16, 16)
nearest = a2u.reassemble(x, w, ratio=2)
assert torch.equal(nearest, F.interpolate(x, scale_factor=2, mode="nearest"))
Drawing(
    side_by_side({"x": x[0, 0], "nearest neighbour": nearest[0, 0]}),
    alt="The small 2 and the same 2 made of blocks of four equal pixels.",
    says=f"sum of x: {x.sum():.3f}   sum of the output: {nearest.sum():.3f}",
)

# %% [markdown]
# **Explain.** Every value is copied four times: the sum of the map is four times as large (the printed sums are
# rounded). No new value appears. Our one line agrees with PyTorch's own operator: that is what the `assert` checks.

# %% [markdown]
# ## 3 · Where exactly is an output pixel?
#
# To do better than copying, we must know where an output lies *between* the pixels of the small map.
#
# Think of a pixel as a little square whose value belongs to the centre of the square, and measure in pixels of the
# small map, the **source pixels**. Source pixel $i$ reaches from $i$ to $i+1$; its centre is at $i + \tfrac12$. An
# output pixel is $r$ times smaller: $i'$ reaches from $i'/r$ to $(i'+1)/r$, with its centre at $(i' + \tfrac12)/r$. We
# want the centre of source pixel $i$ to have the coordinate $i$, so we subtract a half. Output $i'$ then lies at
#
# $$s = \frac{i' + \frac12}{r} - \frac12$$
#
# **Predict.** Work out $s$ for the outputs 0, 1, 2, 3 with $r = 2$.

# %% tags=["prediction"]
predict("first-output")

# %%
s = (torch.arange(6) + 0.5) / 2 - 0.5
print("outputs     ", list(range(6)))
print("lie at      ", s.tolist())
print("source pixel", [i // 2 for i in range(6)])
assert torch.equal(s - torch.arange(6) // 2, torch.tensor([-0.25, 0.25] * 3))
for r in range(1, 9):
    i = torch.arange(8 * r)
    assert torch.allclose(i / r - ((i + 0.5) / r - 0.5), torch.full((8 * r,), (1 - 1 / r) / 2))

# %% [markdown]
# **Explain.** For $r = 2$ no output lies exactly on the centre of a source pixel: each is a quarter of a pixel before
# or after one. The offset depends on the phase alone (along one axis, the phase is the one number $i' \bmod r$):
# $-\tfrac14$ for phase 0 and $+\tfrac14$ for phase 1. If you forget the two halves and take $s = i'/r$, the whole
# picture moves by $(1 - 1/r)/2$ pixels of the small map: a quarter of a pixel for $r = 2$, almost half a pixel for
# large $r$. This mistake is easy to make and easy to overlook.

# %% [markdown]
# ## 4 · Bilinear: weights from a straight line
#
# Take one axis first. The output lies at $s$ between the pixels $p = \lfloor s \rfloor$ and $p + 1$. Draw a straight
# line from the value at $p$ to the value at $p+1$ and read it at $s$. With $d = s - p$, the distance from pixel $p$:
#
# $$y = x_p + d\,(x_{p+1} - x_p) = (1 - d)\, x_p + d\, x_{p+1}$$
#
# That is already $w^\top z$, with $w = [1-d,\ d]$. Each weight is **one minus the distance** to its pixel. The two add
# up to 1, so a flat region stays flat.
#
# In phase 0, the output lies ¼ before the centre of its pixel. The pixel before that is ¾ away and gets the weight ¼;
# its own pixel gets ¾; the one after it gets 0: $[\tfrac14, \tfrac34, 0]$. Phase 1 is the mirror image,
# $[0, \tfrac34, \tfrac14]$.
#
# In two dimensions we do this along the rows and then along the columns, so the weights **multiply**: the kernel is the
# outer product of the weights down and the weights along. The pixels whose weight is not zero are called **reference
# points**; here there are $2 \times 2$. (In the code below, `einsum("ia,jb->abij", …)` is this outer product for all
# outputs at once: rows $a$ and columns $b$ of the kernel, at row $i$ and column $j$.)
#
# **Predict.** First work out the largest weight. Then think of the border: our window holds zeros outside the map.

# %% tags=["prediction"]
predict("bilinear-everywhere")

# %%
phases = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]])  # a row for each phase
axis = phases[torch.arange(16) % 2]  # the three weights of each of the 16 outputs
w = torch.einsum("ia,jb->abij", axis, axis).reshape(1, 1, 9, 16, 16)
ours = a2u.reassemble(x, w, ratio=2)
theirs = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
error = (ours - theirs).abs()
print(f"largest weight {w.max():.4f};  largest error inside {error[..., 1:-1, 1:-1].max():.6f}")
Drawing(
    side_by_side({"ours": ours[0, 0], "PyTorch": theirs[0, 0], "ours − PyTorch": (ours - theirs)[0, 0]}),
    alt="Both maps show a smooth 2; they differ only in the outermost ring of pixels, where ours is lighter.",
    says=f"pixels that differ: {int((error > 1e-6).sum())};  largest difference {error.max():.3f}",
)

# %% [markdown]
# **Explain.** The largest weight is $\tfrac34 \cdot \tfrac34 = 0.5625$. Inside, the maps agree. In the outermost ring
# our sums take in zeros from outside the map, and so our outputs come out too pale. (Of its 60 pixels 30 differ; at the
# others the edge of the map is white, and zeros change nothing.)
#
# PyTorch has another rule: a reference point beyond the edge **repeats the value at the edge**. That sounds like a
# different window, but look at the sum. At the top, the two reference points now have the *same* value $x_0$:
#
# $$\tfrac14\, x_0 + \tfrac34\, x_0 = 1 \cdot x_0$$
#
# So we keep our window with its zeros, and **fold** the weight of the point outside onto the edge:
# $[\tfrac14, \tfrac34, 0]$ becomes $[0, 1, 0]$. The kernel changes at the border; the formula does not.

# %%
axis[0] = torch.tensor([0.0, 1.0, 0.0])  # the first output: its point above the map folds onto the edge
axis[-1] = torch.tensor([0.0, 1.0, 0.0])  # the last one: its point below does
w = torch.einsum("ia,jb->abij", axis, axis).reshape(1, 1, 9, 16, 16)
ours = a2u.reassemble(x, w, ratio=2)
assert torch.allclose(ours, theirs, atol=1e-6)
assert torch.allclose(w.sum(dim=2), torch.ones(1, 1, 16, 16))
print("equal to PyTorch in all", ours.numel(), "values; every kernel sums to 1")

# %% [markdown]
# ![Four inputs in a row, eight outputs of half their width below. A line goes up from the centre of each output in
# turn: it meets the inputs at (o + ½)/2 − ½, a quarter of an input beside a centre. The two nearest inputs get the
# weights 0.75 and 0.25, and at both ends one input gets all.](../figures/half-pixels.webp)
#
# *The whole rule in motion, along one axis. The dashed line rises from the centre of each output $i'$ to its place $s$;
# the two nearest inputs get one minus their distance. At both ends, one input gets all the weight. [Without
# motion](../figures/half-pixels.png).*

# %% [markdown]
# ## 5 · Bicubic: a smoother curve, and negative weights
#
# Bilinear draws straight lines, and where two of them meet, at the centres of pixels, there is a kink. For a smoother
# result, let the weight function $w(d)$ of the distance $d$ reach further, to four points along each axis, and make it
# of two cubic pieces, one up to $d = 1$ and one up to $d = 2$. We ask for two things. First, at a pixel the result is
# the value of that pixel: $w(0) = 1$, $w(2) = 0$, and *both* pieces are 0 at 1: four equations. Second, there is no
# kink: $w'(0) = 0$ (for negative distances the curve is its mirror image), $w'(2) = 0$, and both pieces have the same
# slope at 1: three more. Eight coefficients, seven equations: one number stays free, the slope $a = w'(1)$.
#
# $$w(d) = \begin{cases} (a+2)\,d^3 - (a+3)\,d^2 + 1 & 0 \le d \le 1 \\ a\,d^3 - 5a\,d^2 + 8a\,d - 4a & 1 < d < 2
# \end{cases}$$
#
# For $d \ge 2$ the weight is 0. It then follows that the weights of the four points sum to 1; the next cells check it
# for PyTorch's choice, $a = -\tfrac34$. With it the curve goes down through zero at 1 and comes back up to zero at 2.
# Between the two it is **below zero**.
#
# **Predict.** Some weights are now negative, but the weights of each output still sum to 1.

# %% tags=["prediction"]
predict("overshoot")

# %%
from a2u.lessons.one_formula.picture import weight_curves

a, d = -0.75, torch.linspace(-2.25, 2.25, 181)
box, hat = (d.abs() <= 0.5).float(), (1 - d.abs()).clamp(min=0)
near = ((a + 2) * d.abs() - (a + 3)) * d**2 + 1
cubic = torch.where(d.abs() <= 1, near, (((a * d.abs() - 5 * a) * d.abs() + 8 * a) * d.abs() - 4 * a) * (d.abs() < 2))
points = {"nearest": (box, [0.25]), "bilinear": (hat, [-0.75, 0.25]), "bicubic": (cubic, [-1.75, -0.75, 0.25, 1.25])}
curves = {name: (d, f, at, [f[(d - p).abs().argmin()] for p in at]) for name, (f, at) in points.items()}
Drawing(
    weight_curves(curves),
    alt="Three weight functions of distance: a box, a triangle, and a wave that dips below zero between 1 and 2.",
    says="\n".join(f"{n}: {[round(float(v), 3) for v in met]}, sum {sum(met):.3f}" for n, (*_, met) in curves.items()),
)

# %% [markdown]
# The blue squares mark the reference points of an output that lies a quarter of a pixel from the centre of its source
# pixel. In two dimensions the weights multiply again. Here are the three kernels around the same output, the green dot:

# %%
from a2u.lessons.one_formula.picture import reference_points

names = ("nearest", "bilinear", "bicubic")
operators = {name: a2u.build(name, channels=1, ratio=2) for name in names}
kernels = {name: op.kernel(x)[0, 0, :, 9, 8] for name, op in operators.items()}  # output (9, 8): phase (1, 0)
squares = {name: w.reshape(round(len(w) ** 0.5), -1) for name, w in kernels.items()}
Drawing(
    reference_points(squares, position=(0.25, -0.25)),
    alt="One, four and sixteen weighted pixels around an output that lies a quarter pixel below left of a centre.",
    says="\n".join(f"{name}: {int((w != 0).sum())} weight(s), sum {w.sum():.3f}" for name, w in kernels.items()),
)

# %% [markdown]
# The kernels follow from the curves alone. For bicubic, read `cubic` at the distances of five taps along each axis (the
# weights at distances of 2 and more are 0), and multiply.

# %%
taps = torch.arange(-2, 3)
down, along = (cubic[((s - taps).abs()[:, None] - d).abs().argmin(dim=1)] for s in (0.25, -0.25))
assert torch.allclose(torch.outer(down, along), squares["bicubic"], atol=1e-5)
whole = sum(cubic[start : start + 40] for start in (10, 50, 90, 130))  # the four points, wherever the output lies
assert torch.allclose(whole, torch.ones(40), atol=1e-5)
print("down", [round(float(v), 3) + 0.0 for v in down], " along", [round(float(v), 3) + 0.0 for v in along])

# %% [markdown]
# That was one output. Here are all of them, for the three operators side by side:

# %% tags=["spoiler"]
bicubic = operators["bicubic"](x)
assert torch.allclose(bicubic, F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False), atol=1e-5)
assert bicubic.max() > x.max()
assert bicubic.min() < x.min() == 0
for name in ("nearest", "bilinear"):
    assert x.min() <= operators[name](x).min() <= operators[name](x).max() <= x.max()
Drawing(
    side_by_side({name: op(x)[0, 0] for name, op in operators.items()}),
    alt="The 2 upsampled three ways: in blocks, softly, and sharply with a faint violet halo of negative values.",
    says=f"x from {x.min():.3f} to {x.max():.3f};  bicubic from {bicubic.min():.3f} to {bicubic.max():.3f}",
)

# %% [markdown]
# **Explain.** Both: next to an edge, bicubic overshoots. In the violet halo the values are negative, although no pixel
# of $x$ is. They come from bicubic's negative weights. Nearest and bilinear cannot do this: their weights are never
# negative and sum to 1, so every output is an *average* and stays between the smallest and the largest value.
#
# All three kernels know one thing only: **distance**. They would be the same for a photograph, a 2, or noise.

# %% [markdown]
# ## 6 · Every operator, one picture
#
# The operators of this course, from max-unpooling to A²U and on to some from other papers, are the same formula with
# other kernels. Choose one, and move the sliders (click one, then use the arrow keys). Our map now has four channels:
# ink, its change from left to right, its change from top to bottom, and how much a pixel differs from its surroundings.
# Operators that learn have random weights here, so do not judge their output; look at *how* it is made.
#
# **Predict, then look:**
# 1. In `Max-unpooling`, which values can $w$ have? Why is most of the output white?
# 2. In `Deconvolution`, move the output by one column, then by two. When does the kernel come back?
# 3. In `CARAFE`, do the same. Does the kernel come back?
# 4. Set `row` to 0. Which of the operators up to A²U let zeros from outside into their sum?

# %% tags=["prediction"]
predict("comes-back")

# %%
from a2u.lessons.inspector import explorer

panel = explorer("bilinear", row=5, column=7)
panel

# %% [markdown]
# You can also ask the explorer from code: `panel.at(…)` returns what the panel would show with other settings, and
# leaves your sliders where they are. The next cell answers questions 2 and 3: it compares the kernel of an output with
# that of its neighbour, and with that of the next output of the same phase.
#
# `example(name, ratio)` gives what the picture shows: an operator, the four channels of the small map, the **guide**
# and the output. The guide is a map as large as the output, from the *encoder*, the part of a network that makes maps
# smaller. Operators that compute their kernels from features may look at it. `op.witness(maps, guide, at=(sample,
# channel, row, column))` opens one output: its `w`, its `z`, and `value`, their sum of products.

# %%
from a2u.lessons.inspector import example

for name in ("bilinear", "deconvolution", "carafe"):
    print(panel.at(operator=name, row=5, column=8).says.splitlines()[0])
    op, maps, guide, y = example(name, 2)
    w = [op.witness(maps, guide, at=(0, 0, 5, column)).w for column in (8, 9, 10)]
    print(f"   next column: {torch.equal(w[0], w[1])},  same phase: {torch.equal(w[0], w[2])}")

# %% [markdown]
# **Explain.** Inside the map, the kernels of bilinear and deconvolution depend on the phase alone: they come back after
# $r$ columns. The kernel of bilinear follows from distance; the kernel of a deconvolution is learned once and is then
# **universal**, the same for every input. The kernel of CARAFE is computed from the features, so where they differ it
# need not come back, and here it does not. Only a kernel that depends on the input can be one thing on an edge and
# another on a flat region.
#
# Questions 1 and 4: max-unpooling's $w$ is 0 or 1, with a single 1 in each 2×2 block of each channel, so at least three
# of the four outputs are 0 and appear white. At row 0, windows of 3×3 or more reach past the map. Deconvolution, pixel
# shuffle, CARAFE and A²U with 3×3 kernels take the zeros there into their sums; bilinear and bicubic fold their weights
# back. A 1×1 window never reaches outside. (Some of the operators after A²U in the list have other rules for the
# border.)

# %% [markdown]
# Do not take the claim of this course on trust. For **every** operator, $w^\top z$ of the picture must be the value
# that the operator computed. Here we check 24 outputs of each:

# %%
from a2u.lessons.inspector import choices

for title, name in choices():
    op, maps, guide, y = example(name, 2)
    at = [(0, c, i, j) for c in (0, 3) for i in (0, 6, 15) for j in (0, 5, 9, 15)]
    assert len(at) == 24
    worst = max(abs(op.witness(maps, guide, at=a).value - y[a]) for a in at)
    assert worst < 1e-5, title
    top = op.witness(maps, guide, at=(0, 0, 0, 7))
    zeros = bool(((top.where[:, 1] < 0) & (top.w != 0)).any())  # question 4: does a weight meet a zero from outside?
    if name in ("deconvolution", "pixel_shuffle", "carafe", "a2u:dynamic-cs", "bilinear", "bicubic", "max_unpool"):
        assert zeros == (name not in ("bilinear", "bicubic", "max_unpool"))
    print(f"order {op.card.order}  {op.card.family:8}  {title:24} wᵀz = y")

# %% [markdown]
# Read the first two columns. They sum up this course:
#
# - **distance**, order 0: $w$ follows from position (this lesson);
# - **learned**, order 0: $w$ is learned once, for each phase (lesson 03);
# - **feature**: $w$ is computed from features, anew for every input. *First order*: from the features themselves or
#   weighted sums of them (max-unpooling, CARAFE, IndexNet: lessons 02, 04, 05). *Second order*: from products of pairs
#   of features (A²U: lessons 06 and 07). The operators after `A²U, toy` are not in the A²U paper; most are newer.

# %% [markdown]
# ## 7 · Open your own
#
# `inspect(op, x, guide)` opens any operator of yours (with a guide if it needs one). Could a deconvolution *learn* to
# be bilinear? Its 4×4 filter spreads every pixel of the small map over 4×4 outputs. We set its weights ourselves: along
# each axis, they say how much the pixel counts for outputs at the distances $-\tfrac34, -\tfrac14, \tfrac14, \tfrac34$.
#
# **Predict.** Work out the four numbers: one minus the distance. Then think of the border.

# %% tags=["prediction"]
predict("learned-bilinear")

# %% tags=["spoiler"]
from a2u.lessons.inspector import inspect

mine = a2u.build("deconvolution", channels=1, ratio=2, kernel_size=4)
spread = torch.tensor([0.25, 0.75, 0.75, 0.25])
mine.weight.data[0, 0] = torch.outer(spread, spread)
difference = (mine(x) - bilinear(x)).abs().detach()
print(f"inside: {difference[..., 1:-1, 1:-1].max():.6f}   at the border: {difference.max():.3f}")
assert difference[..., 1:-1, 1:-1].max() < 1e-6 < difference.max()
inspect(mine, x)

# %% [markdown]
# **Explain.** Inside the map it *is* bilinear. At the border it cannot fold weights, so zeros get into its sums, as
# they did in section 4. So, except at the border, this operator can represent bilinear. Whether a training finds these
# weights is another question, and not tested here. Lesson 03 is about such operators.

# %% [markdown]
# ## 8 · Two grids: align_corners
#
# PyTorch's `align_corners=True` is another answer to "where is an output?". It puts the first output on the first pixel
# and the last on the last one. From $n$ pixels to $N$ outputs, along one axis:
#
# $$\text{False: } s = \frac{i' + \frac12}{N/n} - \frac12 \qquad\qquad \text{True: } s = i'\,\frac{n - 1}{N - 1}$$
#
# **Predict.** From 8 to 16: how far before (−) or after (+) the nearest pixel does an output lie? Count the different
# offsets.

# %% tags=["prediction"]
predict("corner-offsets")


# %%
def axis_weights(s, n, reach=1.0):
    """Tent weights of n pixels for outputs at s; making the sums 1 folds in what lies outside."""
    w = (1 - (s[:, None] - torch.arange(n)).abs() / reach).clamp(min=0)
    return w / w.sum(dim=1, keepdim=True)


i = torch.arange(16.0)
for corners, s in ((False, (i + 0.5) / 2 - 0.5), (True, i * 7 / 15)):
    w = axis_weights(s, 8)
    theirs = F.interpolate(x, size=16, mode="bilinear", align_corners=corners)[0, 0]
    assert torch.allclose(w @ x[0, 0] @ w.T, theirs, atol=1e-6)
    offsets = {round(float(v), 4) for v in s - s.round()}
    print(f"align_corners={corners}: s from {s[0]:.2f} to {s[-1]:.2f}, {len(offsets)} different offsets")

# %% [markdown]
# **Explain.** With half pixels there are two offsets, one for each phase, whatever the size of the map. With aligned
# corners there are fifteen: there are no phases any more, so an operator with one learned kernel for each phase cannot
# imitate this grid.
#
# **Which is right?** If your values belong to little *squares*, as pixels of images, masks and pooled maps do, take
# half pixels (False). If they are samples at *points* and the two ends must stay where they are, as in a table of a
# function from 0 to 1, take aligned corners (True). That fits best when you go from $n$ to $(n - 1) r + 1$, such as
# from 9 to 17: there every $r$-th output lies on a point. Use one grid for an image and its mask: the two grids differ
# by $(1 - 1/r)/2$ pixels of the small map at the ends.

# %%
points = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0))
between = F.interpolate(points, size=17, mode="bilinear", align_corners=True)
assert torch.allclose(between[..., ::2, ::2], points, atol=1e-6)
for r in range(2, 9):
    i, n = torch.arange(8.0 * r), 8
    apart = (i * (n - 1) / (n * r - 1) - ((i + 0.5) / r - 0.5)).abs()
    assert torch.allclose(apart.max(), torch.tensor((1 - 1 / r) / 2))
    assert torch.allclose(apart[[0, -1]], apart.max())
print("9 → 17 keeps all", points.numel(), "points; for every ratio the grids differ most at the two ends")

# %% [markdown]
# ## 9 · Any size, and smaller ones
#
# The half-pixel formula does not need a whole-number ratio: put $N/n$ for $r$. From 8 to 13 there are no phases either:
# each of the 13 outputs has an offset of its own. (A trap: `scale_factor=1.6` turns 8 pixels into ⌊12.8⌋ = 12 outputs,
# but PyTorch then computes $s$ with 1.6 and not with 12/8. `size=12` does the latter.)
#
# Going *down* works too, but bilinear still looks at two points along each axis, however many pixels an output covers.
# It skips the others. The weights of bilinear form a triangle over distance (section 5), often called a **tent**.
# **Anti-aliasing** stretches the tent by $n/N$, the size of an output in pixels: divide the distance by it, and make
# the sums 1 again.
#
# **Predict.** Take 32×32 pixels with stripes one pixel wide, black and white. We shrink them to 12×12.

# %% tags=["prediction"]
predict("stripes")

# %% tags=["spoiler"]
s = (torch.arange(13) + 0.5) * 8 / 13 - 0.5
w = axis_weights(s, 8)
assert torch.allclose(w @ x[0, 0] @ w.T, F.interpolate(x, size=13, mode="bilinear")[0, 0], atol=1e-6)
assert len({round(float(v), 4) for v in s - s.round()}) == 13
by_scale, by_size = (F.interpolate(x, mode="bilinear", **how) for how in ({"scale_factor": 1.6}, {"size": 12}))
assert by_scale.shape == by_size.shape
assert (by_scale - by_size).abs().max() > 0.1
print("8 → 13: 13 different offsets; scale_factor=1.6 and size=12 give other values, both", tuple(by_size.shape[2:]))

# %% tags=["spoiler"]
stripes = torch.tensor([1.0, 0.0]).repeat(16).expand(32, 32).contiguous()
s, small = (torch.arange(12) + 0.5) * 32 / 12 - 0.5, {"32×32": stripes}
for name, reach in (("two points", 1.0), ("anti-aliased", 32 / 12)):
    w = axis_weights(s, 32, reach)
    small[name] = w @ stripes @ w.T
    theirs = F.interpolate(stripes[None, None], size=12, mode="bilinear", antialias=reach > 1)
    assert torch.allclose(small[name], theirs[0, 0], atol=1e-5)
assert torch.allclose(small["two points"][:, 3:], small["two points"][:, :-3], atol=1e-5)  # 3 · 32/12 = 8 pixels
assert (small["anti-aliased"] - 0.5).abs().max() < 0.05

# %% tags=["spoiler"]
Drawing(
    side_by_side(small),
    alt="Fine stripes; shrunk with two points they become broad stripes; anti-aliased they become nearly even grey.",
    says="\n".join(
        f"{name:12} first row: {[round(float(v), 2) for v in small[name][0, :6]]} …" for name in list(small)[1:]
    ),
)

# %% [markdown]
# **Explain.** From one output to the next, the two points shift against the stripes: they fall more on white, then on
# both alike, then more on black. The result repeats every three outputs, which is every eight pixels: stripes four
# times as far apart as the real ones. The wide tent takes a weighted average of all the pixels that an output covers,
# and of some around it; the result is almost even grey. The digit of this course was brought from 24×24 to 16×16 that
# way, before it was max-pooled to 8×8.

# %% [markdown]
# ## 10 · The same, as a filter
#
# There is one more way to see upsampling by $r$. Along each axis, put $r - 1$ **zeros** after each value, and then run
# one **filter** over the large map. For $r = 2$, nearest is the filter $[1, 1]$ and bilinear
# $[\tfrac14, \tfrac34, \tfrac34, \tfrac14]$. A deconvolution does just that with a learned filter.
#
# Any map can be written as a sum of waves, slow ones and fast ones. The strengths of these waves are the **spectrum**
# of the map; they are the absolute values of `torch.fft.fft2`. A **frequency** counts periods per pixel of the large
# map: the waves of the small map reach up to a quarter, those of the large map up to a half. What do the zeros do to
# the spectrum?
#
# **Predict.** The small map has eight frequencies along each axis; the large one has sixteen.

# %% tags=["prediction"]
predict("zeros-spectrum")

# %%
zeros = torch.zeros(16, 16)
zeros[::2, ::2] = x[0, 0]
spectrum = torch.fft.fft2(zeros)
assert torch.allclose(spectrum, torch.fft.fft2(x[0, 0]).repeat(2, 2), atol=1e-4)  # copies, and nothing else
taps = {"nearest": torch.ones(2), "bilinear": torch.tensor([0.25, 0.75, 0.75, 0.25])}
for name, f in taps.items():
    before = len(f) // 2
    padded = F.pad(zeros[None, None], (before, before - 1) * 2)
    y = F.conv2d(padded, torch.outer(f, f)[None, None])
    theirs = F.interpolate(x, scale_factor=2, mode=name)
    assert torch.allclose(y[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1], atol=1e-6)

# %%
from a2u.lessons.one_formula.picture import copies

at = (1.75, 1.25, 0.75, 0.25, 0.25, 0.75, 1.25, 1.75)
taps["bicubic"] = cubic[[int((d - distance).abs().argmin()) for distance in at]]
frequency = torch.linspace(0, 0.5, 101)
responses, beyond = {}, {}
fast = torch.fft.fftfreq(16).abs() > 0.25
for name, f in taps.items():
    waves = torch.exp(-2j * torch.pi * frequency[:, None] * torch.arange(len(f)))
    responses[name] = (frequency, (waves @ f.to(waves.dtype)).abs() / 2)
    energy = torch.fft.fft2(F.interpolate(x, scale_factor=2, mode=name)[0, 0]).abs().square()
    beyond[name] = float(energy[fast[:, None] | fast].sum() / energy.sum())
assert beyond["nearest"] > 3 * max(beyond["bilinear"], beyond["bicubic"])

# %%
Drawing(
    copies(torch.fft.rfftfreq(16), spectrum.abs().mean(dim=0)[:9], responses),
    alt="Bars: the spectrum of the map up to a quarter, and its mirror image beyond. Lines: nearest lets much of the "
    "mirror image through, bilinear and bicubic less.",
    says="energy beyond what the small map can hold: " + ", ".join(f"{n} {v:.0%}" for n, v in beyond.items()),
)

# %% [markdown]
# **Explain.** The zeros copy the spectrum: its mirror image appears beyond a quarter, as fast changes that the small
# map never had. The filter has to remove them. The box of nearest lets much of them through: these are the edges of its
# blocks. An ideal filter for this would be 1 up to a quarter and 0 beyond. Beyond a quarter, bilinear and bicubic come
# closer to it than nearest. Below a quarter, bilinear weakens the map most; bicubic keeps more of it. The 8 % of
# nearest are measured on this digit; the curves hold for every map.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* Phase and window are mixed up: "pixel 5 has phase 2". Say it as division with remainder, every time:
#   5 = 2·**2** + **1**: window 2, phase 1.
# - *Section 3.* $s = i'/r$. At work it shows up as "the mask is shifted a little". The ruler helps: where is the
#   *middle* of the first fine square?
# - *Section 4.* "The weights should depend on the values." Not here: distance alone decides. Come back to this
#   sentence in lesson 04, where they do.
# - *Section 4.* "At the border we need another window." The same window, other weights: that is what folding means.
# - *Section 5.* "Negative weights are a rounding error." They are wanted: weights that are never
#   negative and sum to 1 can only average.
# - *Section 8.* "align_corners=True is more exact." It is another grid, for values at points. Let them mark the centres
#   of 8 and of 16 squares on two rulers of the same length: the first marks do not coincide.
# - *Section 9.* "Bilinear averages." Two points along each axis, whatever the size.
# - *Section 10.* "The zeros are lost energy." They make copies; the filter decides what remains of them.
# - **Exercise 1.** A transposed window, rows and columns swapped, a window that *begins* at its centre, an edge that is
#   repeated, a window cut off at the edge, the ratio forgotten. Ask for a drawing of output (0, 0) and its nine values:
#   it settles most of them.
# - **Exercise 2.** Weights that sum to 1 and still move a ramp: the balance point must be the output's own place. Rows
#   that are not each other's mirror image. Negative weights: they keep flat maps and ramps, and sharpen.
# - **Exercise 3.** The halves forgotten; $a = -\tfrac12$; the largest value instead of its excess over 1.
# - **Exercise 4.** Learners look for the bug in the window, as it is the harder part. Advise them to work out one
#   output by hand, with weights that all differ.

# %% [markdown]
# ## Exercises
#
# Replace the `...` (in exercise 4: fix the code) and run the cell. The check compares your answer with that of a slow
# but careful reference and shows where they differ (in exercise 2 it tests the rules), and recognises common mistakes.

# %% [markdown]
# ### Exercise 1 · The window
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# Write the function that returns $z$: the k×k values of the small map around the pixel that output `(row, column)` lies
# in, with zeros outside the map. `x` has two axes (height, width); k is odd.
#
# <details><summary>Hint 1</summary>
#
# Which pixel does the output lie in? Section 1 has the formula. The window reaches `k // 2` to each side of it.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.pad(x, (p, p, p, p))` puts a ring of p zeros around the map. With p = `k // 2`, the window around pixel (i, j) of
# the map begins at row i and column j of the padded one.
# </details>
#
# Solution: `solutions/01_one_formula.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_window(x, row, column, ratio, k):
    return ...


exercises.WINDOW.check(my_window)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_window(x, row, column, ratio, k):
    i, j = row // ratio, column // ratio
    padded = F.pad(x, (k // 2,) * 4)
    return padded[i : i + k, j : j + k]


exercises.WINDOW.check(my_window)

# %% [markdown]
# ### Exercise 2 · A softer kernel of your own
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Design an upsampling kernel for one axis that is softer than bilinear: an average that spreads over more pixels.
# Return a tensor `(ratio, 5)`: for each phase $a$, the weights of the five taps $t = -2, -1, 0, 1, 2$. Here places
# count from the centre of the pixel that the output lies in, so phase $a$ lies at $s = (a + \tfrac12)/r - \tfrac12$.
# Rules:
#
# 1. each row sums to 1;
# 2. phases $a$ and $r - 1 - a$ have mirrored weights;
# 3. a **ramp** stays a ramp: if the value at each place is that place itself, the output is $s$ ($\sum_t w_t\, t = s$);
# 4. no weight is negative (with negative weights a kernel could sharpen and still keep rules 1 to 3);
# 5. at least three weights of each row are larger than 0.001.
#
# Many answers are right.
#
# <details><summary>Hint 1</summary>
#
# A weight that depends on $|s - t|$ alone gives mirrored phases. How far does such a weight reach in bilinear?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Stretch the tent of bilinear: one minus *half* the distance, clamped at 0. Then make the sums 1.
# </details>
#
# Solution: `solutions/01_one_formula.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_phases(ratio):
    return ...


exercises.SOFTER.check(my_phases)

# %% tags=["solution"]
import torch

from a2u.lessons.one_formula import exercises


def my_phases(ratio):
    s = (torch.arange(ratio) + 0.5) / ratio - 0.5  # the place of each phase
    w = (1 - (s[:, None] - torch.arange(-2, 3)).abs() / 2).clamp(min=0)
    return w / w.sum(dim=1, keepdim=True)


exercises.SOFTER.check(my_phases)

# %% [markdown]
# ### Exercise 3 · How far does bicubic overshoot?
# *Difficulty* ★★☆ · *time* 6 minutes
#
# A map is 0 on the left and 1 on the right. Bicubic upsampling makes some values larger than 1. From the weights alone,
# find by how much the largest output exceeds 1, for any ratio; return one number. The line above the check measures it
# for ratio 2.
#
# <details><summary>Hint 1</summary>
#
# The four weights sum to 1. If all taps but the leftmost lie on the right side of the step, what is the output?
# </details>
#
# <details><summary>Hint 2</summary>
#
# It is 1 minus the weight of the leftmost tap, and that weight is negative. The tap lies at a distance between 1 and 2.
# Try all phases.
# </details>
#
# Solution: `solutions/01_one_formula.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_overshoot(ratio):
    return ...


step = (torch.arange(12) >= 6).float().expand(1, 1, 12, 12)
large = F.interpolate(step, scale_factor=2, mode="bicubic")
print("estimated for ratio 2:", my_overshoot(2), " measured:", round(float(large.max() - 1), 4))
exercises.OVERSHOOT.check(my_overshoot)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_overshoot(ratio):
    s = (torch.arange(ratio) + 0.5) / ratio - 0.5
    d = 1 + s.abs()  # the nearer one of the two outer taps: from 1 to 1½ away
    return -(-0.75 * (d**3 - 5 * d**2 + 8 * d - 4)).min()


step = (torch.arange(12) >= 6).float().expand(1, 1, 12, 12)
large = F.interpolate(step, scale_factor=2, mode="bicubic")
print("estimated for ratio 2:", round(float(my_overshoot(2)), 4), " measured:", round(float(large.max() - 1), 4))
exercises.OVERSHOOT.check(my_overshoot)

# %% [markdown]
# ### Exercise 4 · Find the bug
# *Difficulty* ★★☆ · *time* 6 minutes
#
# This is `reassemble` for one channel, with loops: `x` is (H, W), `w` is (k², rH, rW), the result is (rH, rW). Tap $t$
# of a kernel is row $\lfloor t / k \rfloor$ and column $t \bmod k$ of its window. It runs, and for nearest neighbour it
# even gives the right result. Where outputs have different kernels it does not. Fix it.
#
# <details><summary>Hint 1</summary>
#
# Each output has its window and *its own* kernel. Take one output and follow both.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Which index belongs to the small map, and which to the large one? `w` has the size of the large map.
# </details>
#
# Solution: `solutions/01_one_formula.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_upsample(x, w, ratio):
    k, (rows, columns) = round(len(w) ** 0.5), w.shape[1:]
    padded = F.pad(x, (k // 2,) * 4)
    y = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            p, q = i // ratio, j // ratio
            y[i, j] = w[:, p, q] @ padded[p : p + k, q : q + k].flatten()
    return y


exercises.UPSAMPLE.check(my_upsample)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_upsample(x, w, ratio):
    k, (rows, columns) = round(len(w) ** 0.5), w.shape[1:]
    padded = F.pad(x, (k // 2,) * 4)
    y = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            p, q = i // ratio, j // ratio
            y[i, j] = w[:, i, j] @ padded[p : p + k, q : q + k].flatten()  # the output's own kernel
    return y


exercises.UPSAMPLE.check(my_upsample)

# %% [markdown]
# ### To think over: the mask that moved
#
# A program shrinks photographs from 512 to 128 pixels with half pixels, finds the outline of a person, and enlarges the
# mask again with `align_corners=True`. The mask fits in the middle of the picture, but near the edges of
# the picture it lies too far out. By how much, in pixels of the photograph? What would you change?
#
# <details><summary>Answer</summary>
#
# With $r = 4$ the grids differ by $(1 - \tfrac14)/2 = \tfrac38$ of a small pixel at the ends, which is 1.5 pixels of
# the photograph, and by nothing in the middle. Enlarge with half pixels too: the way up must use the grid of the way
# down.
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** A kernel that sums to 1 keeps a flat region flat. At the border too? **A.** Only if the window holds no
#   zeros from outside, or the weights of what lies outside are folded inwards. Our first bilinear had neither.
# - **Q.** Could we clip bicubic's overshoot? **A.** Yes. The result is then no longer a weighted sum with fixed
#   weights: clipping depends on the value.
# - **Q.** Is upsampling linear in $x$? **A.** For order 0, yes: $w$ is fixed. For CARAFE, no: the sum is linear, but
#   $w$ itself is made from $x$. For max-unpooling, IndexNet and A²U, $w$ is made from the guide: linear in $x$ while
#   the guide stays the same, but in a network both come from one image. That is why "it is only a weighted sum" is true
#   and not the whole truth.
# - **Q.** For $r = 3$, does any output lie exactly on a pixel? **A.** The middle one of three: $s = (1 + \frac12)/3 -
#   \frac12 = 0$. For even ratios none does.
# - **Q.** Does PyTorch's bicubic keep a ramp? **A.** Not quite: with $a = -\tfrac34$ it waves by about 0.05 of a step,
#   with Keys' $-\tfrac12$ it would not. Try exercise 2's rule on its weights.
#
# **Grade.** Exercises 1 and 4 pass: enough. Exercise 2: full marks for any design that keeps the rules. Ask in person:
# *which window and which phase has output (7, 12) for $r = 4$?* (Window (1, 3), phase (3, 0).)
#
# **Extend.** The cubic with $a = -\frac12$ is Keys' own: change it and compare with PyTorch. Or write Lanczos weights
# and open them with `inspect`.

# %% [markdown]
# ## Five questions

# %% tags=["questions"]
from a2u.lessons.one_formula.questions import concepts

concepts.ask()

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Every upsampled value is $g(w, z) = w^\top z$: a window of the small map, a kernel, a sum.
# - $\lfloor i'/r \rfloor$ says which window an output looks at; $i' \bmod r$ says which of the $r^2$ phases it is.
# - Outputs lie at $s = (i' + \tfrac12)/r - \tfrac12$: between the centres of the pixels, never on one when $r = 2$.
# - Nearest, bilinear and bicubic make $w$ from distances to 1, 4 and 16 reference points. Averages stay in range,
#   negative weights can overshoot. At the border the weights fold; the formula stays.
# - Operators differ in where $w$ comes from (distance, learning, or features of first or second order) and in which
#   $z$ it is multiplied with.
# - Half pixels suit squares, aligned corners suit points. Going down, widen the kernel. Zeros between the values copy
#   the spectrum, and the filter after them weakens the copies.
#
# Now scroll back to the first picture. Every box in it should have a name.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1) and
#   section 3, distance-based and feature-based upsampling; Eqs. (2)–(4) are lessons 06 and 07.
# - R. Keys, *Cubic convolution interpolation for digital image processing*, IEEE Transactions on Acoustics, Speech, and
#   Signal Processing 29(6), 1981: its cubic is ours with $a = -\tfrac12$.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
