# %% [markdown]
# # 04 · CARAFE: a kernel made from features
#
# The kernels of lesson 03 are learned once and then used everywhere: on an edge, on a wall, on an empty page. CARAFE
# (*content-aware reassembly of features*) makes them from the map itself. **A small network looks at each position and
# writes the kernels for it**, anew for every input. In this lesson you build it, piece by piece, until your values
# equal those of the library.
#
# **You will be able to**
# - generate a kernel from features: compress, encode, shuffle, normalise, reassemble;
# - say what the softmax guarantees, and what it forbids;
# - show why a 1×1 softmax kernel is nothing but nearest neighbour;
# - count what CARAFE has to learn, and say when its two convolutions need fewer weights than a single one.
#
# **You need** lesson 01 (window, kernel, phase); lesson 03 helps with the pixel shuffle.
# Symbols and terms: [Notation and words](notation.md).
# **Time** 44 minutes, and 27 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 4 |
# | 1 · Compress | 3 |
# | 2 · Encode | 4 |
# | 3 · Pixel shuffle: from channels to kernels | 5 |
# | 4 · Softmax: from logits to weights | 3 |
# | 5 · Reassemble | 3 |
# | 6 · What the softmax promises, and what it forbids | 7 |
# | 7 · What does it have to learn? | 3 |
# | 8 · Watch a kernel while the picture changes | 6 |
# | Five questions | 5 |
# | Summary | 1 |
# | Exercises | 27 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 85 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | read it from left to right; four kernels, one window |
# | 6–20 | sections 1–2, compress and encode | predict shapes; "one convolution for both?" is the one to keep |
# | 20–28 | section 3, the shuffle | everybody computes one channel number by hand |
# | 28–38 | section 4, softmax | two predictions: add 7, multiply by 3 |
# | 38–44 | section 5, reassemble | before running: will it be the library's values? |
# | 44–56 | section 6, promise and price | the 1×1 kernel: somebody works out the softmax of a single number |
# | 56–68 | section 8, explorer | five questions; let one pair load a picture of their own |
# | 68–85 | exercises 1 and 3 | exercises 2 and 4 are homework |
#
# Section 7 is not in this table: it is homework. **To save time:** skip the last part of section 2. Do not skip the
# kernel of one weight in section 6: it is needed to read Table 1.

# %% [markdown]
# ## The picture
#
# Here is the whole lesson at one position of the small map. Come back to it at the end.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.carafe import explorer as lesson
from a2u.lessons.carafe.predictions import predict
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import small_map
from a2u.plots.maps import side_by_side

x = small_map(4)
op = lesson.operator()
lesson.position(op, x, i=3, j=4)

# %% [markdown]
# On the left are the numbers that the network wrote at this position. They are sorted into four kernels, one for each
# of the $r^2 = 4$ outputs that lie in this pixel. A softmax turns each into weights. All four meet the *same* window
# $z$ and give four different values: the outputs of a pixel differ in their kernels only.
#
# The map is the handwritten 2 of lesson 01 with its four channels: ink, its change to the right, its change downwards,
# and centre minus surround. The network has random weights, so do not judge what it makes; look at *how*. Lesson 09
# shows trained kernels, those of A²U.

# %% [markdown]
# ## 1 · Compress
#
# CARAFE first reduces the $C$ channels of the map to $C_m$, by a **1×1 convolution**: at every
# position, each new channel is a weighted sum of the old ones, plus a bias.
#
# $$h_{m,i,j} = b_m + \sum_c A_{mc}\, x_{c,i,j}$$
#
# **Predict.** Ours has $C = 4$ and $C_m = 64$.

# %% tags=["prediction"]
predict("compress")

# %%
A, b = op.compress.weight[:, :, 0, 0].detach(), op.compress.bias.detach()
h = torch.einsum("mc,ncij->nmij", A, x) + b[:, None, None]
assert torch.allclose(h, op.compress(x), atol=1e-6)
print("A has the shape", tuple(A.shape), "and the compressed map", tuple(h.shape))

