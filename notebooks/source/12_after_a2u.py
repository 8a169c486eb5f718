# %% [markdown]
# # 12 · After A²U
#
# A²U appeared in 2021. Since then more than ten operators have asked the same question again: which values should an
# output read, and with which weights? In this lesson you read five of them as a $w$ and a $z$, build two of them to
# the library's values, and find out where the sentence $y = w^\top z$ ends. At the end stands an experiment in which
# nothing but the operator can draw an edge.
#
# **You will be able to**
# - write joint bilateral upsampling, SAPA, FADE, DySample and NAF as $w$ and $z$, and open any of their outputs;
# - say what tells the four outputs of a position apart in self-attention, A²U and SAPA;
# - read FADE's gate as a 26th tap, and DySample as "move $z$, not $w$";
# - say which operators serve any feature, and test it;
# - show with a test that an operator is not $w^\top z$;
# - read a table of paired differences over seeds.
#
# **You need** lessons 01, 04, 06 and 07. Symbols and terms: [Notation and words](notation.md).
#
# **Time** 63 minutes, and 36 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 3 |
# | 1 · Without learning: joint bilateral upsampling | 7 |
# | 2 · A weight for each pair: three columns | 9 |
# | 3 · FADE: a gate is one more tap | 7 |
# | 4 · DySample: move z, not w | 7 |
# | 5 · The picture as a guide: which operators serve any features | 6 |
# | 6 · What stops being wᵀz | 4 |
# | 7 · All of them | 3 |
# | 8 · Which kernel can draw an edge? The guided experiment | 9 |
# | Five questions | 6 |
# | Summary | 2 |
# | Exercises | 36 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes. The lesson is a tour; its thread is one question, asked of every operator: *what does $w$ look at, and
# what does it meet?* Keep a table with these two columns on the board and fill in a line after each section.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | seven operators, one output: who reads how many cells? |
# | 6–18 | section 1, joint bilateral | move σ in your head: very small, very large; then run |
# | 18–32 | section 2, three columns | who asks? Cover the titles and let them find the column |
# | 32–40 | section 3, FADE | set the gate to 0 and to 1 before any formula |
# | 40–52 | section 4, DySample | the explorer, in pairs: who gets closest to the digit's own value? |
# | 52–62 | sections 5–6, any feature, and the limit | two tests: add two maps; double $z$ |
# | 62–74 | section 8, the guided experiment | what can bilinear know? Then the table, last column first |
# | 74–90 | exercise 1 or 2 | exercise 3 and the five questions are homework |
#
# **To save time:** Section 7 (the explorer over all of them) and the memory of section 5.

# %% [markdown]
# ## The picture
#
# Seven operators make the same output value: the pixel to the right of the stroke that is framed in the digit. Each
# panel is the 8×8 map. The blue frame holds the cells that the operator reads, and the colour is their weight.
# Bilinear reads by distance. A²U looks at nine cells and gives all of them a similar weight. The other five look
# further, decide more sharply, move the cells, or also read the guide. (Weights are random where an operator has
# any to learn; joint bilateral has none.)

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.affinity.picture import tables
from a2u.lessons.after_a2u import guided
from a2u.lessons.after_a2u.memory import kept
from a2u.lessons.after_a2u.phases import four_kernels, kernels, maps, of_block, one_for_all
from a2u.lessons.after_a2u.portrait import portrait
from a2u.lessons.after_a2u.predictions import predict
from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import example, look
from a2u.lessons.mode import choose_mode
from a2u.lessons.shared import digit

mode = choose_mode()
portrait()

# %% [markdown]
# ## 1 · Without learning: joint bilateral upsampling
#
# The oldest of them is from 2007 and learns nothing. You have a small map and the sharp picture that belongs to it: a
# coarse depth map and a photograph, say. **Joint bilateral upsampling** (Kopf et al.) gives a cell a large weight if
# it is near *and* if the picture has there the same colour as at the output:
#
# $$w_t \;\propto\; \exp\Big(-\frac{d_t^2}{2\sigma_s^2}\Big)\, \exp\Big(-\frac{|I - I_t|^2}{2\sigma_r^2}\Big)$$
#
# Here $d_t$ is the distance of tap $t$ from the output, in cells; $I$ is the picture's colour at the output, and $I_t$
# its mean over the pixels that cell $t$ stands for. The weights are divided by their sum. Two numbers are chosen by
# hand: $\sigma_s$ says how far is near, and $\sigma_r$ how different is different.
#
# **Predict.** For a very small $\sigma_r$ the kernel copies the cell whose colour is most alike.

# %% tags=["prediction"]
predict("sigma-range")

# %%
picture = digit().double()
coarse = F.avg_pool2d(picture, 2)
smooth = a2u.build("bilinear", 1)(coarse)
results = {"coarse": coarse, "bilinear": smooth}
print(f"bilinear      error {(smooth - picture).square().mean().sqrt():.3f}")
for sigma in (0.03, 0.1, 0.3, 1e4):
    op = a2u.build("bilateral", 1, guide_channels=1, sigma_range=sigma)
    y, w = op(coarse, picture), op.kernel(coarse, picture)[0, 0, :, 4:12, 4:12]  # 4:12: windows inside the map
    print(f"σᵣ = {sigma:<8g} error {(y - picture).square().mean().sqrt():.3f}, largest weight {w.max():.2f}")
    results[f"σᵣ = {sigma:g}"] = y
