# %% [markdown]
# # 05 · IndexNet: an index that is learned
#
# Max-unpooling puts each value back where its maximum was: weight 1 in one place, 0 in the others. **IndexNet** keeps
# the idea and drops the hardness. A small network looks at the encoder's map and writes an *index* between 0 and 1 for
# every place. The index is a **gate**: it says how much of a value may pass.
#
# **You will be able to**
# - go from the hard index in {0, 1} to a learned one in (0, 1), and use one index block for both ways;
# - say what a gate can do, what it can never do, and where max-pooling is still out of its reach;
# - tell holistic, one-to-one and many-to-one indices apart, with and without context and nonlinearity;
# - count the parameters of each, exactly.
#
# **You need** lesson 02 (unpooling); lessons 03 and 04 help with the pixel shuffle.
# **Time** 35 minutes, and 25 more for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | one index block, two gates; leave it on the screen |
# | 6–14 | section 1, from hard to soft | everybody names an error before the cell runs |
# | 14–30 | sections 2–4, block and gates | predictions: blank paper, sums of four, smallest and largest weight |
# | 30–36 | the hard index as a limit | which gate becomes hard? Vote first |
# | 36–42 | section 5, what a gate cannot | three questions, three times no |
# | 42–54 | sections 6–7, who looks at whom | learners draw the 4×4 table of channels and maps before running |
# | 54–62 | section 8, learn | on which side of its bound will holistic end? |
# | 62–78 | section 10, explorer | pairs walk along a stroke; then the cell with gates at ½ |
# | 78–90 | exercise 1 | exercises 2 and 3 are homework |
#
# **Skip if short.** Section 9 (exercise 3 counts) and section 11 (lesson 07 does it). Never sections 5 and 10: what a
# gate cannot do, and what passes through it, explain Table 1.

# %% [markdown]
# ## The picture
#
# One block of the encoder's map, and everything that IndexNet makes of it. Come back to it at the end.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.frame import Drawing
from a2u.lessons.indexnet import explorer as lesson
from a2u.lessons.indexnet.picture import in_a_row
from a2u.lessons.indexnet.predictions import predict
from a2u.plots.maps import side_by_side

x, guide = lesson.maps()  # 1 4 8 8 and 1 4 16 16, both ≥ 0
op = lesson.operator("holistic")
lesson.position(op, p=4, q=2)

# %% [markdown]
# On the left the **guide**: the map that the encoder had before pooling. For the block in the frame, the **index
# block** writes $r^2 = 4$ numbers. Going *up*, a sigmoid makes each of them a gate for the one value ■ $z$ of the small
# map: one product an output, nothing is added up. Going *down*, a sigmoid and then a softmax make them weights with
# which the block itself is averaged. The weights here are random, so see *how*, not what.
#
# The guide is that of lesson 02 (ink, its change to the right, its change downwards, centre minus surround) after a
# **ReLU**: negative values are zero, as in the networks of lesson 08. And $x$ is its max-pooling.

# %% [markdown]
# ## 1 · From hard to soft
#
# Max-unpooling keeps one value of each block. How much more could an index keep that may lie *between* 0 and 1? All
# values of a block lie between 0 and its maximum, so take for each its **share** of the maximum
# (0 where the whole block is 0):
#
# $$w = \frac{\text{guide}}{\max \text{ of the block}} \in [0, 1] \qquad\Rightarrow\qquad w \cdot \max = \text{guide}$$
#
# **Predict.** We pool, then go up with this soft index. How large is the error?

# %% tags=["prediction"]
predict("soft-error")

# %%
hard = a2u.build("max_unpool", channels=4).kernel(x, guide)  # 1 4 1 16 16, zeros and ones
soft = lesson.soft_index(guide)
with_hard, with_soft = a2u.reassemble(x, hard, ratio=2), a2u.reassemble(x, soft, ratio=2)
assert torch.allclose(with_soft, guide, atol=1e-6)
assert soft.min() == 0
assert soft.max() == 1
assert (soft[(hard == 1) & (with_hard > 0)[:, :, None]] == 1).all()  # the hard index is the soft one's largest value
panels = [("w", "hard", hard[0, 0, 0]), ("y", "through it", with_hard[0, 0])]
panels += [("w", "soft", soft[0, 0, 0]), ("y", "through it", with_soft[0, 0])]
Drawing(
    in_a_row(panels),
    alt="A hard index of ones and zeros lets dots through; a soft one along the stroke lets the 2 through.",
    says=f"error after the hard index {lesson.rmse(with_hard, guide):.3f}, after the soft one "
    f"{lesson.rmse(with_soft, guide):.3f}",
)