# %% [markdown]
# **Explain.** $A$ is 64×4, and no: it mixes channels, never positions. (With four channels nothing is *compressed*, of
# course. In the matting network of lesson 10, $C$ is 64 to 256.)

# %% [markdown]
# ## 2 · Encode
#
# Now the neighbours. A second convolution, the **content encoder**, is $k_{enc} \times k_{enc}$ with $k_{enc} = 3$. (It
# has nothing to do with the encoder of the network: it looks at the small map.) It looks around each position and
# writes **all the numbers that its kernels need**. With $k = 5$ an output has a kernel of $k \times k = 25$ weights,
# and $r^2 = 4$ outputs lie in a pixel:
#
# $$k^2 r^2 = 25 \cdot 4 = 100 \text{ numbers at every position}$$
#
# A convolution is a weighted sum over a window, and we write it in that way. Channel $o$ of the 100 is $\ell_{o} =
# \beta_o + \sum_{m,t} B_{omt}\, z_{mt}$: $z_m$ is the 3×3 window of channel $m$ of $h$, $B$ are the weights and
# $\beta$ the biases. The results are called **logits**: numbers that are not weights yet.
#
# **Predict.** Follow both convolutions back to $x$.

# %% tags=["prediction"]
predict("how-far")

# %% tags=["spoiler"]
B, beta = op.encode.weight.detach().flatten(2), op.encode.bias.detach()  # 100×64×9 and 100
z = a2u.formula.windows(h, 3)  # N 64 9 8 8
logits = torch.einsum("omt,nmtij->noij", B, z) + beta[:, None, None]
assert torch.allclose(logits, op.encode(op.compress(x)), atol=1e-5)
print("logits:", tuple(logits.shape), " from", round(float(logits.min()), 2), "to", round(float(logits.max()), 2))

both = torch.einsum("omt,mc->oct", B, A)  # the two steps multiplied out
inside = torch.einsum("oct,nctij->noij", both, a2u.formula.windows(x, 3))
assert torch.allclose(inside, logits, atol=1e-5)

# %% [markdown]
# **Explain.** A logit depends on 3×3 pixels of $x$: one to each side. And yes: there is no nonlinearity between the two
# convolutions, so (with zero biases, as here) they multiply out to a single 3×3 convolution. When $C$ is large, two
# need fewer weights, as section 7 counts. So up to here CARAFE is *linear* in the features. That is what "first order"
# means.

# %% [markdown]
# ## 3 · Pixel shuffle: from channels to kernels
#
# The 100 numbers of a position belong to 4 outputs, 25 to each. The order is that of lesson 03's pixel
# shuffle, **tap-major**: channel $t\,r^2 + a\,r + b$ holds tap $t$ of phase $(a, b)$.
#
# $$\ell'_{t,\; r i + a,\; r j + b} = \ell_{t r^2 + a r + b,\; i,\; j}$$
#
# **Predict.** Look for the middle tap of the lower right output. (Taps are counted row by row from 0.)

# %% tags=["prediction"]
predict("which-channel")

# %%
shuffled = F.pixel_shuffle(logits, 2)  # N 25 16 16
t, (a, b), (i, j) = 12, (1, 1), (3, 4)
channel = t * 4 + a * 2 + b
assert shuffled[0, t, 2 * i + a, 2 * j + b] == logits[0, channel, i, j]
print("channel", channel, "→ tap", t, "of output", (2 * i + a, 2 * j + b), " shape", tuple(shuffled.shape))

# %% [markdown]
# **Explain.** Tap 12 is the middle of 25, phase (1, 1) is the last of 4: channel $12 \cdot 4 + 3 = 51$. The four phases
# of one tap are neighbours among the channels.
#
# What happens if you read the channels in the other order, with the 25 taps of one *phase* as neighbours? In a network
# that you train from the start, no harm is done. Each channel is still one tap of one output, only another one, and
# the content encoder learns its rows in the other order. The bug shows when you load weights that somebody else has
# trained. Then the kernels are wrong, except where all logits are equal.

