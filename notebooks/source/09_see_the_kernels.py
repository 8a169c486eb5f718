# %% [markdown]
# # 09 · See the kernels
#
# A network with A²U makes its kernels anew for every place of every image. What do they look like? In this lesson you
# open a trained network, and put its kernels beside those that it had before training.
#
# **You will be able to**
# - draw the kernels of a network as maps, and say how *peaked* each of them is;
# - measure whether kernels follow the edges of an image, before and after training, and tell edges from ink;
# - name two limits that A²U's kernels keep whatever they learn.
#
# **You need** lesson 01 ($y = w^\top z$) and, better, lesson 08. Symbols and terms: [Notation and words](notation.md).
#
# **Time** 43 minutes, and 20 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 4 |
# | 1 · A network that comes trained | 4 |
# | 2 · How peaked is a kernel? | 3 |
# | 3 · What do they look at? | 11 |
# | 4 · One number makes nine | 10 |
# | 5 · Look for yourself | 3 |
# | Five questions | 6 |
# | Summary | 2 |
# | Exercises | 20 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 65 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | the trap first: read the ranges under the maps before the colours |
# | 8–14 | section 1, the card | what does a card have to say before you believe a network? |
# | 14–22 | section 2, peaked | order four kernels by peakedness before running |
# | 22–38 | section 3, what they look at | predict the correlation of *random* kernels; then: edge or ink? |
# | 38–48 | section 4, one number makes nine | guess how many weights turn; the answer is computed for all of them |
# | 48–53 | section 5, explorer | a tap that does opposite things in two phases: who finds one? |
# | 53–65 | exercise 1 or 2 | the other two are homework |
#
# **To save time:** Section 1 and the last cell of section 4. Keep section 3: it is the course's example of an
# experiment that separates two explanations.

# %% [markdown]
# ## The picture
#
# This picture follows the paper's Figure 5, with a network for digits whose weights ship with a2u. Above is a hybrid
# A²U with random weights, before training. Below is the same network after training. The maps show one of four phases.

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
# `a2u.load_pretrained` gives a network and its card: what trained it, how long, and what it reaches. This one has A²U
# kernels of 3×3, and saw MNIST once. The A²U of the paper's Table 1 has 1×1 kernels without a softmax, and reaches
# 47.63 dB after 100 passes.
#
# **Predict** how far one pass gets.

# %% tags=["prediction"]
predict("one-pass")

# %% tags=["spoiler"]
model, card = a2u.load_pretrained("toy/a2u-hybrid-mnist")
print(card.title)
print(card.training)
fair = a2u.pretrained.card("toy/carafe-mnist")
print("CARAFE, 1×1:", fair.training)
assert abs(card.metrics["stored"]["psnr"] - 22.7) < 0.05
assert abs(fair.metrics["stored"]["psnr"] - 23.7) < 0.05
everywhere = lesson.kernels("carafe")
assert all(bool((w == 1).all()) for w in everywhere)  # a softmax over one number

# %% [markdown]
# **Explain.** It reaches 22.7 dB. Is that the kernels' fault? Choose the row for comparison with care. The network with
# nearest neighbour reaches 24.7 dB after the same pass, but it shrinks its maps with stride-2 convolutions, and this
# one with max-pooling. CARAFE with a 1×1 kernel also has $w = 1$ everywhere, and max-pooling: 23.7 dB. So the fair
# distance is 1.0 dB, in one training each. The short training alone does not explain 22.7 dB: the A²U of lesson 08
# reached 38.8 dB in the same pass. It has 1×1 kernels and no softmax. Perhaps it matters that the weights here sum to 1
# and cannot be sharp, which section 2 finds. No experiment here shows it.

# %% [markdown]
# ## 2 · How peaked is a kernel?
#
# A kernel whose weights are positive and sum to 1 lies between a box filter, all weights equal, and a choice of one
# pixel. Its entropy $H(w) = -\sum_t w_t \ln w_t$ tells where. We scale it so that a box gets 0 and a choice 1:
#
# $$\mathrm{peakedness}(w) = 1 - H(w) / \ln k^2$$
#
# **Predict** for the bilinear weights $(\tfrac9{16}, \tfrac3{16}, \tfrac3{16}, \tfrac1{16})$ in a 3×3 window.

