# %% [markdown]
# # 07 · A²U
#
# In lesson 06 you turned "how alike are two pixels?" into two depth-wise convolutions, a product and a sum. Now we
# assemble the operator, line by line, until our code and the library agree in every value. Then we vary its options:
# what depends on the input, what is shared, where the phases come from, and how it downsamples as well as upsamples.
#
# **You will be able to**
# - build A²U from seven lines of PyTorch and match the library;
# - say what changes with the image in static, hybrid and dynamic A²U, and what does not;
# - derive both gradients of $w^\top z$ and check them numerically;
# - derive the exact parameter count of every A²U row of the paper's Table 2;
# - derive IndexNet as a special case, and say what this kernel can never do.
#
# **You need** lessons 01 and 06, and lesson 05 for section 8. Symbols and terms: [Notation and words](notation.md).
#
# **Time** 49 minutes, and 24 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 3 |
# | 1 · Line by line | 5 |
# | 2 · What the normalisation allows | 6 |
# | 3 · Where phases come from: P, or point-wise | 2 |
# | 4 · Static, hybrid, dynamic | 9 |
# | 5 · How it learns: two gradients | 5 |
# | 6 · Count | 6 |
# | 7 · Down and up with the same affinity | 2 |
# | 8 · IndexNet is inside | 3 |
# | Five questions | 6 |
# | Summary | 2 |
# | Exercises | 24 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | recognise the parts from lesson 06; what is new? |
# | 8–24 | section 1, line by line | build it live, one line at a time, asking for each shape before it prints |
# | 24–36 | section 2, what the normalisation allows | compute $e/(e+8)$ together; then the nine curves |
# | 36–40 | section 3, point-wise | where do four different kernels come from? Two answers |
# | 40–54 | section 4, static, hybrid, dynamic | a 3×3 table (mode; U, P, w) for two images; explorer; degrees |
# | 54–62 | section 5, two gradients | on the board; which windows teach the kernel nothing? |
# | 62–70 | section 6, count | static-cw by hand; read the table for the others |
# | 70–76 | section 8, IndexNet inside | the derivation; it closes lesson 05 |
# | 76–90 | exercise 1 | exercises 2 and 3, and the five questions, are homework |
#
# **To save time:** Section 7 (down and up) and section 3. Keep section 2: its bounds are needed to understand the
# results of lesson 09.
#
# **Look at this before class.** The word "static" misleads. Write on the board, early: *static says that $U$, $V$ and
# $P$ are fixed; the kernels always follow the image.*

# %% [markdown]
# ## The picture
#
# This is our own drawing of what the paper's Figure 2 shows: how the four kernels of one position are made. The image
# is our handwritten digit, a 2. The picture shows the *dynamic* operator, the most general of the three that section 4
# compares. Section 1 builds the *static* one, which has neither of the two broken lines (one dotted, one dashed). Three
# sizes appear throughout this lesson: $d$, the **rank** of lesson 06, here 1; $s$, the side of an upsampling kernel,
# here 3; $k$, the side of the filters $U$ and $V$, here 5.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.a2u_operator.explorer import figure_2, operator
from a2u.lessons.a2u_operator.picture import kernel_curves
from a2u.lessons.a2u_operator.predictions import predict
from a2u.lessons.affinity.picture import tables
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import encoder_map, small_map

guide, x = encoder_map().double(), small_map(4).double()  # 1 4 16 16, 1 4 8 8
figure_2()

