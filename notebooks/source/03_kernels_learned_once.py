# %% [markdown]
# # 03 · Kernels learned once
#
# Why should anyone choose the kernel by hand? Let the network learn it. That is what **deconvolution** and **pixel
# shuffle** do: their weights are trained once and then used at every place of every image. In this lesson you will see
# that the two are one formula, why they paint checkerboards, and how to stop that.
#
# **You will be able to**
# - write deconvolution and pixel shuffle as universal kernels $w^\top z$, and turn one into the other;
# - predict from kernel and stride how many values meet in each output;
# - find a checkerboard, name its cause, and remove it in two ways.
#
# **You need** lesson 01: window, kernel, phase. **Time** 30 minutes, and 20 more for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 80 minutes. Section 2 is the hardest page of the first half; plan for squared paper.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | what is new? The window reaches through all channels |
# | 6–18 | section 1, a kernel for each phase | predict the shape of `w`, and say both factors aloud |
# | 18–36 | section 2, spread and gather | on paper, one axis: K = 4, s = 2, p = 1; draw arrows, read them backwards |
# | 36–40 | section 3, universal | one question: how do the kernels for noise differ? |
# | 40–56 | section 4, overlap | explorer; each pair finds one even setting, one with gaps, and one that turns red |
# | 56–68 | sections 5–6, find it, remove it | vote: does pixel shuffle paint a checkerboard? |
# | 68–80 | exercise 3 | exercise 1 as homework; exercise 2 for those who want it |
#
# **Skip if short.** Section 3 in one sentence; the second remedy (phases alike) for reading. Keep the end of section
# 4: that an even overlap is *not enough* is what most texts leave out.

# %% [markdown]
# ## The picture
#
# One value of a deconvolution with random weights, on the shared 8×8 map with four channels. What is new: the window
# reaches through *all* channels.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import example, look
from a2u.lessons.kernels_learned_once import explorer as lesson
from a2u.lessons.kernels_learned_once.predictions import predict
from a2u.lessons.shared import small_map
from a2u.plots.maps import side_by_side

x = small_map(4)  # ink, two changes, and centre minus surround
deconvolution = example("deconvolution", 2)[0]
look(deconvolution, x, at=(0, 0, 9, 8))

# %% [markdown]
# ## 1 · Pixel shuffle: one kernel for each phase
#
# Lesson 01 split the place of an output into a window (the quotient) and a phase (the remainder). If the kernel may not
# depend on the image, what is left to depend on? Only the phase. So let us learn one kernel for each of the $r^2$
# phases $(a, b)$ and each output channel $c'$, over a $k \times k$ window of all $C$ input channels:
#
# $$y(c',\ r i + a,\ r j + b) = w_{c', a, b}^\top\, z(i, j), \qquad w,\ z \in \mathbb{R}^{C k^2}$$
#
# Look at one phase alone: the same kernel at every $(i, j)$, over all channels. That is a **convolution**. All phases
# together are a convolution with $C_\text{out} \cdot r^2$ channels, and then each group of $r^2$ values is laid out
# as an $r \times r$ block. The laying out is called pixel shuffle; row $c' r^2 + a r + b$ goes to phase $(a, b)$ of
# $c'$.
#
# `a2u.formula.universal(x, w, ratio)` is the formula; `w` has a row for each channel and phase.
#
# **Predict.** With $C = C_\text{out} = 4$, $r = 2$, $k = 3$: what is the shape of `w`?

# %% tags=["prediction"]
predict("shape-of-w")

# %%
generator = torch.Generator().manual_seed(0)
weight = torch.randn(4 * 2**2, 4, 3, 3, generator=generator) / 6
shuffled = F.pixel_shuffle(F.conv2d(x, weight, padding=1), 2)
w = weight.flatten(1)
assert torch.allclose(a2u.formula.universal(x, w, ratio=2), shuffled, atol=1e-5)
z = a2u.windows(x, 3)[0, :, :, 4, 4].flatten()  # what position (4, 4) sees: 4 channels × 9
row = 2 * 4 + 1 * 2 + 0  # channel 2, phase (1, 0)
assert torch.allclose(w[row] @ z, shuffled[0, 2, 2 * 4 + 1, 2 * 4 + 0], atol=1e-5)
print("w has", tuple(w.shape), "and z has", tuple(z.shape))

