# %% [markdown]
# # 07 · A²U
#
# In lesson 06 you turned "how alike are two pixels?" into two depth-wise convolutions, a product and a sum. Now we
# assemble the operator, line by line, until our lines and the library agree in every value. Then we turn its switches:
# what depends on the input, what is shared, where the phases come from, and how it learns to go down as well as up.
#
# **You will be able to**
# - build A²U from seven lines of PyTorch and match the library;
# - say what changes with the image in static, hybrid and dynamic A²U, and what does not;
# - derive every parameter count of the paper's Table 2, to the last digit;
# - derive IndexNet as a special case, and say what this kernel can never do.
#
# **You need** lessons 01 and 06, and lesson 05 for section 7. **Time** 30 minutes, and 25 more for the exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | recognise the parts from lesson 06; what is new? |
# | 8–24 | section 1, line by line | build it live, one line at a time, asking for each shape before it prints |
# | 24–38 | section 2, what the normalisation allows | compute $e/(e+8)$ together; then the curve |
# | 38–44 | section 3, point-wise | where do four different kernels come from? Two answers |
# | 44–60 | section 4, static, hybrid, dynamic | fill in a 3×3 table (mode; U, P, w) for two images, then the explorer |
# | 60–68 | section 5, count | static-cw by hand; the rest is exercise 2 |
# | 68–74 | section 7, IndexNet inside | the derivation; it closes lesson 05 |
# | 74–90 | exercise 1, then 2 | exercise 3 is homework |
#
# **Skip if short.** Section 6 (down and up) and section 3. Keep section 2: without its bounds the results of lesson
# 09 cannot be understood.
#
# **Look at this before class.** "Static" is a bad word for a good thing. Write on the board, early: *static says that
# the question is fixed; the answer always follows the image.*

# %% [markdown]
# ## The picture
#
# The subject of the paper's Figure 2, drawn for our 2: how the four kernels of one position come about. It shows the
# *dynamic* operator, the fullest of the three that section 4 compares; section 1 builds the *static* one, without the
# two dashed ways. Three sizes return all through this lesson: $d$, the **rank** of lesson 06, here 1; $s$, the side of
# an upsampling kernel, here 3; $k$, the side of the filters $U$ and $V$, here 5.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.a2u_operator.explorer import figure_2, operator
from a2u.lessons.a2u_operator.picture import kernel_curve
from a2u.lessons.a2u_operator.predictions import predict
from a2u.lessons.affinity.picture import tables
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import encoder_map, small_map

guide, x = encoder_map().double(), small_map(4).double()  # 1 4 16 16, 1 4 8 8
figure_2()

# %% [markdown]
# ## 1 · Line by line
#
# A *static* A²U holds three weights: $U$ and $V$, one 5×5 filter a channel, and $P$, with $r^2 s^2 = 36$ rows for four
# 3×3 kernels a position. We take them from an operator of the library with random weights and do the rest ourselves:
#
# 1. respond to the map with $U$ and with $V$ (stride 2: one window for each position of the small map);
# 2. multiply, and sum over channels: the affinity, one number a position;
# 3. $P$ makes 36 numbers of each;
# 4. a pixel shuffle deals them out: nine to each of the four outputs of a position;
# 5. sigmoid, then softmax over the nine taps;
# 6. and then the one formula, $w^\top z$, on the decoder map.
#
# **Predict.** Why must the shuffle come before the softmax?

# %% tags=["prediction"]
predict("shuffle-first")

# %%
op = operator("static")
U, V, P = op.u.weight[0, :, None], op.v.weight[0, :, None], op.p.weight  # 4 1 5 5, 4 1 5 5, 36 1
with torch.no_grad():
    by_u = F.conv2d(guide, U, stride=2, padding=2, groups=4)  # 1 4 8 8
    by_v = F.conv2d(guide, V, stride=2, padding=2, groups=4)
    affinity = (by_u * by_v).sum(dim=1, keepdim=True)  # 1 1 8 8
    logits = F.conv2d(affinity, P[:, :, None, None])  # 1 36 8 8
    logits = F.pixel_shuffle(logits, 2)  # 1 9 16 16
    w = logits.sigmoid().softmax(dim=1)
    y = a2u.reassemble(x, w[:, None], ratio=2)
    difference = (y - op(x, guide)).abs().max()