# %% [markdown]
# **Explain.** None at all. A soft index for each place and channel carries everything that pooling threw away.
#
# Do not be too impressed: the guide has 4 values a block, and so has this index. *Somebody has to make it from the
# encoder's map, by a rule that is learned once and works for every image.* That rule is the index block.

# %% [markdown]
# ## 2 · The index block
#
# Its simplest form is **one convolution**, of stride $r$ and with windows of $r \times r$: it visits every block once
# and writes $r^2$ logits, one for each of the block's places. Written as sums over windows of the guide:
#
# $$\ell_{p,i,j} = \sum_{c,t} V_{pct}\, z^{\text{guide}}_{ct,i,j}, \qquad p = a\,r + b$$
#
# There is no bias. **Predict.** Which shape has $V$, for 4 channels? What will the logits be on blank paper, where the
# whole guide is zero?

# %% tags=["prediction"]
predict("blank-logits")

# %% tags=["spoiler"]
V = op.index.weight.detach().flatten(2)  # phases, channels, taps
z = a2u.windows(guide, 2, ratio=2)  # 1 4 4 8 8: the blocks of the guide
logits = torch.einsum("pct,nctij->npij", V, z)
assert torch.allclose(logits, op.logits(guide), atol=1e-6)
assert (op.logits(torch.zeros_like(guide)) == 0).all()
print("V:", tuple(V.shape), "=", V.numel(), "weights;  logits:", tuple(logits.shape))

# %% [markdown]
# **Explain.** Four phases, four channels, four taps: 64 weights. Zero times anything is zero, so on blank paper the
# logits are 0, *whatever* is learned. Keep that in mind for a moment.

# %% [markdown]
# ## 3 · The up gate
#
# A **sigmoid** $\sigma(\ell) = 1/(1 + e^{-\ell})$ takes any number into (0, 1), and a pixel shuffle deals the four
# gates of a block out to its four outputs. The window of an output is 1×1: the value $z$ above it.
#
# $$y_{c,\,r i + a,\; r j + b} = \sigma(\ell_{a r + b,\,i,\,j}) \cdot z_{c,\,i,\,j} \tag{1}$$
#
# **Predict.** Must the four gates of a block sum to 1? And which gate has blank paper?

# %% tags=["prediction"]
predict("sum-of-gates")

# %% tags=["spoiler"]
gates = F.pixel_shuffle(logits, 2).sigmoid()[:, :, None]  # 1 1 1 16 16: one map, one tap
y = a2u.reassemble(x, gates, ratio=2)
assert torch.allclose(gates, op.kernel(x, guide), atol=1e-6)
assert torch.allclose(y, op(x, guide), atol=1e-6)
assert (op.kernel(x, torch.zeros_like(guide)) == 0.5).all()
sums = 4 * F.avg_pool2d(gates[:, :, 0], 2)
Drawing(
    in_a_row([("w", "gates", gates[0, 0, 0]), ("z", "small map", x[0, 0]), ("y", "their product", y[0, 0])]),
    alt="Gates of one half on paper and an irregular pattern along the stroke; the small 2; the 2 seen through them.",
    says=f"gates {gates.min():.2f} … {gates.max():.2f};  sums of a block {sums.min():.2f} … {sums.max():.2f}",
)

# %% [markdown]
# **Explain.** No: each gate stands alone, and the four of a block may all be open or all be shut. On blank paper every
# gate is $\sigma(0) = \tfrac12$. That is the even orange ground of such maps.

# %% [markdown]
# ## 4 · The down gate
#
# The same logits also serve the way down. There the four values of a block become *one*, so the weights should sum
# to 1: after the sigmoid comes a **softmax over the block**. This is **index pooling**.
#
# $$w_p = \frac{e^{\sigma(\ell_p)}}{\sum_{q} e^{\sigma(\ell_q)}}, \qquad
# \text{pooled}_{c,i,j} = \sum_p w_p\, z^{\text{guide}}_{cp,i,j}$$
#
# It is `a2u.reduce`, the formula on the way down. So is max-pooling (lesson 02), with a one-hot $w$.
#
# **Predict.** The softmax gets numbers between 0 and 1. What are the smallest and the largest weight it can give?

# %% tags=["prediction"]
predict("largest-weight")