# %% tags=["prediction"]
predict("bilinear-peaked")

# %%
from a2u.reconstruction.kernels import peakedness

box, chosen = torch.full((9,), 1 / 9), torch.eye(9)[4]
bilinear = torch.tensor([9.0, 3, 0, 3, 1, 0, 0, 0, 0]) / 16
ends = [torch.tensor([1.0] * n + [0.0] * (9 - n)).softmax(0) for n in range(1, 9)]  # n sigmoids at 1, the others at 0
most = max(ends, key=lambda w: float(peakedness(w, axis=0)))
found = {"box": box, "bilinear": bilinear, "one pixel": chosen, "A²U at most": most}
for name, w in found.items():
    print(f"{name:13} {float(peakedness(w, axis=0)):.2f}")
assert peakedness(most, axis=0) < 0.1 < peakedness(bilinear, axis=0) < 0.5

# %% [markdown]
# **Explain.** Bilinear gets a little less than one half. The last line is the surprise: A²U's most peaked kernel, with
# three sigmoids at 1 and six at 0, has only 0.06. A sigmoid, then a softmax over nine taps, keeps every weight between
# $1/(1+8e) \approx 0.044$ and $e/(e+8) \approx 0.254$. Such a kernel cannot be nearest neighbour, which needs a weight
# of 1, nor bilinear, which needs $\tfrac9{16}$. This is the first limit.

# %% [markdown]
# ## 3 · What do they look at?
#
# We correlate peakedness with the *edges* of the image, its gradient magnitude, over 200 test digits. Each of the four
# phases is taken by itself, since each has kernels of its own. +1 means peaked exactly where edges are; 0 means no
# linear relation.
#
# **Predict.** Before training, the weights that make the kernels are random.

# %% tags=["prediction"]
predict("random-correlation")

# %%
for learned in (False, True):
    print("learned" if learned else "random ")
    for each in lesson.followed("a2u-hybrid", learned):
        size = f"{each.size}×{each.size}"
        print(f"  {size:6} correlation {each.mean:+.1f}   spread of peakedness: {each.spread:.0e}")

# %% [markdown]
# **Explain.** The correlation is not zero, at any size: about +0.4 before training. But then the spread is below a
# millionth, far too little to change an output visibly. Training makes peakedness vary more than ten thousand times as
# much (the weights of the first picture about three hundred times), and raises the correlation in the two larger maps.

# %% [markdown]
# Is it so with other random weights? Here are four random beginnings beside the one trained network, at the three
# sizes:

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
# ### Edge or ink?
#
# The strokes of these digits are thin: where there is ink, an edge is near. So a kernel that reacts to *ink* also
# correlates with *edges*. An experiment can tell them apart: make the strokes thick. Then the inside of a stroke has
# ink and no edge, and the map of ink differs from the map of edges.
#
# **Predict.** Which of the two do the *random* kernels of the middle stage follow on thick strokes?

# %% tags=["prediction"]
predict("edge-or-ink")

# %%
found = {}
for learned in (False, True):
    for pixels in (1, 5):
        found[learned, pixels] = lesson.edge_or_ink("a2u-hybrid", learned, pixels)
        strokes = "as they are" if pixels == 1 else "thick"
        words = (f"{size}×{size} edges {e:+.2f}, ink {ink:+.2f}" for size, e, ink in found[learned, pixels])
        print(f"{'learned' if learned else 'random ':8}{strokes:12}", ";  ".join(words))
begun = {seed: lesson.edge_or_ink("a2u-hybrid", False, 5, seed) for seed in range(4)}
for seed, stages in begun.items():
    words = (f"{size}×{size} edges {e:+.2f}, ink {ink:+.2f}" for size, e, ink in stages)
    print(f"random, seed {seed}, thick: ", ";  ".join(words))

# %% tags=["spoiler"]
for learned in (False, True):  # in the two smaller maps ink explains more of thick strokes, before and after
    assert all(ink > edge + 0.05 for _, edge, ink in found[learned, 5][:2])
assert all(ink > edge for stages in begun.values() for _, edge, ink in stages[:2])  # with each of the four seeds
_, edge, ink = found[False, 5][1]
assert abs(edge) < 0.1 < 0.7 < ink
_, edge, ink = found[True, 5][2]
assert edge > 0.6 > 0.4 > ink

