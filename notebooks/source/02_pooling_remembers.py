# %% [markdown]
# # 02 · Pooling remembers
#
# On its way down a network throws values away: of every 2×2 block, max-pooling keeps one. But it can keep something
# else, for almost nothing: **where** that one value stood. In this lesson you follow a map down and up again, see what
# the index of a maximum is worth, and meet the first kernel that is made from features.
#
# **You will be able to**
# - write max-pooling and max-unpooling as $w^\top z$ with $w \in \{0, 1\}$, and match PyTorch exactly;
# - say what pooling loses, what its indices keep, and measure both;
# - avoid the usual traps: ties, negative values, odd sizes, indices of the wrong map.
#
# **You need** lesson 01: window, kernel, phase.
# Symbols and terms: [Notation and words](notation.md).
#
# **Time** 56 minutes, and 25 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 3 |
# | 1 · Pooling is a selection | 4 |
# | 2 · Three ways to write down a place | 4 |
# | 3 · Unpooling: the same 1, on the way up | 6 |
# | 4 · Open the round trip | 5 |
# | 5 · What is lost, what is kept | 11 |
# | 6 · Down, up, down | 3 |
# | 7 · Ties: an index that says nothing | 3 |
# | 8 · The guide must be the encoder's | 5 |
# | 9 · Odd sizes | 6 |
# | Five questions | 5 |
# | Summary | 1 |
# | Exercises | 25 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 80 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–5 | the picture | who can already say what the small numbers mean? |
# | 5–15 | sections 1–2, one-hot and three ways to write a place | each learner converts one flat index by hand |
# | 15–24 | section 3, the way up | predict how many outputs can differ from zero |
# | 24–36 | section 4, explorer | four questions in pairs |
# | 36–50 | section 5, what is kept | vote on the smallest error *before* running, and write the votes down |
# | 50–58 | sections 6–7, negative maxima and ties | quick: one prediction each |
# | 58–64 | section 8, the twin | the argument for a guide; do not skip |
# | 64–80 | exercises 2 and 3 | exercises 1 and 4 are homework |
#
# **To save time:** Section 9 (odd sizes) is for reading; section 6 can be told in one sentence. Keep section 8: it
# shows why an operator may need to ask the encoder.
#
# **Look at this before class.** In section 5 expect most votes for max-unpooling. Let the vote stand, run the
# cell, and ask for a reason before you show the line with Pythagoras.

# %% [markdown]
# ## The picture
#
# A map goes down and up again. At the end of the lesson every number here should make sense.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.frame import Drawing
from a2u.lessons.pooling_remembers import explorer as lesson
from a2u.lessons.pooling_remembers.predictions import predict
from a2u.lessons.shared import encoder_map, small_map
from a2u.plots.maps import side_by_side

x = encoder_map(2)[:, :1]  # the shared 2 from MNIST, 16×16
lesson.picture("max_unpool", x, 2, (9, 5))

# %% [markdown]
# Above, from left to right: the map $x$ before pooling, with a ◆ on the maximum of each block; the place of each
# maximum in its block, as a number; the pooled map; the map that comes back. Below, one block enlarged: the window ■
# $z$ is a single pooled value, the kernel ◆ $w$ a single number, 0 or 1, and ● $y$ is their product.

# %% [markdown]
# ## 1 · Pooling is a selection
#
# Max-pooling with ratio $r$ cuts the map into blocks of $r \times r$ and keeps the largest value of each. A network
# pools to see further with less work: afterwards, a 3×3 window covers twice the distance.
#
# Is this the formula of lesson 01, a sum of products? Let $z$ be the $r^2$ values of a block, row by row. Let $w$ be
# zero except for a single 1, at the maximum:
#
# $$\max_t z_t = w^\top z, \qquad w_t = \begin{cases} 1 & t = \arg\max_s z_s \\ 0 & \text{else} \end{cases}$$
#
# Such a $w$ is called **one-hot**. There is one for each block *and each channel*: the maximum of another channel may
# stand elsewhere.
#
# `a2u.reduce(x, w, ratio)` is the formula on the way down, one window for each block.
#
# **Predict.** Block (4, 2) of the picture has its maximum at the lower right.

# %% tags=["prediction"]
predict("one-hot")

# %%
z = a2u.windows(x, 2, ratio=2)  # 1 1 4 8 8: the four values of each of 8×8 blocks
w_down = F.one_hot(z.argmax(dim=2), 4).movedim(-1, 2).float()
pooled = a2u.reduce(x, w_down, ratio=2)
assert torch.equal(pooled, F.max_pool2d(x, 2))
assert torch.equal(pooled, small_map())  # the shared 8×8 map of this course
print("z of block (4, 2):", [round(v, 2) for v in z[0, 0, :, 4, 2].tolist()])
print("w of block (4, 2):", w_down[0, 0, :, 4, 2].int().tolist(), " wᵀz =", round(float(pooled[0, 0, 4, 2]), 2))