# %% tags=["spoiler"]
down = logits.sigmoid().softmax(dim=1)[:, None]  # 1 1 4 8 8: one map, four taps
assert torch.allclose(down.sum(dim=2), torch.ones(1, 1, 8, 8))
assert torch.allclose(a2u.reduce(guide, down, ratio=2), op.downsample(guide), atol=1e-6)
one_hot = F.pixel_unshuffle(hard[:, :, 0], 2).unflatten(1, (4, 4))  # the hard index, block by block: 1 4 4 8 8
assert torch.equal(a2u.reduce(guide, one_hot, ratio=2), F.max_pool2d(guide, 2))
least, most = 1 / (1 + 3 * torch.e), torch.e / (torch.e + 3)
assert least < down.min() < down.max() < most
pooled = {"max-pooling": x, "index pooling": op.downsample(guide), "average": F.avg_pool2d(guide, 2)}
Drawing(
    side_by_side({name: each[0, 0].detach() for name, each in pooled.items()}),
    alt="The 2 pooled in three ways: strong by the maximum, paler by the index and by the average, which are alike.",
    says=f"down weights can lie between {least:.3f} and {most:.3f}; here {down.min():.3f} … {down.max():.3f}",
)

# %% [markdown]
# **Explain.** One place at 1 against three at 0 gives $e/(e+3) = 0.475$, the reverse $1/(1+3e) = 0.109$. No
# value ever gets as much as half of the weight: index pooling is never max-pooling.

# %% [markdown]
# ### The hard index, as a limit
#
# Give each block and channel the best logits you like: $+\tau$ at its maximum, $-\tau$ elsewhere. **Predict.** As
# $\tau$ grows, which of the two gates becomes hard?

# %% tags=["prediction"]
predict("which-hardens")

# %% tags=["spoiler"]
from a2u.operators.indexnet import down_index, up_index

signs = 2 * one_hot.flatten(1, 2) - 1  # 1 16 8 8: channel by channel, four phases each
for tau in (1.0, 4.0, 100.0):
    up, dn = up_index(tau * signs, 2), down_index(tau * signs, 2)
    error = a2u.reduce(guide, dn, ratio=2) - x
    print(f"τ = {tau:5}: up gates {up.min():.3f} / {up.max():.3f}   down weights {dn.min():.3f} / {dn.max():.3f}"
          f"   from max-pooling by up to {error.abs().max():.2f}")  # fmt: skip
assert torch.allclose(up, hard)
assert torch.allclose(a2u.reassemble(x, up, ratio=2), F.max_unpool2d(*F.max_pool2d(guide, 2, return_indices=True), 2))
assert dn.max() < most + 1e-6

# %% [markdown]
# **Explain.** Only the up gate. Max-unpooling is IndexNet with infinite logits; max-pooling is *not* index pooling,
# because the sigmoid ties the softmax down. (And no single convolution writes these logits: to know which of four is
# the largest, one must compare them. The paper's toy network sidesteps the question: it pools by the maximum, and
# learns the up gate alone.)

# %% [markdown]
# ## 5 · What a gate can do, and what it cannot
#
# The window is 1×1 and the kernel is 1×1, between 0 and 1. **Predict**, for *any* weights of the index block: can an
# output be larger than its $z$? Have another sign? Can it take over a value from the block next door?

# %% tags=["prediction"]
predict("what-a-gate-can")

# %% tags=["spoiler"]
signed = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
for kind in ("holistic", "depthwise-o2o", "depthwise-m2o"):
    each = lesson.operator(kind, context=True)
    out, nearest = each(signed, guide), F.interpolate(signed, scale_factor=2)
    assert (out.abs() <= nearest.abs()).all()
    assert (out * nearest >= 0).all()
    t = each.witness(signed, guide, at=(0, 1, 9, 5))
    assert t.where.tolist() == [[1, 4, 2]]  # one tap: channel 1, row 9 // 2, column 5 // 2
    print(f"{kind:14} one tap at {t.where[0].tolist()}: {t.w.item():.3f} × {t.z.item():6.3f} = {t.value.item():6.3f}")

# %% [markdown]
# **Explain.** No, no and no: **a gate only turns the nearest value down.** It cannot make a value larger, change its
# sign or move it sideways, and where $z = 0$ all stays 0. A 5×5 kernel of CARAFE can move values; a deconvolution can
# invent them. What the gate has instead is *where it looks*: at the encoder's map, at full size. One strong value, four
# different gates, and detail is back. Nearest neighbour itself is $w = 1$, which a sigmoid only approaches.

# %% [markdown]
# ## 6 · One map for all, or one a channel
#
# So far one index map served all channels: **holistic**. **Depth-wise** IndexNet has a map for each channel, in one of
# two ways:
#
# - **one-to-one**: the map of channel $c$ is made from channel $c$ alone;
# - **many-to-one**: the map of channel $c$ is made from all channels.
#
# The logits are then $C r^2$ channels, **map by map**: channel $g\,r^2 + a\,r + b$ holds phase $(a, b)$ of map $g$
# (group major, phase minor), which is what the pixel shuffle wants.
#
# **Predict.** We change one channel of the guide. Which index maps change?

# %% tags=["prediction"]
predict("which-maps-change")