# %% [markdown]
# **Explain.** On thick strokes the random kernels of the middle stage correlate with ink (+0.75) and not with edges
# (−0.02). So the +0.4 on thin strokes does not show that they follow edges. The last four lines show other random
# beginnings. In the two smaller maps ink is ahead of edges with each seed. But by how much depends on the seed: with
# seed 3 the middle stage hardly separates the two (+0.23 and +0.19). In the largest map ink is ahead with three of four
# seeds.
#
# On thick strokes the trained kernels of the two smaller maps also follow ink more than edges. In the largest map the
# trained kernels follow edges, on thick strokes as on thin ones. This holds for four random beginnings and one training
# of one small network, which never saw thick digits.

# %% [markdown]
# ### Does it matter that they differ?
#
# Even after training no kernel is sharp, as section 2 found. Do their differences matter at all? A correlation cannot
# say; an intervention can. Make the kernels *even*: in all three stages every kernel becomes the mean kernel of its
# phase, the same at all places of an image. Then look at the copies.

# %%
digits = lesson.images()
for learned in (False, True):
    plain, even = (lesson.copies("a2u-hybrid", learned, even) for even in (False, True))
    before, after = (float(-10 * (made - digits).square().mean().log10()) for made in (plain, even))
    change = float((even - plain).abs().max())
    print(f"{'learned' if learned else 'random ':8} {before:.1f} dB, with even kernels {after:.1f} dB;", end=" ")
    print("no pixel changes by 0.001" if change < 0.001 else f"a pixel changes by up to {change:.1f}")
    assert (before - after > 5, change < 0.001) == (learned, not learned)

# %% [markdown]
# **Explain.** The copies of the trained network get much worse: it relies on kernels that differ from place to place.
# The random network's copies hardly change, since its kernels are nearly even from the start. Keep the scope in mind.
# This network was trained with kernels that vary, and has not learned to do without them. CARAFE, with $w = 1$
# everywhere, reached 23.7 dB in the same pass. So this does not show that a network for digits *needs* such kernels.
# Lesson 11 does the same to matting networks, with another result.

# %% [markdown]
# ## 4 · One number makes nine
#
# With rank $d = 1$ all nine weights of a place come from **one** affinity $a$:
# $w = \mathrm{softmax}(\sigma(a \cdot P))$, and $P$, one vector for each image and phase, is the same at every place.
# Draw each of the nine weights over $a$.
#
# **Predict** the shape of the points.

# %% tags=["prediction"]
predict("nine-curves")

# %%
lesson.curve_picture()

# %% [markdown]
# **Explain.** There are nine smooth curves that meet at $a = 0$, where the kernel is a box. The kernels of one phase of
# an image may look very different, and yet they lie on one curve: two places of equal affinity have equal kernels. This
# is the second limit.

# %% [markdown]
# In the picture each weight rises all the way, or falls all the way. The picture shows one digit, one stage, one phase.
# Take six digits, all stages and all phases: 648 curves.
#
# **Predict** how many of them turn: rise in one part and fall in another.

# %% tags=["prediction"]
predict("weights-turn")

# %% tags=["spoiler"]
turn, shown = [], []
for image in range(6):
    for stage in range(3):
        for phase in range(4):
            affinity, w = lesson.curve("a2u-hybrid", image, stage, phase)
            order = affinity.argsort()
            step, apart = w[:, order].diff(), affinity[order].diff()
            one_way = (step >= -1e-6).all(1) | (step <= 1e-6).all(1)
            turn.append(int((~one_way).sum()))
            shown += [bool(one_way.all())] if (image, stage, phase) == (0, 2, 3) else []
            assert bool((step.abs() <= 0.05 * apart + 1e-9).all())  # near affinities, near kernels: one curve
            assert lesson.BOUNDS[0] < w.min() < w.max() < lesson.BOUNDS[1]
print(f"{sum(turn)} of {9 * len(turn)} weights turn; in the picture above: {'none' if shown[0] else 'some'}")
assert (sum(turn), 9 * len(turn), shown) == (95, 648, [True])

