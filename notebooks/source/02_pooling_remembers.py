# %% [markdown]
# # 02 · Pooling remembers
#
# On its way down a network throws values away: of every 2×2 block, max-pooling keeps one. But it can keep something
# else, for almost nothing: **where** that one value stood. In this lesson you follow a map down and up again, see what
# the index of a maximum is worth, and find your first kernel that is made from features.
#
# **You will be able to**
# - write max-pooling and max-unpooling as $w^\top z$ with $w \in \{0, 1\}$, and match PyTorch exactly;
# - say what pooling loses, what its indices keep, and measure both;
# - avoid the usual traps: ties, negative values, odd sizes, indices of the wrong map.
#
# **You need** lesson 01: window, kernel, phase. **Time** 25 minutes, and 20 more for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 75 minutes.
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
# | 64–75 | exercise 2 | exercises 1 and 3 are homework |
#
# **Skip if short.** Section 9 (odd sizes) is for reading; section 6 can be told in one sentence. Keep section 8: it
# is why every operator from here on asks the encoder.
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
# maximum in its block, as a number; the pooled map; the map that comes back. Below, one block in large: the window
# ■ $z$ is a single pooled value, the kernel ◆ $w$ a single number, 0 or 1, and ● $y$ is their product.

# %% [markdown]
# ## 1 · Pooling is a selection
#
# Max-pooling with ratio $r$ cuts the map into blocks of $r \times r$ and keeps the largest value of each. A network
# does so to see further with less work: after it, a 3×3 window covers twice the distance.
#
# Is this the formula of lesson 01, a sum of products? Let $z$ be the $r^2$ values of a block, row by row. Let $w$ be
# zero but for a single 1, at the maximum:
#
# $$\max_t z_t = w^\top z, \qquad w_t = \begin{cases} 1 & t = \arg\max_s z_s \\ 0 & \text{else} \end{cases}$$
#
# Such a $w$ is called **one-hot**. There is one for each block *and each channel*: the maximum of one channel says
# nothing about the next.
#
# `a2u.reduce(x, w, ratio)` is the formula on the way down, one window for each block.
#
# **Predict.** Block (4, 2) of the picture has its maximum at the lower right. What is its $w$?

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
# computed from distances. It was read from the values themselves. Move the stroke by one pixel, and the kernel changes.

# %% [markdown]
# ## 2 · Three ways to write down a place
#
# A one-hot vector says "the fourth of four" in four numbers. One is enough. The **index in the block** of the value in
# row $a$ and column $b$ of its block is $t = a\,r + b$, exactly the *phase* of lesson 01. PyTorch writes a third form,
# the **flat index** of the position $(i, j)$ in the whole map, $W$ pixels wide:
#
# $$\text{flat} = i \cdot W + j, \qquad i = \lfloor \text{flat} / W \rfloor, \quad j = \text{flat} \bmod W$$
#
# **Predict.** The maximum of block (4, 2) stands at row 9, column 5. $W = 16$. What is its flat index?

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
# **Explain.** $9 \cdot 16 + 5 = 149$. A place out of $r^2 = 4$ is worth $\log_2 4 = 2$ **bits** for each block and
# channel. A pooled value in float32 has 32 bits; remembering where it came from costs one sixteenth of that. A flat
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
# So the four numbers of `w_down` for a block are dealt out to four outputs with one weight each. That is a pixel
# shuffle.
#
# **Predict.** How many of the 256 outputs can be different from zero?

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
# **Explain.** At most 64, one for each block; fewer, because the paper around the digit is zero anyway. The border
# needs no rule here: a 1×1 window never looks outside the map.

# %% [markdown]
# Here are the kernels themselves, for two channels of the encoder's map.
#
# **Predict.** Do the maxima of the ink and those of its change from left to right stand at the same places?

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
# **Explain.** No: a change is largest where the stroke begins, the ink where it is darkest. Each channel has a
# kernel of its own.
#
# The library's operator takes the map $x$ itself, the **guide**, instead of its indices. It is the same information,
# and then all operators of this course have the same two inputs.

# %% [markdown]
# ## 4 · Open the round trip
#
# Choose an output with `row` and `column`, and watch the index, $w$, $z$ and $y$ (click a slider, then use the arrow
# keys). `operator` switches between max-unpooling and nearest neighbour, and adds a third trip that goes down by the
# *average* of each block.
#
# **Predict, then look:**
# 1. Walk through the four outputs of one block. What stays, what changes, with either way up?
# 2. Set `ratio` to 4. What share of the outputs survives max-unpooling?
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
# and 1. With ratio 4 one output in sixteen survives. A block that is negative throughout has a negative maximum
# (section 6). And on blank paper the index is 0: nobody has won, so the first one does. We come back to that.

