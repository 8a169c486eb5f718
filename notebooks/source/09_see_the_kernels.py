# %% [markdown]
# # 09 · See the kernels
#
# A trained network upsamples with kernels that it makes anew for every place of every image. What do they look like?
# In this lesson you open a network that was trained before you came, and put its kernels beside those it began with.
#
# **You will be able to**
# - draw the kernels of a network as maps, and say how *peaked* each of them is;
# - measure whether kernels follow the edges of an image, before and after training;
# - name two limits that A²U's kernels keep whatever they learn.
#
# **You need** lesson 01 ($y = w^\top z$) and, better, lesson 08. **Time** 20 minutes, and 20 for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 65 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | the trap first: read the ranges under the maps before the colours |
# | 8–14 | section 1, the card | what does a card have to say before one believes a network? |
# | 14–24 | section 2, peaked | order four kernels by peakedness before running |
# | 24–38 | section 3, what they look at | predict the correlation of *random* kernels; 0 is the natural guess |
# | 38–46 | section 4, one number makes nine | predict the shape; then find two places of equal affinity |
# | 46–53 | section 5, explorer | a digit whose edges are missed: who finds one? |
# | 53–65 | exercise 2 | exercises 1 and 3 are homework |
#
# **Skip if short.** Section 1 and the last cell of section 4. Keep section 3 with its limits: it is the course's
# example of how to say what a measurement does *not* show.

# %% [markdown]
# ## The picture
#
# This is the paper's Figure 5, made from weights that ship with a2u. Above: a hybrid A²U as random numbers began it.
# Below: the same network after training.

# %%
import torch

import a2u
from a2u.lessons.see_the_kernels import explorer as lesson
from a2u.lessons.see_the_kernels.predictions import predict

lesson.figure5()

# %% [markdown]
# Read a row from left to right: the digit; one of the nine weights, at every place; all nine, each at its place in the
# 3×3 window; and how peaked the kernels are. Orange is more than an even share of 1/9, violet is less. **Look at the
# ranges under the maps before you compare colours**: the upper row is magnified about three hundred times.

# %%
seen = {title: lesson.look("a2u-hybrid", title == "learned", 0, 2, 3).weights for title in ("random", "learned")}
furthest = {title: abs(weights - 1 / 9).max() for title, weights in seen.items()}
print("furthest from 1/9:", ", ".join(f"{title} ±{limit:.1g}" for title, limit in furthest.items()))
assert 250 < furthest["learned"] / furthest["random"] < 350

# %% [markdown]
# ## 1 · A network that comes trained
#
# `a2u.load_pretrained` gives a network and its card: what trained it, how long, and what it reaches.
#
# **Predict.** The full A²U of the paper's table reaches 47.63 dB after 100 passes. What will one pass of a network with
# 3×3 kernels reach: 45, 35 or 25 dB?

# %% tags=["prediction"]
predict("one-pass")

# %% tags=["spoiler"]
model, card = a2u.load_pretrained("toy/a2u-hybrid-mnist")
print(card.title)
print(card.training)
nearest = a2u.pretrained.card("toy/nearest-mnist")
print("Nearest neighbour:", nearest.training)
assert abs(card.metrics["stored"]["psnr"] - 22.7) < 0.05
assert 1.9 < nearest.metrics["stored"]["psnr"] - card.metrics["stored"]["psnr"] < 2.1

# %% [markdown]
# **Explain.** Less than any of them: 22.7 dB, 2 dB less than plain nearest neighbour after the same pass (24.7). It is
# a short training, and the card says so. There is a second reason, which section 2 finds: these kernels cannot be
# sharp.

# %% [markdown]
# ## 2 · How peaked is a kernel?
#
# A kernel whose weights sum to 1 lies between a box filter, all weights equal, and a choice of one pixel. Its entropy
# $H(w) = -\sum_t w_t \ln w_t$ tells where, and we scale it so that a box gets 0 and a choice 1:
#
# $$\mathrm{peakedness}(w) = 1 - H(w) / \ln k^2$$
#
# **Predict.** How peaked are bilinear weights $(\tfrac9{16}, \tfrac3{16}, \tfrac3{16}, \tfrac1{16})$ in a 3×3 window:
# above or below one half?

# %% tags=["prediction"]
predict("bilinear-peaked")

# %%
from a2u.reconstruction.kernels import peakedness

box, chosen = torch.full((9,), 1 / 9), torch.eye(9)[4]
bilinear = torch.tensor([9.0, 3, 0, 3, 1, 0, 0, 0, 0]) / 16
most = torch.tensor([lesson.BOUNDS[1], *[(1 - lesson.BOUNDS[1]) / 8] * 8])
found = {"box": box, "bilinear": bilinear, "one pixel": chosen, "sharpest A²U": most}
for name, w in found.items():
    print(f"{name:13} {float(peakedness(w, axis=0)):.2f}")
