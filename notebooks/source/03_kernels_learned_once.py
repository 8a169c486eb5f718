# %% [markdown]
# # 03 · Kernels learned once
#
# Nobody has to choose the kernel by hand: the network can learn it. That is what **deconvolution** and **pixel
# shuffle** do. Their weights are trained once and then used at every place of every image. In this lesson you will see
# that the two are one formula, why they can paint checkerboards, and how to stop that.
#
# **You will be able to**
# - write deconvolution and pixel shuffle as universal kernels $w^\top z$, and turn one into the other;
# - predict from kernel and stride how many values meet in each output;
# - find a checkerboard in the picture, in the spectrum and in the gradient, name its cause, and remove it.
#
# **You need** lesson 01: window, kernel, phase.
# Symbols and terms: [Notation and words](notation.md).
#
# **Time** 54 minutes, and 20 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 3 |
# | 1 · Pixel shuffle: one kernel for each phase | 4 |
# | 2 · Deconvolution: the same, told from the other side | 4 |
# | 3 · Universal | 3 |
# | 4 · Overlap | 7 |
# | 5 · Find it | 4 |
# | 6 · Remove it: the same kernel for all phases | 7 |
# | 7 · The checkerboard clinic | 16 |
# | Five questions | 5 |
# | Summary | 1 |
# | Exercises | 20 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes. Section 2 is the hardest page of the first half; plan for squared paper.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | what is new? The window reaches through all channels |
# | 6–18 | section 1, a kernel for each phase | predict the shape of `w`, and say both factors aloud |
# | 18–36 | section 2, spread and gather | on paper, one axis: K = 4, s = 2, p = 1; draw arrows, read them backwards |
# | 36–40 | section 3, universal | one question: how do the kernels for noise differ? |
# | 40–56 | section 4, overlap | explorer; each pair finds one even setting, one with gaps, and one that turns red |
# | 56–66 | sections 5–6, find it, remove it | vote: does pixel shuffle paint a checkerboard? |
# | 66–80 | section 7, the clinic | before each step, let somebody say what the number will do |
# | 80–90 | exercise 2 | exercises 1 and 3 as homework |
#
# **To save time:** Section 3 in one sentence; the second remedy (phases alike) for reading. Keep the end of section
# 4: an even overlap is *not enough*.

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
# Lesson 01 split the place of an output into a window (the quotient) and a phase (the remainder). If the kernel may
# depend neither on the image nor on where the window lies, what is left? The phase and the output channel. So let us
# learn one kernel for each of the $r^2$ phases $(a, b)$ and each output channel $c'$, over a $k \times k$ window of all
# $C$ input channels:
#
# $$y(c',\ r i + a,\ r j + b) = w_{c', a, b}^\top\, z(i, j), \qquad w,\ z \in \mathbb{R}^{C k^2}$$
#
# Look at one phase alone: the same kernel at every $(i, j)$, over all channels. That is a **convolution**. All phases
# together are a convolution with $C_\text{out} \cdot r^2$ output channels. Then each group of $r^2$ values is laid out
# as an $r \times r$ block. This last step is called pixel shuffle: row $c' r^2 + a r + b$ goes to phase $(a, b)$ of
# channel $c'$. (The operator is named after it: where *a pixel shuffle* has weights, both steps are meant.)
#
# `a2u.formula.universal(x, w, ratio)` is the formula; `w` has a row for each output channel and phase.
#
# **Predict.** Let $C = C_\text{out} = 4$, $r = 2$ and $k = 3$.

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
# **Explain.** $(C_\text{out} r^2,\ C k^2) = (16, 36)$. If you swap $a$ and $b$ in the row, every 2×2 block is mirrored
# across its diagonal. The picture then looks almost right, with ragged edges: an easy bug to make, and a hard one to
# see.