# %% [markdown]
# **Explain.** $(C_\text{out} r^2,\ C k^2) = (16, 36)$. Swap $a$ and $b$ in the row, and every 2×2 block is mirrored at
# its diagonal: the picture looks almost right, with frayed edges. It is the classic bug of this operator.

# %% [markdown]
# ## 2 · Deconvolution: the same, told from the other side
#
# A deconvolution (more exactly a *transposed convolution*) does not gather, it **spreads**. Each input value is
# multiplied with a $K \times K$ kernel and the result is added to the output, $s$ pixels further for each input. Along
# one axis, with padding $p$ cut off, input $i$ reaches output $o$ through tap
#
# $$t = o + p - s\,i, \qquad 0 \le t < K$$
#
# Now stand at the output and ask *who reaches me*. Write $o = s\,i_0 + a$ with phase $a$, and $i = i_0 + \delta$:
#
# $$t = a + p - s\,\delta$$
#
# So phase $a$ meets every $s$-th tap, and **backwards**: one input further is $s$ taps less. Each phase has a kernel of
# its own. With $s = r$ this is exactly the universal kernel of section 1.
#
# **Predict.** $K = 4$, $s = 2$, $p = 1$. Which two taps does phase 0 meet, and which inputs do they belong to?

# %% tags=["prediction"]
predict("phase-zero")

# %%
from a2u.operators.convolution import phase_taps