assert peakedness(most, axis=0) < 0.1 < peakedness(bilinear, axis=0) < 0.5

# %% [markdown]
# **Explain.** Bilinear gets about one half, a little less. The last line is the surprise: a sigmoid, then a softmax
# over nine taps keeps every weight between $1/(1+8e) \approx 0.044$ and $e/(e+8) \approx 0.254$. Such a kernel can
# never imitate nearest neighbour, which needs a weight of 1, nor bilinear, which needs $\tfrac9{16}$.

# %% [markdown]
# ## 3 · What do they look at?
#
# We correlate peakedness with the *edges* of the image, its gradient magnitude, over 200 test digits. Each of the four
# phases is taken by itself, since each has kernels of its own. +1: peaked exactly where edges are; 0: no relation.
#
# **Predict.** Before training the weights are random. Will the correlation be about 0?

# %% tags=["prediction"]
predict("random-correlation")

# %%
for learned in (False, True):
    print("learned" if learned else "random ")
    for each in lesson.followed("a2u-hybrid", learned):
        size = f"{each.size}×{each.size}"
        print(f"  {size:6} correlation {each.mean:+.1f}   spread of peakedness: {each.spread:.0e}")

# %% [markdown]
# **Explain.** Not zero, at any size: about +0.2 to +0.4. Even random kernels react where there is ink with an edge,
# because every product of features does. But the spread is below a millionth, far too little to change any output.
# Training makes peakedness vary more than ten thousand times as much (the weights about three hundred times), and
# raises the correlation in the two larger maps.

# %% [markdown]
# One seed proves little, so here are four random beginnings beside the trained network, at the three sizes:

# %%
before = [lesson.followed("a2u-hybrid", False, seed) for seed in range(4)]
after = lesson.followed("a2u-hybrid")
pairs = [(then, now) for begun in before for then, now in zip(begun, after, strict=True)]
assert all(0.15 < then.mean < 0.45 and then.spread < 1e-6 for then, _ in pairs)
assert all(now.spread > 10_000 * then.spread for then, now in pairs)
assert all(now.mean > then.mean for then, now in pairs if then.size > 8)
assert bool((after[2].by_phase > 0.5).all())
for title, stages in [*(("random", begun) for begun in before), ("learned", after)]:
    print(f"{title:8}", "  ".join(f"{each.size}×{each.size} {each.mean:+.1f}" for each in stages))

# %% [markdown]
# Keep the limits of this statement in mind: it is one training of one small network on digits, and where there is no
# ink there is no edge either, so that any reaction to ink looks like one to edges. In the coarsest map the relation is
# weak, before and after.

# %% [markdown]
# ## 4 · One number makes nine
#
# With rank $d = 1$ all nine weights of a place come from **one** affinity $a$:
# $w = \mathrm{softmax}(\sigma(a \cdot P))$, and $P$, one vector for each image and phase, is the same at every place.
#
# **Predict.** Draw each of the nine weights over $a$. What shape do the points make?

# %% tags=["prediction"]
predict("nine-curves")

# %%
lesson.curve_picture()

# %% [markdown]
# **Explain.** Nine smooth curves that meet at $a = 0$, where the kernel is a box. The kernels of an image may look
# richly different, and yet they lie on one curve: two places of equal affinity have equal kernels.

# %%
affinity, w = lesson.curve()
order = affinity.argsort()
rises, falls = ((w[:, order].diff() * sign >= -1e-6).all(1) for sign in (1, -1))
assert bool((rises | falls).all()), "each weight only rises or only falls with the affinity"
assert lesson.BOUNDS[0] < w.min()
assert w.max() < lesson.BOUNDS[1]
print(int(rises.sum()) + int(falls.sum()), "weights, each rising or falling all the way")

# %% [markdown]
# ## 5 · Look for yourself
#
# Every network whose weights are installed is in the list. Those with 1×1 kernels have a *gate* instead of nine
# weights. Switch between learned and random, go through stages and phases, and find: a phase whose taps do the
# opposite of another's; a digit whose edges are missed.

# %%
panel = lesson.explorer()
panel