# %% [markdown]
# ![Four maps of 3×3 values. One after the other their values move apart into one map of 6×6: map 0 to the even rows and
# columns, map 1 to the odd columns of the even rows, map 2 to the even columns of the odd rows, map 3 to the
# rest.](../figures/pixel-shuffle.webp)
#
# *The pixel shuffle alone, with $r = 2$: map $2a + b$ goes to phase $(a, b)$. Each cell shows the number of its map.
# [Without motion](../figures/pixel-shuffle.png).*

# %% [markdown]
# ## 2 · Deconvolution: the same, told from the other side
#
# A deconvolution (more exactly a *transposed convolution*) does not gather, it **spreads**. Each input value is
# multiplied by a $K \times K$ kernel, and the result is added to the output. From one input to the next, the kernel
# moves on by $s$ outputs, the **stride**. At the end the padding, $p$ outputs at each border, is cut off. Along one
# axis, input $i$ reaches output $o$ through tap
#
# $$t = o + p - s\,i, \qquad 0 \le t < K$$
#
# Now take one output and ask which inputs reach it. Write $o = s\,i_0 + a$ with phase $a$, and $i = i_0 + \delta$:
#
# $$t = a + p - s\,\delta$$
#
# So phase $a$ meets every $s$-th tap, and **backwards**: the next input comes through the tap that lies $s$ places
# earlier. Each phase has a kernel of its own. With $s = r$ this is exactly the universal kernel of section 1.
#
# **Predict.** Let $K = 4$, $s = 2$ and $p = 1$.

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
# **Explain.** Phase 0 meets its own input through tap 1, and the input before it through tap 3. The 4×4 = 16 taps are
# shared among four phases, 2×2 taps each; in a 3×3 window the other five places are zero. So **a deconvolution is a
# convolution and a pixel shuffle**: three ways to write it, equal in all 1,024 values up to rounding. Despite its name,
# it does not invert a convolution.
#
# At the border both let zeros in: a window that reaches outside meets nothing there.

# %% [markdown]
# ![A deconvolution with four taps, stride 2 and padding 1, on three inputs. First each input in turn adds its taps,
# times its value, to the outputs that it reaches. Then each of the six outputs in turn reads the one or two inputs that
# reach it: wᵀz gives the same sums.](../figures/spread-and-gather.webp)
#
# *First each input spreads its taps. Then each output gathers from the inputs that reach it. Both give the same six
# values. [Without motion](../figures/spread-and-gather.png).*

# %% [markdown]
# ## 3 · Universal
#
# Such a kernel is called **universal**: it does not look at the input.
#
# **Predict.** We give the same deconvolution our digit, and then pure noise.

# %% tags=["prediction"]
predict("digit-or-noise")

# %% tags=["spoiler"]
noise = torch.randn(1, 4, 8, 8, generator=generator)
assert torch.equal(deconvolution.kernel(x), deconvolution.kernel(noise))
seen = {}  # the kernels of 128 outputs, by channel and phase
for c, i, j in torch.cartesian_prod(torch.arange(4), torch.arange(6, 10), torch.arange(4, 12)).tolist():
    kernel = tuple(deconvolution.witness(x, at=(0, c, i, j)).w.tolist())
    seen.setdefault((c, i % 2, j % 2), set()).add(kernel)
assert len(seen) == 16
assert all(len(kernels) == 1 for kernels in seen.values())
assert len(set.union(*seen.values())) == 16
shuffle = a2u.build("pixel_shuffle", channels=64, ratio=2)
spread = a2u.build("deconvolution", channels=64, ratio=2)
for name, op in (("deconvolution, K = 4", spread), ("pixel shuffle, k = 3", shuffle)):
    print(f"{name}: {sum(p.numel() for p in op.parameters()):,} weights for 64 channels")