# %% [markdown]
# ## 1 · Line by line
#
# A *static* A²U holds three sets of weights: $U$ and $V$, one 5×5 filter per channel each, and $P$, with
# $r^2 s^2 = 36$ rows for four 3×3 kernels per position. We take them from an operator of the library with random
# weights and do the rest ourselves:
#
# 1. convolve the encoder map with $U$ and with $V$ (stride 2: one window for each position of the small map);
# 2. multiply, and sum over channels: the affinity, one number per position;
# 3. $P$ turns each affinity into 36 numbers;
# 4. a pixel shuffle deals them out: nine to each of the four outputs of a position;
# 5. sigmoid, then softmax over the nine taps;
# 6. apply the one formula, $w^\top z$, to the decoder map.
#
# **Predict.** Look at the order of steps 4 and 5.

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
# **Explain.** Each of the four outputs has its *own* kernel, and each kernel must sum to 1. Before the shuffle, a
# softmax over all channels would run over all 36 numbers. The four kernels would sum to 1 together, so each of them to
# a quarter on average. (The order of the 36 matters as well: the row of tap $t$ and phase $p$ is $4t + p$, because
# `pixel_shuffle` expects the phase to run fastest.)
#
# Steps 1 to 5 never use $x$: the kernels come from the *encoder* map, which still has the detail.

# %%
assert torch.allclose(w.sum(dim=1), torch.ones(1, 16, 16, dtype=torch.float64))
Drawing(
    tables(
        [("affinity", affinity[0, 0], "signed"), ("centre weight", w[0, 4], "weights"), ("y, ink", y[0, 0], "signed")]
    ),
    alt="The affinity of each window, the centre weight of the kernels, which differs by phase, and the new 2.",
    says=f"affinity {affinity.min():.2f} to {affinity.max():.2f};  weights of all taps {w.min():.4f} to {w.max():.4f}",
)

# %% [markdown]
# ## 2 · What the normalisation allows
#
# **Predict.** The sigmoid gives numbers between 0 and 1, and the softmax compares nine of them. Whatever the network
# learns, the weights stay between two limits.

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
# **Explain.** One tap at 1 against eight at 0 gives $e/(e+8) = 0.254$. So this A²U *cannot* imitate nearest neighbour
# (a weight of 1) or bilinear (0.5625): every tap keeps at least 0.044. With a softmax alone, a weight can come as close
# to 1 as we like. Yet the paper measures better mattes with the sigmoid: in Table 4 the network *hybrid-cw* (section 4
# explains the name) has a SAD of 34.76 with it and 35.93 without. SAD is an error of mattes: less is better. Perhaps
# the sigmoid helps because the affinity grows with the square of the contrast (lesson 06), and the sigmoid keeps it
# within bounds. The paper does not test this, and neither does this lesson.
#
# With $d = 1$ there is one more limit. A position contributes one number, its affinity. Take phase (0, 0). Its kernels
# are $\operatorname{softmax}(\sigma(\text{affinity} \cdot P_0))$ with the same vector $P_0$ everywhere: the nine rows
# of $P$ that make this phase. So all kernels of one image and phase lie on a **curve with one parameter**. Here it is
# for phase (0, 0), a panel for each tap at its place in the kernel:

# %%
P0 = P.detach().view(9, 4)[:, 0]
affinities = torch.linspace(-4, 4, 161, dtype=torch.float64)
curve = (affinities[:, None] * P0).sigmoid().softmax(dim=1)
met = affinity.flatten()
assert torch.allclose((met[:, None] * P0).sigmoid().softmax(dim=1), w[0, :, ::2, ::2].flatten(1).T)
assert (op.affinity(torch.zeros_like(guide)) == 0).all()  # blank paper
assert op.affinity(torch.ones_like(guide))[0, 0, 4, 4] != 0  # flat ink
Drawing(
    kernel_curves(affinities, curve, met[met.abs() < 4]),
    alt="Nine panels, one per tap: its weight over the affinity. All are 1/9 at zero; two fall, six rise, one wavers.",
    says=f"at affinity 0 every weight is {curve[80, 0]:.4f}; {int((met.abs() < 4).sum())} of 64 affinities are shown",
)

# %% [markdown]
# **Explain.** Where the whole window of the encoder map is zero, the affinity is 0 and the kernel is the plain mean of
# nine. So this A²U blurs where the image is blank. That does no harm if the decoder map is flat there too. Where there
# is structure, its kernels can differ from the mean. On flat ink the affinity need not be 0; but a kernel that sums to
# 1 leaves a flat region of the decoder map as it is.

