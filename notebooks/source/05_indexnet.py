# %% [markdown]
# # 05 · IndexNet: an index that is learned
#
# Max-unpooling puts each value back where its maximum was: weight 1 in one place, 0 in the others. **IndexNet** keeps
# this idea and softens it. A small network looks at the encoder's map and writes an *index* between 0 and 1 for every
# place. The index is a **gate**: it says how much of a value may pass.
#
# **You will be able to**
# - go from the hard index in {0, 1} to a learned one in (0, 1), and use one index block for both directions;
# - say what a gate can do, what it can never do, and why max-pooling stays out of its reach;
# - tell holistic, one-to-one and many-to-one indices apart, with and without context and nonlinearity;
# - count the parameters of each, exactly.
#
# **You need** lesson 02 (unpooling); lessons 03 and 04 help with the pixel shuffle. This lesson is **two sittings**:
# stop after section 5. Symbols and terms: [Notation and words](notation.md).
#
# **Time** 75 minutes, and 26 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 4 |
# | 1 · From hard to soft | 4 |
# | 2 · The index block | 3 |
# | 3 · The up gate | 3 |
# | 4 · The down gate | 6 |
# | 5 · What a gate can do, and what it cannot | 4 |
# | 6 · One map for all, or one per channel | 4 |
# | 7 · Context, and a second layer | 4 |
# | 8 · Learn an index | 7 |
# | 9 · Count | 6 |
# | 10 · Index maps of trained networks | 9 |
# | 11 · Where this leads: $U \equiv 1$ | 2 |
# | Five questions | 6 |
# | Quiz: lessons 00 to 05 | 11 |
# | Summary | 2 |
# | Exercises | 26 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes for the first sitting and the highlights of the second; two sessions of 60 minutes are better.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | one index block, two gates; leave it on the screen |
# | 6–14 | section 1, from hard to soft | everybody names an error before the cell runs |
# | 14–30 | sections 2–4, block and gates | predictions: blank paper, sums of four, smallest and largest weight |
# | 30–36 | the hard index as a limit | which gate becomes hard? Vote first |
# | 36–42 | section 5, what a gate cannot do | three questions, and the answer is no three times |
# | 42–54 | sections 6–7, who looks at whom | learners draw the 4×4 table of channels and maps before running |
# | 54–62 | section 8, learn | on which side of its bound will the holistic index end? |
# | 62–78 | section 10, explorer | pairs walk along a stroke; then the cell with even gates |
# | 78–90 | exercise 1 | exercises 2 and 3, and the five questions, are homework |
#
# **To save time:** leave out section 9 (a count) and section 11 (lesson 07 does it). Never leave out sections 5 and 10:
# they show what a gate cannot do and what passes through it, and both are needed to read Table 1 of the paper.

# %% [markdown]
# ## The picture
#
# Here is one 2×2 block of the encoder's map, and everything that IndexNet makes of it. Come back to this picture at the
# end.

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
lesson.position(op, row=4, column=2)

# %% [markdown]
# On the left is the **guide**: the encoder's map before pooling. For the 2×2 block in the frame, a small network called
# the **index block** writes $r^2 = 4$ numbers, the logits. On the way *up*, a sigmoid turns each of them into a gate
# for the one value ■ $z$ of the small map. Each output is one product; nothing is added up. On the way *down*, a
# sigmoid and then a softmax turn the four numbers into weights, and the four values of the 2×2 block are averaged with
# these weights. The weights inside the index block are random here, so look at *how* it works, not at what it finds.
#
# The guide is that of lesson 02 (ink, its change to the right, its change downwards, centre minus surround) after a
# **ReLU**: negative values become zero, as in the networks of lesson 08. The small map $x$ is the guide, max-pooled.

# %% [markdown]
# ## 1 · From hard to soft
#
# Max-unpooling keeps one value of each block. How much more could an index keep if it may take any value *between* 0
# and 1? After the ReLU, all values of a block lie between 0 and its maximum. So give each value its **share** of the
# maximum as its index (0 where the whole block is 0):
#
# $$w = \frac{\text{guide}}{\max \text{ of the block}} \in [0, 1] \qquad\Rightarrow\qquad w \cdot \max = \text{guide}$$
#
# **Predict.** We max-pool the guide, and then upsample it again with this soft index.