# %% [markdown]
# **Explain.** Not at all. They differ by phase and output channel only: 128 outputs, 16 kernels. Bilinear learned no
# weights; these operators learn $C\, C_\text{out} K^2$ and $C\, C_\text{out}\, r^2 k^2$. The pixel shuffle may use
# all nine places of each window. A deconvolution with $K = r k$ has as many weights; exercise 3 turns one into the
# other.

# %% [markdown]
# ## 4 · Overlap
#
# How many inputs meet in one output? Tap $t$ belongs to phase $(t - p) \bmod s$. Of the $K$ taps, phase $a$ gets those
# with $t \equiv a + p \pmod s$. If $s$ divides $K$, each phase gets $K / s$. Otherwise some get one more than others:
# **the overlap is uneven**. In two dimensions the counts multiply.
#
# The explorer below sends a map of ones, 5×5, through a deconvolution. Above: one row for each input. Below: how many
# taps meet, what a map of ones becomes, and the sum of the weights of each phase. *Output padding* adds outputs at the
# lower and the right border. Some settings are impossible: they turn red and say why. **Look for:**
# 1. two pairs (K, s) with an even overlap, and one with gaps, where outputs receive nothing;
# 2. a setting that turns red, for each of two different reasons;
# 3. K = 4, s = 2, p = 1, no output padding, with weights `equal`, `tent`, `random`. The overlap is even in all three.
#    Does a map of ones stay flat?
#
# **Predict** before you look. Let $K = 3$ and $s = 2$. First work out the counts along one axis.

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
# times as many contributions as others. With equal weights this is a **checkerboard**, before any training.
#
# Gaps appear where $K < s$: with $K = 2$, $s = 3$ one phase of three has no tap. Two things turn the explorer red: an
# output padding of $s$ or more, and a padding that leaves no output.
#
# But look at question 3. An even overlap is *not enough*: with random weights the phases have different sums, and the
# flat map gets a pattern anyway. Away from the border, a constant input $c$ becomes in phase $a$
#
# $$y = w_a^\top (c, \dots, c) = c \sum_t w_{a,t}$$
#
# So the condition is: **all phases have equal sums** (for each pair of input and output channel). With an even overlap
# equal weights do it. For $K = 2s$ so does `tent`, which is then bilinear. With an uneven overlap equal weights cannot
# do it. Others can: for $K = 3$, $s = 2$, take $[\tfrac12, 1, \tfrac12]$ along each axis. One phase gets $1$, the other
# $\tfrac12 + \tfrac12$.

# %%
half = torch.tensor([0.5, 1.0, 0.5])
flat_again = F.conv_transpose2d(torch.ones(1, 1, 8, 8), torch.outer(half, half)[None, None], stride=2, padding=1)
assert torch.equal(flat_again[..., 1:-1, 1:-1], torch.ones(1, 1, 13, 13))
print("K = 3, s = 2, [½, 1, ½]: all", flat_again[..., 1:-1, 1:-1].numel(), "outputs inside are 1")

# %% [markdown]
# ## 5 · Find it
#
# Send a map of ones through an operator and compare the outputs away from the border. `lesson.unevenness` is the
# largest minus the smallest.
#
# **Predict.** In a pixel shuffle each output is one value of a convolution, moved to its place: nothing overlaps.


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
# **Explain.** It does, with random weights: nothing ties the phases of a pixel shuffle to each other, and their sums
# differ. So the overlap is not the cause by itself. The cause is *phases with different sums*.

# %% [markdown]
# ## 6 · Remove it: the same kernel for all phases
#
# **First way: resize, then convolve.** Upsample by nearest neighbour, then apply a 3×3 convolution. This is a universal
# kernel too. Along one axis, phase 0 sees three fine pixels: the one before it, its own, and the one after it. They are
# copies of the small pixels $i - 1$, $i$, $i$. Phase 1 sees copies of $i$, $i$, $i + 1$:
#
# $$\text{phase 0: } [w_0,\ w_1 + w_2,\ 0] \qquad\quad \text{phase 1: } [0,\ w_0 + w_1,\ w_2]$$
#
# **Predict.** Compare the sums of the two phases.

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
# **Explain.** None: the sum is $w_0 + w_1 + w_2$ in both. So a flat map stays flat away from the border, before and
# after any training. The price: nine weights serve four phases, so it can express less than a pixel shuffle with 36. It
# saves no work: each of the nine weights is used $r^2 = 4$ times as often, so the number of multiplications is the
# same.