# %% [markdown]
# ## 3 · Where phases come from: P, or point-wise
#
# Above, one affinity serves four outputs, and 36 rows of $P$ tell them apart. **Point-wise** (pw) A²U has four *sets*
# of $U$ and $V$ instead, and one $P$ of nine rows: shuffle the affinities first, then apply $P$.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(7)
    pw = a2u.build("a2u:static-pw-cw", 4).double()
    sets = [F.conv2d(guide, f.weight.transpose(0, 1).reshape(16, 1, 5, 5), stride=2, padding=2, groups=4)
            for f in (pw.u, pw.v)]  # fmt: skip
    four = (sets[0] * sets[1]).unflatten(1, (4, 4)).sum(dim=1)  # channels, sets → one affinity per phase: 1 4 8 8
    w_pw = F.conv2d(F.pixel_shuffle(four, 2), pw.p.weight[:, :, None, None]).sigmoid().softmax(dim=1)
    assert torch.allclose(w_pw, pw.kernel(None, guide)[:, 0], atol=1e-9)
print("U:", tuple(pw.u.weight.shape), " P:", tuple(pw.p.weight.shape), " point-wise kernels:", tuple(w_pw.shape))

# %% [markdown]
# ## 4 · Static, hybrid, dynamic
#
# Where do the weights $U$, $V$ and $P$ come from?
#
# | | $U$, $V$ | $P$ |
# |---|---|---|
# | **static** | learned once | learned once |
# | **hybrid** | learned once | made from the encoder map: its mean over all places, then a 1×1 convolution |
# | **dynamic** | made from the encoder map: pooled to 5×5, then a 1×1 convolution | as in hybrid |
#
# **Predict, then look.** The explorer below compares one output of our digit with the same output of a changed image:
# 1. Choose `half contrast`. Which of $U$, $P$ and $w$ change, in which mode? Where $P$ changes, by what factor?
# 2. Choose `shifted by 4` pixels (what leaves on the right comes in on the left). Does $P$ change? Do $U$ and $V$?
# 3. What does the word *static* promise?

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
        before, after = each.kernel(None, guide)[0, 0], each.kernel(None, guide.roll(4, dims=-1))[0, 0]
        inside = slice(2, 10)  # columns whose windows meet neither the edge nor the seam, before and after
        comes_back = torch.allclose(before[..., inside], after[..., inside.start + 4 : inside.stop + 4])
        print(f"{mode:8} kernels of a stroke that moved four columns moved with it: {comes_back}")
        assert comes_back == (mode != "dynamic")
        assert all((part == 0).all() for name, part in each.named_parameters() if name.endswith("bias"))
        assert torch.allclose(each.affinity(guide / 2), each.affinity(guide) / share)

# %% [markdown]
# **Explain.** (1) Halving the features halves the weights that are made from them: $P$ in hybrid and dynamic, and in
# dynamic also $U$ and $V$. (The biases are 0 in our untrained operators.) The affinity, a product of two responses,
# falls to a quarter in static and hybrid. In dynamic it falls to a sixteenth, because the filters are halved as well.
# Multiplied by $P$ it enters the sigmoid: this product falls to ¼, ⅛ and 1/32. (2) The mean does not depend on *where*
# things are, so $P$ stays the same. Pooling to 5×5 does depend on it, so $U$ and $V$ change, and with them the kernel
# of a stroke that only moved. (3) *Static* says only that $U$, $V$ and $P$ are fixed. The kernels always come from the
# affinities, and these from the image.