assert difference < 1e-6
print("largest difference from the library below 1e-6:", bool(difference < 1e-6))

# %% [markdown]
# **Explain.** Each of the four outputs has its *own* kernel, and each kernel must sum to 1. A softmax before the
# shuffle would run over 36 numbers and leave each kernel about a quarter. (The order inside the 36 matters as well:
# the row of tap $t$ and phase $p$ is $4t + p$, because `pixel_shuffle` wants the phase to run fastest.)
#
# $U$, $V$ and $P$ never looked at $x$: kernels come from the *encoder* map, where the detail still is.

# %%
assert torch.allclose(w.sum(dim=1), torch.ones(1, 16, 16, dtype=torch.float64))
Drawing(
    tables(
        [("affinity", affinity[0, 0], "signed"), ("centre weight", w[0, 4], "weights"), ("y, ink", y[0, 0], "signed")]
    ),
    alt="The affinity of each window, the centre weight of the kernels, which differs by phase, and the new 2.",
    says=f"affinity {affinity.min():.2f} to {affinity.max():.2f};  weights {w.min():.4f} to {w.max():.4f}",
)

# %% [markdown]
# ## 2 · What the normalisation allows
#
# **Predict.** The sigmoid gives numbers between 0 and 1, the softmax compares nine of them. What are the smallest and
# the largest weight that a tap can get, whatever the network learns?

# %% tags=["prediction"]
predict("largest-weight")

# %% tags=["spoiler"]
e = torch.e
lowest, highest = 1 / (1 + 8 * e), e / (e + 8)
extreme = torch.full((9,), 1e3, dtype=torch.float64)
for sign, bound in ((-1, lowest), (1, highest)):
    one = -sign * extreme
    one[4] = sign * 1e3  # the centre at one end, all others at the other
    assert abs(one.sigmoid().softmax(dim=0)[4] - bound) < 1e-12
assert lowest < w.min() < w.max() < highest
print(f"sigmoid + softmax: every weight lies between {lowest:.3f} and {highest:.3f}; softmax alone: between 0 and 1")

# %% [markdown]
# **Explain.** One tap at 1 against eight at 0 gives $e/(e+8) = 0.254$. So this A²U can *not* imitate nearest neighbour
# (a weight of 1) nor bilinear (0.5625): it always blends. A plain softmax could, and yet the paper measures better
# mattes with the sigmoid (Table 4, SAD 34.76 against 35.93, for the row "hybrid-cw" that section 4 explains; SAD is an
# error of mattes: less is better): it keeps the squared contrast of lesson 06 in bounds.
#
# And with $d = 1$ there is one more limit. A position contributes one number $a$, and its kernel in a given phase is
# $\operatorname{softmax}(\sigma(a\,P_0))$ with the same vector $P_0$ everywhere, the nine rows of $P$ that make this
# phase: all kernels of one image and phase lie on a **curve with one parameter**. Here it is, for phase (0, 0); tap $t$
# is row $\lfloor t/3 \rfloor$ and column $t \bmod 3$ of the kernel:

# %%
P0 = P.detach().view(9, 4)[:, 0]
a = torch.linspace(-4, 4, 161, dtype=torch.float64)
curve = (a[:, None] * P0).sigmoid().softmax(dim=1)
met = affinity.flatten()
assert torch.allclose((met[:, None] * P0).sigmoid().softmax(dim=1), w[0, :, ::2, ::2].flatten(1).T)
assert (op.affinity(torch.zeros_like(guide)) == 0).all()  # blank paper
assert op.affinity(torch.ones_like(guide))[0, 0, 4, 4] != 0  # flat ink
Drawing(
    kernel_curve(a, curve, met[met.abs() < 4]),
    alt="Nine weights as functions of the affinity: equal at zero, they part to either side, within two limits.",
    says=f"at a = 0 every weight is {curve[80, 0]:.4f}; {int((met.abs() < 4).sum())} of 64 affinities lie here",
)

# %% [markdown]
# **Explain.** Where the encoder map is zero the affinity is 0, and the kernel is the plain mean of nine: A²U blurs
# blank paper, where a blur does no harm, and departs from it where there is structure. On flat ink the affinity need
# not be 0; but a kernel that sums to 1 leaves a flat region as it is.