# %% [markdown]
# **Second way: begin alike.** Keep the pixel shuffle, and give all phases of a channel the *same* first weights. This
# is called **ICNR** (*initialised as a convolution, then nearest-neighbour resize*). At the start, a flat map stays
# flat.
# Training may then move the phases apart.
#
# **Predict.** Now we take one training step, towards the bicubic picture.

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
# **Explain.** No. Equal first weights are a good beginning, not a guarantee: each phase is compared with pixels of its
# own. If the pattern must never come back, use an operator that cannot make it, such as the first way.

# %% [markdown]
# Here are three kernels on the digit: random phases, phases alike, and resize with convolution.

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
# ## 7 · The checkerboard clinic
#
# So far we looked at single operators. Now take a network. A tiny **decoder** sees a digit as a 4×4 map of block
# averages and draws it at 32×32, in three stages that each double the size. It has eight channels and is trained for 20
# steps only. `clinic.draw_digits(stage)` trains it and returns what it draws; `stage(c, c_out)` makes one stage.
#
# **Step 1: diagnose.** There are three places to look. *In the picture*, look for a grid. *The spectrum* says how much
# energy lies in slow and in fast changes. A pattern that repeats every second pixel is the fastest change that the
# pixels can show. So it lies at the edge of the spectrum, at three frequencies: stripes across, stripes down, and the
# checkerboard. `clinic.share` is the part of the energy that lies exactly there. *The gradient* comes at the end of the
# section.

# %%
from torch import nn

from a2u.lessons.kernels_learned_once import clinic


def spread(kernel):
    """A stage that doubles the size: a deconvolution with stride 2."""
    return lambda c, c_out: nn.ConvTranspose2d(c, c_out, kernel, 2, padding=1, output_padding=kernel % 2)


drawn = {"the digits": clinic.digits("test")[0], "K = 3": clinic.draw_digits(spread(3))}
assert clinic.share(drawn["the digits"]) < 0.001 < 0.1 < clinic.share(drawn["K = 3"])
clinic.show(drawn)

# %% [markdown]
# After 20 steps nothing looks like a digit yet, but the grid is there: with this seed, more than half of the energy of
# the drawings is the pattern. You find it in the lower row, at the upper and the left edge. (Zero frequency is in the
# middle of the spectrum; it is left out, so the middle is black.)
#
# **Step 2: a kernel that the stride divides.** Take K = 4 in place of K = 3, from three seeds. We measure before
# training (0 steps), and after 20 steps.
#
# **Predict.** The overlap is now even. Each seed draws other random first weights.

# %% tags=["prediction"]
predict("clinic-even")

# %% tags=["spoiler"]
untrained, found = {}, {}
for name, stage in (("K = 3", spread(3)), ("K = 4", spread(4))):
    for steps, shares in ((0, untrained), (20, found)):
        shares[name] = [clinic.share(clinic.draw_digits(stage, seed, steps)) for seed in clinic.SEEDS]
        percents = ", ".join(map(clinic.percent, shares[name]))
        print(f"{name}, {steps:2} steps: energy of the pattern, seed by seed: {percents}")
assert min(untrained["K = 3"] + untrained["K = 4"]) > 0.7
assert all(four < three / 3 for three, four in zip(found["K = 3"], found["K = 4"], strict=True))
assert max(found["K = 4"]) > 0.02