# %% [markdown]
# ### A table of degrees
#
# Multiply all features by a factor. Then what enters the sigmoid is multiplied by a power of this factor. The exponent
# is the **degree**:
#
# | | from $P$ | from $U$, $V$ | from the two windows | degree |
# |---|---|---|---|---|
# | **static** | 0 | 0 | 2 | 2 |
# | **hybrid** | 1 | 0 | 2 | 3 |
# | **dynamic** | 1 | 2 | 2 | 5 |
#
# The table holds without biases. It also says what happens when all features change sign: $(-1)^2 = 1$, but $(-1)^3 =
# (-1)^5 = -1$. This is lesson 06's finding again: only static kernels stay the same.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(7)
    for mode, degree in {"static": 2, "hybrid": 3, "dynamic": 5}.items():
        for share in ("none", "channels"):
            plain = a2u.build("a2u", 4, mode=mode, share=share, normalization="none").double()
            for name, part in plain.named_parameters():
                part.zero_() if name.endswith("bias") else part.normal_()
            before = plain.kernel(None, guide)  # what would enter the sigmoid: all taps, phases and positions
            for factor in (2.0, 0.5, -1.0):
                assert torch.allclose(plain.kernel(None, factor * guide), factor**degree * before, rtol=1e-9)
        print(f"{mode:8} twice the features: {2**degree:2} times; sign turned: {(-1) ** degree:+}")

# %% [markdown]
# The higher the degree, the faster the input of the sigmoid grows with the features. In the matting networks of lesson
# 10 two things work against this. One of the networks has group norm after $U$ and after $V$ (**-norm**, † in the
# paper). And all networks with A²U divide the sum over channels by $\sqrt C$, in code `scaled=True`. This changes no
# degree. It keeps the affinity from growing with the number of channels: a sum of $C$ independent products has a
# standard deviation that grows with $\sqrt C$. Without the division, and with filter values equally large, an operator
# with 256 channels would push the sigmoid to its ends sooner than one with 4.

# %%
rng = torch.Generator().manual_seed(7)
with torch.no_grad():
    for C in (4, 64, 256):
        noise, sizes = torch.randn(1, C, 32, 32, generator=rng, dtype=torch.float64), []
        for scaled in (False, True):
            each = a2u.build("a2u:static-cw", C, scaled=scaled).double()
            for part in (each.u.weight, each.v.weight):
                part.copy_(torch.randn(part.shape, generator=rng, dtype=torch.float64) / 5)
            sizes.append(each.affinity(noise).std())
        print(f"C = {C:3}: standard deviation of the affinity {sizes[0]:5.2f}, with scaled=True {sizes[1]:.2f}")
        assert 0.7 * C**0.5 < sizes[0] < 1.4 * C**0.5
        assert 0.7 < sizes[1] < 1.4

# %% [markdown]
# One more choice is open in every mode: **channel-wise** (cw), one filter per channel, or **channel-shared** (cs), one
# filter for all channels. In either case the kernel $w$ is shared by all channels of the decoder map.

# %% [markdown]
# ## 5 · How it learns: two gradients
#
# An output is $y = w^\top z = \sum_t w_t z_t$. The loss sends back one number for it, $\partial L / \partial y$. From
# there the gradient goes on in two ways, to $z$ and to $w$. The sum is linear in each of the two:
#
# $$\frac{\partial y}{\partial z_t} = w_t, \qquad\qquad \frac{\partial y}{\partial w_t} = z_t .$$
#
# *Through $z$*: each value of the window gets its share of the gradient, by its weight. *Through $w$* the way is
# longer. Let $P_t$ be the row of $P$ that makes tap $t$ of this output's phase. With $\sigma_t = \sigma(\text{affinity}
# \cdot P_t)$ and $w = \operatorname{softmax}(\sigma)$:
#
# $$\frac{\partial y}{\partial \sigma_t} = w_t\,(z_t - y), \qquad
# \frac{\partial y}{\partial\,\text{affinity}} = \sum_t w_t\,(z_t - y)\;\sigma_t (1 - \sigma_t)\;P_t .$$
#
# The first is the derivative of a softmax: raising $\sigma_t$ moves the weighted mean $y$ towards $z_t$. The second is
# the chain rule, with $\sigma' = \sigma(1 - \sigma)$.
#
# **Predict.** Look at $z_t - y$. In which windows does the kernel learn nothing?

# %% tags=["prediction"]
predict("no-gradient")