# %%
for kind in ("holistic", "depthwise-o2o", "depthwise-m2o"):
    each = lesson.operator(kind)
    w = each.kernel(x, guide)
    logit = each.logits(guide)[0, (w.shape[1] - 1) * 4 + 2, 3, 2]  # phase (1, 0) of the last map, block (3, 2)
    assert torch.isclose(w[0, -1, 0, 7, 4], logit.sigmoid())
    print(f"{kind}: {w.shape[1]} index map(s)")
    for channel in range(4):
        other = guide.clone()
        other[:, channel] += 1
        moved = (each.kernel(x, other) != w).flatten(2).any(dim=2)[0]
        print(f"   channel {channel} of the guide changed → index maps", moved.nonzero().flatten().tolist())

# %% [markdown]
# **Explain.** Holistic: the only one. One-to-one: its own. Many-to-one: all. The same, as pictures:

# %%
panels = []
for kind, title in (("holistic", "for all"), ("depthwise-o2o", "1-to-1"), ("depthwise-m2o", "m-to-1")):
    w = lesson.operator(kind).kernel(x, guide)[0, :, 0].detach()
    names = [title] if len(w) == 1 else [f"{title}, ink", f"{title}, change"]
    panels += [("w", name, each) for name, each in zip(names, w[:2], strict=True)]
Drawing(
    in_a_row(panels, height=2.6),
    alt="Five index maps around the stroke: one for all channels, two that follow one channel each, two from all.",
    says="\n".join(f"{title:15} {m.min():.2f} … {m.max():.2f}" for _, title, m in panels),
)

# %% [markdown]
# ## 7 · Context, and a second layer
#
# Two more switches. With **context** the block's window is $2r \times 2r$, so an index sees half a block to each side.
# **Nonlinear** puts a hidden layer with batch norm and a clipped ReLU ($\min(\max(h, 0), 6)$) between: a block that can
# compare.
#
# **Predict.** How many values of the guide stand behind one gate, holistic, without context and with it? What does
# "linear" promise for $\ell(\text{guide}_1 + \text{guide}_2)$?

# %% tags=["prediction"]
predict("behind-a-gate")

# %% tags=["spoiler"]
for context in (False, True):
    watched = guide.clone().requires_grad_()
    lesson.operator("holistic", context).logits(watched)[0, 0, 3, 4].backward()
    seen = (watched.grad != 0).sum(dim=(2, 3))[0]
    print(f"context {context!s:5}: {seen.tolist()} places of the four channels")
    assert seen.tolist() == [(4 if context else 2) ** 2] * 4
for nonlinear in (False, True):
    each, other = lesson.operator("depthwise-m2o", True, nonlinear), guide.flip(-1)
    gap = (each.logits(guide + other) - each.logits(guide) - each.logits(other)).detach().abs().max()
    print(f"nonlinear {nonlinear!s:5}: the logits of a sum are the sum of the logits: {bool(gap < 1e-4)}")
    assert (gap < 1e-4) != nonlinear

# %% [markdown]
# **Explain.** 4 or 16 places in each of 4 channels. The linear block is linear up to the logits; only then comes a
# sigmoid. That is "first order" on its card (the line about an operator that `a2u.operators.card("indexnet")` prints),
# like CARAFE, and unlike CARAFE it reads the *encoder*.

# %% [markdown]
# ## 8 · Learn an index
#
# Section 1 knew the perfect gate by dividing. Now let index blocks find one: 64 training digits, 200 steps, to bring
# their pooled maps back, which is to make $\operatorname{mean}\,(w \cdot z - \text{guide})^2$ small. Then measure on
# our 2, which none of them has seen.
#
# For the holistic index we also know a **bound**. A single gate for four channels must be a compromise, and the best
# one by least squares is $w = \sum_c z_c\,\text{guide}_c / \sum_c z_c^2$.
#
# **Predict.** Will many-to-one come close to the perfect gate? On which side of its bound will the holistic index end?

# %% tags=["prediction"]
predict("side-of-the-bound")

# %% tags=["spoiler"]
errors = {name: lesson.rmse(a2u.build(name, 4)(x, guide), guide) for name in ("nearest", "max_unpool")}
errors["best shared gate"] = lesson.rmse(a2u.reassemble(x, lesson.best_shared(guide), ratio=2), guide)
for kind in ("holistic", "depthwise-o2o", "depthwise-m2o"):
    errors[kind] = lesson.rmse(lesson.learn(kind)(x, guide), guide)
for name, error in errors.items():
    print(f"{name:17} RMSE {error:.3f}")
assert errors["depthwise-m2o"] < errors["depthwise-o2o"] < errors["best shared gate"]
assert errors["best shared gate"] < errors["holistic"] < errors["nearest"] < errors["max_unpool"]