# %% [markdown]
# **Explain.** Before training, K = 4 does not help: with either kernel more than three quarters of the energy are the
# pattern. The first weights are random, and so are the sums of the phases. After 20 steps the pattern is much smaller
# with K = 4, with every seed, and still there with two of three. So the even overlap did not keep the pattern out; this
# training removed it sooner. An even overlap is not enough, as section 4 said.

# %% [markdown]
# **Steps 3, 4 and 5**, each by hand in a line or two: ICNR for a pixel shuffle; the blur $[1, 2, 1]/4$ after the
# deconvolution; nearest neighbour with a convolution. The blur takes half of its weight from either phase, so a pattern
# of period 2 averages out.


# %%
def shuffle(c, c_out):
    return nn.Sequential(nn.Conv2d(c, 4 * c_out, 3, padding=1), nn.PixelShuffle(2))


def icnr(c, c_out):
    stage = shuffle(c, c_out)
    for values in stage.parameters():  # weights and biases: phase 0 of each channel, four times
        values.data = values.data[::4].repeat_interleave(4, dim=0)
    return stage


def resize(c, c_out):
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(c, c_out, 3, padding=1))


# %%
ways = {"shuffle, random": shuffle, "ICNR": icnr, "K = 4, blurred": clinic.blurred(spread(4)), "resize": resize}
for name, stage in ways.items():
    found[name] = [clinic.share(clinic.draw_digits(stage, seed)) for seed in clinic.SEEDS]
for name, shares in found.items():
    print(f"{name:16} energy of the pattern:", ", ".join(map(clinic.percent, shares)))
assert all(max(found[name]) < 0.005 for name in ("ICNR", "K = 4, blurred", "resize"))
assert min(found["shuffle, random"]) > 0.005
clinic.show({"K = 3": drawn["K = 3"], "K = 4": clinic.draw_digits(spread(4))} | {
    name: clinic.draw_digits(stage) for name, stage in ways.items() if name != "shuffle, random"})  # fmt: skip

# %% [markdown]
# All three remedies leave less than half a percent, with every seed. (Without a remedy, the pixel shuffle has 1 to 2 %
# here.) The blur has a price: it also softens what should be sharp.
#
# Do you need a remedy at all, if you train for longer? Here is K = 3 again, without any.
#
# **Predict.** We train for 100 steps instead of 20. The loss compares every pixel with the digit.

# %% tags=["prediction"]
predict("clinic-longer")

# %% tags=["spoiler"]
longer = [clinic.draw_digits(spread(3), seed, steps=100) for seed in clinic.SEEDS]
print("K = 3 after 100 steps, energy of the pattern:", ", ".join(clinic.percent(clinic.share(each)) for each in longer))
assert max(clinic.share(each) for each in longer) < 0.005
clinic.show({"the digits": drawn["the digits"], "20 steps": drawn["K = 3"], "100 steps": longer[0]})

# %% [markdown]
# **Explain.** This training removes it: a loss that compares pixels sees the grid and punishes it. So a grid may show
# early in a training, and perhaps where the loss does not look at single pixels. With a remedy, the network need not
# unlearn it. This is one tiny network with three seeds: measure yours with `clinic.share`.

# %% [markdown]
# **In the gradient.** The way back through a convolution of stride 2 is a transposed convolution. So a network that
# only goes *down* can have the pattern too: pixels of some phases get more gradient than others. A tiny **reader**
# names the digit, in three stages that each halve the size. We measure how much its loss depends on each pixel, and
# compare the four phases: largest mean divided by smallest.


# %%
def shrink(kernel):
    return lambda c, c_out: nn.Conv2d(c, c_out, kernel, 2, padding=1)


def average(c, c_out):  # the mirror image of `resize`
    return nn.Sequential(nn.Conv2d(c, c_out, 3, padding=1), nn.AvgPool2d(2))