# %% tags=["spoiler"]
def gates_and_kernels(score):
    gate = F.pixel_shuffle(F.conv2d(score, P.detach()[:, :, None, None]), 2)[0].sigmoid()
    return gate, gate.softmax(dim=0)  # 9 16 16 each


z = a2u.windows(x, 3, ratio=1)[0, 0].repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)  # 9 16 16, channel 0
score = affinity.detach().clone().requires_grad_()  # 1 1 8 8
gate, kernel = gates_and_kernels(score)
out = (kernel * z).sum(dim=0)  # 16 16
out.sum().backward()
rows = P.detach().view(9, 2, 2).repeat(1, 8, 8)  # P of tap t, for the phase of each output
by_hand = (kernel * (z - out) * gate * (1 - gate) * rows).sum(dim=0).detach()  # 16 16
assert torch.allclose(4 * F.avg_pool2d(by_hand[None], 2)[0], score.grad[0, 0])  # four outputs share one affinity
print("the gradient of all 64 affinities, by hand and by autograd: equal")

# %% tags=["spoiler"]
step = torch.zeros_like(score)
step[0, 0, 3, 4] = 1e-6  # a third way, at one position: by differences
with torch.no_grad():
    above, below = ((gates_and_kernels(score + sign * step)[1] * z).sum() for sign in (1, -1))
slope = (above - below) / 2e-6
assert abs(slope - score.grad[0, 0, 3, 4]) < 1e-6
flat = z.amax(dim=0) == z.amin(dim=0)
assert (by_hand[flat].abs() < 1e-12).all()
print(f"at (3, 4): {score.grad[0, 0, 3, 4]:.4f}, by differences {slope:.4f}")
print(f"{int(flat.sum())} of 256 outputs have a flat window: no gradient reaches their kernel")

# %% [markdown]
# **Explain.** Where all $z_t$ are equal, $z_t - y = 0$: a flat window teaches the kernel nothing, because every kernel
# that sums to 1 gives the same output. So a kernel can learn only where its window varies, as it does at edges. (The
# cell looks at channel 0 alone. All channels share the kernel: it learns nothing only where all of them are flat.) Two
# more things slow learning down. Where $\sigma_t$ is near 0 or 1, $\sigma_t(1 - \sigma_t)$ is small. And where the
# window of the encoder map is zero, the affinity is 0 whatever $U$, $V$ and $P$ are, so none of them gets a gradient.
# The way through $z$ always stays open: the weights sum to 1.

# %% [markdown]
# ## 6 · Count
#
# The paper's matting network (lesson 10) upsamples four times. The four operators see $C$ = 64, 64, 128 and 256 encoder
# channels, together 512. With $s = 3$, $k = 5$, $r = 2$ each of them has:
#
# - $U$ and $V$ static: 25 numbers per filter; $C$ filters (cw) or 1 (cs), times 4 point-wise. No bias.
# - $U$ and $V$ dynamic: a 1×1 convolution with bias, $C + 1$ numbers for each filter.
# - $P$ static: $36$, or $9$ point-wise. From the image: $36\,(C + 1)$, or $9\,(C + 1)$ point-wise.
# - *-d* (section 7): a second $P$ of 36 rows, for the way down. *-norm*: $4C$ for two group norms.
#
# **Predict.** Work out static-cw before you run the cell: 25 numbers per filter, for $U$ and $V$, and 36 per stage
# for $P$.

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
# channel, $4C$. With it the two responses keep their size, whatever the size of the features. (The paper prints 38K
# for this row, as for the row above it, and not 40K: it seems to leave the 2,048 numbers of the group norms out.)

# %% [markdown]
# The small network of lesson 08, the *toy*, has three A²U operators, for 128, 64 and 32 encoder channels. Each is
# static, channel-wise and point-wise, with $s = 1$, $k = 4$ and a sigmoid on $U$'s response. Its $P$ is one number:
# $\sum_C\,(2 \cdot 4 \cdot 16 \cdot C + 1)$ = 28,675.