# %% [markdown]
# **Explain.** All leave nearest far behind. The holistic index ends just above its bound: that is not training, it is
# arithmetic. Both depth-wise kinds pass below it, and many-to-one, which sees the other channels too, is best.

# %% [markdown]
# It is still not zero, because *a share is not a linear thing*: twice the guide has the same shares, but twice the
# logits. **Predict.** Will a hidden layer and context help, and which of the two more?

# %% tags=["prediction"]
predict("hidden-or-context")

# %% tags=["spoiler"]
assert torch.allclose(lesson.soft_index(2 * guide), soft)
m2o = lesson.learn("depthwise-m2o")
assert torch.allclose(m2o.logits(2 * guide), 2 * m2o.logits(guide), atol=1e-4)
switches = {"neither": (False, False), "context": (True, False), "hidden": (False, True), "both": (True, True)}
m2o_errors = {name: lesson.rmse(lesson.learn("depthwise-m2o", *on)(x, guide), guide) for name, on in switches.items()}
print("many-to-one, RMSE:", ",  ".join(f"{name} {error:.4f}" for name, error in m2o_errors.items()))
assert m2o_errors["both"] < m2o_errors["hidden"] < m2o_errors["context"] < m2o_errors["neither"]
trained = m2o.kernel(x, guide)[0, 0, 0].detach()
Drawing(
    in_a_row([("w", "perfect, ink", soft[0, 0, 0]), ("w", "learned, many-to-one", trained)]),
    alt="The perfect gate along the stroke, zero on paper; the learned one, alike along the stroke, one half on paper.",
    says=f"on paper: perfect {soft[0, 0, 0, 0, 0]:.1f}, learned {trained[0, 0]:.1f}",
)

# %% [markdown]
# **Explain.** Both do, and the hidden layer more: it can compare the values of a block, and a share is a comparison.
# With both the error is smallest. And section 2 comes back: on paper the learned gate is $\tfrac12$, where the perfect
# one is 0. No matter: there $z = 0$, and half of nothing is nothing.

# %% [markdown]
# ## 9 · Count
#
# With a window of $k = 2r$ (context) or $k = r$, and no bias anywhere:
#
# | | linear | nonlinear |
# |---|---|---|
# | holistic | $C\,k^2 r^2$ | $2C^2k^2 + 4C + 2C r^2$ |
# | one-to-one | $C\,k^2 r^2$ | $C r^2\,(2k^2 + 4 + 2)$ |
# | many-to-one | $C^2 k^2 r^2$ | $r^2\,(2C^2k^2 + 4C + 2C^2)$ |
#
# Linear, holistic: $r^2$ filters of $k^2$ weights over $C$ channels. One-to-one makes $C$ times as many maps, each from
# a $C$-th of the channels. Nonlinear: a first layer, two values for each of its channels in the batch norm (scale and
# shift), a second layer from the hidden channels to the maps. Holistic has one such block: $2C$ hidden channels from
# all $C$, then $r^2$ maps. The depth-wise kinds have a block for each of the $r^2$ phases. In a many-to-one block $2C$
# hidden channels see all $C$, and each of $C$ maps all $2C$. In a one-to-one block every channel is alone: 2 hidden
# channels of its own ($2k^2$ weights, 4 for their batch norm), and a map from these two (2 weights).
#
# **Predict.** *Linear:* how many times the parameters of holistic has one-to-one? And many-to-one, at $C = 128$?
# *Nonlinear:* is the order the same?


# %% tags=["prediction"]
predict("how-many-times")


# %%
def formula(C, r, kind, context, nonlinear):
    k2, r2 = (2 * r if context else r) ** 2, r**2
    if not nonlinear:
        return {"holistic": C, "depthwise-o2o": C, "depthwise-m2o": C**2}[kind] * k2 * r2
    holistic, o2o = 2 * C**2 * k2 + 4 * C + 2 * C * r2, C * r2 * (2 * k2 + 4 + 2)
    return {"holistic": holistic, "depthwise-o2o": o2o, "depthwise-m2o": r2 * (2 * C**2 * k2 + 4 * C + 2 * C**2)}[kind]


for kind in ("holistic", "depthwise-o2o", "depthwise-m2o"):
    for options in [{"context": c, "nonlinear": n} for c in (False, True) for n in (False, True)]:
        for C, r in ((32, 2), (6, 3)):
            built = sum(p.numel() for p in a2u.build("indexnet", C, r, kind=kind, **options).parameters())
            assert built == formula(C, r, kind, **options)
    print(f"{kind:14} C = 128, context: linear {formula(128, 2, kind, True, False):9,}", end="")
    print(f"   nonlinear {formula(128, 2, kind, True, True):9,}")