# %% [markdown]
# ## 5 · What is lost, what is kept
#
# Let us measure. The **root mean square error** (RMSE) compares a copy $y$ with $x$. The **energy** $\sum y^2$,
# divided by $\sum x^2$, says how much of the map is still there. And one more: the error *at the maxima alone*.
#
# **Predict.** Three round trips: max-pool → unpool, max-pool → nearest, average-pool → nearest. Which one has the
# smallest error? Decide before you run the cell.

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
# **Explain.** Surprised? As a *copy*, max-unpooling is the worst of the three: it is exact at the maxima, and leaves
# holes everywhere else. The reason can be written in two lines.
#
# Unpooling keeps some values of $x$ and sets the rest to zero. Averaging replaces each block by its mean. With the
# places held fixed, both are **projections**: doing them again changes nothing, and what they remove is at right angles
# to what they keep. So Pythagoras holds, and the error *is* the energy that is gone:
#
# $$\sum (y - x)^2 = \sum x^2 - \sum y^2$$
#
# Of a block with maximum $m$ and mean $\mu$, unpooling keeps the energy $m^2$, and averaging $r^2 \mu^2$. Unpooling
# makes the better copy of a block exactly where $|m| > r\,|\mu|$: for $r = 2$, where the maximum is more than twice the
# mean. The inside of a smooth stroke is not like that; its rim is, and so is a map with few, sharp responses.
#
# Max-pool → nearest is right at the maxima too, and no longer marks where they are: it inflates the whole block.

# %% [markdown]
# **Predict.** In how many of the 42 blocks with ink does unpooling make the better copy: in none, a few, half of them?
# And if just one value of each block is not zero, what does each trip keep?

# %% tags=["prediction"]
predict("blocks-won")

# %% tags=["spoiler"]
maximum, mean = F.max_pool2d(x, 2), F.avg_pool2d(x, 2)
errors = {n: 4 * F.avg_pool2d((lesson.trip(n, x)[2] - x) ** 2, 2) for n in lesson.TRIPS}
wins = errors["max_unpool"] < errors["average_nearest"] - 1e-7
assert torch.equal(wins, (maximum > 2 * mean + 1e-6) & (errors["average_nearest"] > 1e-6))
assert (int(wins.sum()), int((maximum > 0).sum())) == (26, 42)
print(f"blocks of the digit that unpooling copies better: {int(wins.sum())} of {int((maximum > 0).sum())} with ink")
sparse = w_up[:, :, 0] * x  # one value a block
for name in ("max_unpool", "average_nearest"):
    dense, few = (lesson.kept(t, lesson.trip(name, t)[2]) for t in (x, sparse))
    assert abs(dense["energy"] + float(errors[name].sum() / x.square().sum()) - 1) < 1e-5  # Pythagoras
    print(f"{name:16} keeps {dense['energy']:6.1%} of the digit's energy, {few['energy']:6.1%} of the sparse map's")

# %% [markdown]
# **Explain.** Unpooling wins in 26 of 42 blocks, and yet loses the map: those are the rims, most of them pale, with a
# tenth of the energy. Inside the stroke it loses far more:

# %%
ink = 4 * F.avg_pool2d(x**2, 2)  # the energy of each block
gain = errors["average_nearest"] - errors["max_unpool"]
rim, won, lost = float(ink[wins].sum() / ink.sum()), float(gain[wins].sum()), float(-gain[~wins].sum())
print(f"blocks that unpooling copies better: {rim:.0%} of the energy; squared error {won:.1f} smaller there")
print(f"all other blocks: squared error {lost:.1f} larger")
assert rim < 0.12
assert lost > 15 * won

# %% [markdown]
# The sparse map survives unpooling untouched, and averaging keeps a quarter of it: $1/r^2$. That is also the least that
# unpooling can keep of a map without negative values: a flat block has four equal values, and one stays.
#
# So unpooling is not a way to copy a picture. It keeps **places**. In a network, convolutions follow the unpooling and
# fill the holes from their neighbours; a lost place no convolution can bring back. In the paper's toy experiment, a
# trained network with max-unpooling copies MNIST at 29.91 dB, one with stride-2 convolutions and nearest at 28.54
# (Table 1). Lesson 08 trains such networks.