# %% [markdown]
# **Explain.** $w = [0, 0, 0, 1]$. The formula has not changed since lesson 01, but something else has: this $w$ was not
# computed from distances. It was read from the values themselves. If the stroke moves by one pixel, kernels change.

# %% [markdown]
# ## 2 · Three ways to write down a place
#
# A one-hot vector says "the fourth of four" in four numbers. One is enough. The **index in the block** of the value in
# row $a$ and column $b$ of its block is $t = a\,r + b$, exactly the *phase* of lesson 01. PyTorch writes a third form,
# the **flat index** of row $i'$ and column $j'$ of the whole map, $W$ pixels wide:
#
# $$\text{flat} = i' \cdot W + j', \qquad i' = \lfloor \text{flat} / W \rfloor, \quad j' = \text{flat} \bmod W$$
#
# **Predict.** The maximum of block (4, 2) stands at row 9, column 5, and the map is 16 wide.

# %% tags=["prediction"]
predict("flat-index")

# %%
values, flat = F.max_pool2d(x, 2, return_indices=True)
i, j = flat // 16, flat % 16
in_block = (i % 2) * 2 + j % 2
assert torch.equal(in_block, w_down.argmax(dim=2))  # the phase is where the 1 stands
assert torch.equal(x.flatten(2).gather(2, flat.flatten(2)).view_as(flat), values)
print("block (4, 2): flat", int(flat[0, 0, 4, 2]), " index in the block", int(in_block[0, 0, 4, 2]))
print("first row of blocks, flat:    ", flat[0, 0, 0].tolist())
print("first row of blocks, in block:", in_block[0, 0, 0].tolist())

# %% [markdown]
# **Explain.** $9 \cdot 16 + 5 = 149$. To say which of $r^2 = 4$ places it was takes $\log_2 4 = 2$ **bits** per block
# and channel. A pooled value in float32 has 32 bits; remembering where it came from costs one sixteenth of that. A flat
# index as a 64-bit integer wastes most of its bits, but it is quick to use.

# %% [markdown]
# ## 3 · Unpooling: the same 1, on the way up
#
# Now up again. An output $(i', j')$ lies inside the block $(i, j) = (\lfloor i'/r \rfloor, \lfloor j'/r \rfloor)$, and
# its window is 1×1: the one pooled value $z$. Its kernel has one weight. Nearest neighbour would take $w = 1$
# everywhere. **Max-unpooling** takes 1 at the maximum's place only:
#
# $$y(i', j') = w(i', j') \cdot z, \qquad w(i', j') = \begin{cases} 1 & \text{the maximum stood at } (i', j') \\
# 0 & \text{else} \end{cases}$$
#
# So the four numbers of `w_down` for a block go to four outputs, one weight each. Dealing out $r^2$ channels to the
# $r^2$ outputs of each block like this is called **pixel shuffle**.
#
# **Predict.** The output has 256 values, in 64 blocks.

# %% tags=["prediction"]
predict("not-zero")

# %%
w_up = F.pixel_shuffle(w_down[:, 0], 2)[:, :, None]  # batch, channel, one tap, 16, 16
y = a2u.reassemble(pooled, w_up, ratio=2)
assert torch.equal(y, F.max_unpool2d(values, flat, 2))
assert torch.equal(y, a2u.build("max_unpool", channels=1)(pooled, guide=x))
assert set(w_up.unique().tolist()) == {0.0, 1.0}
assert (F.avg_pool2d(w_up[:, :, 0], 2) * 4 == 1).all()  # exactly one 1 in each block
Drawing(
    side_by_side({"x": x[0, 0], "y = wᵀz": y[0, 0]}),
    alt="The 2, and the 2 with only one pixel of each block left.",
    says=f"ones in w: {int(w_up.sum())} of {w_up.numel()};  values of y that are not zero: {int((y != 0).sum())}",
)

# %% [markdown]
# **Explain.** At most 64, one for each block. Here there are fewer, because the paper around the digit is zero anyway.
# The border needs no rule here: a 1×1 window never looks outside the map.

# %% [markdown]
# Here are the kernels themselves, for two channels of the encoder's map.
#
# **Predict.** Compare the ink with its change from left to right.

# %% tags=["prediction"]
predict("two-channels")