# %% tags=["prediction"]
predict("soft-error")

# %%
hard = a2u.build("max_unpool", channels=4).kernel(x, guide)  # 1 4 1 16 16, zeros and ones
soft = lesson.soft_index(guide)
with_hard, with_soft = a2u.reassemble(x, hard, ratio=2), a2u.reassemble(x, soft, ratio=2)
assert torch.allclose(with_soft, guide, atol=1e-6)
assert soft.min() == 0
assert soft.max() == 1
assert (soft[(hard == 1) & (with_hard > 0)[:, :, None]] == 1).all()  # where the hard index is 1, so is the soft one
panels = [("w", "hard", hard[0, 0, 0]), ("y", "through it", with_hard[0, 0])]
panels += [("w", "soft", soft[0, 0, 0]), ("y", "through it", with_soft[0, 0])]
Drawing(
    in_a_row(panels),
    alt="A hard index of ones and zeros lets dots through; a soft one along the stroke lets the 2 through.",
    says=f"error after the hard index {lesson.rmse(with_hard, guide):.3f}, after the soft one "
    f"{lesson.rmse(with_soft, guide):.3f}",
)

# %% [markdown]
# **Explain.** There is no error at all, up to rounding. A soft index for each place and channel carries everything that
# pooling threw away.
#
# Do not be too impressed: each channel of the guide has 4 values per block, and so has this index. And the division
# works only because $z$ is the guide's own maximum. In a network $z$ comes from the decoder, and nobody hands us the
# right gate: it must be made from the encoder's map *by a rule that is learned once and then used for every image.*
# That rule is the index block.

# %% [markdown]
# ## 2 · The index block
#
# The simplest index block is **one convolution** with stride $r$ and windows of $r \times r$. It visits every block of
# the guide once and writes $r^2$ **logits** (numbers that go into a sigmoid or softmax), one for each place of the
# block. Written as a sum over all channels $c$ of the guide and their taps $t$:
#
# $$\ell_{p,i,j} = \sum_{c,t} V_{pct}\, z^{\text{guide}}_{ct,i,j}, \qquad p = a\,r + b$$
#
# Here $(a, b)$ is the phase, as in lesson 01, and $p$ counts the phases from 0. There is no bias.
#
# **Predict.** What shape is $V$, for 4 channels? And what does the index block write where the paper is blank?

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
# logits are 0, *whatever* these weights are. (Section 7 adds a batch norm, and then this is no longer so.)

# %% [markdown]
# ## 3 · The up gate
#
# A **sigmoid** $\sigma(\ell) = 1/(1 + e^{-\ell})$ maps any number into (0, 1). A pixel shuffle then deals the four
# gates of a block out to its four outputs. The window of an output is 1×1: the one value $z$ of the pixel that it lies
# in.
#
# $$y_{c,\,r i + a,\; r j + b} = \sigma(\ell_{a r + b,\,i,\,j}) \cdot z_{c,\,i,\,j}$$
#
# **Predict.** How are the four gates of a block related? And what gate value does blank paper get?

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
# **Explain.** Nothing ties them together: each gate has its own logit, and the four of a block may all be open or all
# be (nearly) shut. On blank paper every gate is $\sigma(0) = \tfrac12$. That is the even orange background in the
# picture above.

# %% [markdown]
# ## 4 · The down gate
#
# The same logits also serve the way down. There the four values of a block become *one*, so the weights should sum to
# 1: after the sigmoid comes a **softmax over the block**. This is **index pooling**.
#
# $$w_p = \frac{e^{\sigma(\ell_p)}}{\sum_{p'} e^{\sigma(\ell_{p'})}}, \qquad
# \text{pooled}_{c,i,j} = \sum_p w_p\, z^{\text{guide}}_{cp,i,j}$$
#
# `a2u.reduce` computes it: the formula on the way down. Max-pooling (lesson 02) is the same formula, with a one-hot
# $w$.
#
# **Predict.** The softmax gets numbers between 0 and 1. Between which limits do its weights lie?

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
# **Explain.** One place at 1 and three at 0 give $e/(e+3) = 0.475$; the reverse gives $1/(1+3e) = 0.109$. No value of
# the four ever gets half of the weight, so the weights of index pooling are never those of max-pooling.