# %% [markdown]
# **Explain.** 95 of 648, about one in seven. A softmax compares. When $a$ grows, a tap with a large $P$ rises first.
# Then its sigmoid is near 1 and stops, others catch up, and its share falls. The bounds and the one curve hold in every
# case: they follow from the formula. "Rising or falling all the way" was true of one picture.

# %%
P = torch.tensor([2.0, 0.4, 0, 0, 0, 0, 0, 0, 0])
for a in (0, 1, 2, 4, 8):
    print(f"a = {a}: weight of the first tap {float((a * P).sigmoid().softmax(0)[0]):.4f}")
first = [float((a * P).sigmoid().softmax(0)[0]) for a in (0, 2, 8)]
assert first[0] < first[2] < first[1]

# %% [markdown]
# ### Does the sign of the guide matter?
#
# The affinity multiplies features with features, so one might think that a guide and its negative give the same
# kernels.
#
# **Predict** for which forms of A²U that is true: static, hybrid, dynamic (lesson 07), and the form of lesson 08.

# %% tags=["prediction"]
predict("sign-of-the-guide")

# %% tags=["spoiler"]
generator = torch.Generator().manual_seed(0)
guide = torch.randn(1, 32, 16, 16, generator=generator)
for form in ("static-pw-cw", "static-cw", "hybrid-cw", "hybrid-cs", "dynamic-cw", "dynamic-cs", "toy"):
    torch.manual_seed(0)
    op = a2u.build(f"a2u:{form}", channels=32, ratio=2)
    with torch.no_grad():
        change = float((op.kernel(None, guide) - op.kernel(None, -guide)).abs().max())
    print(f"{form:13} {'the same kernels' if change < 1e-6 else 'other kernels'}")
    assert (change < 1e-6) == form.startswith("static")

# %% [markdown]
# **Explain.** Only static kernels have two factors that turn their sign together. Hybrid has a third factor, $P$, that
# depends on the guide, dynamic has five, and the form of lesson 08 puts a sigmoid after $U$. In these networks for
# digits the question does not arise: their guides come after a ReLU and are never negative.

# %% [markdown]
# ## 5 · Look for yourself
#
# Every network whose weights are installed is in the list. Those with 1×1 kernels have a *gate* instead of nine
# weights. Switch between learned and random, and go through stages and phases. Find a tap that does opposite things in
# two phases of one stage: on the same stroke it is orange in one and violet in the other.
#
# <details><summary>Found?</summary>
#
# On digit 0, tap 0 of stage 1 is such a tap in phases 0 and 3. So are taps 2, 6 and 7.
# </details>

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
# - *Section 1.* "It loses 2 dB to nearest." The two networks also shrink their maps in different ways.
# - *Section 2.* "Peaked means good." It only says how decided a kernel is; a wrong decision is peaked, too.
# - *Section 3.* "Random weights cannot follow anything." Features are large where there is ink, and products of
#   features as well. The *size* of the reaction is what training changes.
# - *Section 3.* Correlation is read as strength. A tiny reaction can correlate perfectly.
# - *Section 4.* "Kernels that look different are independent." They lie on one curve: one number decides nine. "Each
#   weight rises or falls": true of the picture, and of six in seven.
# - **Exercise 1.** The axis. Some put the softmax first instead, or leave the sigmoid out.
# - **Exercise 2.** The middle column is left at 0, whose sigmoid is ½; the direction is mirrored; weights instead of
#   logits.
# - **Exercise 3.** $0 \cdot \ln 0$ becomes NaN; $\ln 9$ written in; entropy instead of one minus it; the sign.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Find the bug: from nine numbers to a kernel
# *Difficulty* ★☆☆ · *time* 4 minutes
#
# `logits` has the shape (9, H, W), nine numbers per place. The function is to give the paper's kernels: a sigmoid, then
# a softmax. Its values look plausible, and are wrong. Find out why, and mend it.
#
# <details><summary>Hint 1</summary>
#
# What must the nine weights of one place sum to? Check it.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Which axis does the softmax run over, and which one holds the nine numbers of a kernel?
# </details>
#
# Solution: `solutions/09_see_the_kernels.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_kernels(logits):
    return logits.sigmoid().softmax(-1)


exercises.NORMALISE.check(my_kernels)

# %% tags=["solution"]
from a2u.lessons.see_the_kernels import exercises