# %%
channels = encoder_map(2)[:, :2]  # the ink, and how it changes from left to right
w_two = a2u.build("max_unpool", channels=2).kernel(F.max_pool2d(channels, 2), guide=channels)
assert torch.equal(w_two[:, :1], w_up)
shared_places = int((w_two[0, 0] * w_two[0, 1]).sum())
Drawing(
    side_by_side({"w of the ink": w_two[0, 0, 0], "w of its change": w_two[0, 1, 0]}, kind="weights"),
    alt="Two maps of ones and zeros, a single one in each block, often at different places.",
    says=f"blocks where both channels keep the same place: {shared_places} of 64",
)

# %% [markdown]
# **Explain.** Not in every block: a change is largest where the stroke begins, the ink where it is darkest. Each
# channel has a kernel of its own.
#
# The library's operator takes the map $x$ itself, the **guide**, instead of its indices, and finds the indices in it.
# So all operators of this course can have the same two inputs.

# %% [markdown]
# ## 4 · Open the round trip
#
# Choose an output with `row` and `column`, and watch the index, $w$, $z$ and $y$ (click a slider, then use the arrow
# keys). `operator` switches between max-unpooling and nearest neighbour, and adds a third trip that goes down by the
# *average* of each block.
#
# **Predict, then look:**
# 1. Walk through the four outputs of one block. What stays, what changes, with either way up?
# 2. Set `ratio` to 4. What share of the outputs can differ from zero after max-unpooling?
# 3. Set `channel` to 1, the change from left to right. Can a pooled value be negative?
# 4. Put `row` and `column` to 0, on blank paper. Which index does a block have whose four values are equal?

# %% tags=["prediction"]
predict("ratio-four")

# %%
panel = lesson.explorer()
panel

# %%
for row, column in ((8, 4), (8, 5), (9, 4), (9, 5)):
    unpooled = panel.at(operator="max_unpool", row=row, column=column).says.split(";")[0]
    nearest = panel.at(operator="max_nearest", row=row, column=column).says.split(";")[0]
    print(f"unpool {unpooled:32} nearest {nearest}")

# %% [markdown]
# **Explain.** The window $z$ stays for the whole block. Nearest meets it with 1 four times; max-unpooling with 0, 0, 0
# and 1. With ratio 4 one output in sixteen can differ from zero. A block that is negative throughout has a negative
# maximum (section 6). And on blank paper all four values are equal. The first one counts as the maximum, so the index
# is 0. Section 7 comes back to that.

# %% [markdown]
# ## 5 · What is lost, what is kept
#
# Let us measure. The **root mean square error** (RMSE) compares a copy $y$ with $x$. The **energy** $\sum y^2$,
# divided by $\sum x^2$, says how strong the copy is: 1 is as strong as $x$. And one more: the error *at the maxima
# alone*.
#
# **Predict.** We compare three round trips: max-pool → unpool, max-pool → nearest, average-pool → nearest.

# %% tags=["prediction"]
predict("best-copy")

# %% tags=["spoiler"]
scores, copies = {}, {"x": x[0, 0]}
for name, title in lesson.TRIPS.items():
    _, _, copy = lesson.trip(name, x)
    peak = (copy - x)[w_up[:, :, 0] == 1].square().mean().sqrt()
    scores[name] = lesson.kept(x, copy) | {"peak": float(peak)}
    copies[title.replace(", then", ",")] = copy[0, 0]
    now = scores[name]
    print(f"{title:28} RMSE {now['rmse']:.3f}  energy {now['energy']:.3f}  RMSE at the maxima {now['peak']:.3f}")
assert scores["average_nearest"]["rmse"] < scores["max_nearest"]["rmse"] < scores["max_unpool"]["rmse"]
assert scores["max_unpool"]["peak"] == 0 < scores["average_nearest"]["peak"]
Drawing(side_by_side(copies), "The 2, in holes, in heavy blocks, and in soft blocks.", f"{len(copies)} maps, one scale")

# %% [markdown]
# **Explain.** As a *copy* of this digit, max-unpooling is the worst of the three: it is exact at the maxima, and leaves
# holes everywhere else. Here is why.
#
# Unpooling keeps some values of $x$ and sets the rest to zero. Averaging replaces each block by its mean. With the
# places held fixed, both are **projections**: doing them again changes nothing, and what they remove is at right angles
# to what they keep. So Pythagoras holds, and the error *is* the energy that is gone:
#
# $$\sum (y - x)^2 = \sum x^2 - \sum y^2$$
#
# Of a block with maximum $m$ and mean $\mu$, unpooling keeps the energy $m^2$, and averaging $r^2 \mu^2$. Unpooling
# makes the better copy of a block exactly where $|m| > r\,|\mu|$: for $r = 2$, where the maximum is more than twice the
# mean. The inside of a smooth stroke is not like that; much of its rim is, and so is a map with few, sharp responses.
#
# Max-pool → nearest is right at the maxima too, but no longer shows where they are: it raises the whole block. So the
# copy has more energy than $x$ (1.742), and Pythagoras does not hold for it.
#
# How far does this hold? Here are the thousand test digits that come with the course:

# %%
from a2u.data import load

images = load("mnist", "test").images[:, None, 2:26, 2:26] / 255  # cropped and resized like the shared digit
images = F.interpolate(images, size=16, mode="bilinear", antialias=True)
error = {name: (lesson.trip(name, images)[2] - images).square().mean((1, 2, 3)) for name in lesson.TRIPS}
best = error["average_nearest"] < torch.minimum(error["max_unpool"], error["max_nearest"])
worst = error["max_unpool"] > error["max_nearest"]
assert len(images) == 1000
assert best.all()
assert 0.55 < worst.float().mean() < 0.7
print(
    f"averaging copies best: {int(best.sum())} of 1000; unpooling copies worst: about {int(worst.sum()) // 100 * 10} %"
)

# %% [markdown]
# Averaging copies best, every time. Between the other two it depends on the digit.

# %% [markdown]
# **Predict.** Back to our digit: 42 of its 64 blocks have ink. And think ahead: if just one value of each block is not
# zero, what does each trip keep?

# %% tags=["prediction"]
predict("blocks-won")

# %% tags=["spoiler"]
maximum, mean = F.max_pool2d(x, 2), F.avg_pool2d(x, 2)
errors = {n: 4 * F.avg_pool2d((lesson.trip(n, x)[2] - x) ** 2, 2) for n in lesson.TRIPS}
wins = errors["max_unpool"] < errors["average_nearest"] - 1e-7
assert torch.equal(wins, (maximum > 2 * mean + 1e-6) & (errors["average_nearest"] > 1e-6))
assert (int(wins.sum()), int((maximum > 0).sum())) == (26, 42)
print(f"blocks of the digit that unpooling copies better: {int(wins.sum())} of {int((maximum > 0).sum())} with ink")
sparse = w_up[:, :, 0] * x  # one value per block
for name in ("max_unpool", "average_nearest"):
    dense, few = (lesson.kept(t, lesson.trip(name, t)[2]) for t in (x, sparse))
    assert abs(dense["energy"] + float(errors[name].sum() / x.square().sum()) - 1) < 1e-5  # Pythagoras
    print(f"{name:16} keeps {dense['energy']:6.1%} of the digit's energy, {few['energy']:6.1%} of the sparse map's")

# %% [markdown]
# **Explain.** Unpooling beats averaging in 26 of 42 blocks, and still makes the worse copy of the whole map. The blocks
# that it wins are mostly pale ones at the rim of the stroke, with about a tenth of the energy. In the others it loses
# far more:

# %%
ink = 4 * F.avg_pool2d(x**2, 2)  # the energy of each block
gain = errors["average_nearest"] - errors["max_unpool"]
rim, won, lost = float(ink[wins].sum() / ink.sum()), float(gain[wins].sum()), float(-gain[~wins].sum())
print(f"blocks that unpooling copies better: {rim:.0%} of the energy; squared error {won:.1f} smaller there")
print(f"all other blocks: squared error {lost:.1f} larger")
assert rim < 0.12
assert lost > 15 * won

# %% [markdown]
# The sparse map survives unpooling untouched, and averaging keeps a quarter of its energy: $1/r^2$. That is also the
# least that unpooling can keep of a map without negative values: a flat block has four equal values, and one stays.
#
# So unpooling is not a way to copy a picture. It keeps **places**. In a network, convolutions follow the unpooling, and
# they can fill the holes from the values around them.
#
# Indices are not the only way to keep a place. Other *channels* can carry it: **space to depth** puts the four values
# of a block into four channels of the small map, and pixel shuffle puts them back. Nothing is lost. A convolution with
# stride 2 can do that too, with the weights of the next cell.

# %%
depth = F.pixel_unshuffle(x, 2)  # 1 4 8 8
assert depth.shape == (1, 4, 8, 8)
assert torch.equal(F.pixel_shuffle(depth, 2), x)
carry = torch.eye(4).view(4, 1, 2, 2)  # a convolution with stride 2 that does the same
assert torch.equal(F.conv2d(x, carry, stride=2), depth)
assert torch.equal(F.conv_transpose2d(depth, carry, stride=2), x)
print("one channel at 16×16 → four at 8×8 → one at 16×16: equal in all", x.numel(), "values")