# %% [markdown]
# ### The hard index, as a limit
#
# Give each block of each channel the most decisive logits that you can: $+\tau$ at its maximum, $-\tau$ elsewhere.
#
# **Predict.** What happens to the two gates as $\tau$ grows?

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
# **Explain.** Only the up gate becomes hard. With these logits, the up gate of IndexNet tends to max-unpooling as
# $\tau$ grows. Index pooling does *not* tend to max-pooling, because the sigmoid keeps the numbers in the softmax close
# together.
#
# One more thing: no single convolution writes these logits for every guide. The largest of four values must win three
# comparisons, and one weighted sum can make only one. The paper's toy network does not need them: it pools by the
# maximum and learns the up gate alone.

# %% [markdown]
# ## 5 · What a gate can do, and what it cannot
#
# The window is 1×1, and the kernel is one number between 0 and 1.
#
# **Predict.** The weights of the index block may be *anything* you like.

# %% tags=["prediction"]
predict("what-a-gate-can")

# %% tags=["spoiler"]
signed = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
for kind in ("holistic", "depthwise-o2o", "depthwise-m2o"):
    for nonlinear in (False, True):
        each = lesson.operator(kind, context=True, nonlinear=nonlinear)
        out, nearest = each(signed, guide), F.interpolate(signed, scale_factor=2)
        assert (out.abs() <= nearest.abs()).all()
        assert (out * nearest >= 0).all()
    t = each.witness(signed, guide, at=(0, 1, 9, 5))
    assert t.where.tolist() == [[1, 4, 2]]  # one tap: channel 1, row 9 // 2, column 5 // 2
    print(f"{kind:14} one tap at {t.where[0].tolist()}: {t.w.item():.3f} × {t.z.item():6.3f} = {t.value.item():6.3f}")

# %% [markdown]
# **Explain.** No, no and no: **a gate only turns the nearest value down.** It cannot move a value away from 0, change
# its sign or move it sideways, and where $z = 0$ the output is 0. (A negative value does become larger: it comes closer
# to 0.) A 5×5 kernel of CARAFE can bring in values from the side; a deconvolution can also make them stronger or change
# their sign. What the gate has instead is *where it looks*: at the encoder's map, at full size. One strong value can be
# scaled by four different gates, and so detail can come back. Nearest neighbour itself is $w = 1$, which a sigmoid only
# approaches.
#
# > **A good place to stop.** You know the index block and both gates. The second sitting asks which channels an index
# > map looks at, trains index blocks, and opens trained networks. Before you go on another day, run the first cell
# > again: the code of the later sections needs nothing else from sections 1 to 5.

# %% [markdown]
# ## 6 · One map for all, or one per channel
#
# The index block of sections 2 to 4 writes one index map for all channels: **holistic**. **Depth-wise** IndexNet has a
# map for each channel, made in one of two ways:
#
# - **one-to-one**: the map of channel $c$ is made from channel $c$ alone;
# - **many-to-one**: the map of channel $c$ is made from all channels.
#
# The logits then have $C r^2$ channels, **map by map**: channel $g\,r^2 + a\,r + b$ holds phase $(a, b)$ of map $g$.
# This is the order that the pixel shuffle wants.
#
# **Predict.** We change one channel of the guide and watch the index maps.

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
# **Explain.** Holistic: the only map changes. One-to-one: the map of the changed channel. Many-to-one: all maps. Here
# are some of these maps as pictures:

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
# There are two more switches. With **context**, the window of the index block is $2r \times 2r$, so an index sees half
# a block more on each side. **Nonlinear** adds a hidden layer, with batch norm and a clipped ReLU
# ($\min(\max(h, 0), 6)$): now an index can depend on more than one comparison of values.
#
# **Predict.** How far does a gate look? And what does "linear" promise for $\ell(\text{guide}_1 + \text{guide}_2)$?

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
    blank = lesson.learn("depthwise-m2o", True, nonlinear).logits(0 * guide).detach().abs().max()
    print(f"nonlinear {nonlinear!s:5}: the logits of a sum are the sum of the logits: {bool(gap < 1e-4)};  "
          f"largest logit on blank paper, once trained: {blank:.1f}")  # fmt: skip
    assert (gap < 1e-4) != nonlinear
    assert (blank == 0) != nonlinear