# %% [markdown]
# **Explain.** Linear: one-to-one has as many, to the last weight, and many-to-one 128 times as many. Nonlinear, the
# hidden layer of holistic sees all channels, that of one-to-one only one: one-to-one has 27 times *fewer* than
# holistic, and many-to-one 4.2 times more.

# %% [markdown]
# Now the networks: the toy of lesson 08 upsamples at 128, 64 and 32 channels, with context and linear; the matting
# network of the paper's Table 2 at 256, 128, 64 and 64, many-to-one, with context, nonlinear.

# %%
from a2u.matting.counts import count

toy = {kind: sum(formula(C, 2, kind, True, False) for C in (128, 64, 32)) for kind in ("holistic", "depthwise-m2o")}
matting = sum(formula(C, 2, "depthwise-m2o", True, True) for C in (64, 64, 128, 256))
hidden = [formula(128, 2, kind, True, True) for kind in ("depthwise-o2o", "holistic", "depthwise-m2o")]
assert [round(hidden[1] / hidden[0]), round(hidden[2] / hidden[1], 1)] == [27, 4.2]
assert toy == {kind: count(f"indexnet:{kind}", (128, 64, 32), context=True) for kind in toy}
assert toy == {"holistic": 14_336, "depthwise-m2o": 1_376_256}
assert matting == count("indexnet:depthwise-m2o", context=True, nonlinear=True) == 12_263_424
toy["A²U"] = count("a2u:toy", (128, 64, 32))
print("toy:    ", "  ".join(f"{name} {number:,}" for name, number in toy.items()))
print(f"matting: depthwise-m2o, nonlinear {matting:,}")

# %% [markdown]
# **Explain.** 12,263,424 is the "+12.26M" of Table 2, on a network of 8.05M: the indices outweigh what they serve.
# That price is what A²U sets out to avoid (how its 28,675 come about is in lesson 07, section 5).

# %% [markdown]
# ## 10 · Index maps of trained networks
#
# Two auto-encoders that learned to copy digits, through three IndexNet stages each. Above: the index map that was
# learned. Below: the same place with index weights as a training begins them, everything else left as it is. `row` and
# `column` count in the finest map; a coarser stage shows the place that contains it, and the line below says which:
# y[4, 3] of 8×8.
#
# **Predict, then look:**
# 1. *Holistic*, last stage (2): what does the map ■ $z$ still know of the digit? What does the index map know?
# 2. Walk over the stroke with `row` and `column`. When does $w$ change, when $z$?
# 3. Change `channel`. What changes with a holistic index, and what does not?
# 4. *Depth-wise*: can you tell learned from random by the range of an index map? Does any of the 32 draw the digit?
# 5. Stage 0 is the coarsest. Do you still see a digit in its index map?

# %% tags=["prediction"]
predict("holistic-last-stage")

# %%
panel = lesson.explorer()
panel

# %%
for column in (12, 13, 4):
    print(panel.at(row=14, column=column).says.splitlines()[0])
for kind, name in lesson.NETWORKS.items():
    found, w = lesson.draws_ink(kind), lesson.gates(kind, 2)
    spread = ", ".join(f"{title.split(',')[0]} {each.std():.2f}" for title, each in w.items())
    print(f"{kind}: {w['learned'].shape[1]} index map(s) an image, standard deviation {spread}")
    best = [f"best channel of {key} {r:.2f} ({c})" for key, (r, c) in found.items()]
    print("   correlation with the ink: " + ", ".join(best))
    print("   " + a2u.load_pretrained(name)[1].training)
    assert found["learned"][0] > 0.9 > 0.7 > found["z"][0]

# %% [markdown]
# **Explain.** In the last stage no channel of $z$ follows the ink well, and the *index map draws the digit*: the
# decoder lets the encoder hold the pencil. Row 14, columns 12 and 13 have the same $z$; only the gate tells them apart,
# and where $z = 0$ no gate can help. A holistic index is the same for all channels. Depth-wise there are 32,
# and their values spread hardly more than random ones do: what is learned is not a typical gate but *which* gate opens
# where. The printed channel draws the digit almost by itself. The coarser a stage, the less of a digit remains.

# %% [markdown]
# How much of the picture goes through the gates? Set them to ½, which is nearest neighbour at half strength, and
# measure again.
#
# **Predict.** What is left of the PSNR (lesson 08: 20 dB more is a tenth of the error) with all gates at ½? With those
# of the last stage only? (A network that was trained with nearest neighbour from the start, `a2u pretrained` lists one,
# reaches about 25 dB.)

# %% tags=["prediction"]
predict("half-gates")