# %%
toy = [2 * 4 * 16 * c + 1 for c in (128, 64, 32)]
assert sum(toy) == count("a2u:toy", (128, 64, 32)) == 28_675
print("the toy of lesson 08:", " + ".join(f"{n:,}" for n in toy), f"= {sum(toy):,}")

# %% [markdown]
# ## 7 · Down and up with the same affinity
#
# The networks with **-d** also downsample with A²U. The way down uses the same $U$ and $V$, and a second $P$. An
# upsampling window is $s$ pixels of the small map wide, and these are $r \cdot s = 6$ pixels of the large one. A
# downsampling kernel covers that same area of the large map: 6×6, or 36, taps.

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
# ## 8 · IndexNet is inside
#
# Take a static, point-wise, channel-wise A²U with $s = 1$ and replace the response of $U$ by 1. The bilinear form has
# now lost its first factor: $\mathbf 1 \circ V_c^\top x_c$ (∘: value by value) is linear in $x_c$, channel $c$ of the
# encoder's window, as in lesson 06. With one tap a softmax would always give 1, so it is left out, and only the sigmoid
# remains. $P$ is 1, and $v_{pc}$ is the filter of $V$ for phase $p$ and channel $c$:
#
# $$w_p = \sigma\Big(\sum_c v_{pc}^\top x_c\Big), \qquad p = 0 \dots r^2 - 1,$$
#
# one convolution of stride $r$ with $r^2$ outputs, a pixel shuffle, a sigmoid. That is holistic IndexNet (lesson 05).
# In code `order=1` replaces the response of $U$ by 1, and `encoder_kernel=4` is IndexNet's window with context,
# $2r \times 2r$. For comparison we build the same operator of order 2, with the same $V$ and $P$ and a random $U$.

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
# **Explain.** Linear holistic IndexNet is A²U of first order. What the second order adds is one more factor: the
# product of two responses. (The A²U of the paper's Table 2 also has $s = 3$ and a softmax.)

# %% [markdown]
# ## Exercises
#
# Run the cell after each change.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* Softmax over all channels before the shuffle. A kernel then has a quarter of the weight on average, and
#   no error is raised.
# - *Section 2.* "It is more flexible than bilinear, so it can imitate it." It cannot: no weight exceeds 0.254.
# - *Section 2.* The limit is taken for a defect. It is a choice, and the paper measures it: SAD 34.76 with the
#   sigmoid, 35.93 without (hybrid-cw, Table 4; one training each).
# - *Section 4.* "Static means the same kernel for every image." No: see the first note.
# - *Section 4.* "Hybrid $P$ changes when the digit moves." Its average does not know where things are.
# - *Section 5.* "The gradient through $w$ is $z$." For a free $w$. After a softmax it is $w_t (z_t - y)$: ask what
#   happens to the sum of all nine.
# - *Section 6.* Learners count 25 numbers for a dynamic filter. It has $C + 1$: the same 1×1 convolution makes all 25
#   places.
# - *Section 8.* "IndexNet is A²U with small weights." It is $U \equiv 1$: not a small factor, a missing one.
# - **Exercise 1.** Learners change the softmax, although it is correct. Ask them to compute the sum of each kernel: it
#   is 1. Then ask which row of `p` makes tap 1 of phase 0.
# - **Exercise 2.** An answer of 1 forgets the sigmoid; `ones / taps` is the plain mean.
# - **Exercise 3.** Rows and columns of the phase exchanged; a lean that is right for one phase only.