# %% [markdown]
# **Explain.** A gate looks at 4 or at 16 places in each of 4 channels (one-to-one: in one channel). The linear index
# block is linear up to the logits; only then comes a sigmoid. That is the "first order" on its card, which
# `a2u.operators.card("indexnet")` shows. CARAFE is of first order too, but it reads the small map, and IndexNet reads
# the *encoder's*. The nonlinear index block is not linear, and its batch norm adds a constant to each hidden channel,
# so blank paper need no longer get gates of ½.

# %% [markdown]
# ## 8 · Learn an index
#
# In section 1 we found the perfect gate by division. Now we let index blocks learn one. They see 64 training digits for
# 200 steps and should turn the pooled maps back into the guide: training makes
# $\operatorname{mean}\,(w \cdot z - \text{guide})^2$ small. Then we measure on our 2, which none of them has seen.
#
# For the holistic index we also know a **bound**. A single gate for four channels must be a compromise, and the best
# one by least squares is $w = \sum_c z_c\,\text{guide}_c / \sum_c z_c^2$.
#
# **Predict.** How close will many-to-one come to the perfect gate? How close will the holistic index come to its bound?

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
# **Explain.** All three have less than half of the error of nearest neighbour. The holistic index ends just above its
# bound. That it stays above follows from arithmetic, not from the training: no gate that is shared by all channels does
# better. Both depth-wise kinds do better than this bound, and many-to-one, which also sees the other channels, is best.
# (Three other random starts, and 40 test digits instead of our 2, gave the same order.)

# %% [markdown]
# The error is still not zero. One reason: *a share is not linear*. Twice the guide has the same shares, but twice the
# logits.
#
# **Predict.** Context or a hidden layer: which will help many-to-one more?

# %% tags=["prediction"]
predict("hidden-or-context")

# %% tags=["spoiler"]
soft = lesson.soft_index(guide)
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
# **Explain.** Both help, and here the hidden layer helps more; with both, the error is smallest. (Ten other random
# starts: the hidden layer always helped more than context. Both together were best on 40 test digits each time, and on
# our 2 in nine of ten; in the tenth, the hidden layer alone did as well.) Perhaps the hidden layer helps more because a
# share needs the largest of four values, which one weighted sum cannot find; we have not tested this. Section 2 returns
# too: on paper the learned gate of the linear index block is $\tfrac12$, where the perfect one is 0. It does not
# matter: there $z = 0$, and half of nothing is nothing.

# %% [markdown]
# ## 9 · Count
#
# With a window of side $k = 2r$ (context) or $k = r$, and no bias in any convolution:
#
# | | linear | nonlinear |
# |---|---|---|
# | holistic | $C\,k^2 r^2$ | $2C^2k^2 + 4C + 2C r^2$ |
# | one-to-one | $C\,k^2 r^2$ | $C r^2\,(2k^2 + 4 + 2)$ |
# | many-to-one | $C^2 k^2 r^2$ | $r^2\,(2C^2k^2 + 4C + 2C^2)$ |
#
# *Linear.* Holistic has $r^2$ filters of $k^2$ weights over $C$ channels. One-to-one makes $C$ times as many maps,
# each from one channel instead of $C$. Many-to-one makes $C$ times as many maps, each from all channels.
#
# *Nonlinear.* A nonlinear index block has a first layer, a batch norm with two values for each hidden channel (scale
# and shift), and a second layer from the hidden channels to the maps.
# - Holistic has one such index block: $2C$ hidden channels that see all $C$, then a map for each of the $r^2$ phases.
# - Many-to-one has $r^2$ index blocks, one for each phase: $2C$ hidden channels that see all $C$, then $C$ maps.
# - One-to-one also has $r^2$ index blocks, but in them every channel is on its own: it has 2 hidden channels ($2k^2$
#   weights and 4 values of batch norm), and one map made from these two (2 weights).
#
# **Predict.** Compare one-to-one and many-to-one with holistic, at $C = 128$ with context.

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
# **Explain.** Linear: one-to-one has exactly as many parameters as holistic, and many-to-one has 128 times as many.
# Nonlinear: the two are no longer equal. One-to-one has only about 1/27 of the parameters of holistic: it has four
# times as many hidden channels, but each of them sees one channel and not 128. Many-to-one has 4.2 times as many as
# holistic.