def my_kernels(logits):
    return logits.sigmoid().softmax(0)  # the nine numbers of a kernel lie along axis 0


exercises.NORMALISE.check(my_kernels)

# %% [markdown]
# ### Exercise 2 · Design: a kernel that looks to one side
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Choose the nine numbers before the sigmoid, so that the kernel softmax(σ(·)) leans as far to one side as it can.
# `down` and `right` give the side: (0, 1) is right, (−1, 0) is up. Return a tensor (9,), row by row. There is more than
# one good answer. The kernel's centre of mass
#
# - lies at least 0.36 pixels towards that side (the middle tap is 0, a neighbour 1 pixel away);
# - is not moved across: at most 0.001 pixels.
#
# <details><summary>Hint 1</summary>
#
# The three taps of that side should weigh as much as possible, all others as little as possible. Which numbers have a
# sigmoid of nearly 1, and of nearly 0?
# </details>
#
# <details><summary>Hint 2</summary>
#
# A tap at (i, j) lies on the side where `(i - 1) * down + (j - 1) * right` is 1. A logit of 0 gives a sigmoid of ½: too
# much for the middle.
# </details>
#
# Solution: `solutions/09_see_the_kernels.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_logits(down, right):
    return ...


exercises.ASIDE.check(my_logits)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_kernels import exercises


def my_logits(down, right):
    side = [(i - 1) * down + (j - 1) * right for i in range(3) for j in range(3)]
    return torch.tensor([50.0 if each == 1 else -50.0 for each in side])  # σ is 1 on that side, 0 elsewhere


exercises.ASIDE.check(my_logits)

# %% [markdown]
# ### Exercise 3 · How peaked is a kernel?
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
# Solution: `solutions/09_see_the_kernels.ipynb`.

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
# ### Elsewhere · Attention that follows objects
#
# A blog shows the attention maps of a trained vision transformer. They are bright on the dog and dark on the lawn: "the
# network has learned to look at the dog." Which two comparisons of this lesson would you ask for, and what could each
# show?
#
# <details><summary>One answer</summary>
#
# The same maps before training, with their range printed: they may already be brighter on the dog, only more weakly.
# And images in which the two explanations come apart, as thick strokes did here: a dog on a busy background, or a
# bright patch on the lawn without a dog. If the maps follow the patch, they follow contrast.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.see_the_kernels.questions import concepts

concepts.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** The correlation with edges grows with training. May one write "the network learned to find edges"? **A.** In
#   the largest map, on thin and on thick strokes, the peakedness of its kernels correlates with gradients, for one
#   training on digits. In the smaller maps ink explains more.
# - **Q.** Why show random kernels at all? **A.** Without them every pattern in a map of kernels looks learned.
# - **Q.** A²U's sharpest kernel is less peaked than bilinear. Is the picture that it makes softer? **A.** Not
#   necessarily: the layers after it can sharpen, and its kernels differ from place to place, which bilinear's do not.
#
# **Grade.** Exercise 3 passes. For a report: a claim about one network of the explorer, with its range, its baseline
# and one sentence of limits. Mark the limits.
#
# **Extend.** Repeat "edge or ink?" with strokes of 3, 7 and 9 pixels, `lesson.edge_or_ink("a2u-hybrid", True, 7)`. And
# with inverted digits, `1 - x`: where is the ink then?

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - The kernels of a network are maps: one for each tap, or a single gate for 1×1 kernels.
# - Peakedness, 1 − H/ln k², tells a box (0) from the choice of one pixel (1). Bilinear has about one half. A²U's 3×3
#   kernels stay below 0.1, because no weight leaves 0.044 … 0.254.
# - Random kernels are almost box filters. In the two smaller maps they follow ink more than edges on thick strokes. In
#   the first picture training made the weights about three hundred times more varied. In the largest map the trained
#   kernels follow edges, on thick strokes, too.
# - With $d = 1$ all kernels of an image and phase lie on one curve. In this network most weights rise or fall all along
#   it; one in seven turns.
# - This network relies on kernels that differ from place to place: with even ones its copies lose 6 dB. That does not
#   show that such kernels are needed.
# - Compare with the row that differs in one thing: CARAFE 1×1, not nearest.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eqs. (2)–(4) for
#   the kernel, Table 4 for its normalisation, Figure 5 for the picture.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0).