# %% [markdown]
# ## 3 · Where phases come from: P, or point-wise
#
# Above, one affinity serves four outputs and 36 rows of $P$ tell them apart. **Point-wise** (pw) A²U has four *sets*
# of $U$ and $V$ instead, and one $P$ of nine rows: shuffle the affinities first, then project.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(7)
    pw = a2u.build("a2u:static-pw-cw", 4).double()
    sets = [F.conv2d(guide, f.weight.transpose(0, 1).reshape(16, 1, 5, 5), stride=2, padding=2, groups=4)
            for f in (pw.u, pw.v)]  # fmt: skip
    four = (sets[0] * sets[1]).unflatten(1, (4, 4)).sum(dim=1)  # channels, sets → one affinity a phase: 1 4 8 8
    w_pw = F.conv2d(F.pixel_shuffle(four, 2), pw.p.weight[:, :, None, None]).sigmoid().softmax(dim=1)
    assert torch.allclose(w_pw, pw.kernel(None, guide)[:, 0], atol=1e-9)
print("U:", tuple(pw.u.weight.shape), " P:", tuple(pw.p.weight.shape), " point-wise kernels:", tuple(w_pw.shape))

# %% [markdown]
# ## 4 · Static, hybrid, dynamic
#
# Who decides the weights $U$, $V$ and $P$?
#
# | | $U$, $V$ | $P$ |
# |---|---|---|
# | **static** | learned once | learned once |
# | **hybrid** | learned once | made from the image: its mean, then a 1×1 convolution |
# | **dynamic** | made from the image: pooled to 5×5, then a 1×1 convolution | made from the image |
#
# **Predict, then look** (one output of the 2, and the same output of another image):
# 1. With `half contrast`: which of $U$, $P$ and $w$ change, in which mode? By which factor does $P$ change?
# 2. With `shifted by 4` pixels (what leaves at the right comes in at the left): does $P$ change? Do $U$ and $V$?
# 3. Does *static* mean that the kernels are the same for every image?

# %% tags=["prediction"]
predict("same-for-every-image")

# %%
from a2u.lessons.a2u_operator.explorer import explorer

panel = explorer()
panel

# %%
print(panel.at(image="shifted by 4", row=9, column=9).says)
with torch.no_grad():
    for mode, share in (("static", 4), ("hybrid", 4), ("dynamic", 16)):
        each = operator(mode)
        before, after = (each.kernel(None, g)[0, 0, :, 9] for g in (guide, guide.roll(4, dims=-1)))
        print(f"{mode:8} kernel at column 5 comes back at column 9: {torch.allclose(before[:, 5], after[:, 9])}")
        assert all((part == 0).all() for name, part in each.named_parameters() if name.endswith("bias"))
        assert torch.allclose(each.affinity(guide / 2), each.affinity(guide) / share)

# %% [markdown]
# **Explain.** (1) Halving the features halves what hybrid and dynamic make from them ($P$, and dynamic $U$ and $V$; the
# biases are 0 in our untrained operators). The affinity, a product of two responses, falls to a quarter in static and
# hybrid, and to a sixteenth in dynamic, where the filters are halved as well. With $P$ in front, what enters the
# sigmoid falls to ¼, ⅛ and 1/32: the kernel changes in every mode, most in dynamic. (Lesson 11 meets a network that
# this has brought to a standstill.) (2) The mean does not know *where* things are: $P$ stays. The 5×5 pooling does, so
# $U$ and $V$ change, and with them the kernel of a stroke that only moved. (3) No. Kernels always come from the
# affinity of the image; *static* says only that the question asked of it is fixed.

# %% [markdown]
# A second switch: **channel-wise** (cw), one filter a channel, or **channel-shared** (cs), one for all. The kernel $w$
# is shared by all channels of the decoder map in either case.
#
# ## 5 · Count
#
# Four stages see $C$ = 64, 64, 128 and 256 encoder channels, together 512. With $s = 3$, $k = 5$, $r = 2$:
#
# - $U$ and $V$ static: 25 numbers a filter; $C$ filters (cw) or 1 (cs), times 4 point-wise. No bias.
# - $U$ and $V$ dynamic: a 1×1 convolution with bias, $C + 1$ numbers for each filter.
# - $P$ static: $36$, or $9$ point-wise. From the image: $36\,(C + 1)$, or $9\,(C + 1)$ point-wise.
# - *-d* (section 6): a second $P$ for the way down. *-norm*: $4C$ for two group norms.
#
# **Predict.** Work out static-cw before you run: $2 \cdot 25 \cdot 512 + 4 \cdot 36$.