# %% [markdown]
# Now whole networks. The toy network of lesson 08 upsamples maps of 128, 64 and 32 channels, using linear index blocks
# with context. The matting network of the paper's Table 2 reads encoder maps of 64, 64, 128 and 256 channels; its index
# blocks are many-to-one and nonlinear, with context.

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
# **Explain.** 12,263,424 is the "+12.26M" of Table 2, added to a network of 8.05M: together, the index blocks have more
# parameters than the network that they serve. A²U sets out to avoid this price. (Lesson 07, section 5, shows where its
# 28,675 parameters in the toy network come from.)

# %% [markdown]
# ## 10 · Index maps of trained networks
#
# Two auto-encoders have learned to copy digits, each through three IndexNet stages. The picture shows the learned index
# map above. Below it is the same stage with index weights as they are at the start of a training; everything else is
# left as it is. `row` and `column` count in the finest map. A coarser stage shows the place that contains this one, and
# the line below the picture says which, for example y[4, 3] of 8×8.
#
# **Predict, then look:**
# 1. *Holistic*, last stage (2): how much of the digit can you still see in the map ■ $z$? How much in the index map?
# 2. Walk over the stroke with `row` and `column`. When does $w$ change, and when does $z$?
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
    w, follows = lesson.gates(kind, 2), [lesson.draws_ink(kind, stage) for stage in (0, 1, 2)]
    spread = ", ".join(f"{title.split(',')[0]} {each.std():.2f}" for title, each in w.items())
    print(f"{kind}: {w['learned'].shape[1]} index map(s) per image, standard deviation {spread}")
    for stage, found in enumerate(follows):
        best = [f"best channel of {key} {r:.2f} ({c})" for key, (r, c) in found.items()]
        print(f"   stage {stage}, correlation with the ink: " + ", ".join(best))
    print("   " + a2u.load_pretrained(name)[1].training)
    assert follows[2]["learned"][0] > 0.9 > 0.7 > max(found["learned"][0] for found in follows[:2])
    assert follows[2]["z"][0] < 0.7

# %% [markdown]
# **Explain.** In the last stage no single channel of $z$ follows the ink well, but *one index map draws the digit*: the
# shape comes from the encoder. Row 14, columns 12 and 13 have the same $z$; only the gate tells them apart, and where
# $z = 0$ no gate can help. A holistic index is the same for all channels. The depth-wise network has 32 index maps
# here. Taken together, neither the range nor the spread of their values tells learned from random; what is learned is
# *where* a gate opens. The map of channel 12 draws the digit almost by itself. In the two coarser stages no index map
# follows the ink that well. (Two networks, one training each.)

# %% [markdown]
# ![On the left one channel of a small map, each value repeated in a block of 2×2. In the middle the gates of a trained
# holistic IndexNet, between 0 and 1: they show a 3. On the right their products appear row by
# row.](../figures/gates.webp)
#
# *The holistic network, last stage, one channel: the blocks of $z$ times the index map, row by row. [Without
# motion](../figures/gates.png).*

# %% [markdown]
# How much of the picture goes through the gates? Make them even and measure again: first with ½, in one stage at a time
# and in all three, which is nearest neighbour at half strength; then, in the last stage, with the mean of each learned
# index map over 24 digits.
#
# **Predict.** The networks copy at more than 35 dB. (This is the PSNR, which measures how close a copy is: 20 dB more
# is a tenth of the error. A network that was trained with nearest neighbour from the start, which `a2u pretrained`
# lists, reaches about 25 dB.)

# %% tags=["prediction"]
predict("half-gates")

# %% tags=["spoiler"]
blank = -10 * lesson.images(lesson.MEASURED).square().mean().log10()
print(f"an empty page in place of each copy: {blank:.1f} dB")
for kind in lesson.NETWORKS:
    whole, first, middle, last, every = (
        lesson.with_half_gates(kind, stages) for stages in ((), (0,), (1,), (2,), (0, 1, 2))
    )
    mean = lesson.with_mean_gates(kind)
    print(f"{kind:10} on {lesson.MEASURED} test digits: as learned {whole:.1f} dB;  the last at its means {mean:.1f}")
    print(f"{'':10} at ½ the first stage {first:.1f}, the second {middle:.1f}, the last {last:.1f}, all {every:.1f}")
    assert whole > 35 > 15 > max(last, mean) > every
    assert min(first, middle) > 20 > last, "above all in the last stage"
    assert max(last, mean, every) < blank + 2.5