# %%
for phase in range(4):
    w = lesson.look("a2u-hybrid", True, 0, 2, phase).weights
    print(f"phase {divmod(phase, 2)}: weights from {w.min():.2f} to {w.max():.2f}")
    assert lesson.BOUNDS[0] < w.min() < 1 / 9 < w.max() < lesson.BOUNDS[1]

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *The picture.* The upper row looks as rich as the lower one. It is magnified about three hundred times. Ask for the
#   ranges in numbers before anything else.
# - *Section 2.* "Peaked means good." It only says how decided a kernel is; a wrong decision is peaked, too.
# - *Section 3.* "Random weights cannot follow edges." Products of features are large where features are, and ink has
#   edges. The *size* of the reaction is what training changes.
# - *Section 3.* Correlation is read as cause, and as strength. It is neither: a tiny reaction can correlate
#   perfectly.
# - *Section 4.* "Kernels that look different are independent." They lie on one curve: one number decides nine.
# - **Exercise 1.** Softmax alone, sigmoid alone, the two in the other order, the wrong axis, a division by the sum.
# - **Exercise 2.** $0 \cdot \ln 0$ becomes NaN; $\ln 9$ written in; entropy instead of one minus it; the sign.
# - **Exercise 3.** Means left in (two positive maps are then always alike), covariance, the sign lost by `abs` or a
#   square.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · From nine numbers to a kernel
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# Write the paper's normalisation: a sigmoid, then a softmax. `logits` has the shape (9, H, W), nine numbers a place.
#
# <details><summary>Hint 1</summary>
#
# Which axis holds the nine numbers of one kernel?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Tensors have `.sigmoid()` and `.softmax(axis)`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_kernels(logits):
#     return logits.sigmoid().softmax(0)
# ```
# </details>

# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_kernels(logits):
    return ...


exercises.NORMALISE.check(my_kernels)

# %% tags=["solution"]
from a2u.lessons.see_the_kernels import exercises


def my_kernels(logits):
    return logits.sigmoid().softmax(0)


exercises.NORMALISE.check(my_kernels)

# %% [markdown]
# ### Exercise 2 · How peaked is a kernel?
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Write the peakedness of section 2 for kernels `w` of the shape (k², H, W). Some weights are exactly 0.
#
# <details><summary>Hint 1</summary>
#
# How many weights a kernel has is `len(w)`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# 0 · ln 0 counts as 0: `torch.special.xlogy(w, w)` is $w \ln w$ and knows that.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_peakedness(w):
#     return 1 + torch.special.xlogy(w, w).sum(0) / torch.tensor(len(w)).log()
# ```
# </details>


# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_peakedness(w):
    return ...


exercises.PEAKEDNESS.check(my_peakedness)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_peakedness(w):
    return 1 + torch.special.xlogy(w, w).sum(0) / torch.tensor(len(w)).log()


exercises.PEAKEDNESS.check(my_peakedness)

# %% [markdown]
# ### Exercise 3 · Do two maps rise and fall together?
# *Difficulty* ★★☆ · *time* 7 minutes
#
# Write the correlation of two maps of one shape: one number from −1 to 1.
#
# <details><summary>Hint 1</summary>
#
# Subtract from each map its mean. When is the product of the two then positive?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Divide the sum of products by the root of the product of the two sums of squares.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_correlation(a, b):
#     a, b = a - a.mean(), b - b.mean()
#     return (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()
# ```
# </details>


# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_correlation(a, b):
    return ...


exercises.CORRELATION.check(my_correlation)

# %% tags=["solution"]
from a2u.lessons.see_the_kernels import exercises


def my_correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()


exercises.CORRELATION.check(my_correlation)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** The correlation with edges grows with training. May one write "the network learned to find edges"? **A.**
#   One may write that the peakedness of its kernels correlates with gradients on these digits, for one training.
#   Where there is no ink there is no edge, so "reacts to ink" would fit as well. How could one tell them apart?
#   (Thick strokes: ink without an edge inside.)
# - **Q.** Why show random kernels at all? **A.** Without them every pattern looks learned. A baseline that costs
#   nothing has here removed half of the first impression.
# - **Q.** A²U's sharpest kernel is less peaked than bilinear. Is the picture that it makes softer? **A.** Not
#   necessarily: the layers after it can sharpen, and its kernels differ from place to place, which bilinear's do not.
#
# **Grade.** Exercise 2 passes. For a report: a claim about one network of the explorer, with its range, its baseline
# and one sentence of limits. Mark the limits.
#
# **Extend.** Repeat section 3 on thick strokes: dilate the digits with `F.max_pool2d(x, 3, 1, 1)`. Does peakedness
# follow the edge or the ink?

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - The kernels of a network are maps: one for each tap, or a single gate for 1×1 kernels.
# - Peakedness, 1 − H/ln k², tells a box (0) from a choice (1). Bilinear has about one half; A²U's 3×3 kernels stay
#   far below, because no weight leaves 0.044 … 0.254.
# - Random kernels are all but box filters. Training makes their weights about three hundred times more varied, and in
#   the two larger maps they follow edges more closely.
# - With $d = 1$ all kernels of an image and phase lie on one curve.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eqs. (2)–(4) for
#   the kernel, Table 4 for its normalisation, Figure 5 for the picture.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0).