down = {"K = 3": shrink(3), "K = 4": shrink(4), "blur, K = 3": clinic.blurred(shrink(3)), "average": average}
read = {name: [clinic.read_digits(stage, seed) for seed in clinic.SEEDS] for name, stage in down.items()}
uneven = {name: [clinic.phase_ratio(strength) for strength, _ in runs] for name, runs in read.items()}
assert min(uneven["K = 3"]) > 2
assert max(uneven["blur, K = 3"] + uneven["average"]) < 1.1

# %%
for name, runs in read.items():
    ratios = ", ".join(f"{u:.1f}" if u > 1.15 else "below 1.1" for u in uneven[name])
    share = 10 * round(10 * sum(right for _, right in runs) / len(runs))
    print(f"{name:12} largest ÷ smallest phase: {ratios:31} digits read after 20 steps: about {share} %")
Drawing(
    side_by_side({name: runs[0][0] / runs[0][0].max() for name, runs in read.items()}),
    alt="How much the loss depends on each pixel: with K = 3 a grid of dots, with K = 4 a fainter one, with blur or "
    "average a smooth spot.",
    says="the first seed, each divided by its largest value; darker: the loss depends more on this pixel",
)

# %% [markdown]
# With K = 3, pixels of one phase get about three times as much gradient as those of another. K = 4 helps with two of
# three seeds. The blur before each stage, or a convolution followed by an average, makes the phases even within a
# tenth. But after 20 steps these two readers name far fewer digits rightly (about one in ten would be guessing). Do
# they only need longer, and does the pattern go away by itself, as it did in the pictures? Train all four for 100
# steps, with two of the seeds:

# %%
for name, stage in down.items():
    runs = [clinic.read_digits(stage, seed, steps=100) for seed in clinic.SEEDS[:2]]
    after = [clinic.phase_ratio(strength) for strength, _ in runs]
    ratios = ", ".join(f"{u:.1f}" if u > 1.15 else "below 1.1" for u in after)
    share = 10 * round(10 * sum(right for _, right in runs) / len(runs))
    print(f"{name:12} largest ÷ smallest phase: {ratios:20} digits read after 100 steps: about {share} %")
    if name == "K = 3":
        assert min(after) > 2.5
    elif name == "K = 4":
        assert 1.2 < min(after) < max(after) < 2.4
    else:
        assert max(after) < 1.1
    assert 60 < share < 90

# %% [markdown]
# After 100 steps all four read most of the digits, and the even readers have nearly caught up. With K = 3 the pattern
# stays: this loss asks for the right name, and nothing in it compares the gradients of neighbouring pixels. With K = 4
# it is weaker with both seeds, and it does not go away either. So here the two remedies cost time at the start. This is
# one tiny network with two seeds.
#
# **The recipe:** diagnose (picture, spectrum, gradient) → a kernel that the stride divides → ICNR for a pixel shuffle →
# blur → resize and convolve. One more remedy comes with later lessons: kernels that are normalised to sum to 1 at every
# output. CARAFE and A²U do so with a softmax (lessons 04 and 07), and away from the border a flat map stays flat,
# whatever the network has learned.

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
# - *Section 7.* "The loss removes it, so there is no problem." In this network, with this loss. Ask what a loss on
#   features, or a second network that judges, would punish.
# - **Exercise 1.** Numbers of weights compared instead of their sums; neighbours added up instead of every s-th weight;
#   phases along one axis only.
# - **Exercise 2.** Weights that sum to 1 in all, so that each phase gets $1/r^2$; a kernel that pulls to one side. Many
#   answers are right: compare two of them.
# - **Exercise 3.** Advice that works: one channel, $r = 2$, $k = 1$ first (the code is right there), then $k = 3$. What
#   has changed? Only the order inside the window.

# %% [markdown]
# ## Exercises
#
# Replace the `...` (in exercise 3: mend the code) and run the cell. The check compares with a slow and careful
# reference, shows where you differ, and recognises the usual mistakes.