# %% tags=["prediction"]
predict("count-static")

# %%
from a2u.matting.counts import count

stages = (64, 64, 128, 256)
total = {
    "static-pw-cw": sum(2 * 4 * 25 * c + 9 for c in stages),
    "static-cw": sum(2 * 25 * c + 36 for c in stages),
    "hybrid-cw": sum(2 * 25 * c + 36 * (c + 1) for c in stages),
    "hybrid-cs": sum(2 * 25 + 36 * (c + 1) for c in stages),
    "dynamic-cw": sum(2 * c * (c + 1) + 36 * (c + 1) for c in stages),
    "dynamic-cs": sum(2 * (c + 1) + 36 * (c + 1) for c in stages),
    "dynamic-cs-d": sum(2 * (c + 1) + 2 * 36 * (c + 1) for c in stages),
    "dynamic-cs-d-norm": sum(2 * (c + 1) + 2 * 36 * (c + 1) + 4 * c for c in stages),
}

# %%
for name, expected in total.items():
    assert count(f"a2u:{name}") == expected
    print(f"{name:18} {expected:8,}")
share = total["dynamic-cs-d-norm"] / count("indexnet:depthwise-m2o", context=True, nonlinear=True)
print(f"IndexNet of Table 2 has {1 / share:.0f} times as many as the last row")

# %% [markdown]
# **Explain.** A dynamic filter costs $C + 1$ numbers rather than 25, and channel-shared needs only one filter for $U$
# and one for $V$. The last row († in the paper) adds group norm after $U$ and after $V$: a scale and a shift for each
# channel, $4C$. With it the two responses keep their size, whatever that of the features.

# %% [markdown]
# The toy of lesson 08 is static, channel-wise and point-wise, with $s = 1$, $k = 4$ and a sigmoid on $U$'s response.
# Its $P$ is one number, and it upsamples at 128, 64 and 32 channels: $\sum_C\,(2 \cdot 4 \cdot 16 \cdot C + 1)$ =
# 28,675.

# %%
toy = [2 * 4 * 16 * c + 1 for c in (128, 64, 32)]
assert sum(toy) == count("a2u:toy", (128, 64, 32)) == 28_675
print("the toy of lesson 08:", " + ".join(f"{n:,}" for n in toy), f"= {sum(toy):,}")

# %% [markdown]
# ## 6 · Down and up with the same affinity
#
# The rows with **-d** go down as well. The same $U$ and $V$, and a $P$ of their own: a window of the output kernel
# covers $s$ pixels of the small map, which are $r \cdot s = 6$ pixels of the large one, so a downsampling kernel has
# 36 taps.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(7)
    pair = a2u.build("a2u:dynamic-cs-d", 4).double()
    down_w, small = pair.down_kernel(guide), pair.downsample(guide)
    z = a2u.windows(guide, 6, ratio=2)  # 1 4 36 8 8
    assert torch.allclose(small, (down_w * z).sum(dim=2))
    assert torch.allclose(down_w.sum(dim=2), torch.ones(1, 1, 8, 8, dtype=torch.float64))
    back = pair(small, guide)
print(
    "down", tuple(guide.shape), "→", tuple(small.shape), " taps:", down_w.shape[2], "  and up again", tuple(back.shape)
)