# %% [markdown]
# **Explain.** Almost nothing is left: with even gates in the last stage the copies are hardly better than an empty
# page, and the holistic network with ½ everywhere is worse than that. The strength ½ is not the reason: gates at their
# own mean do about as badly. These networks send the detail *through the pattern of the gates*, above all in the last
# stage. (They were never trained for even gates. The cell says how much they rely on theirs, not what a network could
# do without them.) This fits the paper's Table 1, where IndexNet copies digits at 45 dB and more and nearest neighbour
# at 28.5 (though in that row strided convolutions, not max-pooling, make the maps smaller). It is a warning too:
# copying is easy if you may look at the original. Lesson 10 asks for more than a copy.

# %% [markdown]
# ## 11 · Where this leads: $U \equiv 1$
#
# Split the holistic convolution by channel. Each channel answers with its own filters, and the answers are added:
#
# $$\ell_p = \sum_c v_{pc}^\top x_c = \sum_c \underbrace{1}_{U} \cdot \underbrace{v_{pc}^\top x_c}_{V}$$
#
# Here $x_c$ is channel $c$ of the encoder's window, as in lesson 06, and not the small map `x` of the code. A²U writes
# a *second* answer $u_{pc}^\top x_c$ where this line has a 1, and multiplies the two. So, with its linear index block,
# holistic IndexNet is A²U with $U \equiv 1$ and a kernel of one tap (and without A²U's softmax, which would make one
# tap always 1): the first-order special case. Lesson 07 derives it in detail.

# %%
by_v = torch.stack([F.conv2d(guide, v[:, None], stride=2, groups=4) for v in op.index.weight.detach()], dim=1)
by_u = torch.ones_like(by_v)  # 1 4 4 8 8: batch, phases, channels
assert torch.allclose((by_u * by_v).sum(dim=2), op.logits(guide), atol=1e-5)
print("one answer per channel:", tuple(by_v.shape[1:]), "→ summed over channels:", tuple(op.logits(guide).shape[1:]))

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "The soft index compresses." It has as many numbers as the guide. The question is who computes it.
# - *Section 3.* "The four gates sum to 1." On the way down the weights do. Ask what a sum of 2 means for the
#   brightness of a block.
# - *Section 4.* "Softmax can choose one place." After a sigmoid it cannot: 0.475 is the largest of four.
# - *Section 5.* "With training it will learn to make values stronger." No weights can do that: the limit is in the
#   formula.
# - *Section 6.* "One-to-one is cheap and poor." When linear, it costs as much as holistic, and in section 8 it does
#   better than the bound of holistic.
# - *Section 7.* "Blank paper always has gates of ½." With the linear index block, yes. A batch norm adds a constant.
# - *Section 10.* "The decoder has learned to draw." Look at $z$: it follows the digit poorly. The shape comes through
#   the gates.
# - **Exercise 1.** Learners read the softmax line, find it right, and stop. The mistake is one line earlier. Ask: for
#   which kind of IndexNet does this code give the right result? For holistic, and that is why nobody noticed.
# - **Exercise 2.** The sigmoid forgotten (the answer is then 1), $r$ instead of $r^2$, only one other place.
# - **Exercise 3.** Gates above 1 (a sum of shares instead of their mean), 0/0 on blank paper, a gate that depends on
#   the scale of the guide.

# %% [markdown]
# ## Exercises
#
# Change the code and run the cell. The check compares your answer with that of a slow but careful reference on random
# maps, or tests the rules of a specification, and recognises common mistakes.