# %%
rows = torch.arange(100).view(25, 4).T.flatten()  # phase by phase: where the row of each channel stands
other = torch.einsum("omt,nmtij->noij", B[rows], z) + beta[rows, None, None]  # an encoder with its rows in that order
by_phase = F.pixel_shuffle(other.view(1, 4, 25, 8, 8).transpose(1, 2).reshape(1, 100, 8, 8), 2)
assert torch.allclose(by_phase, shuffled, atol=1e-5)  # the same operator
wrong = F.pixel_shuffle(logits.view(1, 4, 25, 8, 8).transpose(1, 2).reshape(1, 100, 8, 8), 2)
print("largest difference: own weights", round(float((by_phase - shuffled).abs().max()), 3), end="; ")
print("weights in the usual order", round(float((wrong - shuffled).abs().max()), 1))

# %% [markdown]
# ## 4 · Softmax: from logits to weights
#
# Each output's 25 logits become its kernel:
#
# $$w_t = \frac{e^{\ell'_t}}{\sum_{u} e^{\ell'_u}} \qquad\Rightarrow\qquad w_t > 0, \quad \sum_t w_t = 1$$
#
# **Predict.** Take the 25 logits of one output. (And what if you multiply them all by 3?)

# %% tags=["prediction"]
predict("add-seven")

# %% tags=["spoiler"]
w = shuffled.softmax(dim=1)[:, None]  # N 1 25 16 16: one kernel for all channels
assert torch.allclose(w, op.kernel(x), atol=1e-6)
assert torch.allclose(w.sum(dim=2), torch.ones(1, 1, 16, 16))
assert torch.allclose((shuffled + 7).softmax(dim=1), w[:, 0], atol=1e-6)
assert ((3 * shuffled).softmax(dim=1).amax(dim=1) >= w[:, 0].amax(dim=1)).all()
assert not torch.allclose(w[..., 5, 8], w[..., 5, 10], atol=0.05)  # one phase, two kernels
at = [(5, 8), (5, 9), (5, 10), (12, 3)]
Drawing(
    side_by_side({f"output {p}": w[0, 0, :, p[0], p[1]].view(5, 5).detach() for p in at}, kind="weights"),
    alt="Four generated 5×5 kernels, each with its own pattern of strong and weak taps.",
    says="\n".join(
        f"{p}: largest {w[0, 0, :, p[0], p[1]].max():.3f}, sum {w[0, 0, :, p[0], p[1]].sum():.3f}" for p in at
    ),
)

# %% [markdown]
# **Explain.** Adding changes nothing: a softmax depends on differences only. Multiplying by 3 makes the largest weight
# larger, unless all logits are equal. Outputs (5, 8) and (5, 10) have the same phase. A deconvolution would give them
# the same kernel; CARAFE does not, because they see different features.

# %% [markdown]
# ![Nine logits on the left stay as they are. On the right are the nine weights that a softmax makes of them while the
# logits are divided by a temperature that falls from 8 to 0.1: nearly even weights, a box, become a weight of nearly 1
# at the largest logit, in the middle: nearest neighbour. Their sum is 1 all the time.](../figures/temperature.webp)
#
# *Nine logits in place of 25, divided by a temperature $T$ before the softmax. Multiplying by 3 is $T = \tfrac13$. A
# high temperature makes the kernel nearly a box; a low one leaves nearly one tap. [Without
# motion](../figures/temperature.png).*

# %% [markdown]
# ## 5 · Reassemble
#
# The rest is the formula. Every output is its kernel times its 5×5 window of $x$, and **all channels share the
# kernel**:
#
# $$y_{c,\,i',\,j'} = w_{i',j'}^\top\, z_{c,\,\lfloor i'/r \rfloor,\, \lfloor j'/r \rfloor} \tag{1}$$
#
# **Predict.** Now we compute all values.

# %% tags=["prediction"]
predict("as-the-library")

