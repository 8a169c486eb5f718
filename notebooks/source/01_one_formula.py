# %% [markdown]
# # 01 · One formula
#
# A neural network that paints a picture, cuts out a person or segments a street has to make small maps large
# again. There are dozens of ways to do it, with dozens of names. In this lesson you will see that they are one:
# **every upsampled value is a weighted sum of a few values of the small map.** Learn to read that sum, and you
# can read them all.
#
# **You will be able to**
# - open any value of an upsampled map and name the window $z$, the kernel $w$ and their sum $w^\top z$;
# - build the kernels of nearest-neighbour, bilinear and bicubic upsampling, and match PyTorch to the last digit;
# - say what really differs between two operators: where $w$ comes from, and which $z$ it meets.
#
# **You need** Python and a little PyTorch (tensors, indexing). If something is not installed, lesson 00 helps.
# **Time** 30 minutes, and 25 more for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes. Everything later stands on this lesson: window, phase, kernel, sum. Give it the time.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | show it, name nothing but ■ ◆ ●; promise that every box will have a name |
# | 8–18 | section 1, quotient and remainder | squared paper: colour the outputs of pixel (2, 3), write their phases |
# | 18–24 | section 2, nearest | predict the sum of the output before running |
# | 24–36 | section 3, half pixels | two rulers on the board, one twice as fine; read $s$ off them, then the formula |
# | 36–52 | section 4, bilinear and the border | three weights by hand; let the first version fail at the edge |
# | 52–60 | section 5, bicubic | the curve and the overshoot; leave the derivation for reading |
# | 60–72 | section 6, explorer | four questions, in pairs; each pair reports one |
# | 72–90 | exercises 1 and 2 | exercise 3 is homework |
#
# **Skip if short.** Section 7 (it comes back in lesson 03) and the derivation of the cubic. Never section 3: the half
# pixel returns in every lesson, and in every bug report about "shifted" masks.

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
# Three things have the same colour and the same sign in every picture of this course:
#
# | | | |
# |---|---|---|
# | <span style="color: #0047AB">■</span> blue | $z$, the **window** | what the operator looks at in the small map |
# | <span style="color: #C04B00">◆</span> orange | $w$, the **kernel** | how much each of these values counts |
# | <span style="color: #007F4F">●</span> green | $y$, the **output** | one value of the large map |
#
# Follow the arrows: window and kernel meet and are multiplied, cell by cell; the products are added up (∑); the
# sum is one value of the output. Ink is positive, violet is negative, white is zero. Hatched cells lie outside the
# map and count as zero.

# %% [markdown]
# ## 1 · From 64 values to 256
#
# Our small map $x$ is a handwritten 2 from MNIST, shrunk to 8×8. We want it at 16×16: the **ratio** is $r = 2$.
# Every output pixel $(i', j')$ lies inside exactly one pixel of the small map:
#
# $$(i, j) = \big(\lfloor i'/r \rfloor,\ \lfloor j'/r \rfloor\big)$$
#
# **Predict.** Which output pixels lie inside pixel $(2, 3)$ of the small map? How many are there?

# %% tags=["prediction"]
predict("inside")