k, taps = phase_taps(size=4, ratio=2)  # window side, and the tap for each phase and δ; 4 means: none
print("δ        ", list(range(-(k // 2), k // 2 + 1)))
for phase, line in enumerate(taps.tolist()):
    print("phase", phase, " ", [t if t < 4 else "-" for t in line])
own = deconvolution.weight.detach()  # C, C_out, K, K
w = deconvolution.kernel().detach()  # C_out·r², C·k²: the same numbers, sorted by phase
y = F.conv_transpose2d(x, own, stride=2, padding=1)
assert torch.allclose(a2u.formula.universal(x, w, 2), y, atol=1e-5)
assert torch.allclose(F.pixel_shuffle(F.conv2d(x, w.view(16, 4, 3, 3), padding=1), 2), y, atol=1e-5)
print("stored", tuple(own.shape), " sorted", tuple(w.shape), " zeros among them", int((w == 0).sum()))

# %% [markdown]
# **Explain.** Phase 0 meets tap 3 with the input before it and tap 1 with its own. The 4×4 = 16 taps are dealt out to
# four phases with 2×2 each; in a 3×3 window the other five places are zero. So **a deconvolution is a convolution and a
# pixel shuffle**: three ways to write it, equal in all 1,024 values. Nothing about it inverts a convolution, whatever
# its name says.
#
# At the border both let zeros in: a window that reaches outside meets nothing there.

# %% [markdown]
# ## 3 · Universal
#
# Such a kernel is called **universal**: it does not look at the input.
#
# **Predict.** How do the kernels for our digit differ from those for pure noise?

# %% tags=["prediction"]
predict("digit-or-noise")

# %% tags=["spoiler"]
noise = torch.randn(1, 4, 8, 8, generator=generator)
assert torch.equal(deconvolution.kernel(x), deconvolution.kernel(noise))
one, two = (deconvolution.witness(x, at=(0, 0, 9, column)).w for column in (8, 10))
assert torch.equal(one, two)
assert not torch.equal(one, deconvolution.witness(x, at=(0, 0, 9, 9)).w)
shuffle = a2u.build("pixel_shuffle", channels=64, ratio=2)
spread = a2u.build("deconvolution", channels=64, ratio=2)
for name, op in (("deconvolution, K = 4", spread), ("pixel shuffle, k = 3", shuffle)):
    print(f"{name}: {sum(p.numel() for p in op.parameters()):,} weights for 64 channels")

# %% [markdown]
# **Explain.** Not at all. They differ by phase and output channel only. Bilinear needed no weights; these have
# $C\, C_\text{out} K^2$ and $C\, C_\text{out}\, r^2 k^2$. The convolution is free to use all nine places of each
# window. A deconvolution with $K = r k$ has the same number of weights; exercise 2 turns one into the other.

# %% [markdown]
# ## 4 · Overlap
#
# How many inputs meet in one output? Tap $t$ belongs to phase $(t - p) \bmod s$. Of the $K$ taps, phase $a$ gets those
# with $t \equiv a + p$. If $s$ divides $K$, each phase gets $K / s$. Otherwise some get one more than others: **the
# overlap is uneven**. In two dimensions the counts multiply.
#
# **Predict.** $K = 3$, $s = 2$: what are the counts along an axis? And in two dimensions, what is the largest beside
# the smallest?
#
# The explorer sends a map of ones, 5×5, through a deconvolution. Above: one row for each input. Below: how many taps
# meet, what a map of ones becomes, and the sum of the weights of each phase. Some settings cannot be: they turn red and
# say why. **Look for:**
# 1. two pairs (K, s) with an even overlap, and one with gaps, where outputs receive nothing;
# 2. a setting that turns red, for each of two different reasons;
# 3. K = 4, s = 2, p = 1, no output padding, with weights `equal`, `tent`, `random`. The overlap is even in all three.
#    Is the answer flat?

# %% tags=["prediction"]
predict("overlap")

# %%
panel = lesson.explorer()
panel

# %%
for kernel, stride in ((3, 2), (4, 2), (5, 3), (6, 3), (2, 3)):
    says = panel.at(kernel=kernel, stride=stride, padding=1, output_padding=0, kind="equal").says.splitlines()[0]
    print(f"K = {kernel}, s = {stride}: {says.split(';', 1)[1].strip()}")
for kind in ("equal", "tent", "random"):
    print(panel.at(kernel=4, stride=2, output_padding=0, kind=kind).says.splitlines()[1])
for setting in ({"output_padding": 2}, {"output_padding": 0, "kernel": 1, "stride": 1, "padding": 3}):
    says = panel.at(**setting).says
    print(says)
    assert says.startswith("✕")

# %% [markdown]
# **Explain.** For K = 3, s = 2 the counts are 1, 2, 1, 2, and in two dimensions 1, 2 and 4: some outputs receive four
# times as many contributions as others. That is a **checkerboard**, drawn by arithmetic before any training.
#
# Gaps: $K < s$, for instance $K = 2$, $s = 3$, where one phase of three has no tap. Red: an output padding of $s$ or
# more, or a padding that leaves no output.
#
# But look at question 3. An even overlap is *not enough*: with random weights the phases have different sums, and the
# flat map gets a pattern anyway. What a constant input $c$ becomes in phase $a$ is
#
# $$y = w_a^\top (c, \dots, c) = c \sum_t w_{a,t}$$
#
# So the true condition is: **all phases have equal sums** (for each pair of input and output channel). Uneven overlap
# makes it hard to reach; even overlap makes it possible, as `tent` shows, which is bilinear.

# %% [markdown]
# ## 5 · Find it
#
# Send a map of ones through an operator and compare the outputs away from the border. `lesson.unevenness` is largest
# minus smallest.
#
# **Predict.** Pixel shuffle has no overlap at all: each output belongs to one convolution. Does it paint a
# checkerboard?


# %% tags=["prediction"]
predict("shuffle-checkerboard")


# %%
def fresh(name, **options):
    op = a2u.build(name, channels=1, ratio=2, **options)
    for values in op.parameters():
        drawn = torch.rand(values.shape, generator=torch.Generator().manual_seed(1)) ** 3
        values.data.copy_(drawn * 4 / drawn.sum())  # ones become 1, on average over the four phases
    return op


candidates = {
    "deconvolution, K = 3": fresh("deconvolution", kernel_size=3),
    "deconvolution, K = 4": fresh("deconvolution", kernel_size=4),
    "pixel shuffle": fresh("pixel_shuffle"),
    "bilinear": a2u.build("bilinear", channels=1),
}

# %% tags=["spoiler"]
ones = torch.ones(1, 1, 8, 8)
flat = {name: op(ones)[0, 0].detach() for name, op in candidates.items()}
found = {name: lesson.unevenness(op) for name, op in candidates.items()}
assert min(found[name] for name in list(found)[:3]) > 0.01 > found["bilinear"]
Drawing(
    side_by_side(flat),
    alt="A map of ones after four operators: three have a regular pattern, bilinear is flat.",
    says="\n".join(f"{name:21} unevenness {value:.3f}" for name, value in found.items()),
)

# %% [markdown]
# **Explain.** It does. Nothing ties the phases of a pixel shuffle to each other; with random weights their sums differ.
# Overlap is not the cause by itself: the cause is *phases that disagree*.

# %% [markdown]
# ## 6 · Remove it: the same kernel for all phases
#
# **First way: resize, then convolve.** Upsample by nearest neighbour, then apply a 3×3 convolution. This is a universal
# kernel too. Along one axis, phase 0 sees the fine pixels before it, its own and the one after it, which are copies of
# the small pixels $i - 1$, $i$, $i$; phase 1 sees copies of $i$, $i$, $i + 1$:
#
# $$\text{phase 0: } [w_0,\ w_1 + w_2,\ 0] \qquad\quad \text{phase 1: } [0,\ w_0 + w_1,\ w_2]$$
#
# **Predict.** Compare the sums of the two. Which weights could make them differ?

# %% tags=["prediction"]
predict("resize-sums")

# %%
three = torch.randn(2, 4, 3, 3, generator=generator)
resized = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), three, padding=1)
w = lesson.resize_kernel(three)  # rows: 2 channels × 4 phases
assert torch.allclose(a2u.formula.universal(x, w, 2), resized, atol=1e-5)
sums = w.view(2, 4, 4, 9).sum(dim=3)  # out, phase, in
assert torch.allclose(sums, sums[:, :1].expand_as(sums), atol=1e-5)
print("sums of the four phases, first channel in and out:", [f"{abs(v):.3f}" for v in sums[0, :, 0].tolist()])

# %% [markdown]
# **Explain.** None: $w_0 + w_1 + w_2$ in both. By construction, before and after any training, a flat map stays flat.
# The price: nine weights serve four phases, so it can express less than a pixel shuffle with 36; and the convolution
# runs at the large size, with $r^2$ times as many outputs to compute for each weight.

# %% [markdown]
# **Second way: begin alike.** Keep the pixel shuffle, and give all phases of a channel the *same* first weights. Then
# at the start it is a convolution followed by nearest neighbour, without a pattern. Training may move the phases apart
# where that helps.
#
# **Predict.** Is this promise kept after the first training step?

# %% tags=["prediction"]
predict("after-one-step")

# %% tags=["spoiler"]
op = candidates["pixel shuffle"]
op.weight.data = lesson.make_phases_alike(op.weight.data, ratio=2)
before = lesson.unevenness(op)
small = x[:, :1]
assert torch.allclose(op(small), F.interpolate(F.conv2d(small, op.weight[:1], padding=1), scale_factor=2), atol=1e-5)
target = F.interpolate(small, scale_factor=2, mode="bicubic")
loss = (op(small) - target).square().mean()
loss.backward()
op.weight.data -= 0.1 * op.weight.grad
after = lesson.unevenness(op)
assert before < 1e-5 < after
print(f"unevenness before the step {before:.4f}, after it {after:.4f}; at random {found['pixel shuffle']:.4f}")

# %% [markdown]
# **Explain.** No. Alike at first is a good beginning, not a guarantee: every phase is pulled by its own pixels. If it
# must not come back, build it in, as the first way does.

# %% [markdown]
# Here are the three on the digit: random phases, phases alike, and resize with convolution.

# %%
kernel = fresh("pixel_shuffle").weight.detach()
alike = lesson.make_phases_alike(kernel, 2)
ways = {
    "phases at random": lambda m: F.pixel_shuffle(F.conv2d(m, kernel, padding=1), 2),
    "phases alike": lambda m: F.pixel_shuffle(F.conv2d(m, alike, padding=1), 2),
    "resize, convolve": lambda m: F.conv2d(F.interpolate(m, scale_factor=2), kernel[:1], padding=1),
}
on_ones = {name: lesson.unevenness(way) for name, way in ways.items()}
assert on_ones["phases at random"] > 0.1 > on_ones["phases alike"] + on_ones["resize, convolve"]
Drawing(
    side_by_side({name: way(small)[0, 0] for name, way in ways.items()}),
    alt="The 2, blurred: with a grid over it, in plain blocks, and smooth.",
    says="on a map of ones, unevenness of " + ", ".join(f"{name}: {value:.3f}" for name, value in on_ones.items()),
)

# %% [markdown]
# Three more remedies you will meet: a kernel size that the stride divides, with weights that begin as `tent`; a blur
# after the operator; and kernels that are normalised to sum to 1 at every output. The last is what CARAFE and A²U do
# with a softmax, as lessons 04 and 07 show: there a flat map stays flat, away from the border, whatever the network has
# learned.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "16 kernels of 9 weights." Each is 36 long: all channels belong to the window.
# - *Section 2.* Spreading and gathering are taken for two operators. They are one table of numbers, read by rows or
#   by columns. Draw the arrows once and read them from both ends.
# - *Section 2.* "A deconvolution undoes a convolution." It has the transposed matrix, not the inverse one: the shape
#   comes back, the values do not.
# - *Section 4.* "K divisible by s, so no checkerboard." Equal counts are not equal sums: `random` weights show it at
#   once.
# - *Section 5.* "Pixel shuffle has no overlap, hence no pattern." Phases that disagree are enough.
# - *Section 6.* "Begin alike" is taken for a guarantee. One step of training ends it.
# - **Exercise 1.** $r^2$ counted for the deconvolution as well (its K×K taps already hold all phases), or forgotten
#   for the pixel shuffle; $r$ in place of $r^2$; a bias that is not there.
# - **Exercise 2.** The window not turned round, or the phases turned round with it; phases put side by side instead
#   of interleaved; $C$ and $C_\text{out}$ exchanged. Advice that works: one channel, $r = 2$, $k = 1$ first, then $k
#   = 3$.
# - **Exercise 3.** Padding added instead of taken away, or cut off at one end only; inputs counted that do not exist;
#   "K" as the answer to everything.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell. The check compares with a slow and careful reference, shows where you differ, and
# recognises the usual mistakes.

# %% [markdown]
# ### Exercise 1 · What has to be learned
# *Difficulty* ★☆☆ · *time* 4 minutes
#
# Return a tensor of two numbers: the weights of a deconvolution with K×K kernels, and of a pixel shuffle with a k×k
# convolution, from `channels` to `out_channels`, without bias.
#
# <details><summary>Hint 1</summary>
#
# What is the shape of each weight? Section 2 prints one, section 1 makes the other.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A deconvolution stores (C, C_out, K, K), a pixel shuffle (C_out·r², C, k, k).
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_parameters(channels, out_channels, ratio, deconv, shuffle):
#     pairs = channels * out_channels
#     return torch.tensor([pairs * deconv**2, pairs * ratio**2 * shuffle**2])
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import explorer as lesson


def my_parameters(channels, out_channels, ratio, deconv, shuffle):
    return ...


lesson.PARAMETERS.check(my_parameters)

# %% tags=["solution"]
import torch

from a2u.lessons.kernels_learned_once import explorer as lesson


def my_parameters(channels, out_channels, ratio, deconv, shuffle):
    pairs = channels * out_channels
    return torch.tensor([pairs * deconv**2, pairs * ratio**2 * shuffle**2])


lesson.PARAMETERS.check(my_parameters)

# %% [markdown]
# ### Exercise 2 · From pixel shuffle to deconvolution
# *Difficulty* ★★★ · *time* 10 minutes
#
# Given the weights of a pixel shuffle, (C_out·r², C, k, k) with k odd, return the weights (C, C_out, r·k, r·k) of the
# deconvolution that computes the same. Its padding is $p = r (k - 1) / 2$.
#
# <details><summary>Hint 1</summary>
#
# Window tap $u$ is $\delta = u - (k - 1)/2$. Put it and $p$ into $t = a + p - r\,\delta$ of section 2.
# </details>
#
# <details><summary>Hint 2</summary>
#
# $t = a + r (k - 1 - u)$: flip the two window axes, then let the phase run fast and the window slowly. `view` splits
# the rows into (C_out, r, r), `permute` and `reshape` do the rest.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_sorted(weight, ratio):
#     channels, k = weight.shape[1:3]
#     w = weight.flip(2, 3).view(-1, ratio, ratio, channels, k, k)  # C_out a b C u v
#     return w.permute(3, 0, 4, 1, 5, 2).reshape(channels, -1, ratio * k, ratio * k)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import explorer as lesson


def my_sorted(weight, ratio):
    return ...


lesson.SORTED.check(my_sorted)

# %% tags=["solution"]
from a2u.lessons.kernels_learned_once import explorer as lesson


def my_sorted(weight, ratio):
    channels, k = weight.shape[1:3]
    w = weight.flip(2, 3).view(-1, ratio, ratio, channels, k, k)  # C_out a b C u v
    return w.permute(3, 0, 4, 1, 5, 2).reshape(channels, -1, ratio * k, ratio * k)


lesson.SORTED.check(my_sorted)

# %% [markdown]
# ### Exercise 3 · The overlap
# *Difficulty* ★★☆ · *time* 6 minutes
#
# Along one axis: return how many of the `n` inputs reach each of the $(n - 1) s - 2p + K$ outputs. Loops are welcome.
#
# <details><summary>Hint 1</summary>
#
# Input i reaches output o if the tap $t = o + p - s\,i$ exists.
# </details>
#
# <details><summary>Hint 2</summary>
#
# It exists if `0 <= t < kernel`. Count the i in `range(n)` for which that holds.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_overlap(n, kernel, stride, padding):
#     size = (n - 1) * stride - 2 * padding + kernel
#     found = [sum(0 <= o + padding - stride * i < kernel for i in range(n)) for o in range(size)]
#     return torch.tensor(found)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import explorer as lesson


def my_overlap(n, kernel, stride, padding):
    return ...


lesson.OVERLAP.check(my_overlap)

# %% tags=["solution"]
import torch

from a2u.lessons.kernels_learned_once import explorer as lesson


def my_overlap(n, kernel, stride, padding):
    size = (n - 1) * stride - 2 * padding + kernel
    found = [sum(0 <= o + padding - stride * i < kernel for i in range(n)) for o in range(size)]
    return torch.tensor(found)


lesson.OVERLAP.check(my_overlap)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Networks with K = 4, s = 2 still paint patterns now and then. Why? **A.** Even overlap makes equal sums
#   possible, not certain. Nothing in the loss asks the phases to agree where the data do not.
# - **Q.** Where else does a checkerboard come from, in a network that only goes *down*? **A.** From the gradient: the
#   way back through a stride-2 convolution is a transposed convolution, with the same overlap. Kernel 3, stride 2
#   gives some pixels more gradient than others.
# - **Q.** What does resize-convolution cost? **A.** Nine weights serve four phases, where a pixel shuffle has 36; and
#   the convolution runs on the large map.
# - **Q.** Would a universal kernel ever be enough? **A.** Where detail follows from local patterns alone, such as in
#   super-resolution of a narrow kind of images: pixel shuffle was made for it. Not where the same small map should
#   become two different large ones.
#
# **Grade.** Exercises 1 and 3 pass. In person: *K = 5, s = 3, which counts along an axis?* (2, 2, 1 in some order; 5
# = 2 + 2 + 1.) Exercise 2 is for distinction.
#
# **Extend.** Put `tent` weights into a deconvolution, train it one step on a random target, and measure the
# unevenness again. Or write ICNR for ratio 3 and check it with `lesson.unevenness`.

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - A universal kernel is learned once, one for each output channel and phase, over all input channels: $w, z \in
#   \mathbb{R}^{C k^2}$.
# - Pixel shuffle stores it as a convolution; deconvolution stores what each input spreads, $t = a + p - s\,\delta$.
#   Both are a convolution and a pixel shuffle.
# - If $s$ divides $K$, the overlap is even. A flat map stays flat when all phases have equal sums: that is stronger.
# - Resize-convolution keeps the sums equal by construction; phases that begin alike, only at the beginning.
# - These kernels know phases and channels. They do not know the image: that begins with the next lesson.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 3, universal
#   kernels, and Eq. (1).
# - W. Shi et al., *Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
#   Network*, CVPR 2016: pixel shuffle.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and Checkerboard Artifacts*, Distill, 2016: overlap and
#   resize-convolution.
# - A. Aitken et al., *Checkerboard artifact free sub-pixel convolution*, 2017: phases that begin alike (ICNR).
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