# %%
y = a2u.reassemble(x, w, ratio=2).detach()
error = float((y - op(x)).detach().abs().max())
assert error < 1e-6
print("largest difference from the library below 1e-6:", error < 1e-6, " in", y.numel(), "values")
kernels = [op.witness(x, at=(0, c, 5, 9)).w for c in range(4)]
assert all(torch.equal(kernels[0], other) for other in kernels)
Drawing(
    side_by_side({"x": x[0, 0], "CARAFE, random weights": y[0, 0], "nearest": a2u.build("nearest", 4)(x)[0, 0]}),
    alt="The small 2, the 2 reassembled with random kernels (soft and irregular), and the 2 in blocks.",
    says=f"sum of ink: x {x[0, 0].sum():.2f}, CARAFE {y[0, 0].sum():.2f}",
)

# %% [markdown]
# **Explain.** That is CARAFE: five steps, among them two convolutions and one softmax. Sharing the kernel among
# channels is a decision. It makes the operator cheap (100 numbers for each position, not $100\,C$), and all channels
# are averaged in the same way. The depth-wise forms of IndexNet, in lesson 05, have weights for each channel.

# %% [markdown]
# ## 6 · What the softmax promises, and what it forbids
#
# With $w_t \ge 0$ and $\sum_t w_t = 1$ every output is an **average** of its window. So it lies between the smallest
# and the largest value that the window holds (zeros from outside the map count too).
#
# **Predict.** Now give the two convolutions *any* weights, as large as you like.

# %% tags=["prediction"]
predict("wild-weights")

# %%
wild = a2u.build("carafe", channels=4)
torch.nn.init.normal_(wild.encode.weight, std=20, generator=torch.Generator().manual_seed(0))
for each in (op, wild):
    out, z = each(x).detach(), a2u.formula.windows(x, 5)
    low, high = (F.interpolate(m, scale_factor=2) for m in (z.amin(dim=2), z.amax(dim=2)))
    assert (out >= low - 1e-6).all()
    assert (out <= high + 1e-6).all()
    print(f"window {z.min():.3f} … {z.max():.3f},  every output within its own window's range")

# %% [markdown]
# **Explain.** It is still true: it follows from the formula, whatever the weights are. It is also a limit. CARAFE
# cannot overshoot at an edge as bicubic does (no negative weights), cannot make a value larger than any in its window,
# and cannot make a *zero* in the middle of ink. A deconvolution can do all of that, and it can make checkerboards even
# where the map is flat. But CARAFE can still make an edge *steeper*: it may copy a value from one side of it. Here are
# weights, set by hand, that do so. They see how the map bends, and take the value two pixels to the left or to the
# right:

# %%
sharp = a2u.build("carafe", channels=1, compressed=1)
edge = torch.sigmoid((torch.arange(8.0) - 3.5) / 0.8)
edge = ((edge - edge[0]) / (edge[-1] - edge[0])).expand(1, 1, 8, 8)  # a soft edge, the same in every row
with torch.no_grad():
    sharp.compress.weight.fill_(1), sharp.compress.bias.zero_(), sharp.encode.weight.zero_()
    bend = 300 * torch.tensor([-1.0, 2.0, -1.0])
    sharp.encode.weight[56:60, 0, 1], sharp.encode.weight[40:44, 0, 1] = bend, -bend  # taps 14 and 10, all phases
    ways = {"x": edge, "CARAFE": sharp(edge)} | {
        how: F.interpolate(edge, scale_factor=2, mode=how) for how in ("bilinear", "bicubic")}  # fmt: skip