# %% [markdown]
# ### Exercise 1 · Find the bug: index pooling
# *Difficulty* ★★☆ · *time* 8 minutes
#
# This is the way down. `guide` is (C, rH, rW) and `logits` is (G·r², H, W), map by map as in section 6, where G is 1
# (one map for all channels) or C (one each). The result should be the pooled map, (C, H, W). The code runs, and for a
# holistic index it is right. For a depth-wise index it is wrong. Find the line and fix it.
#
# <details><summary>Hint 1</summary>
#
# With G = 1 there is only one way to split G·r² channels. With G = C there are two. Which channel of `logits` holds
# phase $p$ of map $g$?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Section 6: channel $g\,r^2 + p$. In `unflatten`, the last of the new axes runs fastest. Which of the two must be last,
# the maps or the phases? The softmax runs over the phases.
# </details>
#
# Solution: `solutions/05_indexnet.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_pool(guide, logits, ratio):
    index = logits.unflatten(0, (ratio**2, -1)).transpose(0, 1)  # maps, phases, rows, columns
    w = index.sigmoid().softmax(dim=1)
    z = F.pixel_unshuffle(guide, ratio).unflatten(0, (-1, ratio**2))  # channels, phases, rows, columns
    return (w * z).sum(dim=1)


exercises.POOL.check(my_pool)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_pool(guide, logits, ratio):
    index = logits.unflatten(0, (-1, ratio**2))  # map by map: the phase runs fastest, so it is the last axis
    w = index.sigmoid().softmax(dim=1)
    z = F.pixel_unshuffle(guide, ratio).unflatten(0, (-1, ratio**2))
    return (w * z).sum(dim=1)  # a single map meets all channels


exercises.POOL.check(my_pool)

# %% [markdown]
# ### Exercise 2 · Estimate, then measure: the largest weight
# *Difficulty* ★☆☆ · *time* 6 minutes
#
# For $r = 2$ no weight of index pooling is larger than 0.475. What about $r = 3$, and $r = 8$? Write down two
# estimates before you compute. Then return the limit for any `ratio`. The lines above the check measure it for ratio 4,
# over 20,000 blocks with large random logits. How many times the plain mean $1/r^2$ is the limit?
#
# <details><summary>Hint 1</summary>
#
# Which logits make one weight as large as possible? What does the sigmoid make of them?
# </details>
#
# <details><summary>Hint 2</summary>
#
# One sigmoid at 1, all others at 0. How many others does a block of $r \times r$ places have?
# </details>
#
# Solution: `solutions/05_indexnet.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises
from a2u.operators.indexnet import down_index


def my_largest(ratio):
    return ...


logits = 100 * torch.randn(1, 4**2, 1, 20_000, generator=torch.Generator().manual_seed(0))
largest = round(float(down_index(logits, 4).max()), 4)
print("estimated for ratio 4:", my_largest(4), " measured:", largest)
exercises.LARGEST.check(my_largest)

# %% tags=["solution"]
import torch

from a2u.lessons.indexnet import exercises
from a2u.operators.indexnet import down_index


def my_largest(ratio):
    # 0.475 for 2, 0.254 for 3, 0.041 for 8: 1.9, 2.3 and 2.6 times the plain mean, and never more than e times
    return torch.e / (torch.e + ratio**2 - 1)


logits = 100 * torch.randn(1, 4**2, 1, 20_000, generator=torch.Generator().manual_seed(0))
largest = round(float(down_index(logits, 4).max()), 4)
print("estimated for ratio 4:", round(my_largest(4), 4), " measured:", largest)
exercises.LARGEST.check(my_largest)

# %% [markdown]
# ### Exercise 3 · Design a shared gate
# *Difficulty* ★★★ · *time* 12 minutes
#
# Section 8 gave the best shared gate by least squares. Design another one. `guide` is (C, rH, rW) and nowhere
# negative; return one gate map for all channels, (rH, rW). There are many right answers. The specification:
#
# 1. every gate lies between 0 and 1;
# 2. where a block is 0 in all channels, the gates are 0 (and not NaN);
# 3. doubling the guide leaves the gates as they are;
# 4. the order of the channels does not matter;
# 5. the gate times the max-pooled guide (each maximum at all places of its block) comes closer to the guide than
#    nearest neighbour: it has at most two thirds of the error (RMSE over all channels).
#
# <details><summary>Hint 1</summary>
#
# Each channel has a perfect gate of its own: its share of the maximum of the block. How can C shares become one?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.interpolate(F.max_pool2d(guide[None], ratio), scale_factor=ratio)[0]` puts the maximum of each block at all its
# places. A mean of shares is a start; `clamp(min=1e-9)` in a denominator avoids 0/0.
# </details>
#
# Solution: `solutions/05_indexnet.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_gate(guide, ratio):
    return ...