# %% [markdown]
# ### Exercise 1 · Find the bug: kernels from affinities
# *Difficulty* ★★☆ · *time* 8 minutes
#
# `affinity` is (d, H, W), `p` is (s²·r², d). Row tap·r² + phase of `p` makes that tap for that phase. The result should
# be the normalised kernels (sigmoid, softmax) of all outputs, (s², rH, rW). The code runs, its result has the right
# shape, every kernel sums to 1, and yet the values are wrong. Find the line and fix it.
#
# <details><summary>Hint 1</summary>
#
# Follow one number. Which channel of `logits` is tap 1 of phase 0 after the first line? And which one after the
# second?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.pixel_shuffle` takes r² neighbouring channels for the r² outputs of one map. In `p` the phase runs fastest: what
# does this say about the second line?
# </details>
#
# Solution: `solutions/07_a2u.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_kernels(affinity, p, ratio):
    logits = torch.einsum("md,dhw->mhw", p, affinity)
    logits = logits.unflatten(0, (ratio**2, -1)).transpose(0, 1).flatten(0, 1)
    return F.pixel_shuffle(logits, ratio).sigmoid().softmax(dim=0)


exercises.KERNELS.check(my_kernels)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_kernels(affinity, p, ratio):
    logits = torch.einsum("md,dhw->mhw", p, affinity)
    # no change of order: row tap·r² + phase is what pixel_shuffle wants. The second line was for row phase·s² + tap.
    return F.pixel_shuffle(logits, ratio).sigmoid().softmax(dim=0)


exercises.KERNELS.check(my_kernels)

# %% [markdown]
# ### Exercise 2 · Estimate, then measure: how white does white stay?
# *Difficulty* ★★☆ · *time* 6 minutes
#
# A window lies on an edge: `ones` of its `taps` values are 1, the others are 0. Nearest neighbour can return 1 there.
# What is the largest output that sigmoid and softmax allow? Estimate it for one column of a 3×3 window (3 of 9), and
# for 6 of 9. Then return it for any window.
#
# <details><summary>Hint 1</summary>
#
# The output is the sum of the weights of the ones. Which sigmoids make it as large as possible?
# </details>
#
# <details><summary>Hint 2</summary>
#
# All ones at $\sigma = 1$, all others at $\sigma = 0$. Before the softmax divides by the sum, each one counts $e$ and
# each other place counts 1.
# </details>
#
# Solution: `solutions/07_a2u.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_reach(ones, taps):
    return ...


exercises.REACH.check(my_reach)

# %% tags=["solution"]
import torch

from a2u.lessons.a2u_operator import exercises


def my_reach(ones, taps):
    # 0.576 for 3 of 9 and 0.845 for 6 of 9: a hard edge becomes a soft one, whatever is learned
    return torch.e * ones / (torch.e * ones + taps - ones)


exercises.REACH.check(my_reach)

# %% [markdown]
# ### Exercise 3 · Design a P that leans
# *Difficulty* ★★★ · *time* 10 minutes
#
# Bilinear weights lean: an output above and left of the centre looks more at its upper and left neighbours. Design a
# $P$ ($d = 1$, $s = 3$, $r = 2$) that does this. Return its 36 numbers, row tap·4 + phase, with phase = 2a + b. The
# check makes the four kernels as $\operatorname{softmax}(\sigma(\text{strength} \cdot P))$. The argument `strength` is
# a positive affinity; your $P$ need not depend on it. There are many right answers. The specification:
#
# 1. 36 finite numbers;
# 2. the mean row of the taps, weighted by the kernel, lies above the centre for $a = 0$ and below it for $a = 1$;
# 3. the mean column lies to the left for $b = 0$ and to the right for $b = 1$;
# 4. the kernels of $a = 0$ and $a = 1$ are mirror images of each other (rows reversed), and so are those of $b = 0$
#    and $b = 1$ (columns reversed).
#
# <details><summary>Hint 1</summary>
#
# Number the rows of a kernel −1, 0, 1. What do you multiply them by, so that $a = 0$ prefers −1 and $a = 1$ prefers 1?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $P$ for tap (row, column) and phase (a, b): `row * (2 * a - 1) + column * (2 * b - 1)`. `torch.cartesian_prod` lists
# taps and phases; the phase runs fastest.
# </details>
#
# Solution: `solutions/07_a2u.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.a2u_operator import exercises


def my_lean(strength):
    return ...


exercises.LEAN.check(my_lean)

# %% tags=["solution"]
import torch

from a2u.lessons.a2u_operator import exercises