# %% [markdown]
# ## 7 · IndexNet is inside
#
# Take a static, point-wise, channel-wise A²U with $s = 1$ and replace the response of $U$ by 1. The bilinear form
# loses its first factor, $\mathbf 1 \circ V_k^\top x_k$ (∘: value by value), and is linear again; $x_k$ is channel $k$
# of the encoder's window, as in lesson 06. With one tap a softmax would always give 1, so it is left out, and the
# sigmoid stands alone. $P$ is 1:
#
# $$w_p = \sigma\Big(\sum_k v_{pk}^\top x_k\Big), \qquad p = 0 \dots r^2 - 1,$$
#
# one convolution of stride $r$ with $r^2$ outputs, a pixel shuffle, a sigmoid. That is holistic IndexNet (lesson 05).
# In code `order=1` puts 1 for the response of $U$, and `encoder_kernel=4` is IndexNet's window with context,
# $2r \times 2r$. Beside it the same operator of order 2, with the same $V$ and $P$ and some $U$.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(7)
    index = a2u.build("indexnet:holistic", 4).double()
    shape = {"kernel_size": 1, "encoder_kernel": 4}
    first, second = (a2u.build("a2u:static-pw-cw", 4, order=order, **shape).double() for order in (1, 2))
    for each in (first, second):
        each.v.weight.copy_(index.index.weight)
        each.p.weight.fill_(1)
    assert torch.allclose(first(x, guide), index(x, guide), atol=1e-12)
    gap = (second(x, guide) - index(x, guide)).abs().max()
    assert gap > 0.05
print(f"A²U of order 1 equals IndexNet in all {x.numel() * 4} values; of order 2 it differs by up to {gap:.2f}")

# %% [markdown]
# **Explain.** IndexNet is A²U of first order. What A²U adds is the second factor: the product of two responses.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* Softmax before the shuffle. Every kernel then has about a quarter of the weight, and nothing
#   complains.
# - *Section 2.* "It is more flexible than bilinear, so it can imitate it." It cannot: no weight above 0.254.
# - *Section 2.* The limit is taken for a defect. It is a choice, and the paper measures it: SAD 34.76 with the
#   sigmoid, 35.93 without (hybrid-cw, Table 4).
# - *Section 4.* "Static means the same kernel for every image." No: see the first note.
# - *Section 4.* "Hybrid $P$ changes when the digit moves." Its average does not know where things are.
# - *Section 5.* A dynamic filter is counted with 25 numbers. It has $C + 1$: the 1×1 convolution slides over the 25
#   places.
# - *Section 7.* "IndexNet is A²U with small weights." It is $U \equiv 1$: not a small factor, a missing one.
# - **Exercise 1.** Tap and phase in the wrong order; normalised before the shuffle; softmax over rows; sigmoid or
#   softmax missing; only the first rank used.
# - **Exercise 2.** Biases of the generated weights forgotten, $V$ forgotten, phases forgotten or counted twice,
#   dynamic filters counted tap by tap; hybrid taken for static; a bias on static filters; `share` compared with "cw".
# - **Exercise 3.** A softmax over the phases (that is the way down), the sigmoid inside the sum, phases (0, 1) and
#   (1, 0) exchanged.

# %% [markdown]
# ### Exercise 1 · Kernels from affinities
# *Difficulty* ★★☆ · *time* 8 minutes
#
# `affinity` is (d, H, W), `p` is (s²·r², d); its row tap·r² + phase makes that tap for that phase. Return the
# normalised kernels (sigmoid, softmax) of all outputs, (s², rH, rW).
#
# <details><summary>Hint 1</summary>
#
# A matrix product over the d affinities of each position, a pixel shuffle, and then the normalisation. In this order.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.einsum("md,dhw->mhw", p, affinity)` mixes the ranks. `F.pixel_shuffle` takes three axes as well as four.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_kernels(affinity, p, ratio):
#     logits = torch.einsum("md,dhw->mhw", p, affinity)
#     return F.pixel_shuffle(logits, ratio).sigmoid().softmax(dim=0)
# ```
# </details>

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_kernels(affinity, p, ratio):
    return ...


exercises.KERNELS.check(my_kernels)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_kernels(affinity, p, ratio):
    logits = torch.einsum("md,dhw->mhw", p, affinity)
    return F.pixel_shuffle(logits, ratio).sigmoid().softmax(dim=0)


exercises.KERNELS.check(my_kernels)