# %% tags=["spoiler"]
for kind in lesson.NETWORKS:
    whole, last, every = (lesson.with_half_gates(kind, stages) for stages in ((), (2,), (0, 1, 2)))
    print(f"{kind:10} on {lesson.MEASURED} test digits: as learned {whole:.1f} dB;  "
          f"last stage at ½ {last:.1f};  all at ½ {every:.1f}")  # fmt: skip
    assert whole > 35 > 15 > last > every

# %% [markdown]
# **Explain.** Almost nothing: these networks send the detail *through the gates*, most of all through the last stage's.
# That is why IndexNet copies digits at 45 dB and more in the paper's Table 1, where nearest neighbour has 28.5, and it
# is a warning too. Copying is easy for whoever may look at the original; lesson 10 asks for more than a copy.

# %% [markdown]
# ## 11 · Where this leads: $U \equiv 1$
#
# Split the holistic convolution by channel. Each channel answers with its own filters, and the answers are added:
#
# $$\ell_p = \sum_k v_{pk}^\top x_k = \sum_k \underbrace{1}_{U} \cdot \underbrace{v_{pk}^\top x_k}_{V}$$
#
# ($x_k$: channel $k$ of the encoder's window, as in lesson 06; not the decoder map `x` of the code.) A²U writes a
# *second* answer $u_{pk}^\top x_k$ where this line has a 1, and multiplies the two. So IndexNet is A²U
# with $U \equiv 1$ and a kernel of one tap: the first-order special case. Lesson 07 derives it properly.

# %%
by_v = torch.stack([F.conv2d(guide, v[:, None], stride=2, groups=4) for v in op.index.weight.detach()], dim=1)
by_u = torch.ones_like(by_v)  # 1 4 4 8 8: batch, phases, channels
assert torch.allclose((by_u * by_v).sum(dim=2), op.logits(guide), atol=1e-5)
print("one answer a channel:", tuple(by_v.shape[1:]), "→ summed over channels:", tuple(op.logits(guide).shape[1:]))

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "The soft index compresses." It has as many numbers as the guide. The question is who computes it.
# - *Section 3.* "The four gates sum to 1." On the way down they do. Ask what a sum of 2 means for the brightness of a
#   block.
# - *Section 4.* "Softmax can choose one place." After a sigmoid it cannot: 0.475 is the most of four.
# - *Section 5.* "With training it will sharpen." No weights can: the limit is in the formula.
# - *Section 6.* One-to-one is taken for cheap and poor. It costs what holistic costs and passes its bound in section 8.
# - *Section 10.* "The decoder has learned to draw." Look at $z$: it hardly knows the digit. The encoder draws.
# - **Exercise 1.** Groups and phases mixed; rows and columns of phases swapped; no sigmoid, two, or a softmax; a hard
#   index again.
# - **Exercise 2.** The softmax forgotten, before the sigmoid, over maps or over positions; division by the sum; the
#   first map for all channels; phases swapped; max- or average-pooling.
# - **Exercise 3.** Biases that are not there; the running statistics of the batch norm; context, $r^2$ or the whole
#   hidden layer forgotten; one-to-one counted with all channels; one hidden layer for all phases.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell. The check compares with a slow and careful reference on random maps, shows
# where you differ, and recognises the usual mistakes.

# %% [markdown]
# ### Exercise 1 · From logits to gates
# *Difficulty* ★★☆ · *time* 7 minutes
#
# `logits` has the shape (G·r², H, W), map by map as in section 6. Return the up gates, (G, rH, rW).
#
# <details><summary>Hint 1</summary>
#
# Deal the channels out to the outputs, and bring every number between 0 and 1. Do gates of a block know each other?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.pixel_shuffle(logits, ratio)` takes (G·r², H, W) to (G, rH, rW), in just this order.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_gates(logits, ratio):
#     return F.pixel_shuffle(logits, ratio).sigmoid()
# ```
# </details>

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_gates(logits, ratio):
    return ...


exercises.GATES.check(my_gates)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_gates(logits, ratio):
    return F.pixel_shuffle(logits, ratio).sigmoid()


exercises.GATES.check(my_gates)

# %% [markdown]
# ### Exercise 2 · Index pooling
# *Difficulty* ★★★ · *time* 12 minutes
#
# The way down. `guide` is (C, rH, rW) and `logits` is (G·r², H, W), where G is 1 (one map for all channels) or C (one
# each). Return the pooled map, (C, H, W).
#
# <details><summary>Hint 1</summary>
#
# Bring both into the shape (maps or channels, r², H, W). Then the softmax and the sum run over the same axis.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `logits.unflatten(0, (-1, ratio**2))` splits map by map. `F.pixel_unshuffle(guide, ratio)` makes (C·r², H, W) of the
# guide; split it in the same way. A size of 1 fits any number of channels when you multiply.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_pool(guide, logits, ratio):
#     w = logits.unflatten(0, (-1, ratio**2)).sigmoid().softmax(dim=1)
#     z = F.pixel_unshuffle(guide, ratio).unflatten(0, (-1, ratio**2))
#     return (w * z).sum(dim=1)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_pool(guide, logits, ratio):
    return ...