# %% [markdown]
# ## 6 · Down, up, down
#
# Unpool, then pool again: is the pooled map back? It should be, as every block holds its maximum and zeros.
#
# **Predict.** Is it always? Think of channel 1, the change from left to right, which can be negative.

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
# again finds a zero: $\max(m, 0)$ comes back. After a ReLU nothing is negative and the trip is safe; before one,
# beware.

# %% [markdown]
# ## 7 · Ties: an index that says nothing
#
# The index of a maximum is useful where one value stands out. Where values are equal, the first in reading order wins.
#
# **Predict.** A constant map, pooled and unpooled: what does it look like?

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
# **Explain.** A regular grid of dots that no image has put there: a pattern of the operator itself. You will meet its
# relatives in lesson 03. And where values are *almost* equal, a rounding error decides: the same network may mark
# another pixel on another machine. A hard choice is a fragile one; lesson 05 replaces 0 and 1 by learned weights
# in between.

# %% [markdown]
# ## 8 · The guide must be the encoder's
#
# Could the decoder find the places by itself, from the pooled map? Here is a twin of our digit: every block mirrored
# left to right. It is another image, with the *same* pooled map.
#
# **Predict.** What will nearest make of the two? And what comes out if the digit is unpooled with the twin's indices?

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
# **Explain.** What depends on the pooled map alone makes the *same* of both images: the pooled map does not know which
# one it came from. The 2 bits a block must be carried across, from the encoder's map at the size we want to reach. That
# is why a guide exists, and every operator from here to A²U that takes one uses the same road.
#
# In a network, the map that comes up is no longer the pooled map; convolutions have changed it. Unpooling does not
# mind: $w$ comes from the guide, $z$ from the decoder. But both need **the same number of channels**, as each has its
# own places. The library says so:

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
# **Predict.** What happens to a picture whose rows are read as 14 wide when they were 15?

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
# **Explain.** Each row slides one pixel further: the picture is sheared, and no error is raised. Give `output_size`, or
# better, pad maps to a multiple of the ratio before they go down. The library asks for a guide of exactly $rH \times
# rW$ and stops otherwise, so this bug cannot happen silently:

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
# - *Section 5.* "It is exact at the maxima, so it must be the better copy." Exact at 64 places, wrong at 192. Error
#   counts all of them.
# - *Section 7.* "Ties never happen with real numbers." Blank paper, a ReLU, or a saturated photograph are full of
#   them.
# - *Section 8.* "The network could learn where the maxima were." Not from a map that is the same for two images.
# - **Exercise 1.** The index inside the block instead of the map; counting down columns; the last maximum on a tie
#   (`>=`); the minimum, by a wrong sign.
# - **Exercise 2.** `guide == maximum` marks every tie; a fixed corner; $w = 1$ everywhere (nearest neighbour); the
#   maxima of one channel or one sample used for all; the values themselves in the place of ones.
# - **Exercise 3.** Indices of one channel for all, row and column exchanged. Those who loop over everything are
#   right, and should then see `scatter`.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell. The check compares with a slow and careful reference on random maps, shows
# where you differ, and recognises the usual mistakes.

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
# With t in block (p, q): row = p · ratio + t // ratio, column = q · ratio + t % ratio. The flat index is
# row · width + column. `argmax` of a Tensor promises nothing about ties; `max(range(n), key=...)` in Python takes the
# first.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_indices(x, ratio):
#     height, width = x.shape
#     index = torch.zeros(height // ratio, width // ratio)
#     for p in range(height // ratio):
#         for q in range(width // ratio):
#             block = x[p * ratio : (p + 1) * ratio, q * ratio : (q + 1) * ratio].flatten().tolist()
#             t = block.index(max(block))
#             index[p, q] = (p * ratio + t // ratio) * width + q * ratio + t % ratio
#     return index
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import explorer as lesson


def my_indices(x, ratio):
    return ...


lesson.INDICES.check(my_indices)

# %% tags=["solution"]
import torch

from a2u.lessons.pooling_remembers import explorer as lesson