# %% tags=["spoiler"]
ratio = 2
inside = [(i, j) for i in range(16) for j in range(16) if (i // ratio, j // ratio) == (2, 3)]
print(inside)
assert len(inside) == ratio**2

# %% [markdown]
# **Explain.** There are $r^2 = 4$, one for each way to place a small square in a 2×2 block. Which of the four a
# pixel is, is its **phase** $(i' \bmod r,\ j' \bmod r)$. So position splits into two questions, and both will
# come back all through the course: *which window* (the quotient) and *which phase* (the remainder).

# %% [markdown]
# ## 2 · Nearest neighbour: a kernel with one weight
#
# The formula of the whole course is an inner product of two vectors:
#
# $$g(w, z) = w^\top z = \sum_t w_t\, z_t \tag{1}$$
#
# One weight of a kernel, with the place in the window that it belongs to, is called a **tap**. The simplest choice has
# one: the window is the one pixel that the output lies in, and the kernel is $w = [1]$.
#
# `a2u.reassemble(x, w, ratio)` is the formula as a function. It wants one kernel for **every** output position, so
# `w` has the shape (batch, groups, taps, height, width of the output). The channels of one **group** share their
# kernels; here there is one channel, and so one group.
#
# **Predict.** With $w = [1]$ everywhere, what will the 16×16 map look like?

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
# **Explain.** Every value is copied four times: the sum of the map is exactly four times as large. No new value
# appears. And our one line agrees with PyTorch's own operator, which is what the `assert` checks.

# %% [markdown]
# ## 3 · Where exactly is an output pixel?
#
# To do better than copying, we must know where an output lies *between* the pixels of the small map.
#
# A pixel is a little square, and its value belongs to the centre of the square. Measure in pixels of the small map.
# Pixel $i$ reaches from $i$ to $i+1$; its centre is at $i + \tfrac12$. An output pixel is $r$ times smaller: $i'$
# reaches from $i'/r$ to $(i'+1)/r$, with its centre at $(i' + \tfrac12)/r$. If we count so that the centre of source
# pixel $i$ has the coordinate $i$, we subtract a half:
#
# $$s = \frac{i' + \frac12}{r} - \frac12$$
#
# **Predict.** Work out $s$ for the outputs 0, 1, 2, 3 with $r = 2$. Does the first one lie at 0?

# %% tags=["prediction"]
predict("first-output")

# %%
s = (torch.arange(6) + 0.5) / 2 - 0.5
print("outputs     ", list(range(6)))
print("lie at      ", s.tolist())
print("source pixel", [i // 2 for i in range(6)])
assert torch.equal(s - torch.arange(6) // 2, torch.tensor([-0.25, 0.25] * 3))

# %% [markdown]
# **Explain.** No output lies on a source pixel: each is a quarter of a pixel before or after one. The offset depends on
# the phase alone, $-\tfrac14$ for phase 0 and $+\tfrac14$ for phase 1. Forgetting the two halves (taking $s = i'/r$)
# shifts the whole picture by a quarter of a pixel. It is the most common bug in hand-written upsampling.

# %% [markdown]
# ## 4 · Bilinear: weights from a straight line
#
# Take one axis first. The output lies at $s$ between the pixels $p = \lfloor s \rfloor$ and $p + 1$. Draw a straight
# line from the value at $p$ to the value at $p+1$ and read it at $s$. With $t = s - p$:
#
# $$y = x_p + t\,(x_{p+1} - x_p) = (1 - t)\, x_p + t\, x_{p+1}$$
#
# That is already $w^\top z$, with $w = [1-t,\ t]$. Both weights say the same thing: **one minus the distance** to
# that pixel. They add up to 1, so a flat region stays flat.
#
# For phase 0, the output lies ¼ before its pixel: the pixel before it is ¾ away and weighs ¼, its own pixel weighs ¾,
# the one after weighs nothing: $[\tfrac14, \tfrac34, 0]$. Phase 1 is the mirror image, $[0, \tfrac34, \tfrac14]$.
#
# In two dimensions we do this along the rows and then along the columns, so the weights **multiply**: the kernel is the
# outer product of the two. $2 \times 2$ **reference points** take part: so we call the pixels whose weight is not zero.
# (In the code below, `einsum("ia,jb->abij", …)` is this outer product for all outputs at once: rows $a$ and columns $b$
# of the kernel, at row $i$ and column $j$.)
#
# **Predict.** What is the largest weight? And will our map equal PyTorch's bilinear everywhere?

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
# our outputs look past the edge of the map, where our window holds zeros, and become too light.
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
# ## 5 · Bicubic: a smoother curve, and negative weights
#
# A straight line has a kink at every pixel. A smoother weight function $w(d)$ of the distance $d$ reaches further, to
# four points along each axis, and is made of two cubic pieces, one up to $d = 1$ and one up to $d = 2$. Ask for two
# things. At a pixel, its own value comes out: $w(0) = 1$, $w(2) = 0$, and *both* pieces are 0 at 1: four equations. And
# there is no kink: $w'(0) = 0$ (the curve goes on as its mirror image), $w'(2) = 0$, and both pieces have one slope at
# 1: three more. Eight coefficients, seven equations: one number stays free, the slope $a = w'(1)$.
#
# $$w(d) = \begin{cases} (a+2)\,d^3 - (a+3)\,d^2 + 1 & 0 \le d \le 1 \\ a\,d^3 - 5a\,d^2 + 8a\,d - 4a & 1 < d < 2
# \end{cases}$$
#
# That the weights of all points sum to 1 then comes for free, as the numbers below confirm. PyTorch takes
# $a = -\tfrac34$: downhill at 1, and back at zero at 2. Between the two the curve is **below zero**.
#
# **Predict.** With negative weights, can an output be larger than every value of the map, or smaller than every one?

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
# The blue squares are the reference points that an output a quarter of a pixel away from its source pixel meets. In two
# dimensions the weights multiply again. Here are the three kernels around the same output, the green dot:

# %%
from a2u.lessons.one_formula.picture import reference_points

names = ("nearest", "bilinear", "bicubic")
operators = {name: a2u.build(name, channels=1, ratio=2) for name in names}
kernels = {name: op.kernel(x)[0, 0, :, 9, 8] for name, op in operators.items()}  # output (9, 8): phase (1, 0)
squares = {name: w.reshape(round(len(w) ** 0.5), -1) for name, w in kernels.items()}
Drawing(
    reference_points(squares, position=(0.25, -0.25)),
    alt="One, four and sixteen weighted pixels around an output that lies a quarter pixel below left of a centre.",
    says="\n".join(f"{name}: {int((w != 0).sum())} weights, sum {w.sum():.3f}" for name, w in kernels.items()),
)

# %% [markdown]
# The middle and the right one follow from their curves alone. For bicubic: read `cubic` at the distances of five taps
# along each axis (those at 2 and more weigh 0), and multiply.

# %%
taps = torch.arange(-2, 3)
down, along = (cubic[((s - taps).abs()[:, None] - d).abs().argmin(dim=1)] for s in (0.25, -0.25))
assert torch.allclose(torch.outer(down, along), squares["bicubic"], atol=1e-5)
print("down", [round(float(v), 3) + 0.0 for v in down], " along", [round(float(v), 3) + 0.0 for v in along])

# %% [markdown]
# So much for one output. All of them, side by side:

# %% tags=["spoiler"]
bicubic = operators["bicubic"](x)
assert torch.allclose(bicubic, F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False), atol=1e-5)
assert bicubic.max() > x.max()
assert bicubic.min() < x.min() == 0
Drawing(
    side_by_side({name: op(x)[0, 0] for name, op in operators.items()}),
    alt="The 2 upsampled three ways: in blocks, softly, and sharply with a faint violet halo of negative values.",
    says=f"x from {x.min():.3f} to {x.max():.3f};  bicubic from {bicubic.min():.3f} to {bicubic.max():.3f}",
)

# %% [markdown]
# **Explain.** Yes, both: next to an edge bicubic overshoots. The violet halo has negative values although no pixel of
# $x$ is negative. That is the price of its sharpness. Nearest and bilinear cannot do this: their weights are never
# negative and sum to 1, so every output is an *average* and stays between the smallest and the largest value.
#
# All three kernels know one thing only: **distance**. They would be the same for a photograph, a 2, or noise.

# %% [markdown]
# ## 6 · Every operator, one picture
#
# Now the point of it all. The operators of this course, from max-unpooling to A²U, are the same formula with other
# kernels. Pick one, and move the sliders (click one, then use the arrow keys). Our map now has four channels:
# ink, its change from left to right, its change from top to bottom, and how much a pixel differs from its
# surroundings. Operators that learn have random weights here: do not judge their output, look at *how* it is made.
#
# **Predict, then look:**
# 1. In `Max-unpooling`, which values can $w$ have? Why is most of the output white?
# 2. In `Deconvolution`, move the output by one column, then by two. When does the kernel come back?
# 3. In `CARAFE`, do the same. Does it come back?
# 4. Set `row` to 0. Which operators let zeros from outside into their sum?

# %% tags=["prediction"]
predict("comes-back")

# %%
from a2u.lessons.inspector import explorer

panel = explorer("bilinear", row=5, column=7)
panel

# %% [markdown]
# You can also ask the explorer from code: `panel.at(…)` says what it shows for other settings, and leaves your sliders
# where they are. This answers questions 2 and 3: we compare the kernel of an output with that
# of its neighbour, and with that of the next output of the same phase.
#
# `example(name, ratio)` gives what the picture shows: an operator, the four channels of the small map, the **guide**
# and the output. The guide is the encoder's map, as large as the output; operators of the feature family may look at it
# to make their kernels. `op.witness(maps, guide, at=(sample, channel, row, column))` opens one output: its `w`, its
# `z`, and `value`, their sum of products.

# %%
from a2u.lessons.inspector import example

for name in ("bilinear", "deconvolution", "carafe"):
    print(panel.at(operator=name, row=5, column=8).says.splitlines()[0])
    op, maps, guide, y = example(name, 2)
    w = [op.witness(maps, guide, at=(0, 0, 5, column)).w for column in (8, 9, 10)]
    print(f"   next column: {torch.equal(w[0], w[1])},  same phase: {torch.equal(w[0], w[2])}")

# %% [markdown]
# **Explain.** The kernels of bilinear and deconvolution depend on the phase alone: they come back after $r$ columns.
# Bilinear's follows from distance, deconvolution's is learned once and then **universal**, the same for every input.
# CARAFE's does not come back where the features differ: it is made from what it finds. Only such kernels can tell an
# edge from a flat region.
#
# Questions 1 and 4: max-unpooling's $w$ is 0 or 1, with a single 1 in each 2×2 block, so three of four outputs are 0,
# which our colours show as white. At row 0, every window of 3×3 or more looks past the map and meets zeros there
# (deconvolution, pixel shuffle, CARAFE, A²U); bilinear and bicubic fold their weights back, and 1×1 windows have no
# outside.

# %% [markdown]
# You need not take the claim of this course on trust. For **every** operator and **every** output value, the picture's
# $w^\top z$ must be the value that the operator computed (here at 24 places each):

# %%
from a2u.lessons.inspector import choices

for title, name in choices():
    op, maps, guide, y = example(name, 2)
    at = [(0, c, i, j) for c in (0, 3) for i in (0, 6, 15) for j in (0, 5, 9, 15)]
    assert len(at) == 24
    worst = max(abs(op.witness(maps, guide, at=a).value - y[a]) for a in at)
    assert worst < 1e-5, title
    print(f"order {op.card.order}  {op.card.family:8}  {title:24} wᵀz = y")

# %% [markdown]
# Read the first two columns. They are the map of this course:
#
# - **distance**: $w$ follows from position (this lesson);
# - **learned**: $w$ is learned once, for each phase (lesson 03);
# - **feature**: $w$ is computed from features, anew for every input. *First order*: from each feature by itself
#   (max-unpooling, CARAFE, IndexNet: lessons 02, 04, 05). *Second order*: from how similar features are **to each
#   other** (A²U: lessons 06 and 07).

# %% [markdown]
# ## 7 · Open your own
#
# `inspect(op, x, guide)` opens any operator of yours (with a guide if it needs one). Let us ask it a question: could a
# deconvolution *learn* to be bilinear? Its 4×4 kernel spreads every pixel of the small map over 4×4 outputs. We write
# into it how much a pixel counts for outputs at the distances $-\tfrac34, -\tfrac14, \tfrac14, \tfrac34$.
#
# **Predict.** One minus the distance gives which four numbers? Will the result be bilinear everywhere?

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
# **Explain.** Inside it *is* bilinear; only at the border, where it has no way to fold weights, does it let zeros in,
# as ours did in section 4. A learned kernel contains the distance-based one as a special case. Whether training finds
# something better is the story of lesson 03.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* Phase and window are mixed up: "pixel 5 has phase 2". Say it as division with remainder, every time:
#   5 = 2·**2** + **1**: window 2, phase 1.
# - *Section 3.* $s = i'/r$. Expect it now and in every later lesson, as "the mask is shifted a little". The ruler
#   helps: where is the *middle* of the first fine square?
# - *Section 4.* "The weights should depend on the values." Not here: distance alone. Point at the word when lesson 04
#   changes it.
# - *Section 4.* "At the border we need another window." The same window, other weights: that is what folding means.
# - *Section 5.* "Negative weights are a rounding error." They are wanted; without them nothing can sharpen.
# - **Exercise 1.** A transposed window, rows and columns swapped, a window that *begins* at its centre, an edge that is
#   repeated, a window cut off at the edge, the ratio forgotten. Ask for a drawing of output (0, 0) and its nine values:
#   it settles most of them.
# - **Exercise 2.** Corners instead of centres (the half pixels again), phases swapped, a mirrored kernel, the
#   distance itself as weight, weights of the axes added instead of multiplied.
# - **Exercise 3.** The kernel of the window's centre, or of the phase, instead of the output's own; a window in the
#   large map; `%` where `//` is meant; a flipped window by those who learnt convolution in signal processing: there it
#   is flipped, in deep learning it is not.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell. The check compares with a slow and careful reference on random maps, shows
# where you differ, and recognises the usual mistakes.

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
# <details><summary>Solution</summary>
#
# ```python
# def my_window(x, row, column, ratio, k):
#     i, j = row // ratio, column // ratio
#     padded = F.pad(x, (k // 2,) * 4)
#     return padded[i : i + k, j : j + k]
# ```
# </details>

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
# ### Exercise 2 · The bilinear kernel for any ratio
# *Difficulty* ★★☆ · *time* 10 minutes
#
# In section 4 the weights for $r = 2$ were written by hand. Write the function that returns the 3×3 kernel of phase
# (a, b) for any ratio, far from the border. `a` counts down the rows, `b` along the columns.
#
# <details><summary>Hint 1</summary>
#
# Put $i' = a$ into the formula of section 3: that is where the output lies from the centre of its pixel. The three taps
# lie at −1, 0 and 1.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A tap weighs one minus its distance, but never less than zero: `(1 - distance).clamp(min=0)`. Then `torch.outer`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_kernel(a, b, ratio):
#     taps = torch.tensor([-1.0, 0.0, 1.0])
#     down, along = ((p + 0.5) / ratio - 0.5 for p in (a, b))
#     return torch.outer((1 - (down - taps).abs()).clamp(min=0), (1 - (along - taps).abs()).clamp(min=0))
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_kernel(a, b, ratio):
    return ...


exercises.BILINEAR.check(my_kernel)

# %% tags=["solution"]
import torch

from a2u.lessons.one_formula import exercises


def my_kernel(a, b, ratio):
    taps = torch.tensor([-1.0, 0.0, 1.0])
    down, along = ((p + 0.5) / ratio - 0.5 for p in (a, b))
    return torch.outer((1 - (down - taps).abs()).clamp(min=0), (1 - (along - taps).abs()).clamp(min=0))


exercises.BILINEAR.check(my_kernel)

# %% [markdown]
# ### Exercise 3 · The formula itself
# *Difficulty* ★★★ · *time* 10 minutes
#
# Write `reassemble` for one channel: `x` is (H, W), `w` is (k², rH, rW), the result is (rH, rW). Tap $t$ of a kernel is
# row $\lfloor t / k \rfloor$ and column $t \bmod k$ of its window. Loops are welcome: a clear slow version is what
# every fast one is measured against.
#
# <details><summary>Hint 1</summary>
#
# For every output: its window (exercise 1), flattened row by row, times *its own* kernel, summed.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The kernel of output (i, j) is `w[:, i, j]`; k is the square root of `len(w)`. `my_window(...).flatten()` is in the
# right order.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_upsample(x, w, ratio):
#     k, (rows, columns) = round(len(w) ** 0.5), w.shape[1:]
#     padded = F.pad(x, (k // 2,) * 4)
#     y = torch.zeros(rows, columns)
#     for i in range(rows):
#         for j in range(columns):
#             z = padded[i // ratio : i // ratio + k, j // ratio : j // ratio + k]
#             y[i, j] = w[:, i, j] @ z.flatten()
#     return y
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.one_formula import exercises


def my_upsample(x, w, ratio):
    return ...


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
            z = padded[i // ratio : i // ratio + k, j // ratio : j // ratio + k]
            y[i, j] = w[:, i, j] @ z.flatten()
    return y


exercises.UPSAMPLE.check(my_upsample)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** A kernel that sums to 1 keeps a flat region flat. At the border too? **A.** Only if the window holds no
#   zeros from outside, or the weights of what lies outside are folded inwards. Our first bilinear had neither.
# - **Q.** Could we clip bicubic's overshoot? **A.** Yes, and many programs do. The result is no longer one weighted
#   sum: clipping looks at the value. What is gained in range is lost in simplicity.
# - **Q.** Is upsampling linear in $x$? **A.** For order 0, yes: $w$ is fixed. For CARAFE and the later ones, no: the
#   sum is linear, but $w$ itself follows the features. That is why "it is only a weighted sum" is true and not the
#   whole truth.
# - **Q.** For $r = 3$, does any output lie exactly on a pixel? **A.** The middle one of three: $s = (1 + \frac12)/3 -
#   \frac12 = 0$. For even ratios none does.
#
# **Grade.** Exercises 1 and 2 pass: enough. Exercise 3: full marks for a correct slow version. Ask in person: *which
# window and which phase has output (7, 12) for $r = 4$?* (Window (1, 3), phase (3, 0).)
#
# **Extend.** The cubic with $a = -\frac12$ is Keys' own: change it and compare with PyTorch. Or write Lanczos weights
# and open them with `inspect`.

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Every upsampled value is $g(w, z) = w^\top z$: a window of the small map, a kernel, a sum.
# - $\lfloor i'/r \rfloor$ says which window an output looks at; $i' \bmod r$ says which of the $r^2$ phases it is.
# - Outputs sit at $s = (i' + \tfrac12)/r - \tfrac12$: between the pixels, never on them when $r = 2$.
# - Nearest, bilinear and bicubic make $w$ from distances to 1, 4 and 16 reference points. Averages stay in range,
#   negative weights overshoot. At the border the weights fold; the formula stays.
# - Operators differ in where $w$ comes from: distance, learning, or features of first or second order.
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