exercises.SHARED.check(my_gate)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.indexnet import exercises


def my_gate(guide, ratio):
    # sums of values over sums of maxima: strong channels count more, which a mean of shares does not do
    largest = F.interpolate(F.max_pool2d(guide[None], ratio), scale_factor=ratio)[0]
    return guide.sum(dim=0) / largest.sum(dim=0).clamp(min=1e-9)


exercises.SHARED.check(my_gate)

# %% [markdown]
# ### A question to take with you
#
# A colleague has a segmentation network. Its encoder max-pools maps of 64 channels, but the decoder has 256 channels
# at the same place. Which kinds of IndexNet can guide that decoder, and what does each cost here (linear,
# with context, $r = 2$)?
#
# <details><summary>Answer</summary>
#
# A holistic index is one map, so it fits any number of decoder channels; it reads 64 channels and costs
# $64 \cdot 16 \cdot 4 = 4{,}096$ numbers. One-to-one needs a guide channel for each decoder channel, and so it does
# not fit. Many-to-one fits: 256 maps, each from all 64 channels, $256 \cdot 64 \cdot 16 \cdot 4 = 1{,}048{,}576$
# numbers. A 1×1 convolution that brings the decoder to 64 channels first ($256 \cdot 64 = 16{,}384$ numbers) makes
# one-to-one possible too (4,096 more numbers for the index), but the decoder then upsamples fewer channels.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer these questions from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.indexnet.questions import concepts

concepts.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Is a learned index still an index? **A.** It says where, but also how much. It is a gate.
# - **Q.** Why does the toy network pool by the maximum and not by its own down gate? **A.** It lets the max-pooling
#   rows of Table 1 differ in the way up alone. (The matting network of IndexNet's authors uses both gates.)
# - **Q.** Is it fair to compare IndexNet with bilinear on copying? **A.** As a comparison of operators with and
#   without a view of the encoder's map, yes. As a measure of understanding, no: the original comes through the gate.
# - **Q.** Why no bias? **A.** One effect: without a bias, the linear index block gives blank paper gates of ½ and equal
#   down weights, so no place is preferred where there is nothing to see.
# - *The question to take with you.* `a2u.build("indexnet", 256, 2, kind="depthwise-m2o", guide_channels=64)` builds
#   it; let learners count its parameters.
#
# **Grade.** Exercise 1 passes, and the learner can say which of the two gates has a softmax, and why. Exercise 3:
# accept any gate that keeps the rules, and ask what it favours.
#
# **Extend.** Section 8 measured what context and a hidden layer do for many-to-one. Is it the same for one-to-one and
# holistic (`lesson.learn(kind, context, nonlinear)`)? Or replace the sigmoid of the up gate by a softmax over the
# block times four: what is then true of the brightness of every block?

# %% [markdown]
# ## Quiz: lessons 00 to 05
#
# Here are ten questions about the first half of the course. Most of them need more than one lesson. If you get one
# wrong, the reason beside your answer tells you which idea to look up.

# %% tags=["questions"]
from a2u.lessons.indexnet.quiz import quiz

quiz.ask()

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - IndexNet learns indices from the encoder's map. An index block writes $r^2$ logits per block (and map). Up: a
#   sigmoid. Down: a sigmoid, then a softmax over the block.
# - A gate only turns the nearest value down. A perfect one, guide over maximum, would undo max-pooling of a guide
#   that is nowhere negative. A holistic one is a compromise between channels, so its error stays above a bound.
# - On the way up, max-unpooling is the limit for large logits. Max-pooling is out of reach: down weights stay within
#   [0.109, 0.475] for $r = 2$.
# - Linear, holistic and one-to-one cost $C k^2 r^2$, many-to-one $C^2 k^2 r^2$. Context and a hidden layer add to
#   that, up to 12,263,424 in the matting network.
# - Linear IndexNet is of first order: the holistic one is A²U with $U \equiv 1$, lesson 07. First, lesson 06 asks how
#   alike two pixels are.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); section 3,
#   feature-based upsampling iii); section 4 for the special case, Eqs. (3), (4); Tables 1 and 2.
# - H. Lu, Y. Dai, C. Shen, S. Xu, *Indices Matter: Learning to Index for Deep Image Matting*, ICCV 2019: IndexNet.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), training and test images.