# %% [markdown]
# ### Exercise 2 · Count a preset
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Return the number of learned values of one A²U: `mode` is "static", "hybrid" or "dynamic", `share` is "none" (cw) or
# "channels" (cs), `pointwise` is True or False; d = 1, s = 3, k = 5, r = 2.
#
# <details><summary>Hint 1</summary>
#
# Count U and V together, then P. Section 5 has the numbers of each.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Filters: 4 or 1 sets, times C or 1, times C + 1 (dynamic) or 25. Rows of P: 9 or 36, times C + 1 unless static.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_count(channels, mode, share, pointwise):
#     filters = (4 if pointwise else 1) * (channels if share == "none" else 1)
#     rows = 9 if pointwise else 36
#     of_filter = channels + 1 if mode == "dynamic" else 25
#     of_row = 1 if mode == "static" else channels + 1
#     return 2 * filters * of_filter + rows * of_row
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_count(channels, mode, share, pointwise):
    return ...


exercises.PARAMETERS.check(my_count)

# %% tags=["solution"]
from a2u.lessons.a2u_operator import exercises


def my_count(channels, mode, share, pointwise):
    filters = (4 if pointwise else 1) * (channels if share == "none" else 1)
    rows = 9 if pointwise else 36
    of_filter = channels + 1 if mode == "dynamic" else 25
    of_row = 1 if mode == "static" else channels + 1
    return 2 * filters * of_filter + rows * of_row


exercises.PARAMETERS.check(my_count)

# %% [markdown]
# ### Exercise 3 · IndexNet as a special case
# *Difficulty* ★★☆ · *time* 6 minutes
#
# `guide` is (C, 2H, 2W), `v` is (4, C, 2, 2): a filter for each phase. With the response of U replaced by 1 and s = 1,
# return the weights of all outputs, (2H, 2W).
#
# <details><summary>Hint 1</summary>
#
# What is left of the product, summed over channels, is an ordinary convolution. Its stride is 2, without padding.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.conv2d(guide[None], v, stride=2)` is (1, 4, H, W); a pixel shuffle makes it (1, 1, 2H, 2W).
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_index(guide, v):
#     return F.pixel_shuffle(F.conv2d(guide[None], v, stride=2), 2)[0, 0].sigmoid()
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_index(guide, v):
    return ...


exercises.INDEX.check(my_index)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_index(guide, v):
    return F.pixel_shuffle(F.conv2d(guide[None], v, stride=2), 2)[0, 0].sigmoid()


exercises.INDEX.check(my_index)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** It can imitate neither nearest nor bilinear, and still the paper's mattes are better (SAD 32.15 against
#   37.51 and 37.31). How? **A.** The layers around it adapt. What they cannot make themselves is a weight that
#   depends on the place at full resolution; that is what A²U hands them.
# - **Q.** Why is the mean of nine a good answer where nothing is to be seen? **A.** In a flat region all windows hold
#   equal values: every kernel that sums to 1 gives the same result, so the blur is free.
# - **Q.** Channel-shared costs 19,608 numbers and channel-wise 199,824 (dynamic). Which would you choose? **A.**
#   Table 2 says cs is the better of the two (35.86 against 36.66); in hybrid mode it is the reverse (36.43 against
#   34.76). Say what you would measure, and on how many seeds.
# - **Q.** Is A²U of order 2 an attention layer? **A.** It has the product of two projections, inside a window, at low
#   rank; it has no softmax over positions of an image, and no value projection.
#
# **Grade.** Exercise 2 passes, or the learner derives two rows of Table 2 on paper. In person: *which lines of
# section 1 change for point-wise?*
#
# **Extend.** Replace sigmoid and softmax by a softmax alone and find an affinity that imitates nearest neighbour.
# Then build `rank=2` and show that the kernels no longer lie on one curve.

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - A²U: two depth-wise responses, product, sum over channels, $P$, pixel shuffle, sigmoid and softmax, then $w^\top z$.
# - Sigmoid and softmax confine nine weights to [0.044, 0.254]; with $d = 1$ the kernels of a phase lie on one curve.
# - Static, hybrid, dynamic: nothing, $P$, or all weights come from the image. The kernels always do.
# - cw or cs, phases from $P$ or point-wise, -d for both ways: every row of Table 2 counted exactly.
# - Replace $U$'s response by 1 and A²U is holistic IndexNet.
#
# Lesson 08 trains it; lesson 09 looks at the kernels that training makes.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 4, Eqs. (3),
#   (4), Figure 2; Tables 2 and 4.
# - H. Lu, Y. Dai, C. Shen, S. Xu, *Indices Matter: Learning to Index for Deep Image Matting*, ICCV 2019: IndexNet.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