# %% [markdown]
# ### Exercise 1 · Foretell the pattern
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# A deconvolution with one channel has the weights `w`, (K, K), and the stride s. Say from the weights alone how uneven
# its answer to a map of ones is: the largest output minus the smallest, away from the border. The lines above the check
# measure it for one `w`.
#
# <details><summary>Hint 1</summary>
#
# What does a constant input become in phase (a, b)? Section 4 has the formula.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `w[a::s, b::s]` are the weights of one phase. There are s² phases.
# </details>
#
# Solution: `solutions/03_kernels_learned_once.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import exercises


def my_unevenness(w, stride):
    return ...


w = torch.tensor([[1.0, 2, 1], [0, 5, 0], [1, 2, 1]])
measured = F.conv_transpose2d(torch.ones(1, 1, 9, 9), w[None, None], stride=2)[..., 4:-4, 4:-4]
print("foretold:", my_unevenness(w, 2), " measured:", float(measured.max() - measured.min()))
exercises.UNEVENNESS.check(my_unevenness)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import exercises


def my_unevenness(w, stride):
    sums = [w[a::stride, b::stride].sum() for a in range(stride) for b in range(stride)]
    return max(sums) - min(sums)


w = torch.tensor([[1.0, 2, 1], [0, 5, 0], [1, 2, 1]])
measured = F.conv_transpose2d(torch.ones(1, 1, 9, 9), w[None, None], stride=2)[..., 4:-4, 4:-4]
print("foretold:", float(my_unevenness(w, 2)), " measured:", float(measured.max() - measured.min()))
exercises.UNEVENNESS.check(my_unevenness)

# %% [markdown]
# ### Exercise 2 · First weights without a checkerboard
# *Difficulty* ★★☆ · *time* 7 minutes
#
# Design the first weights of a deconvolution with stride $r$: a tensor $(2r, 2r)$. Four rules: it has this size; a map
# of ones becomes a map of ones (away from the border); flipped upside down or left to right it stays the same; and a
# pixel counts less, the further away an output lies. Many answers are right.
#
# <details><summary>Hint 1</summary>
#
# Design one axis: 2r numbers, symmetric, growing to the middle. Which pairs must add up to 1? Then `torch.outer`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Along an axis, phase a has the two weights a and a + r. One minus the distance from the middle, $1 - |t - (2r - 1)/2|
# / r$, makes all pairs add up to 1.
# </details>
#
# Solution: `solutions/03_kernels_learned_once.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import exercises


def my_weights(ratio):
    return ...


exercises.FLAT.check(my_weights)

# %% tags=["solution"]
import torch

from a2u.lessons.kernels_learned_once import exercises


def my_weights(ratio):
    place = torch.arange(2 * ratio) - (2 * ratio - 1) / 2
    line = 1 - place.abs() / ratio  # one minus the distance: weights a and a + r add up to 1
    return torch.outer(line, line)


exercises.FLAT.check(my_weights)

# %% [markdown]
# ### Exercise 3 · Find the bug
# *Difficulty* ★★★ · *time* 8 minutes
#
# `my_sorted` takes the weights of a pixel shuffle, (C_out·r², C, k, k) with k odd. It should return the weights (C,
# C_out, r·k, r·k) of the deconvolution that computes the same, with stride $r$ and padding $p = r (k - 1) / 2$. The
# shape is right, and for k = 1 so are the values. For k = 3 they are not. Mend it.
#
# <details><summary>Hint 1</summary>
#
# Window tap $u$ is $\delta = u - (k - 1)/2$. Put it and $p$ into $t = a + p - r\,\delta$ of section 2. Which tap does
# the code fill?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $t = a + r (k - 1 - u)$: the phase runs forwards, the window runs backwards. Nothing in the code turns it round.
# </details>
#
# Solution: `solutions/03_kernels_learned_once.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.kernels_learned_once import exercises