def my_indices(x, ratio):
    height, width = x.shape
    index = torch.zeros(height // ratio, width // ratio)
    for p in range(height // ratio):
        for q in range(width // ratio):
            block = x[p * ratio : (p + 1) * ratio, q * ratio : (q + 1) * ratio].flatten().tolist()
            t = block.index(max(block))
            index[p, q] = (p * ratio + t // ratio) * width + q * ratio + t % ratio
    return index


lesson.INDICES.check(my_indices)

# %% [markdown]
# ### Exercise 2 · The kernel
# *Difficulty* ★★☆ · *time* 7 minutes
#
# Now $w \in \{0, 1\}$ for a whole batch: `guide` is (N, C, rH, rW), and the result has the same shape, with a single 1
# in each block of each channel. You may use PyTorch's own `F.max_pool2d(guide, ratio, return_indices=True)`.
#
# <details><summary>Hint 1</summary>
#
# Begin with zeros, with height and width flattened: `torch.zeros_like(guide).flatten(2)`. Where do the ones go?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `t.scatter(2, index.flatten(2), 1.0)` writes 1 at the given flat indices of each sample and channel. Then
# `.view_as(guide)`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_kernel(guide, ratio):
#     _, index = F.max_pool2d(guide, ratio, return_indices=True)
#     return torch.zeros_like(guide).flatten(2).scatter(2, index.flatten(2), 1.0).view_as(guide)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import explorer as lesson


def my_kernel(guide, ratio):
    return ...


lesson.KERNEL.check(my_kernel)

# %% tags=["solution"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import explorer as lesson


def my_kernel(guide, ratio):
    _, index = F.max_pool2d(guide, ratio, return_indices=True)
    return torch.zeros_like(guide).flatten(2).scatter(2, index.flatten(2), 1.0).view_as(guide)


lesson.KERNEL.check(my_kernel)

# %% [markdown]
# ### Exercise 3 · Unpooling by indices
# *Difficulty* ★★☆ · *time* 6 minutes
#
# The way most libraries do it, without building $w$: put each value of `z` at its own flat index in a map of the given
# `height` and `width`. `z` and `index` are (N, C, H, W).
#
# <details><summary>Hint 1</summary>
#
# As in exercise 2, but what is written is no longer 1.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `y.scatter(2, index.flatten(2), z.flatten(2))`, with y of (N, C, height · width); then `.view(*z.shape[:2], height,
# width)`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_unpool(z, index, height, width):
#     y = torch.zeros(*z.shape[:2], height * width)
#     return y.scatter(2, index.flatten(2), z.flatten(2)).view(*z.shape[:2], height, width)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.pooling_remembers import explorer as lesson


def my_unpool(z, index, height, width):
    return ...


lesson.UNPOOL.check(my_unpool)

# %% tags=["solution"]
import torch

from a2u.lessons.pooling_remembers import explorer as lesson


def my_unpool(z, index, height, width):
    y = torch.zeros(*z.shape[:2], height * width)
    return y.scatter(2, index.flatten(2), z.flatten(2)).view(*z.shape[:2], height, width)


lesson.UNPOOL.check(my_unpool)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** If averaging copies better, why does any network unpool? **A.** A copy is not the aim. Convolutions that
#   follow can fill holes; they cannot find a place that nobody kept. In Table 1 of the paper: 29.91 dB against 28.54
#   on MNIST.
# - **Q.** Does a gradient flow through the choice of the maximum? **A.** Through the chosen value, with weight 1. The
#   choice itself has none: move another value a little and nothing happens. Lesson 05 makes the choice soft for this
#   reason.
# - **Q.** A map of 64 channels, 256×256, is pooled by 2. What does remembering the places cost? **A.** $64 \cdot 128
#   \cdot 128$ blocks of 2 bits are 256 KiB; the pooled values in float32 are 4 MiB. One sixteenth.
# - **Q.** When is unpooling the better copy of a block? **A.** When $|m| > r\,|\mu|$. Ask for a block of four numbers
#   where it is: $(8, 1, 1, 1)$ has mean 2.75, and $8 > 5.5$.
#
# **Grade.** Exercise 2 passes. In person: *what does the index 149 mean in a map 16 wide?* (Row 9, column 5.) Full
# marks need the sentence "the index is the kernel's position of the 1, that is, the phase".
#
# **Extend.** Keep the *two* largest values of each block with their places: which share of the energy is left, and
# how many bits does it cost ($\log_2 6$ for a pair out of four)?

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Max-pooling is $w^\top z$ with a one-hot $w$ over $r^2$ values; max-unpooling deals the same ones and zeros out to
#   $r^2$ outputs, each with a 1×1 window.
# - The index in a block is the phase of the maximum: $\log_2 r^2$ bits for each block and channel.
# - As a copy, unpooling is poor (it leaves holes) unless maps are sparse. What it keeps is the *place*.
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