exercises.POOL.check(my_pool)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_pool(guide, logits, ratio):
    w = logits.unflatten(0, (-1, ratio**2)).sigmoid().softmax(dim=1)
    z = F.pixel_unshuffle(guide, ratio).unflatten(0, (-1, ratio**2))
    return (w * z).sum(dim=1)


exercises.POOL.check(my_pool)

# %% [markdown]
# ### Exercise 3 · What an index block has to learn
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Return the number of learned values. `kind` is "holistic", "depthwise-o2o" or "depthwise-m2o"; `context` and
# `nonlinear` are True or False. (You are asked for "depthwise-o2o" in its linear form only.) Do it without looking at
# section 9.
#
# <details><summary>Hint 1</summary>
#
# First the linear kinds: how many filters, how many channels does each see, how large is its window? No bias.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Nonlinear: C → 2C with the k×k window, a batch norm with 2 values for each of the 2C, then 1×1 to the outputs.
# Holistic has this once with r² outputs, many-to-one r² times with C outputs each.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_count(channels, ratio, kind, context, nonlinear):
#     k2, r2 = (2 * ratio if context else ratio) ** 2, ratio**2
#     if not nonlinear:
#         maps = 1 if kind == "holistic" else channels
#         sees = 1 if kind == "depthwise-o2o" else channels
#         return maps * r2 * sees * k2
#     blocks, outputs = (1, r2) if kind == "holistic" else (r2, channels)
#     return blocks * 2 * channels * (channels * k2 + 2 + outputs)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_count(channels, ratio, kind, context, nonlinear):
    return ...


exercises.COUNT.check(my_count)

# %% tags=["solution"]
from a2u.lessons.indexnet import exercises


def my_count(channels, ratio, kind, context, nonlinear):
    k2, r2 = (2 * ratio if context else ratio) ** 2, ratio**2
    if not nonlinear:
        maps = 1 if kind == "holistic" else channels
        sees = 1 if kind == "depthwise-o2o" else channels
        return maps * r2 * sees * k2
    blocks, outputs = (1, r2) if kind == "holistic" else (r2, channels)
    return blocks * 2 * channels * (channels * k2 + 2 + outputs)


exercises.COUNT.check(my_count)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Is a learned index still an index? **A.** It says where, but also how much: it is a gate, and closer to
#   attention to a place than to a memory of one.
# - **Q.** Why does the toy network pool by the maximum and not by its own down gate? **A.** So that its rows of Table 1
#   differ in the way up alone. The matting network of IndexNet's authors uses both gates.
# - **Q.** Is it fair to compare IndexNet with bilinear on copying? **A.** As a comparison of operators with and without
#   a view of the encoder's map, yes. As a measure of understanding, no: the original leaks through the gate.
# - **Q.** Why no bias? **A.** With none, blank paper has gates of ½ and equal down weights: no place is preferred where
#   nothing is to be seen.
#
# **Grade.** Exercise 1 passes, and the learner can say which of the two gates has a softmax, and why. Exercise 3:
# accept any form that counts right.
#
# **Extend.** Section 8 measured what context and a hidden layer do for many-to-one. Is it the same for one-to-one and
# holistic (`lesson.learn(kind, context, nonlinear)`)? Or replace the sigmoid of the up gate by a softmax over the block
# times four: what is then true of the brightness of every block?

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - IndexNet learns indices from the encoder's map: an index block writes $r^2$ logits a block (and map); up: sigmoid;
#   down: sigmoid, then softmax over the block.
# - A gate only turns the nearest value down. A perfect one, guide over maximum, would undo max-pooling; a holistic one
#   is a compromise between channels with a bound of its own.
# - Max-unpooling is the limit of large logits on the way up. Max-pooling is out of reach: down weights stay within
#   [0.109, 0.475] for $r = 2$.
# - Holistic and one-to-one cost $C k^2 r^2$, many-to-one $C^2 k^2 r^2$; context and a hidden layer multiply that, up to
#   12,263,424 in the matting network.
# - It is first order: $U \equiv 1$ in A²U, lesson 07. First, lesson 06 asks how alike two pixels are.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); section 3,
#   feature-based upsampling iii); section 4 for the special case, Eqs. (3), (4); Tables 1 and 2.
# - H. Lu, Y. Dai, C. Shen, S. Xu, *Indices Matter: Learning to Index for Deep Image Matting*, ICCV 2019: IndexNet.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), training and test images.