steepest = {name: float(m[0, 0, m.shape[2] // 2].diff().max()) for name, m in ways.items()}
print("largest step from pixel to pixel:", ", ".join(f"{name} {step:.2f}" for name, step in steepest.items()))
assert steepest["CARAFE"] > 3 * steepest["x"]

# %% [markdown]
# ### A kernel of one weight
#
# **Predict.** Now let the kernel shrink to one weight, $k = 1$. What is the softmax of a single number?

# %% tags=["prediction"]
predict("one-weight")

# %% tags=["spoiler"]
one = a2u.build("carafe", channels=4, kernel_size=1)
torch.nn.init.normal_(one.encode.weight, std=5, generator=torch.Generator().manual_seed(0))
out = one(x)
assert torch.equal(out, F.interpolate(x, scale_factor=2, mode="nearest"))
(out**2).sum().backward()
print(
    "kernel values:", one.kernel(x).unique().tolist(), " largest gradient:", float(one.encode.weight.grad.abs().max())
)
assert all((each.grad == 0).all() for each in one.parameters())  # weights and biases of both convolutions

# %% [markdown]
# **Explain.** $e^{\ell}/e^{\ell} = 1$, whatever $\ell$ is. Every kernel is $[1]$, and that is **nearest neighbour**,
# bit for bit. All weights and biases of both convolutions have a gradient of exactly zero: nothing is learned.
#
# This matters. In the paper's reconstruction experiment (lesson 08), the up-kernels of CARAFE and A²U are 1×1.
# CARAFE's row there has a PSNR of 28.72 dB on MNIST, and nearest neighbour's has 28.54. Both networks upsample in the
# same way. They differ on the way *down*: max-pooling with CARAFE, stride-2 convolutions with nearest neighbour. With
# a kernel of one weight it takes another nonlinearity: IndexNet and A²U use a *sigmoid* there.

# %% [markdown]
# ## 7 · What does it have to learn?
#
# Two convolutions, each with a bias for each of its outputs:
#
# $$\underbrace{C\,C_m + C_m}_{\text{compress}} \;+\; \underbrace{C_m\,k^2 r^2\,k_{enc}^2 + k^2 r^2}_{\text{encode}}$$
#
# The matting network of lesson 10 has four upsampling stages, at 256, 128, 64 and 64 channels. We take $k = 5$,
# $k_{enc} = 3$ and $C_m = 64$.
#
# **Predict.** First compare the two convolutions. Then compare both with a single 3×3 convolution from $C$ channels to
# 100.

# %% tags=["prediction"]
predict("larger-convolution")

# %% tags=["spoiler"]
total = 0
for C in (256, 128, 64, 64):
    compress, encode = C * 64 + 64, 64 * 25 * 4 * 9 + 25 * 4
    built = sum(p.numel() for p in a2u.build("carafe", channels=C).parameters())
    assert built == compress + encode
    total += built
    print(f"C = {C:3}: {compress:6,} + {encode:,} = {built:,}   in one step: {C * 900 + 100:,}")
print(f"four stages: {total:,}")
assert total == 263_824
cheaper = [C for C in range(1, 257) if 64 * C + 64 + 57_700 < 900 * C + 100]  # two steps need less than one
assert cheaper == list(range(69, 257))

# %% [markdown]
# **Explain.** The content encoder is by far the larger, and it does not grow with $C$. In one step, 256 channels would
# need about three times as many; at 64 channels compressing costs a little *more* than it saves. Compressing saves
# weights from $C = 69$ on: below, $64\,C + 64 + 57{,}700$ is more than $900\,C + 100$. The sum, 263,824, is the
# "+0.26M" of the paper's Table 2.

# %% [markdown]
# ## 8 · Watch a kernel while the picture changes
#
# The upper row shows a picture, and the window and the kernel of one output. The lower row shows the same output after
# a change. The control `softmax` divides the logits of the lower row by a **temperature** $T$ before the softmax, $w =
# \mathrm{softmax}(\ell / T)$. A kernel "works like $n$ equal taps" if its entropy is that of $n$ equal weights: 1 for
# a single tap, 25 for equal weights.
#
# **Predict, then look:**
# 1. The picture is *moved 2 to the right*. Where would you have to look to find the old kernel again?
# 2. *Three times as strong*: do the largest weights grow or shrink? (The biases are zero here.)
# 3. $T = 100$: which filter is that? And $T = 0.01$?
# 4. `plain grey`: do the kernels still differ, from one position to the next? From one phase to the next?
# 5. Load a picture of yours (the last button; it stays where this notebook runs). Put the output on an edge, then
#    beside it.

# %% tags=["prediction"]
predict("three-times-as-strong")

# %%
panel = lesson.explorer()
panel

# %% [markdown]
# If the button does not show, `lesson.explorer("path/to/picture.png")` opens a picture from a folder. The next cell
# checks the answers to the first four questions, and prints the numbers for the third:

# %%
from a2u.lessons.carafe.inputs import CHANGES, maps
from a2u.lessons.shared import digit

image = digit()
old, moved = (op.kernel(maps(each)[0]) for each in (image, CHANGES["moved 2 to the right"](image)))
assert torch.allclose(moved[..., 6:12], old[..., 4:10], atol=1e-5)
odd = op.kernel(maps(image.roll(1, -1))[0])
assert not torch.allclose(odd[..., 5:13], old[..., 4:12], atol=0.1)
assert (a2u.build("carafe", channels=4).kernel(x) - 1 / 25).abs().max() < 0.01  # before training: a box filter
flat = op.kernel(maps(torch.full_like(image, 0.5))[0])
assert torch.allclose(flat[..., 4, 4], flat[..., 6, 8], atol=1e-6)
assert not torch.allclose(flat[..., 4, 4], flat[..., 4, 5], atol=1e-2)
strong = op.kernel(maps(CHANGES["three times as strong"](image))[0])
assert torch.allclose(strong, lesson.carafe_kernel(lesson.logits(op, maps(image)[0]) * 3, 2), atol=1e-4)
for T in (0.01, 100.0):
    kernel = lesson.read(op, x, 7, 9, T).w
    print(f"T = {T:6}: largest weight {kernel.max():.3f}, works like {lesson.effective(kernel):.1f} equal taps")

# %% [markdown]
# **Explain.**
# 1. Two columns to the right: a convolution does the same everywhere, so **kernels move with the picture**. But this
#    holds for whole positions of the small map only: if the picture moves by an odd number of output pixels, its
#    kernels are new ones.
# 2. They grow, unless all logits are equal. Everything before the softmax is linear, so a picture that is three times
#    as strong acts like a softmax with a third of the temperature, $T = \tfrac13$.
# 3. At $T = 100$ all 25 weights are nearly $\tfrac1{25}$: a **box filter**. Training starts there too, as the library
#    gives the content encoder tiny first weights. At $T = 0.01$ a single tap of this output has nearly all the weight:
#    CARAFE then *copies* one pixel of the window, and chooses which. Where all logits are equal, as on blank paper, it
#    stays a box filter at every temperature.
# 4. Inside the map they do not differ from position to position: equal features make equal kernels. The four phases
#    still differ, since each has logits of its own. At the border the zeros outside change the logits.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 2.* "100 channels" is taken for 100 kernels. It is 25 weights for each of four outputs.
# - *Section 3.* Tap-major or phase-major: both have the right shape, and both train equally well from the start. Only
#   one fits weights that others have trained.
# - *Section 4.* "Softmax makes the largest weight 1." It comes close only when the logits are far apart. Show $T =
#   100$ and $T = 0.01$.
# - *Section 6.* "With enough training CARAFE could overshoot as bicubic does." Never: weights are positive, with sum 1.
#   This is about the formula, not about learning. But "an average can only blur" is wrong too: weights that differ on
#   the two sides of an edge can make it steeper.
# - *Section 8.* "Kernels move with the picture, always." By whole small pixels, yes; by an odd number of output
#   pixels the phases change.
# - **Exercise 1.** Ask: *which numbers must sum to 1?* In the code the weights of all four kernels together sum to 1.
# - **Exercise 2.** The biases of the first convolution are forgotten; or the last C that does not pay is returned, in
#   place of the first that does.
# - **Exercise 3.** A softmax cannot pass: no weight of it is negative. Many start there and subtract something.
# - **Exercise 4.** The window of the output instead of the small map; the kernel of the window's centre; channel 0
#   given to all channels, because "the kernel is shared".

# %% [markdown]
# ## Exercises
#
# Replace the `...` (in exercise 1: mend the code) and run the cell. The check compares with a slow and careful
# reference, or tests the rules of a specification (exercise 3), shows where you differ, and recognises the usual
# mistakes.

# %% [markdown]
# ### Exercise 1 · Find the bug
# *Difficulty* ★★☆ · *time* 6 minutes
#
# `logits` has the shape (k²r², H, W), tap-major as in section 3. The function should return the kernels, (k², rH, rW),
# with weights that sum to 1 over the taps of each output. It runs, its weights are positive, and the shape is right.
# But a picture that is upsampled with these kernels is too pale. Mend it.
#
# <details><summary>Hint 1</summary>
#
# Print the sum of the weights of one output.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The softmax runs over all k²r² numbers of a position, which are r² kernels. Which step must come first?
# </details>
#
# Solution: `solutions/04_carafe.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_kernels(logits, ratio):
    weights = logits.softmax(dim=0)
    return F.pixel_shuffle(weights[None], ratio)[0]


exercises.KERNELS.check(my_kernels)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_kernels(logits, ratio):
    sorted_logits = F.pixel_shuffle(logits[None], ratio)[0]  # k² rH rW: first one kernel per output
    return sorted_logits.softmax(dim=0)  # then each kernel has a sum of 1


exercises.KERNELS.check(my_kernels)

# %% [markdown]
# ### Exercise 2 · When does compressing pay?
# *Difficulty* ★★☆ · *time* 6 minutes
#
# Two steps (compress to $C_m$ channels, then encode) or a single $k_{enc} \times k_{enc}$ convolution from $C$ channels
# to $k^2 r^2$ numbers? Return the smallest $C$ for which two steps have fewer learned values, biases included. The
# argument `compressed` is $C_m$. The lines above the check measure one case, `(2, 3, 3, 24)`, with PyTorch's own
# convolutions; the check also tries others.
#
# <details><summary>Hint 1</summary>
#
# With $K = k^2 r^2$: two steps have $C\,C_m + C_m + C_m K k_{enc}^2 + K$ values. And one step?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $C K k_{enc}^2 + K$. Solve for $C$, or let a loop count upwards until two steps have fewer.
# </details>
#
# Solution: `solutions/04_carafe.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_channels(ratio, k, k_enc, compressed):
    return ...


def size(*layers):
    return sum(values.numel() for layer in layers for values in torch.nn.Conv2d(*layer).parameters())


measured = next(C for C in range(1, 200) if size((C, 24, 1), (24, 36, 3)) < size((C, 36, 3)))
print("estimated:", my_channels(2, 3, 3, 24), " measured:", measured)
exercises.PAYS.check(my_channels)

# %% tags=["solution"]
import torch

from a2u.lessons.carafe import exercises


def my_channels(ratio, k, k_enc, compressed):
    each = k**2 * ratio**2 * k_enc**2  # C·C_m + C_m + C_m·each < C·each
    return (compressed + compressed * each) // (each - compressed) + 1


def size(*layers):
    return sum(values.numel() for layer in layers for values in torch.nn.Conv2d(*layer).parameters())


measured = next(C for C in range(1, 200) if size((C, 24, 1), (24, 36, 3)) < size((C, 36, 3)))
print("estimated:", my_channels(2, 3, 3, 24), " measured:", measured)
exercises.PAYS.check(my_channels)

# %% [markdown]
# ### Exercise 3 · Weights that can sharpen
# *Difficulty* ★★☆ · *time* 7 minutes
#
# Design another step in place of the softmax: from the logits of one kernel, (n,), make n weights. Rules: they sum to
# 1; a larger logit never gets a smaller weight; equal logits give equal weights; and where logits differ clearly (in
# the check: random ones with a standard deviation of 2 or more), some weights are negative, so that the operator can
# overshoot. Many answers are right.
#
# <details><summary>Hint 1</summary>
#
# Start from the softmax, and take away the same amount from each weight. What must you do before, to keep the sum?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Twice the softmax sums to 2. The box filter, 1/n each, sums to 1.
# </details>
#
# Solution: `solutions/04_carafe.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_weights(logits):
    return ...


exercises.SHARP.check(my_weights)

# %% tags=["solution"]
from a2u.lessons.carafe import exercises


def my_weights(logits):
    return 2 * logits.softmax(dim=0) - 1 / len(logits)  # 2 − 1 = 1; below zero where the softmax is small


exercises.SHARP.check(my_weights)

# %% [markdown]
# ### Exercise 4 · One value of every channel
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Reassemble a single output. `i` and `j` are its row and column in the *upsampled* map, `x` is (C, H, W), `w` is
# (k², rH, rW), and k is odd. Outside the map there are zeros. Return the C values, one for each channel, all with the
# same kernel.
#
# <details><summary>Hint 1</summary>
#
# The window lies in the small map, around (i // ratio, j // ratio); the kernel is the output's own.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Pad `x` by `k // 2` on all sides, cut out k×k, and flatten the last two axes: C rows of k² values. `@` does the rest.
# </details>
#
# Solution: `solutions/04_carafe.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_value(x, w, ratio, i, j):
    return ...


exercises.VALUE.check(my_value)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.carafe import exercises


def my_value(x, w, ratio, i, j):
    k = round(len(w) ** 0.5)
    padded = F.pad(x, (k // 2,) * 4)
    p, q = i // ratio, j // ratio
    z = padded[:, p : p + k, q : q + k].flatten(1)
    return z @ w[:, i, j]


exercises.VALUE.check(my_value)

# %% [markdown]
# ### To think over: smoothing prices
#
# A program smooths the prices of a shop over time: each new value is a weighted average of the last 25, with weights
# that a small network makes from these 25 prices, by a softmax. Which patterns can it follow better than a fixed
# average? Can it ever predict a price that is higher than all of the last 25?
#
# <details><summary>Answer</summary>
#
# It can give nearly all weight to the newest price after a jump, and average while prices only flicker: its kernel
# follows the content. But its value is an average of the 25, so a new record is out of reach, whatever it learns. To
# follow a rising trend it would need negative weights (exercise 3), or an added term.
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** When is one kernel for all channels a bad idea? **A.** When channels should go different ways at one place:
#   one should follow the stroke, another its background. Depth-wise IndexNet (lesson 05) gives each its own.
# - **Q.** Is CARAFE attention? **A.** It normalises by a softmax over a window, as attention does. But its logits are a
#   linear function of the features around a position; attention compares *pairs*. These are order 1 and order 2, and
#   lesson 06 is about the difference.
# - **Q.** Why does it look at the small map and not at the encoder's? **A.** Then it can replace an upsampler without
#   changing the network around it. The price: it cannot use what the encoder saw at the larger size.
# - **Q.** Could the network learn the temperature? **A.** It already can: dividing all weights and biases of the
#   content encoder by $T$ does the same.
#
# **Grade.** Exercise 1 passes, and the learner can say why the softmax comes after the shuffle. Exercise 3: accept any
# design that keeps the rules.
#
# **Extend.** Replace the softmax by $w_t = \ell_t / \sum_u \ell_u$ and find out what breaks. Or by a softmax over a
# 3×3 window: how much smaller does the content encoder get (36 instead of 100 outputs)?

# %% [markdown]
# ## Five questions

# %% tags=["questions"]
from a2u.lessons.carafe.questions import concepts

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
# - CARAFE generates a kernel for every output: compress (1×1), encode ($k_{enc} \times k_{enc}$, to $k^2r^2$ logits),
#   pixel shuffle, softmax over the taps, reassemble $w^\top z$ over $k \times k$.
# - Before the softmax it is linear in the features, up to the biases (first order). Kernels move with the picture, by
#   whole positions of the small map, and are shared by channels.
# - The softmax makes every output an average: it stays in the window's range and cannot overshoot.
# - With $k = 1$ the softmax is 1: nearest neighbour. Both convolutions then get no gradient.
# - It looks at the *decoder's* small map, and never at what the encoder saw at a larger size. IndexNet does, in lesson
#   05.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); section 3,
#   feature-based upsampling ii); Tables 1 and 2; section 5 for the 1×1 kernels.
# - J. Wang, K. Chen, R. Xu, Z. Liu, C. C. Loy, D. Lin, *CARAFE: Content-Aware ReAssembly of FEatures*, ICCV 2019.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the first two test images.