assert torch.allclose(w, w[:, :2, :2].repeat(1, 4, 4), atol=1e-6)  # the last one: four kernels, again and again

# %%
shown = ("coarse", "bilinear", "σᵣ = 0.1", "σᵣ = 10000")
Drawing(
    tables([(name, results[name][0, 0], "signed") for name in shown]),
    alt="A coarse 2, blurred by bilinear interpolation, sharp again with the picture as a guide, and blurred without.",
    says=f"from {coarse.numel()} values to {picture.numel()}, with {len(list(op.parameters()))} parameters",
)

# %% [markdown]
# **Explain.** With a very large $\sigma_r$ the second factor is 1 for all taps. What is left depends on the distance
# alone: four kernels, one for each phase, as in lesson 01, and the result is a blur. With a small one the picture
# decides, and the 2 is sharp again. Do not read too much into these errors: the guide here *is* the picture that we
# want, which is the easiest case there is. With a depth map the guide is another picture, whose edges are only often
# in the same places.

# %% [markdown]
# ### It is attention already
#
# Write out the square in the second factor:
#
# $$-\frac{|I - I_t|^2}{2\sigma_r^2} \;=\; \frac{I^\top I_t}{\sigma_r^2} \;-\; \frac{|I_t|^2}{2\sigma_r^2}
#   \;-\; \frac{|I|^2}{2\sigma_r^2}$$
#
# The last term is the same for all taps of an output, and a softmax ignores what all its logits share. So the kernel
# is a softmax of an inner product: attention, in which the colour at the output is the **query** and the colour at
# the tap is the **key**. There is one weight for each *pair* of output and cell.

# %%
op = a2u.build("bilateral", 1, guide_channels=1, sigma_space=1e4)  # distance no longer counts
key = a2u.windows(coarse, 5)[0, 0].repeat_interleave(2, 1).repeat_interleave(2, 2)  # 25 16 16
logits = (picture[0] * key - key**2 / 2) / op.sigma_range**2
inside = (slice(None), slice(4, 12), slice(4, 12))
assert torch.allclose(logits.softmax(dim=0)[inside], op.kernel(coarse, picture)[0, 0][inside], atol=1e-6)
print("softmax of query · key − key²/2, over σᵣ²: the library's weights in", logits[inside].numel(), "places")

# %% [markdown]
# ## 2 · A weight for each pair: three columns
#
# Everything learned that follows replaces colours by features. Lesson 06 compared three operators by what they ask of
# a window. Here is the question that decides whether such an operator can *upsample*: each position of the small map
# has four outputs. Who asks for them?
#
# - **Self-attention** within the small map $x$: the query is the feature of $x$ at the position.
# - **A²U** has no query. One affinity for the whole window scales a vector $P$, which has entries for each phase.
# - **SAPA** (Lu et al., 2022): the query is the *encoder's* feature at the output, and the keys are the features of
#   $x$ in the window. SAPA-I takes both as they are; SAPA-B has a matrix for each of the two.
#
# The kernels below are those of one position, each block of four in the order of its outputs. Features are multiplied
# by 4, as learned matrices might do, so that a softmax of their products has something to choose.
#
# **Predict.** Three columns, four kernels each.

# %% tags=["prediction"]
predict("same-kernel")

# %%
four_kernels(row=3, column=4)

# %% tags=["spoiler"]
x, guide = maps()
found = kernels(x, guide)
for name, w in found.items():
    print(f"{name:15} all four kernels equal at {one_for_all(w):2} of 64 positions")