def my_sorted(weight, ratio):
    channels, k = weight.shape[1:3]
    w = weight.view(-1, ratio, ratio, channels, k, k)  # C_out a b C u v
    return w.permute(3, 0, 4, 1, 5, 2).reshape(channels, -1, ratio * k, ratio * k)


exercises.SORTED.check(my_sorted)

# %% tags=["solution"]
from a2u.lessons.kernels_learned_once import exercises


def my_sorted(weight, ratio):
    channels, k = weight.shape[1:3]
    w = weight.flip(2, 3).view(-1, ratio, ratio, channels, k, k)  # C_out a b C u v; the window backwards
    return w.permute(3, 0, 4, 1, 5, 2).reshape(channels, -1, ratio * k, ratio * k)


exercises.SORTED.check(my_sorted)

# %% [markdown]
# ### To think over: a tone that nobody played
#
# A network makes sound: it turns 1,000 values per second into 4,000 by one transposed convolution along time, with K =
# 6 and stride 4. In quiet passages you hear faint tones at 1,000 and 2,000 vibrations per second. Where do they come
# from, and what would you try?
#
# <details><summary>Answer</summary>
#
# It is a checkerboard along one axis. The stride does not divide the kernel: two phases get two taps and two get one,
# and even equal counts need not make equal sums. A constant input becomes a pattern that repeats every 4 values: 4,000
# / 4 = 1,000 times per second, with its multiple at 2,000. Try K = 8 with a tent for first weights; equal first weights
# for all phases; a blur that averages the four phases, such as [1, 2, 2, 2, 1]/8; or repeat each value four times and
# then convolve. To diagnose, send a constant through it and look at the spectrum.
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Networks with K = 4, s = 2 can still paint patterns. Why? **A.** Even overlap allows equal sums; it does not
#   enforce them. Section 7 measures it: with two of three seeds the pattern is still there after 20 steps.
# - **Q.** What does resize-convolution cost? **A.** Nine weights serve four phases, where a pixel shuffle has 36. The
#   number of multiplications is the same, but the map before the convolution is $r^2$ times as large in memory.
# - **Q.** Could an uneven overlap be free of checkerboards? **A.** Yes, $[\tfrac12, 1, \tfrac12]$ with K = 3 and s = 2.
#   Training may leave it again.
# - **Q.** Would a universal kernel ever be enough? **A.** Where detail follows from local patterns alone, such as in
#   super-resolution of one kind of images, for which pixel shuffle was proposed. Not where the same small map should
#   become two different large ones.
#
# **Grade.** Exercises 1 and 2 pass. In person: *K = 5, s = 3, which counts along an axis?* (2, 2, 1 in some order; 5
# = 2 + 2 + 1.) Exercise 3 is for distinction.
#
# **Extend.** Put `tent` weights into `spread(4)` of the clinic and measure again. Or write ICNR for ratio 3 and check
# it with `lesson.unevenness`.

# %% [markdown]
# ## Five questions

# %% tags=["questions"]
from a2u.lessons.kernels_learned_once.questions import concepts

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
# - A universal kernel is learned once, one for each output channel and phase, over all input channels: $w, z \in
#   \mathbb{R}^{C k^2}$.
# - Pixel shuffle stores it as a convolution; deconvolution stores what each input spreads, $t = a + p - s\,\delta$.
#   Both are a convolution and a pixel shuffle.
# - If $s$ divides $K$, the overlap is even. But a flat map stays flat only when all phases have equal *sums*.
# - Resize-convolution keeps the sums equal by construction; ICNR makes them equal at the beginning; a blur averages the
#   phases. A stride on the way down can put such a pattern into the gradient.
# - These kernels know phases and channels. They do not know the image. Kernels that are generated from the image by
#   learned weights begin with the next lesson.
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
# - R. Zhang, *Making Convolutional Networks Shift-Invariant Again*, ICML 2019: the blur before a stride.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