# %% [markdown]
# The paper's toy experiment has both kinds (Table 1, MNIST, PSNR in dB): max-pooling with unpooling 29.91; stride-2
# convolutions with nearest 28.54, with deconvolution 31.85; pixel shuffle 31.63 (the table does not say how this
# network goes down). So unpooling is ahead of nearest, and behind two operators that get no indices. The networks also
# differ in how they go down, so this does not say how much each part does. Lesson 08 trains such networks.

# %% [markdown]
# ## 6 · Down, up, down
#
# Unpool, then pool again: is the pooled map back? You might expect so, as every block holds its maximum and zeros.
#
# **Predict.** Take channel 1, the change from left to right. It can be negative.

# %% tags=["prediction"]
predict("back-again")

# %% tags=["spoiler"]
guide = encoder_map(2)
again = {}
for channel, name in ((0, "ink"), (1, "left-right change")):
    low, _, up = lesson.trip("max_unpool", guide[:, channel : channel + 1])
    again[name] = F.max_pool2d(up, 2)
    print(f"{name:18} smallest pooled value {low.min():6.3f}   back unchanged: {torch.equal(again[name], low)}")
    assert torch.equal(again[name], low.clamp(min=0))
low = small_map(2)[0, 1]
Drawing(
    side_by_side({"pooled": low, "unpooled, pooled again": again[name][0, 0], "lost": low - again[name][0, 0]}),
    alt="The pooled change has a few violet, negative cells; pooled again they are zero.",
    says=f"negative maxima, lost: {int((low < 0).sum())} of {low.numel()}",
)

# %% [markdown]
# **Explain.** Where a whole block is negative, its maximum is negative too, and the zeros beside it are larger. Pooling
# again finds a zero: $\max(m, 0)$ comes back. After a ReLU nothing is negative and the trip is safe; before one, it may
# not be.

# %% [markdown]
# ## 7 · Ties: an index that says nothing
#
# The index of a maximum is useful where one value stands out. Where values are equal, the first in reading order wins.
#
# **Predict.** A constant map is pooled and unpooled.

# %% tags=["prediction"]
predict("constant-map")

# %%
constant = torch.ones(1, 1, 16, 16)
dots = lesson.trip("max_unpool", constant)[2]
smooth = lesson.trip("average_nearest", constant)[2]
tied = (a2u.windows(x, 2, 2) == pooled[:, :, None]).sum(dim=2) > 1
print(f"blocks of the digit with a tie: {int(tied.sum())} of 64, and all of them are blank: {not pooled[tied].any()}")
assert torch.equal(dots, F.pixel_shuffle(torch.eye(4)[0].view(1, 4, 1, 1).expand(1, 4, 8, 8), 2))
Drawing(
    side_by_side({"constant": constant[0, 0], "max-unpooled": dots[0, 0], "average, nearest": smooth[0, 0]}),
    alt="A flat map; a regular grid of dots in the top left corner of each block; the flat map again.",
    says=f"energy kept: unpooling {lesson.kept(constant, dots)['energy']:.2f}, average "
    f"{lesson.kept(constant, smooth)['energy']:.2f}",
)

# %% [markdown]
# **Explain.** A regular grid of dots that is not in the image: the operator itself made it. Lesson 03 is about such
# patterns. And where values are *almost* equal, a rounding error can decide: the same network may mark another pixel on
# another machine. Lesson 05 replaces the hard choice between 0 and 1 by learned weights in between.

# %% [markdown]
# ## 8 · The guide must be the encoder's
#
# Could the decoder find the places by itself, from the pooled map? Here is a twin of our digit: every block mirrored
# left to right. It is another image, with the *same* pooled map.
#
# **Predict.** Both pooled maps are enlarged by nearest. (And what comes out if the digit is unpooled with the twin's
# indices?)

# %% tags=["prediction"]
predict("twin")

# %%
twin = x.view(1, 1, 16, 8, 2).flip(-1).reshape(1, 1, 16, 16)
assert not torch.equal(twin, x)
assert torch.equal(F.max_pool2d(twin, 2), pooled)
unpool = a2u.build("max_unpool", channels=1)
right, wrong = unpool(pooled, guide=x), unpool(pooled, guide=twin)
assert torch.equal(F.max_pool2d(right, 2), F.max_pool2d(wrong, 2))
maps = {"x": x, "twin": twin, "unpooled, x's places": right, "twin's places": wrong}
Drawing(
    side_by_side({title: m[0, 0] for title, m in maps.items()}),
    alt="The 2, its twin with ragged edges, and both unpooled: the same values at different places.",
    says=f"values put at another place: {int((right != wrong).sum()) // 2};  largest difference "
    f"{(right - wrong).abs().max():.3f}",
)