assert one_for_all(found["self-attention"]) == 64
blank = (of_block(guide[0]) == of_block(guide[0])[:1]).all(0).all(0)  # blocks whose four encoder pixels are equal
assert one_for_all(found["SAPA"]) == int(blank.sum())
flat = F.avg_pool2d(guide, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
assert one_for_all(kernels(x, flat)["SAPA"]) == 64  # one encoder pixel for the block: one kernel for the block

# %% [markdown]
# **Explain.** Self-attention within the small map has one query for four outputs, so it gives all four the same
# value: it cannot upsample, however good its weights are. It needs somebody at full resolution who asks. (LDA-AQU, of
# 2024, takes the bilinear guess at the output as its query.) A²U gets its four kernels from four parts of $P$: what
# tells the outputs apart is their *place*. (They are equal where the window is blank and the affinity 0.) In SAPA it
# is the *content* of the encoder's four pixels. Where these are equal, in 18 of the 64 blocks here, SAPA's four
# outputs are equal too: it knows nothing of positions.

# %% [markdown]
# ### How sharp can a kernel be?
#
# Lesson 07 found that the sigmoid confines every weight of A²U's 3×3 kernels to 0.044 … 0.254. With 25 taps the upper
# limit is $e/(e + 24) = 0.102$.
#
# **Predict.** Make the features 16 times larger.

# %% tags=["prediction"]
predict("how-sharp")

# %% tags=["spoiler"]
for factor in (1, 4, 16):
    largest = {name: w.max() for name, w in kernels(*maps(factor)).items()}
    print(f"features × {factor:<3}", "   ".join(f"{name} {weight:.3f}" for name, weight in largest.items()))
    assert largest["A²U"] <= torch.e / (torch.e + 24)
assert largest["SAPA"] > 0.99

# %% [markdown]
# **Explain.** A softmax of similarities can come as close to a copy as it likes, and learned matrices decide how
# close. The price is on the other side: SAPA-B starts its training with weights near zero, and its kernels as nearly
# a box filter. And a tap outside the map has the features 0 and therefore the logit 0, not −∞: at the border it takes
# weight that meets nothing.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(12)
    fresh = a2u.build("sapa:b", 64)  # as it starts its training
    w = fresh.kernel(torch.randn(1, 64, 8, 8), torch.randn(1, 64, 16, 16))[0, 0]
here = a2u.windows(torch.ones(1, 1, 8, 8), 5)[0, 0].repeat_interleave(2, 1).repeat_interleave(2, 2)  # 1 inside the map
kept_weight = (w * here).sum(dim=0)
print(f"a new SAPA-B: largest weight {w.max():.3f}, a box has {1 / 25:.3f}")
print(f"weight that meets the map: {kept_weight[8, 8]:.2f} in the middle, {kept_weight[0, 0]:.2f} at a corner")
assert w.max() < 0.1
assert kept_weight[0, 0] < 0.5

# %% [markdown]
# ## 3 · FADE: a gate is one more tap
#
# **FADE** (Lu et al., 2022) lets both maps write the kernel. A 3×3 convolution looks at the encoder's map at each
# output and at the decoder's map at each position; the two results are added, and a softmax over 25 taps makes $w$.
# Its authors call this *semi-shift*: the first term shifts from output to output, the second is shared by the four
# outputs of a position. Then comes a **gate** $s$ between 0 and 1, made from $x$, which mixes in the encoder's own
# value $g$:
#
# $$y = s\,g + (1 - s)\, w^\top z$$
#
# Is that still $w^\top z$? Put $g$ at the end of $z$ and $s$ at the end of $w$:
#
# $$y = \begin{pmatrix} (1 - s)\,w \\ s \end{pmatrix}^{\!\top} \begin{pmatrix} z \\ g \end{pmatrix}$$
#
# So a gate is a 26th tap, read from the other map. The 26 weights still sum to 1.
#
# **Predict.** Turn all gates fully on, then fully off.

# %% tags=["prediction"]
predict("gate-one")

# %%
op, x, guide, y = example("fade", 2)
with torch.no_grad():
    w, gate = op.weights(x, guide)  # (1 − s)·w: 1 1 25 16 16, and s: 1 1 16 16
    w26 = torch.cat([w[:, 0], gate], dim=1)
    z = a2u.windows(x, 5).repeat_interleave(2, 3).repeat_interleave(2, 4)  # 1 4 25 16 16
    z26 = torch.cat([z, guide[:, :, None]], dim=2)
    assert torch.allclose((w26[:, None] * z26).sum(dim=2), y, atol=1e-6)
    assert torch.allclose(w26.sum(dim=1), torch.ones(1, 16, 16))
print(f"26 taps make y at all {y.numel()} values; gates from {gate.min():.2f} to {gate.max():.2f}")

# %% tags=["spoiler"]
import copy

gated, semi = copy.deepcopy(op), a2u.build("fade", 4, gated=False)  # semi-shift alone, with the same weights
semi.load_state_dict(op.state_dict(), strict=False)
with torch.no_grad():
    gated.gate.weight.zero_()
    for logit, expected in ((50, guide), (-50, semi(x, guide))):
        gated.gate.bias.fill_(logit)
        assert torch.allclose(gated(x, guide), expected, atol=1e-6)
        gate = gated.gate.bias.sigmoid().item()
        print(f"all gates at {gate:.0f}: y from {expected.min():.2f} to {expected.max():.2f}")

# %%
look(op, x, guide, at=(0, 0, 9, 5))

# %% [markdown]
# **Explain.** At $s = 1$ the result is the encoder's map: all its detail, and all its noise and texture. At $s = 0$
# it is the semi-shift kernel alone. IndexNet (lesson 05) has a gate, too: there it is the *only* weight, of the
# decoder's value. Two remarks. The guide's value is added channel by channel, so both maps must have the same
# channels. And the witness says where each tap comes from: `source` is 0 for $x$ and 1 for the guide.

# %%
t = op.witness(x, guide, at=(0, 0, 9, 5))
print("taps of x:", int((t.source == 0).sum()), "  of the guide:", int((t.source == 1).sum()))
print("the last tap is at channel, row, column", t.where[-1].tolist(), "of map", int(t.source[-1]))
assert torch.isclose(t.w @ t.z, y[0, 0, 9, 5], atol=1e-6)

# %% [markdown]
# ## 4 · DySample: move z, not w
#
# All operators so far keep the window and choose the weights. **DySample** (Liu et al., 2023) does the opposite. Each
# output reads one *point* of the small map, bilinearly: the four cells around the point, with the weights of lesson
# 01. The output's own place is $(i' + \tfrac12)/r - \tfrac12$; a 1×1 convolution of $x$ makes an offset $(o_x, o_y)$,
# and the point is the place plus a quarter of the offset, counted in cells. (The quarter is meant to keep the points
# of neighbours apart; nothing stops an offset from growing.)
#
# In the explorer you are the convolution. The circle is the output's own place, the dot is the point that is read:
# move it with `dx` (to the right) and `dy` (downwards). The output should become what the digit itself has there.
#
# 1. Leave `dx = dy = 0`. Which weights do you see?
# 2. Find a point that gives a value within 0.02 of the digit's own.
# 3. Choose another output, far from the stroke. Can you make it black?
#
# **Predict.** You may go as far as you like.

# %% tags=["prediction"]
predict("how-far")

# %%
from a2u.lessons.after_a2u.points import explorer as point_explorer
from a2u.lessons.after_a2u.points import read

panel = point_explorer()
panel

# %%
print(panel.at(dx=0.5, dy=0.0).says)
ink = a2u.lessons.shared.small_map(1)[0, 0].double()
places = [i / 4 - 7 for i in range(57)]
reached = [read(ink, 7, 8, dx, dy).value for dx in places for dy in places]
print(f"largest value of {len(reached)} points: {max(reached):.3f}; of the small map: {ink.max():.3f}")
assert max(reached) <= ink.max() + 1e-12

# %% [markdown]
# **Explain.** Without an offset the weights are those of bilinear interpolation: 9/16, 3/16, 3/16 and 1/16. Wherever
# the point lies, its four weights are at least 0 and sum to 1, so the value lies between the smallest and the largest
# of the four cells; at the middle of a cell that cell is copied. A sharp edge is made by *not* reading across it. And
# the weights follow the point: one learned thing, the place, decides both $z$ and $w$.

# %% [markdown]
# The library starts there: with offsets of 0 DySample is bilinear interpolation at any ratio, and training begins
# with offsets near 0. Which cells an output reads depends on $x$ through a jump, but the weights depend on the place
# without one, and so the gradient reaches the convolution through them.

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(12)
    some = torch.randn(1, 4, 6, 5)
    for ratio in (2, 3, 4):
        still, line = a2u.build("dysample", 4, ratio), a2u.build("bilinear", 4, ratio)
        still.offset.weight.zero_()
        gap = (still(some) - line(some)).abs().max()
        count = sum(weight.numel() for weight in still.parameters())
        print(f"ratio {ratio}: {count} parameters; bilinear at offsets of 0:", bool(gap < 1e-5))
        assert gap < 1e-5

# %% [markdown]
# ## 5 · The picture as a guide: which operators serve any features
#
# Joint bilateral upsampling works on depth, on labels, on the features of a network that was trained yesterday. Why?
# Its kernels look at the picture and at nothing else. Two tests show it. Add two maps: if the kernels do not depend
# on $x$, the result of the sum is the sum of the results. Exchange channels of $x$: the kernels must stay as they
# are.
#
# **Predict.** Ten operators, one guide, two maps.

# %% tags=["prediction"]
predict("additive")

# %%
names = ("bilinear", "carafe", "a2u:dynamic-cs", "sapa:b", "fade", "dysample", "lda_aqu", "bilateral", "featup", "naf")
for name in names:
    op, x, guide, y = example(name, 2)
    with torch.no_grad():
        other = torch.randn(x.shape, generator=torch.Generator().manual_seed(12))
        apart = (op(x + other, guide) - y - op(other, guide)).abs().max()
        moved = (op.kernel(x.flip(1), guide) - op.kernel(x, guide)).abs().max()
    adds, stay = bool(apart < 1e-3), bool(moved < 1e-6)
    print(f"{op.card.title:16} guided by {op.card.guided_by:12} adds up: {adds!s:6} kernels stay: {stay}")
    assert adds == stay == op.card.linear_in_x

# %% [markdown]
# **Explain.** Bilinear, A²U, joint bilateral, FeatUp's stage and NAF are linear in $x$: for one guide, each is a
# fixed matrix, whatever $x$ is. But A²U's guide is the encoder's map of *one* network, with its channels. The guide
# of the last three is the picture, which belongs to every network that sees it. So these can be trained once and used
# with features that they have never seen. That it then works *well* is another claim, which each paper has to show by
# experiment.

# %% [markdown]
# ### NAF: joint bilateral upsampling, learned
#
# **NAF** (Chambon et al., 2025) keeps the plan of section 1 and learns what "alike" means. A small network looks at
# the picture; its features at the output are the query, their means over the cells are the keys. Position enters by
# *rotating* the features by angles that depend on the place, so that an inner product can sense the distance. A
# softmax over the 9×9 cells around the output makes $w$; the channels of $x$ are split among four heads, each with
# weights of its own. And $z$ is raw: no matrix is applied to $x$. It has 662,528 parameters, whatever $x$ is.
#
# Written naively, each output copies its 81 cells before it adds them up. The library lists the cells instead:
# `a2u.gather(x, w, index)` sums $w_t \, x[\text{index}_t]$ without the copies. What does each keep for the backward
# pass?

# %%
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(12)
    op, x = a2u.build("naf", 64), torch.randn(1, 64, 16, 16)
    w, index = op.cells(x, torch.rand(1, 3, 32, 32))  # w: 1 4 81 32 32
x, w = x.requires_grad_(), w.requires_grad_()
naive = kept(lambda: a2u.gather(x, w, index, path="reference"))
listed = kept(lambda: a2u.gather(x, w, index))
copies = 4 * 64 * 81 * 32 * 32  # bytes · channels · cells · outputs
print(f"copies of z {copies / 1e6:.0f} MB; kept: the naive way {naive / 1e6:.0f} MB, by gather {listed / 1e6:.0f} MB")
assert naive > copies > 5 * listed

# %% [markdown]
# ## 6 · What stops being wᵀz
#
# Now the other side. Take the attention weights as given. If an output is $w^\top z$, then twice $z$ gives twice
# $y$, and $-z$ gives $-y$. This is the test. Some operators do more with what they have gathered.
#
# **Predict.** The same kernels (SAPA's, held fixed), and five endings.

# %% tags=["prediction"]
predict("doubled")

# %%
op, x, guide, _ = example("sapa:i", 2)
with torch.random.fork_rng(), torch.no_grad():
    torch.manual_seed(12)
    matrix, norm = torch.nn.Conv2d(4, 4, 1, bias=False), torch.nn.GroupNorm(1, 4)
    mlp = torch.nn.Sequential(torch.nn.Conv2d(4, 16, 1), torch.nn.GELU(), torch.nn.Conv2d(16, 4, 1))
    w = op.kernel(x, guide)
    endings = {"nothing": lambda y: y, "a matrix": matrix, "an MLP": mlp, "a norm": norm, "a ReLU": torch.relu}
    for name, ending in endings.items():
        once, twice, minus = (ending(a2u.reassemble(factor * x, w, ratio=2)) for factor in (1, 2, -1))
        double, turned = torch.allclose(twice, 2 * once, atol=1e-5), torch.allclose(minus, -once, atol=1e-5)
        print(f"ending: {name:9} twice z gives twice y: {double!s:6} −z gives −y: {turned}")
        assert (double and turned) == (name in ("nothing", "a matrix"))

# %% [markdown]
# **Explain.** After a matrix the output is still linear in $z$: it is a $w^\top z$ whose window spans all channels,
# as that of a deconvolution does. After an MLP or a norm there is no list of weights and values that makes up the
# output, and nothing to open. (A test can only say no: the ReLU passes the first part and fails the second, the norm
# the other way round.) **LoftUp** (Huang et al., 2025) is such an operator: it starts from the coordinates and
# colours of the picture, attends to the features of $x$ in two layers, and after each of them comes an MLP; a norm
# ends it. You may draw its attention map, but the map is not the kernel of its output. This is no verdict on its
# quality.
#
# Keep two sentences apart. *Linear in $z$ for fixed $w$*: all operators of the library are. *Additive in $x$*: only
# those whose $w$ does not look at $x$ (section 5).

# %% [markdown]
# ## 7 · All of them
#
# The operators of this lesson and their relatives, each over our small map, with random weights where there are any
# to learn. Choose an operator and an output. The last line says how many cells have a weight, over how many of them
# it is spread, and what $w$ looks at. Find:
#
# 1. an operator whose weights do not sum to 1 in the middle of the map, and one of whose weights are negative;
# 2. an operator that reads the guide, and what the gate is at an output on blank paper;
# 3. an output at which all four DySamples are exactly bilinear interpolation. Why there?
#
# <details><summary>Found?</summary>
#
# (1) FeatUp: a learned correction is added after the normalisation, and it reads a map that bicubic interpolation has
# enlarged, which has negative weights (lesson 01). (2) FADE and FADE-Lite; with the biases at 0, blank paper has a
# gate of ½. (3) On blank paper, row 1 and column 14 for instance: where $x$ is 0 and the biases are 0, so are the
# offsets.
# </details>

# %%
from a2u.lessons.after_a2u.explorer import explorer

all_after = explorer()
all_after

# %%
for name in ("sapa:i", "fade", "dysample", "featup", "naf"):
    print(name, "→", all_after.at(operator=name).says.splitlines()[-1])

# %% [markdown]
# ## 8 · Which kernel can draw an edge? The guided experiment
#
# Table 1 and Table 2 (lessons 08 and 10) compare operators inside networks that have other ways for detail: indices,
# or skips. What if there is no other way? The experiment `a2u guided` gives a network a coarse map (the alpha of a
# drawn scene, averaged over 4×4 pixels) and the sharp picture. Two convolutions make features of the picture, and
# averages of them guide the operator, which enlarges the map twice by 2. All other layers work on single pixels. So
# the picture's detail can reach the result through the operator's kernels only. Every row has the same pictures, the
# same order and, but for the operator, the same first weights.
#
# **Predict.** In one row the operator is bilinear interpolation.

# %% tags=["prediction"]
predict("what-bilinear-knows")

# %% [markdown]
# **Explain.** The features enter once, averaged over each coarse cell, beside the coarse map. After that, bilinear
# kernels look at nothing. What this row draws between the cells is interpolation. But mind the baseline: nearest,
# bicubic, deconvolution and pixel shuffle do not look at the guide either, and CARAFE and DySample look at the coarse
# map alone. A row that is better than bilinear need not have used the guide.

# %% [markdown]
# Now train three rows: in quick mode for 60 steps on 8 small pictures, which is *far too short* to compare them. The
# error is the mean absolute one in a band of 2 pixels around the true edges. Look at the kernels in the last line of
# the picture.

# %%
trained = [guided.train("bilinear", mode)]
assert trained[0].after["band"] < trained[0].before["band"]
print(trained[0].words)

# %%
trained = [*trained[:1], *(guided.train(name, mode) for name in ("a2u-dynamic-cs", "sapa-b"))]
assert all(each.after["band"] < each.before["band"] for each in trained)
guided.show_trained(trained)

# %% [markdown]
# All three have learned something, and none of them has an edge yet. But the kernels show already what this lesson
# was about. At the framed value bilinear has its fixed four weights. A²U has pushed one tap to 0.25, the limit of
# lesson 07, and the eight others share the rest: this kernel is as decided as its sigmoid allows. SAPA's has left the
# box (0.04 everywhere) only a little. One seed and 60 steps say nothing about the order. That needs a longer
# training, and more seeds.

# %% [markdown]
# ### The whole table
#
# This is the table of the repository, `figures/guided.json`: 200 steps of batch 8 on 64 pictures. Ten rows have five
# seeds, the others one seed so far. Rows are compared *seed by seed*, because the runs of one seed share everything but
# the operator. A difference counts only if it is large beside its own standard error (s.e.): the last column says
# "better" or "worse" where the 95 % interval leaves out 0, and else "cannot be told". With one seed, nothing can be
# told.

# %%
report = guided.whole_table()
guided.show_table(report)

# %%
names = ("nearest", "carafe", "indexnet", "a2u-dynamic-cs", "sapa-b", "fade-lite", "dysample", "bilateral")
pairs = [(name, "bilinear") for name in names]
pairs += [(name, "bicubic") for name in ("indexnet", "fade-lite", "dysample", "bilateral")]  # bicubic: no guide either
pairs += [("dysample", "nearest"), ("sapa-g", "sapa-b")]
print(guided.verdicts(report, pairs))
for one, other in pairs if report else []:
    found = guided.against(report, one, other)
    told = found["verdict"] in ("better", "worse")
    assert not told or abs(found["mean"]) >= 2 * found["se"]

# %% [markdown]
# How to read it. First the last column: where it says "cannot be told", the order of the two means is worth nothing.
# Then the size of the difference. Then what the row is *for*: this task has no skip, so it asks whether kernels alone
# can draw an edge. A network with a skip asks something else, and the order there may be another one. And it is one
# recipe for all rows, with a short training: an operator with many parameters may need a longer one.
#
# What the ten rows with five seeds say, on this task and after this training. Joint bilateral, which learns no kernel,
# has the smallest error in the band. IndexNet, FADE-Lite and DySample are better than bilinear, but so are nearest
# and bicubic, which look at no guide: bicubic is ahead of all three. A²U dynamic-cs and SAPA-B are worse than bilinear.
# CARAFE cannot be told from it: its five seeds differ too much. So a guide alone does not make a kernel good: here
# operators with a guide stand on both sides of bilinear. And an operator that was best in its paper's network need not
# be best here.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "The guide makes it sharp, so use it always." Let them name a case in which the photograph has an
#   edge and the depth has none: a poster on a wall.
# - *Section 2.* "Attention upsamples." Only if somebody at full resolution asks. Cover the encoder's map and ask who
#   is left.
# - *Section 2.* "SAPA learns where the phases are." It does not look at positions. The encoder's pixels differ, or
#   nothing does.
# - *Section 3.* "The gate is learned, so it is not a weight." It is made by a network, as every weight of this lesson
#   is.
# - *Section 4.* "DySample makes values that are not in the map." It makes means of four of them. Let them look for a
#   point above the maximum.
# - *Section 5.* "Linear in x, so it is a linear layer." For one picture. Another picture gives another matrix.
# - *Section 6.* "A matrix after the sum breaks it." It is linear; the window then spans the channels.
# - *Section 8.* The order of three rows after 60 steps is taken for a result.
# - **Exercise 1.** Learners look for an error in the kernel. Ask for an extreme case: all gates fully on.
# - **Exercise 2.** A division by √C out of habit; −∞ outside the map, which SAPA does not have; windows of outputs.
# - **Exercise 3.** `offsets[0]` added to the rows; `align_corners`; the parent in place of the half-pixel position.
# - **Exercise 4.** The ratio is counted once; the 4 bytes are forgotten.

# %% [markdown]
# ## Exercises
#
# Run the cell after each change. Every check compares with a slow and careful reference, whose values are those of the
# library.

# %% [markdown]
# ### Exercise 1 · Find the bug: a gate
# *Difficulty* ★☆☆ · *time* 6 minutes
#
# `x` is the small map (C, H, W), `guide` the encoder's map (C, rH, rW), `w` the 25 weights of each output, (25, rH,
# rW), which sum to 1, and `gate` holds the logits of the gates, (H, W). The function should return what FADE makes of
# them. It runs, and its result has the right shape; where the logits are 0 it even has the right values. Elsewhere it
# has not.
#
# <details><summary>Hint 1</summary>
#
# Make all logits very large. What should come out, and what does?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $s$ is the weight of the guide's own value, and $1 - s$ is what remains for the window.
# </details>
#
# Solution: `solutions/12_after_a2u.ipynb`.

# %% tags=["exercise"]
import torch

import a2u
from a2u.lessons.after_a2u import exercises


def my_gate(x, guide, w, gate, ratio):
    s = gate.sigmoid().repeat_interleave(ratio, 0).repeat_interleave(ratio, 1)
    window = a2u.reassemble(x[None], w[None, None], ratio)[0]
    return s * window + (1 - s) * guide


exercises.GATE.check(my_gate)

# %% tags=["solution"]
import torch

import a2u
from a2u.lessons.after_a2u import exercises


def my_gate(x, guide, w, gate, ratio):
    s = gate.sigmoid().repeat_interleave(ratio, 0).repeat_interleave(ratio, 1)
    window = a2u.reassemble(x[None], w[None, None], ratio)[0]
    # s belongs to the guide. With logits of 0, s = ½, both ways round give the same: the easy case hid the bug.
    return s * guide + (1 - s) * window


exercises.GATE.check(my_gate)

# %% [markdown]
# ### Exercise 2 · Build SAPA's kernels
# *Difficulty* ★★☆ · *time* 10 minutes
#
# Build the kernels of SAPA-I: `x` is (C, H, W), `guide` is (C, rH, rW) with the same channels, `size` the side of the
# window. For each output, take the inner product of the guide's feature there with each feature of $x$ in the window
# of its parent, and a softmax over the window. Outside the map features are 0. Return (size², rH, rW), the values of
# `a2u.build("sapa:i", C).kernel`.
#
# <details><summary>Hint 1</summary>
#
# `a2u.windows(x[None], size)[0]` is (C, size², H, W). Each window serves a block of r×r outputs.
# </details>
#
# <details><summary>Hint 2</summary>
#
# After `repeat_interleave` along the last two axes, `torch.einsum("chw,cthw->thw", guide, near)` makes the logits.
# </details>
#
# Solution: `solutions/12_after_a2u.ipynb`.

# %% tags=["exercise"]
import torch

import a2u
from a2u.lessons.after_a2u import exercises


def my_sapa(x, guide, size, ratio):
    return ...


exercises.SAPA.check(my_sapa)

# %% tags=["solution"]
import torch

import a2u
from a2u.lessons.after_a2u import exercises


def my_sapa(x, guide, size, ratio):
    near = a2u.windows(x[None], size)[0].repeat_interleave(ratio, 2).repeat_interleave(ratio, 3)  # C size² rH rW
    # no 1/√C, and outside the map the logit is 0, because the feature is: such a tap takes a part of the weight
    return torch.einsum("chw,cthw->thw", guide, near).softmax(dim=0)


exercises.SAPA.check(my_sapa)

# %% [markdown]
# ### Exercise 3 · Build DySample's reading
# *Difficulty* ★★★ · *time* 14 minutes
#
# `x` is (C, H, W); `offsets` is (2, rH, rW), in cells of the small map: `offsets[0]` moves along the columns (x, to
# the right), `offsets[1]` along the rows (y, downwards). Read $x$ bilinearly at each output's own place plus its
# offset; a point outside the map is moved to its edge. Return (C, rH, rW). With offsets of 0 this is bilinear
# interpolation.
#
# <details><summary>Hint 1</summary>
#
# The places are `(torch.arange(r * H) + 0.5) / r - 0.5` for the rows. You may find the four cells yourself (floor, and
# one more), or leave that to `F.grid_sample`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.grid_sample(x[None], grid[None], padding_mode="border", align_corners=False)` wants a grid (rH, rW, 2), columns
# first, from −1 to 1: a position $p$ among $n$ cells is $(2p + 1)/n - 1$.
# </details>
#
# Solution: `solutions/12_after_a2u.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.after_a2u import exercises


def my_dysample(x, offsets):
    return ...


exercises.DYSAMPLE.check(my_dysample)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.after_a2u import exercises


def my_dysample(x, offsets):
    height, width = x.shape[1:]
    ratio = offsets.shape[1] // height
    rows, columns = ((torch.arange(n * ratio, dtype=x.dtype) + 0.5) / ratio - 0.5 for n in (height, width))
    rows, columns = rows[:, None] + offsets[1], columns + offsets[0]  # y moves rows, x moves columns
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)  # columns first
    return F.grid_sample(x[None], grid[None], padding_mode="border", align_corners=False)[0]