def my_lean(strength):
    taps = torch.cartesian_prod(torch.arange(-1.0, 2), torch.arange(-1.0, 2))  # 9: row, column
    sides = torch.cartesian_prod(torch.tensor([-1.0, 1.0]), torch.tensor([-1.0, 1.0]))  # 4: 2a − 1, 2b − 1
    return (taps @ sides.T).flatten()  # for blank paper, affinity 0, the kernel is still the plain mean


exercises.LEAN.check(my_lean)

# %% [markdown]
# ### A question to take with you
#
# You want to upsample depth maps with A²U, guided by a camera image whose exposure changes from frame to frame. The
# kernels should not change with the exposure. Which mode do you choose? How do you remove the effect that is left? And
# which changes of the image can you not remove?
#
# <details><summary>Answer</summary>
#
# Of the three modes, static has the lowest degree (2). If twice the exposure doubles all features, what enters the
# sigmoid becomes 4 times as large, not 8 or 32. (An encoder with biases need not double them.) Group norm after $U$ and
# $V$ (-norm) removes a common factor of each group; so does dividing the features by their size first. What you cannot
# remove: a change that is not a common factor (a clipped highlight, another gamma) changes the affinity in every mode.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.a2u_operator.questions import concepts

concepts.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** A²U can imitate neither nearest nor bilinear, and still the paper's mattes are better (SAD 35.86 for
#   dynamic-cs against 37.51 and 37.31; the 32.15 of the best row also has A²U on the way down, and group norm). How?
#   **A.** Perhaps the layers around it adapt, and what they cannot make themselves is a weight that depends on the
#   place at full resolution, which A²U gives them. We know of no experiment that isolates this; ask for one that would.
# - **Q.** Why is the mean of nine a good answer where there is nothing to see? **A.** If the decoder map is flat there
#   too, all windows hold equal values: every kernel that sums to 1 gives the same result, so the blur costs nothing.
# - **Q.** Channel-shared costs 19,608 numbers and channel-wise 199,824 (dynamic). Which would you choose? **A.** Table
#   2 says cs is the better of the two (35.86 against 36.66); in hybrid mode it is the reverse (36.43 against 34.76).
#   Say what you would measure, and on how many seeds.
# - **Q.** Is A²U of order 2 an attention layer? **A.** It has the product of two projections, inside a window, at low
#   rank. It has no softmax over similarities (lesson 06, section 7), and no value projection.
#
# **Grade.** Exercise 1 passes, and the learner derives two rows of Table 2 on paper. In person: *which lines of
# section 1 change for point-wise?*
#
# **Extend.** Replace sigmoid and softmax by a softmax alone and find a $P$ and an affinity that come close to nearest
# neighbour. Then build `rank=2` and show that the kernels no longer lie on one curve.

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - A²U: two depth-wise responses, product, sum over channels, $P$, pixel shuffle, sigmoid and softmax, then
#   $w^\top z$.
# - Sigmoid and softmax keep nine weights between 0.044 and 0.254; with $d = 1$ all kernels of one image and phase lie
#   on one curve.
# - Static, hybrid, dynamic: nothing, $P$, or all weights come from the image. The kernels always do. Without biases,
#   what enters the sigmoid is of degree 2, 3 or 5 in the features.
# - Two gradients: through $z$ by the weights, through $w$ by $w_t (z_t - y)$. A flat window teaches the kernel
#   nothing.
# - cw or cs, phases from $P$ or point-wise, -d for both ways: every A²U row of Table 2 counted exactly.
# - Static point-wise A²U with $s = 1$ and $P = 1$ is linear holistic IndexNet once $U$'s response is replaced by 1.
#
# Lesson 08 trains it; lesson 09 looks at the kernels that training makes.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 4, Eqs.
#   (3), (4), Figure 2; Tables 2 and 4.
# - H. Lu, Y. Dai, C. Shen, S. Xu, *Indices Matter: Learning to Index for Deep Image Matting*, ICCV 2019: IndexNet.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