# %% [markdown]
# **Explain.** Any operator that sees the pooled map alone gives the *same* output for both images: the pooled map does
# not say which one it came from. The 2 bits per block must come from somewhere else: here from the **guide**, the
# encoder's map at the size that we want to reach.
#
# In a network, the map that is to be unpooled is no longer the pooled map; convolutions have changed it. Unpooling can
# still be used: $w$ comes from the guide, $z$ from the decoder. But the two maps need **the same number of channels**,
# as each channel has places of its own. The library says so:

# %%
features = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))  # stands for a decoder's map
assert torch.equal(unpool(features, guide=x) != 0, w_up[:, :, 0] == 1)
try:
    a2u.build("max_unpool", channels=8, guide_channels=4)
except a2u.A2UError as error:
    print(error)

# %% [markdown]
# ## 9 · Odd sizes
#
# Crop the digit to 15×15. Pooling by 2 makes 7×7: the last row and column belong to no block and are dropped. On the
# way up PyTorch guesses $7 \cdot 2 = 14$. But a flat index counts in rows of **15**.
#
# **Predict.** The rows were 15 wide, and are now read as if they were 14 wide. (All indices of this digit are small
# enough for the smaller map.)

# %% tags=["prediction"]
predict("fourteen-wide")

# %%
odd = x[..., :15, :15]
low, index = F.max_pool2d(odd, 2, return_indices=True)
guessed = F.max_unpool2d(low, index, 2)
correct = F.max_unpool2d(low, index, 2, output_size=odd.shape[-2:])
assert (guessed.shape[-1], correct.shape[-1]) == (14, 15)
assert not correct[..., -1, :].any()
assert not correct[..., :, -1].any()  # what was dropped stays zero
Drawing(
    side_by_side({"x": odd[0, 0], "output_size given": correct[0, 0], "guessed": guessed[0, 0]}),
    alt="The 2 on 15×15; unpooled in its shape; unpooled into rows of 14, where it leans and slides to the side.",
    says=f"7×7 up to {correct.shape[-1]}×{correct.shape[-1]}, or wrongly to {guessed.shape[-1]}×{guessed.shape[-1]}",
)

# %% [markdown]
# **Explain.** Each row slides one pixel further: the picture is sheared, and no error is raised. PyTorch stops only
# where an index is too large for the smaller map. How often does that save you? Here are the thousand test digits of
# section 5, each cropped in the same way:

# %%
stopped = 0
for each in images[:, :, :15, :15]:
    low_each, index_each = F.max_pool2d(each, 2, return_indices=True)
    try:
        F.max_unpool2d(low_each, index_each, 2)
    except RuntimeError:
        stopped += 1
        assert index_each.max() >= 14 * 14
    else:
        assert index_each.max() < 14 * 14
print(f"PyTorch stops at {stopped} of {len(images)} digits; {len(images) - stopped} come out sheared, without a word")
assert 0.5 < stopped / len(images) < 0.95

# %% [markdown]
# Most digits raise an error, but not all, and one digit that passes proves nothing about the next. So give
# `output_size`, or better, pad maps to a multiple of the ratio before they go down. The library asks for a guide of
# exactly $rH \times rW$ and stops otherwise, so this bug cannot happen silently:

# %%
try:
    unpool(low, guide=odd)
except a2u.A2UError as error:
    print(error)
padded = F.pad(odd, (0, 1, 0, 1))
print("padded:", tuple(unpool(F.max_pool2d(padded, 2), guide=padded).shape))

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 2.* Height in place of width in the flat index. Use a map that is not square when you explain it: on
#   square ones the error does not show.
# - *Section 3.* "Unpooling inverts pooling." It inverts it at one place in four.
# - *Section 5.* "It is exact at the maxima, so it must be the better copy." Exact at 64 places, zero at the other
#   192. Error counts all of them.
# - *Section 7.* "Ties never happen with real numbers." Blank paper, a ReLU, or a saturated photograph are full of
#   them.
# - *Section 8.* "The network could learn where the maxima were." Not from a map that is the same for two images.
# - *Section 5.* "A place that is lost cannot come back." Not from the pooled map of one channel. Other channels can
#   carry it.
# - **Exercise 1.** The index inside the block instead of the map; counting down columns; the last maximum on a tie
#   (`>=`); the minimum, by a wrong sign.
# - **Exercise 2.** The code is right for random numbers, so trying it on `torch.rand` shows nothing. Ask for a map
#   where it must fail.
# - **Exercise 3.** A one-hot kernel (the first of equal values wins); 1/r² everywhere, which is averaging.
# - **Exercise 4.** $m - r\mu$ in place of $m^2 - r^2\mu^2$; the value furthest from zero in place of the largest.