exercises.DYSAMPLE.check(my_dysample)

# %% [markdown]
# ### Exercise 4 · Estimate, then measure: NAF the naive way
# *Difficulty* ★☆☆ · *time* 6 minutes
#
# A vision transformer sees a picture of 448×448 pixels as 32×32 features with 384 channels, and NAF brings them to the
# full size: $r = 14$, $k = 9$. Written naively, all windows of all outputs are copied first. How much memory do these
# copies take, in float32: megabytes, gigabytes, more? Write your estimate down. Then return the number of *bytes*.
#
# <details><summary>Hint 1</summary>
#
# How many output values are there? How many values does each of them copy?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $C \cdot rH \cdot rW$ outputs, $k^2$ values each, 4 bytes a value.
# </details>
#
# Solution: `solutions/12_after_a2u.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.after_a2u import exercises


def my_bytes(channels, height, width, ratio, k):
    return ...


exercises.BYTES_OF_NAF.check(my_bytes)

# %% tags=["solution"]
from a2u.lessons.after_a2u import exercises


def my_bytes(channels, height, width, ratio, k):
    # 25 GB, 81 times the output itself (0.31 GB). The weights are needed in any case: 4 heads · 81, 0.26 GB.
    return 4 * channels * height * ratio * width * ratio * k**2