# %% [markdown]
# ## Exercises
#
# Replace the `...` (in exercise 2: mend the code) and run the cell. The check compares with a slow and careful
# reference, shows where you differ, and recognises the usual mistakes.

# %% [markdown]
# ### Exercise 1 · The indices
# *Difficulty* ★★☆ · *time* 7 minutes
#
# Write the function that returns the **flat** index of the maximum of each block, without `return_indices`. `x` has two
# axes (height, width), both multiples of `ratio`. On a tie the first in reading order counts. Loops are welcome.
#
# <details><summary>Hint 1</summary>
#
# `argmax` of a flattened block gives the index *in the block*. Which row and column of the block is that? And of the
# map?
# </details>
#
# <details><summary>Hint 2</summary>
#
# With t in block (p, q): row = p · ratio + t // ratio, column = q · ratio + t % ratio. The flat index is row · width +
# column. `argmax` of a Tensor does not say which of equal values it takes; `max(range(n), key=...)` in Python takes the
# first.
# </details>
#
# Solution: `solutions/02_pooling_remembers.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_indices(x, ratio):
    return ...


exercises.INDICES.check(my_indices)

# %% tags=["solution"]
import torch

from a2u.lessons.pooling_remembers import exercises


def my_indices(x, ratio):
    height, width = x.shape
    index = torch.zeros(height // ratio, width // ratio)
    for p in range(height // ratio):
        for q in range(width // ratio):
            block = x[p * ratio : (p + 1) * ratio, q * ratio : (q + 1) * ratio].flatten().tolist()
            t = block.index(max(block))
            index[p, q] = (p * ratio + t // ratio) * width + q * ratio + t % ratio
    return index


exercises.INDICES.check(my_indices)

# %% [markdown]
# ### Exercise 2 · Find the bug
# *Difficulty* ★★☆ · *time* 5 minutes
#
# `my_kernel` builds $w \in \{0, 1\}$ for a whole batch: `guide` is (N, C, rH, rW), and the result has the same shape,
# with a single 1 in each block of each channel, at its first maximum. On random numbers the code below is right. On
# real maps it is not. Mend it.
#
# <details><summary>Hint 1</summary>
#
# What do random numbers never have, and blank paper always?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Section 7. `F.max_pool2d(guide, ratio, return_indices=True)` gives one place per block; `t.scatter(2,
# index.flatten(2), 1.0)` writes 1 at flat indices, for a `t` with height and width flattened.
# </details>
#
# Solution: `solutions/02_pooling_remembers.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_kernel(guide, ratio):
    largest = F.max_pool2d(guide, ratio)
    spread = largest.repeat_interleave(ratio, dim=2).repeat_interleave(ratio, dim=3)
    return (guide == spread).float()


exercises.KERNEL.check(my_kernel)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_kernel(guide, ratio):  # a comparison marks every value of a tie; an index marks one
    _, index = F.max_pool2d(guide, ratio, return_indices=True)
    return torch.zeros_like(guide).flatten(2).scatter(2, index.flatten(2), 1.0).view_as(guide)


exercises.KERNEL.check(my_kernel)

# %% [markdown]
# ### Exercise 3 · A fair unpooling
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Design a softer kernel for the way up: `guide` is (rH, rW), and the result has the same shape. Rules: the weights of
# each block are not negative and sum to 1; equal values of a block get equal weights; where values differ, the largest
# gets more weight than every smaller one. Many answers are right.
#
# <details><summary>Hint 1</summary>
#
# Bring each block into a row of r² values: `F.pixel_unshuffle(guide[None, None], ratio)` has them as channels. Which
# function makes weights that sum to 1?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `softmax(dim=1)` over these channels, and `F.pixel_shuffle` back.
# </details>
#
# Solution: `solutions/02_pooling_remembers.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_weights(guide, ratio):
    return ...


exercises.FAIR.check(my_weights)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_weights(guide, ratio):
    blocks = F.pixel_unshuffle(guide[None, None], ratio)  # 1 r² H W
    return F.pixel_shuffle(blocks.softmax(dim=1), ratio)[0, 0]


exercises.FAIR.check(my_weights)

# %% [markdown]
# ### Exercise 4 · Who copies better?
# *Difficulty* ★★☆ · *time* 5 minutes
#
# `block` holds the r×r values of one block. Return, without making either copy, the squared error of average-pool →
# nearest minus that of max-pool → unpool, each summed over the block. It is positive where unpooling copies better. The
# lines above the check measure it for one block.
#
# <details><summary>Hint 1</summary>
#
# Error is energy lost. What energy does each trip keep?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Unpooling keeps $m^2$, averaging $r^2 \mu^2$. Both lose the rest of the same $\sum x^2$.
# </details>
#
# Solution: `solutions/02_pooling_remembers.ipynb`.


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import exercises


def my_gain(block):
    return ...


block = torch.tensor([[8.0, 1.0], [1.0, 1.0]])
errors = [(block - block.mean()).square().sum(), (block - torch.tensor([[8.0, 0.0], [0.0, 0.0]])).square().sum()]
print("yours:", my_gain(block), " measured:", float(errors[0] - errors[1]))
exercises.GAIN.check(my_gain)

# %% tags=["solution"]
import torch

from a2u.lessons.pooling_remembers import exercises


def my_gain(block):
    return block.max() ** 2 - block.numel() * block.mean() ** 2


block = torch.tensor([[8.0, 1.0], [1.0, 1.0]])
errors = [(block - block.mean()).square().sum(), (block - torch.tensor([[8.0, 0.0], [0.0, 0.0]])).square().sum()]
print("yours:", float(my_gain(block)), " measured:", float(errors[0] - errors[1]))
exercises.GAIN.check(my_gain)

# %% [markdown]
# ### To think over: the loudest second
#
# A program stores, for each second of a recording with 8,000 values, only the largest value and its place. Later it
# puts these values back and fills the rest with zeros. How many bits does a place need? For which sounds is the copy
# good, and for which is the mean of each second better?
#
# <details><summary>Answer</summary>
#
# $\log_2 8000 \approx 13$ bits. Along one axis a block has $n = 8000$ values: unpooling keeps $m^2$, the mean keeps $n
# \mu^2$. So unpooling copies better where $|m| > \sqrt n\,|\mu|$, about 89 times the mean: single clicks in silence. A
# sound swings around zero, so its mean keeps next to nothing: then unpooling wins too, and both copies are bad. The
# mean is better only for a signal that hardly changes within a second, and that is not a sound.
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** If averaging copies better, why does any network unpool? **A.** A copy is not the aim. Convolutions that
#   follow can fill holes, and the places help them. They are not the only help: in Table 1 of the paper (MNIST)
#   unpooling has 29.91 dB, nearest 28.54, deconvolution 31.85 and pixel shuffle 31.63. Nearest and deconvolution come
#   after stride-2 convolutions, whose channels can carry places too; for pixel shuffle the table does not say.
# - **Q.** Does a gradient flow through the choice of the maximum? **A.** Through the chosen value, with weight 1. The
#   choice itself has none: move another value a little and nothing happens. Lesson 05 makes the choice soft for this
#   reason.
# - **Q.** A map of 64 channels, 256×256, is pooled by 2. What does remembering the places cost? **A.** $64 \cdot 128
#   \cdot 128$ blocks with 2 bits each are 256 KiB; the pooled values in float32 are 4 MiB. One sixteenth.
# - **Q.** When is unpooling the better copy of a block? **A.** When $|m| > r\,|\mu|$. Ask for a block of four numbers
#   where it is: $(8, 1, 1, 1)$ has mean 2.75, and $8 > 5.5$.
#
# **Grade.** Exercise 2 passes. In person: *what does the index 149 mean in a map 16 wide?* (Row 9, column 5.) For full
# marks ask what the index in the block has to do with the kernel: it is the place of the 1, that is, the phase.
#
# **Extend.** Keep the *two* largest values of each block with their places: which share of the energy is left, and
# how many bits does it cost ($\log_2 6$ for a pair out of four)?

# %% [markdown]
# ## Five questions

# %% tags=["questions"]
from a2u.lessons.pooling_remembers.questions import concepts

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
# - Max-pooling is $w^\top z$ with a one-hot $w$ over $r^2$ values; max-unpooling gives the same ones and zeros to $r^2$
#   outputs, each with a 1×1 window.
# - The index in a block is the phase of the maximum: $\log_2 r^2$ bits for each block and channel.
# - As a copy, unpooling is poor (it leaves holes) unless maps are sparse. What it keeps is the *place*. Channels can
#   carry places as well.
# - For both projections, error is energy lost: unpooling keeps $m^2$ of a block, averaging $r^2 \mu^2$.
# - Ties say nothing, negative maxima do not survive another pooling, a flat index is true for one width only.
# - $w$ comes from the encoder's map, $z$ from the decoder: the first kernel of this course that is made from features.
#
# Scroll back to the first picture: can you say each of its numbers before you read it?
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1), and
#   section 3, feature-based upsampling i), max-unpooling; Table 1.
# - M. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014: places of maxima
#   ("switches") on the way back.
# - V. Badrinarayanan, A. Kendall, R. Cipolla, *SegNet*, IEEE Transactions on Pattern Analysis and Machine Intelligence
#   39(12), 2017: a decoder that unpools by the encoder's indices.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