exercises.BYTES_OF_NAF.check(my_bytes)

# %% [markdown]
# ### A question to take with you
#
# A sensor gives you a depth map of 60×80 cells, and a camera a photograph of 480×640 pixels. On the wall hangs a
# poster. What does joint bilateral upsampling do to the depth of the poster? What would a FADE do whose gate is open
# there? And would you train an operator for this, or not?
#
# <details><summary>Answer</summary>
#
# The wall is flat, so all cells around have nearly the same depth, and a mean of equal values is that value, whatever
# the weights are: on an exactly flat wall the poster does no harm. But where depth changes slowly, or is noisy, the
# poster's colours sort the cells into groups, and its pattern appears in the depth: this is called texture copying.
# FADE with an open gate would copy the guide's own value, and the guide would have to be a depth; a photograph is
# none. What helps is to learn which edges of the picture are edges of the depth. That needs examples with true depth.
# Without them, choose a larger $\sigma_r$, and look at the result where picture and depth disagree.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.after_a2u.questions import concepts

concepts.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** SAPA has no term for the distance. When is that a strength, when a weakness? **A.** A cell two steps away
#   may be the right one, if only it is alike. On flat regions it gives a mean of 25, which does no harm; on a ramp it
#   gives all four outputs the same value, where bilinear would draw the slope.
# - **Q.** DySample has 2,080 parameters at 64 channels and SAPA-B 4,416. What can SAPA do that DySample cannot?
#   **A.** Give weight to two cells that are not neighbours; ignore a cell between them. DySample's four cells always
#   form a square.
# - **Q.** Is an operator that is additive in $x$ poorer? **A.** It cannot react to what is in $x$: if picture and
#   features disagree, the picture wins. In exchange it works on features that nobody trained it for.
# - **Q.** Could one write LoftUp's output as $w^\top z$ with *some* $w$? **A.** For one given $x$, yes, in many ways:
#   any number is a weighted sum of others. But that $w$ would not be what the operator computes, and it would change
#   with every change of $z$. The test of section 6 asks for a $w$ that stays.
#
# **Grade.** Exercises 1 and 2 pass. In person: *what does $w$ look at, and what does it meet?* for two operators of
# your choice in the explorer. Exercise 3 for distinction.
#
# **Extend.** Give joint bilateral upsampling the encoder's map as its guide (`guide_channels=4`) and compare it with
# SAPA-I on the digit. Or train two rows of the guided table with a skip, `a2u guided --rows
# bilinear-skip-all,carafe-skip-all`, and see whether the difference survives.

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Joint bilateral upsampling weighs by distance and by likeness in the picture. It learns nothing, and it is
#   attention with colours as queries and keys.
# - Upsampling by similarity needs a query at each output. A²U tells phases apart by place, SAPA by the encoder's
#   pixels.
# - A softmax of similarities can copy one cell; A²U's sigmoid cannot.
# - FADE's gate is a 26th tap that reads the guide; the 26 weights sum to 1.
# - DySample moves $z$: one point, four cells, the weights of bilinear interpolation.
# - Kernels that look at the guide alone make an operator additive in $x$. If the guide is the picture, it serves any
#   feature: joint bilateral, FeatUp's stage, NAF.
# - $w^\top z$ ends where something that is not linear follows the sum: an MLP, a norm.
# - In the guided experiment only kernels can draw detail. Compare rows seed by seed, and believe no difference that is
#   small beside its standard error.
#
# ## Sources
#
# - J. Kopf et al., *Joint Bilateral Upsampling*, SIGGRAPH 2007.
# - H. Lu et al., *SAPA: Similarity-Aware Point Affiliation for Feature Upsampling*, NeurIPS 2022, and *FADE: Fusing
#   the Assets of Decoder and Encoder for Task-Agnostic Upsampling*, ECCV 2022.
# - W. Liu et al., *Learning to Upsample by Learning to Sample*, ICCV 2023: DySample.
# - S. Fu et al., *FeatUp*, ICLR 2024. LDA-AQU: 2024.
# - L. Chambon et al., *NAF: Zero-Shot Feature Upsampling via Neighborhood Attention Filtering*, arXiv 2511.18452,
#   2025.
# - H. Huang et al., *LoftUp*, ICCV 2025.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
