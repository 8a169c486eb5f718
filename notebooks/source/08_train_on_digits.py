# %% [markdown]
# # 08 · Train on digits
#
# So far you have looked at kernels. Now they have to work: the same small network learns to copy handwritten digits,
# once with each upsampling operator. Loss, data and schedule stay equal. One thing beside the operator does not: the
# networks with nearest, bilinear, deconvolution and pixel shuffle shrink their maps by stride-2 convolutions, the
# others by max-pooling. You will see how much that alone can do.
#
# **You will be able to**
# - write a training loop, train an auto-encoder with any operator of this course, and read its curves while it learns;
# - measure a copy by ℓ1 loss and RMSE, turn RMSE into PSNR, and say what SSIM adds;
# - say what the encoder hands over with each operator, and what the measurements do not prove about it.
#
# **You need** lesson 01 ($y = w^\top z$). Max-unpooling and A²U are explained as far as needed; lessons 02 and 07 take
# them apart. In quick mode the three trainings take well under a minute. Symbols and terms: [Notation and
# words](notation.md).
#
# **Time** 57 minutes, and 15 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 4 |
# | 1 · Digits in, digits out | 5 |
# | 2 · The loop, and a kernel that knows nothing | 5 |
# | 3 · Two operators with a guide | 7 |
# | 4 · Look at what they made | 7 |
# | 5 · Beside the paper | 5 |
# | 6 · The whole table | 9 |
# | 7 · Nine networks, opened | 7 |
# | Five questions | 6 |
# | Summary | 2 |
# | Exercises | 15 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 75 minutes. The trainings take seconds; the talking is the lesson.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture, and one sentence each | each writes *what could the lower three rows know?*; fold the paper |
# | 8–16 | section 1, digits in, digits out | count the numbers in the middle before you show them |
# | 16–25 | section 2, the loop, and bilinear | what does each of its five lines do? Then read the growing curves |
# | 25–37 | section 3, two guides | predict in dB before each; note the predictions |
# | 37–49 | section 4, look | open the folded papers now; then the kernels |
# | 49–55 | section 5, beside the paper | what may a short run claim? |
# | 55–61 | section 6, the whole table | each group defends or attacks one claim with the verdicts |
# | 61–68 | section 7, explorer | four questions in pairs; who finds the digit at which one network stumbles? |
# | 68–75 | exercise 3 | exercises 1 and 2 are homework |
#
# **To save time:** Section 6, for reading. With a GPU and time to spare, start `a2u table1 --preset reduced`
# in a terminal at the beginning and look at it at the end.
#
# **Before class.** Run the lesson once on the room's slowest machine. All numbers that the text relies on are orders,
# not values, so that they hold on any machine.

# %% [markdown]
# ## The picture
#
# This is Table 1 of the A²U paper as a picture. Each line is one network; they differ in how they make maps smaller and
# larger again. PSNR says how close the copies are to the digits. **More is better, and 6 dB mean half the error.**

# %%
import torch

from a2u.lessons.frame import Drawing
from a2u.lessons.mode import choose_mode
from a2u.lessons.train_on_digits import short as lesson
from a2u.lessons.train_on_digits.live import LiveCurves
from a2u.lessons.train_on_digits.predictions import predict
from a2u.plots.reconstruction import comparison, table_dots
from a2u.reconstruction import ROWS, train

paper = {row.title: row.paper["mnist"].psnr for row in ROWS.values()}
words = f"{len(paper)} rows, from {min(paper.values())} to {max(paper.values())} dB"
Drawing(table_dots(paper, title="Copying MNIST digits: what the paper reports"), "Table 1 of the paper as dots.", words)

# %% [markdown]
# Six rows lie between 26 and 32 dB, three between 45 and 48. On average the error of the six is about *seven times*
# that of the three.
#
# **Predict** what makes the difference. Write down one sentence; you will check it in section 4.

# %% tags=["prediction"]
predict("lower-three")

# %% [markdown]
# ## 1 · Digits in, digits out
#
# An **auto-encoder** sends an image through a coarse map, and rebuilds it:
#
#     32×32 ─ C(32) ↓ C(64) ↓ C(128) ↓ C(256) ─ C(128) ↑ C(64) ↑ C(32) ↑ C(1) ─ 32×32
#
# C(k) is a 3×3 convolution to k channels, batch norm, ReLU. Each ↓ halves height and width, each ↑ doubles them again.
# **↑ is where our operator sits**, three times. There are no shortcuts around it. Whatever the decoder knows of the
# image comes from the map in the middle, with 4×4 places, and through the operator.
#
# Many auto-encoders *squeeze*: the map in the middle holds fewer numbers than the image. In this one, no map between
# image and copy is smaller than C(128), before the first ↑. The image has 32×32 = 1,024 numbers.
#
# **Predict** how many numbers C(128) holds.

# %% tags=["prediction"]
predict("narrowest")

# %% [markdown]
# Quick mode trains on very little, so that you can watch. The output says how little.

# %%
mode = choose_mode()  # or choose_mode("full"), or start with A2U_MODE=full
if not mode.full:
    torch.set_num_threads(1)  # with 4 images a step, two cores would mostly wait for each other
bilinear = lesson.experiment("bilinear", mode)
print("mode    ", mode.name)
print("trains  ", bilinear.settings.epochs, "passes, on", bilinear.train.source)
print("measured", "on", bilinear.test.source)
batch = next(iter(bilinear.batches(epoch=1)))
print("a batch ", tuple(batch.shape))

# %% tags=["spoiler"]
numbers = []
hook = bilinear.model.bottom.register_forward_hook(lambda _m, _x, code: numbers.append(code[0].numel()))
with torch.no_grad():
    bilinear.model.eval()(batch)
hook.remove()
print(f"the image {batch[0].numel():,} numbers, the narrowest map {numbers[0]:,}")
assert numbers[0] == 128 * 4 * 4 == 2 * batch[0].numel()

# %% [markdown]
# **Explain.** There are 2,048, twice as many as pixels. (C(256) before it holds 4,096.) So there is room enough:
# exercise 2 packs an image into such a map without any loss. Whether the layers of this network
# could carry everything through such a map is another question, and this course does not know the answer: nobody has
# set weights by hand that do it, nor shown that there are none. The lesson asks what training finds with each operator.

# %% [markdown]
# ## 2 · The loop, and a kernel that knows nothing
#
# A training loop is short. Here is all of it, for one pass over the images: copy, measure the loss, clear the old
# gradients, compute the new ones, step.

# %%
twin = lesson.experiment("bilinear", choose_mode("quick"))  # a second network, equal to the first of quick mode
optimizer = torch.optim.SGD(twin.model.parameters(), lr=0.03, momentum=0.9)
losses = []
for batch in twin.batches(epoch=1):
    loss = (twin.model(batch) - batch).abs().mean()  # ℓ1
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"{len(losses)} steps: the loss falls from {losses[0]:.1f}", "to less than half:", losses[-1] < losses[0] / 2)

# %% [markdown]
# In exercise 3 you will type it yourself. The library's `train` runs the same loop. It also keeps checkpoints, lowers
# the learning rate, and reports. It calls `live.on_step` as the loss comes in and `live.on_epoch` after every pass over
# the images. `live`, made in the next code cell, then redraws its picture of the curves.
#
# The first network shrinks its maps with stride-2 convolutions and enlarges them bilinearly. The kernel $w$ depends on
# distances alone: every digit, every stroke, every corner gets the same one.
#
# **Predict.** Imagine its copies, after one pass over all 60,000 digits of MNIST. (Section 4 shows them.)

# %% tags=["prediction"]
predict("copies")

# %%
live = LiveCurves()
live.watch("Bilinear", bilinear)
history = train(bilinear, on_step=live.on_step, on_epoch=live.on_epoch)
assert history[-1]["loss"] < history[0]["loss"]
if not mode.full:  # the first pass is that of the loop above
    assert abs(history[0]["loss"] - sum(losses) / len(losses)) < 1e-4
live.finish()

# %% [markdown]
# **Explain.** On the left is the ℓ1 loss (the mean of |copy − input|) of every batch, pale, and its running mean. On
# the right is the PSNR on images that the network has never trained on. Whatever this network makes after so few steps
# says more about the shortness of the training than about the operator.

# %% [markdown]
# ## 3 · Two operators with a guide
#
# **Max-unpooling.** The second network shrinks its maps by max-pooling: of every 2×2 block the largest value survives.
# On the way up, max-unpooling puts each value back *where the maximum was*, and zeros elsewhere. As a formula: $z$ is
# one value, and $w \in \{0, 1\}$ is 1 at the place of the encoder's maximum. The encoder's map from which $w$ is made
# is called the **guide**.
#
# **Predict** how far this network is ahead of bilinear in quick mode.

# %% tags=["prediction"]
predict("unpooling-ahead")

# %%
unpool = lesson.experiment("max_unpool", mode)
live.watch("Max-unpooling", unpool)
train(unpool, on_step=live.on_step, on_epoch=live.on_epoch)
live.finish()

# %% [markdown]
# **A²U.** The way down is the same max-pooling. On the way up, $w$ is one number between 0 and 1 for every pixel of the
# larger map, and it is *computed from the guide*: learned filters $U$ and $V$, one pair per channel and phase, look at
# a 4×4 window of it. The result of $U$ goes through a sigmoid. Then the two results are multiplied, added up over the
# channels, and scaled by one more learned number, $P$. A last sigmoid makes a weight of it.
#
# A weight may now be 0.3 or 0.9 instead of 0 or 1. **Predict** how far this network is ahead of max-unpooling in quick
# mode.

# %% tags=["prediction"]
predict("soft-weights")

# %%
affinity = lesson.experiment("a2u", mode)
live.watch("A²U", affinity)
train(affinity, on_step=live.on_step, on_epoch=live.on_epoch)
live.finish()

# %% tags=["spoiler"]
end = {title: curve.scores[-1][1] for title, curve in live.curves.items()}
gains = (end["Max-unpooling"] - end["Bilinear"], end["A²U"] - end["Max-unpooling"])
assert min(gains) > 0
if not mode.full:
    assert 6 < gains[0] < 10
    assert 3 < gains[1] < 7
print("max-unpooling is ahead of bilinear, and A²U of both")

# %% [markdown]
# **Explain.** Read the right-hand curves. In quick mode max-unpooling is 7 to 8 dB ahead of bilinear, and A²U about 5
# dB ahead of max-unpooling. How much of this is the operator, and how much the short training? Section 6 shows what
# becomes of both gaps in a whole pass over MNIST.

# %% [markdown]
# ## 4 · Look at what they made
#
# The copies of your three networks would show short trainings. So here are networks that come with a2u, each after one
# pass over the 60,000 digits of MNIST. Left: four test digits. Middle: the copies. Right: where and by how much they
# are wrong, all on one scale, so that you may compare them. (SSIM compares brightness, contrast and structure in small
# windows: 1 for equal images. It can fall for lost strokes that hardly change a mean over pixels.)

# %%
from a2u.lessons.train_on_digits import explorer as nine_networks
from a2u.pretrained import card

shipped = {"Bilinear": "bilinear", "Max-unpooling": "max_unpool", "A²U": "a2u"}
images = nine_networks.images()
copies = {title: nine_networks.seen(name).copies for title, name in shipped.items()}
full_scores = {title: card(f"toy/{name}-mnist").metrics["stored"] for title, name in shipped.items()}
some = [0, 4, 8, 18]
figure = comparison(images[some], {title: maps[some] for title, maps in copies.items()}, full_scores)
alt = "Four digits and their copies by three trained networks. The errors along the strokes shrink from left to right."
Drawing(figure, alt, ", ".join(f"{title} {each['psnr']:.1f} dB" for title, each in full_scores.items()))

# %% tags=["spoiler"]
from a2u.gradient import gradient_length

truth = gradient_length(images)
for title, maps in copies.items():
    steep = float(gradient_length(maps).mean() / truth.mean())
    shifts = {
        to: float((maps.roll(to, (2, 3)) - images).abs().mean()) for to in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    }
    holes = float((maps[images > 0.9] < 0.5).float().mean())
    print(
        f"{title:13} edges {steep:.2f} as steep; best shift {min(shifts, key=shifts.get)}; {holes:.1%} of the ink lost"
    )
    assert 0.9 < steep < 1.1
    assert min(shifts, key=shifts.get) == (0, 0)
    assert holes < 0.01

# %% [markdown]
# **Explain.** Not blurred, not shifted, not full of holes, as a rule. Bilinear's copies have edges nearly as steep as
# the digits. Mostly they are a little *misplaced*: the errors lie along the strokes, and in the third digit bilinear
# closes a loop that is open, and there it blurs too. In general a fixed kernel did not force a blur: the layers after
# it can sharpen. Now to your sentence from the beginning. Ask of each operator: *what does the encoder hand over?*
#
# | operator | what passes, besides the small map | PSNR after one pass |
# |---|---|---|
# | bilinear | nothing | 23.0 |
# | max-unpooling | for every block and channel one of 4 places: 2 bits | 27.1 |
# | A²U | for every pixel of each level one weight from the guide, any number in (0, 1) | 38.8 |
#
# The encoder hands over nothing, one of four places, or any number, and PSNR rises in this order. This fits the idea
# that detail comes through the operator. It does not prove it. The bilinear network also goes down in another way than
# the other two. And counting bits does not give this order: over the three steps max-unpooling gets 2 bits for each of
# 14,336 blocks and channels, 28,672 bits. A²U gets 1,344 weights, which at 16 bits each are only 21,504 bits.

# %% [markdown]
# Here are the kernels of the last upsampling step for one digit, in the two networks with a guide.

# %%
from a2u.plots.maps import side_by_side

digit, trained = images[some[1] : some[1] + 1], {name: nine_networks.seen(name) for name in ("max_unpool", "a2u")}
guides = {name: each.guide[some[1] : some[1] + 1] for name, each in trained.items()}
with torch.no_grad():
    unpool_w, a2u_w = (each.op.kernel(None, guides[name]) for name, each in trained.items())  # 1 32 or 1 1 32 32
inked = lesson.inked(guides["max_unpool"], digit)  # a channel that goes with the ink
maps = {"max-unpooling: w of one channel": unpool_w[0, inked, 0], "A²U: w of all channels": a2u_w[0, 0, 0]}
alt = "A scatter of zeros and ones, a single one in every block, beside a map of many shades that traces the digit."
words = (
    f"{len(unpool_w.unique())} different weights in max-unpooling; more than 100 in A²U: {len(a2u_w.unique()) > 100}"
)
Drawing(side_by_side({title: m.cpu() for title, m in maps.items()}, kind="weights", height=3.7), alt, words)

# %% [markdown]
# Max-unpooling marks one place in every block. On empty paper, away from the ink, all four values are equal and the
# first one wins: these regular dots say nothing. Along the strokes the dots of this channel follow the ink. Other
# channels have their dots on the paper beside it. Nobody told A²U what ink is: its weights became large on the stroke
# and small beside it in training.
#
# Here are the three claims of the table as code: 2 bits per block and channel, weights between 0 and 1, and a bilinear
# kernel that is the same whatever the digit.

# %%
import torch.nn.functional as F

assert set(unpool_w.unique().tolist()) == {0.0, 1.0}
assert (F.avg_pool2d(unpool_w[:, :, 0], 2) * 4 == 1).all()  # exactly one 1 in every 2×2 block
moved = unpool_w[0, inked, 0] > 0
moved[::2, ::2] = False  # the first place of each block, where the dots of empty paper stand
assert digit[0, 0][moved].mean() > 2 * digit.mean()
assert 0 <= a2u_w.min() < 0.5 < a2u_w.max() <= 1
up = bilinear.model.up[-1]
w_of_noise, w_of_zeros = (up.kernel(x) for x in (torch.randn(1, 32, 16, 16), torch.zeros(1, 32, 16, 16)))
assert torch.equal(w_of_noise, w_of_zeros)
print("bilinear: the same kernel for noise and for nothing")
print("unpooling: 1 of 4 places in each block, log2(4) = 2 bits")
print("A²U: weights from below one half to above, all between 0 and 1")

# %% [markdown]
# ## 5 · Beside the paper
#
# In quick mode our three networks saw 180 digits three times; the paper's saw 60,000 digits a hundred times. Diamonds
# are ours, rings are the paper's.
#
# **Predict** where the diamonds lie.

# %% tags=["prediction"]
predict("close-to-the-paper")

# %%
experiments = {"Bilinear": bilinear, "Max-unpooling": unpool, "A²U": affinity}
scores = {title: each.evaluate() for title, each in experiments.items()}
ranking, rows = sorted(scores, key=lambda title: scores[title]["psnr"]), shipped
assert ranking == ["Bilinear", "Max-unpooling", "A²U"]
ours = {ROWS[rows[title]].title: score["psnr"] for title, score in scores.items()}
theirs = {title: paper[ROWS[rows[title]].title] for title in scores}
title = f"The paper, and this notebook in {mode.name} mode"
same_order = sorted(theirs, key=theirs.get) == ranking
words = f"Same order as the paper: {same_order}. As good as the paper: {min(ours.values()) > 26}."
assert same_order
Drawing(
    table_dots(paper, ours, title=title), "The three short trainings lie far left of the paper, in its order.", words
)

# %% [markdown]
# **Explain.** The order is there within a minute; the numbers are not. These three keep their order here, in one
# training each, perhaps because they lie far apart. Closer rows need not: after a whole pass max-unpooling is ahead of
# deconvolution (section 6), after the paper's hundred behind it. Keep a few more things in mind when you read such a
# table:
#
# - **The toy has no shortcuts**, so the operator is the only way for detail besides the small map. In the matting
#   networks of lesson 10, which have skips, the operators lie hardly further apart than another seed moves one of them.
# - **A²U and IndexNet are close in the paper** (47.63 and 45.51 or 47.13 dB). In a short training IndexNet may be
#   ahead: in section 6 the holistic one is, on Fashion-MNIST.
# - **CARAFE looks bad here.** With a 1×1 kernel its softmax has one value, which is always 1: that *is* nearest
#   neighbour, and it scores like it (28.72 beside 28.54). In lesson 04 it had 5×5 kernels.
# - **Other tasks have other orders.** Later operators on the same matting network (SAPA, FADE) reach lower errors than
#   A²U, and in semantic segmentation plain bilinear can be as good: 41.68 against 41.45 mIoU with SegFormer-B1 on
#   ADE20K, where another seed alone moves the result by about 0.5.

# %% [markdown]
# There is a trap in the table itself: its column "MSE" holds the *root* of the mean squared error. We can tell, because
# then $\mathrm{PSNR} = -20 \log_{10} \mathrm{RMSE}$ fits every row:

# %%
import math

gaps = [abs(m.psnr + 20 * math.log10(m.rmse)) for row in ROWS.values() for m in row.paper.values()]
assert max(gaps) < 0.12  # as much as rounding the column to four places explains
print(f"{len(gaps)} results of Table 1; the largest gap is {max(gaps):.2f} dB")

# %% [markdown]
# ## 6 · The whole table
#
# Three networks and a few digits were a sketch. Here is all of Table 1, nine networks on two data sets, as this
# repository holds it. It comes from a file that one command made; the grey line says how long it trained, and on how
# much. Read that line before you read a number. The paper claims that features beat distances, that learning from
# high-resolution features matters most, and that A²U beats IndexNet with fewer parameters.
#
# **Predict** what is left of the three claims after one pass.

# %% tags=["prediction"]
predict("claims")

# %%
report = lesson.whole_table()  # figures/table1.json, or None if this notebook has left its repository
lesson.show_table(report)

# %%
print(lesson.verdicts(report))

# %% [markdown]
# **Explain.** "Holds" means: for *every* pair of rows that the claim compares. Nothing here was typed in; each verdict
# is computed, once from the numbers measured here and once from those the paper prints. After one pass the second holds
# on both sets. The first fails on both, by CARAFE alone. The third holds for the depth-wise IndexNet. For the holistic
# one it fails whatever is measured: that one is smaller than A²U. In dB, A²U is ahead of it on MNIST (38.76 and 38.48)
# and behind on Fashion-MNIST (35.29 and 35.47).
#
# What became of the gaps of section 3? Max-unpooling's lead over bilinear has shrunk from 7 or 8 to 4 dB, and A²U's
# over max-unpooling has grown from 5 to 12. So after a longer training about half of the first lead is gone, and the
# second is more than twice as large. Three more things to notice:
#
# - A claim can fail by a single pair. The paper's own Fashion-MNIST column has one: CARAFE with its 1×1 kernel lies
#   below nearest neighbour. It counts as informed by features, but its one weight is always 1.
# - Nearest and CARAFE both have $w = 1$ everywhere. What separates them is the way *down*, stride-2 convolution against
#   max-pooling: here about 1 dB on MNIST, in one training each. (In the paper they differ by 0.2 dB, the other way
#   round.) A difference of 1 dB need not be the operator's.
# - A shortened training can turn a claim, so a verdict under *here* counts only as much as the grey line allows.

# %% [markdown]
# One more suspicion: is A²U ahead because its network is *larger*?
#
# **Predict** which of our three networks has the most parameters.

# %% tags=["prediction"]
predict("largest-network")

# %%
from a2u.reconstruction.claims import parameters

sizes = {row: parameters(row)[1] for row in ("indexnet-holistic", "indexnet-depthwise", "a2u")}
assert sizes["indexnet-holistic"] < sizes["a2u"] < sizes["indexnet-depthwise"] / 40
assert ROWS["carafe"].paper["fashion"].psnr < ROWS["nearest"].paper["fashion"].psnr
print("learned by the three upsampling operators:", sizes)
whole = {title: sum(p.numel() for p in each.model.parameters()) for title, each in experiments.items()}
print("learned by the whole network:", ", ".join(f"{title} {size:,}" for title, size in whole.items()))
assert whole["A²U"] == whole["Max-unpooling"] + sizes["a2u"] < whole["Bilinear"]
assert sizes["a2u"] < 0.04 * whole["Max-unpooling"]

# %% [markdown]
# **Explain.** Bilinear is the largest of the three, because its stride-2 convolutions have weights and max-pooling has
# none. A²U adds under 4 % to the max-unpooling network. So the number of parameters does not explain their order.

# %% [markdown]
# **Run it yourself.** Everything above is also a command and needs no notebook. In a terminal (File → New → Terminal):
#
# ```bash
# a2u train --row a2u                                # 2 passes over 4,000 digits; about a minute on two cores
# a2u table1                                         # all nine networks on both sets, in the same way
# a2u table1 --preset reduced --data ~/data          # one pass over all 60,000 images: an hour or two on two cores
# a2u table1 --preset paper --data ~/data --jobs 4   # the paper's 100 passes: for a GPU
# ```
#
# `--data` names a folder with the files of the sets; with `--download` they are fetched into it. You may stop a command
# at any moment: the same command goes on where it was. `a2u table1` writes `figures/table1.json` in place of the one
# that is there. When you run this section again, it shows your own table. This puts a single run beside the paper:
#
# ```python
# table_dots(paper, lesson.measured("../runs"))
# ```
#
# The notebook uses a GPU too, in full mode: put `choose_mode("full")` into section 1 and run all cells again.

# %% [markdown]
# ## 7 · Nine networks, opened
#
# The nine networks of the table come with a2u, each after one pass over the 60,000 digits of MNIST. Choose one with
# `operator`, a test digit, and a place with `row` and `column`. Above: input, copy, error, and what the encoder hands
# over. Below: the last of the three upsamplings, opened at the marked place. The slider `channel` goes through the
# channels from the one that varies most, 0, to the one that varies least. The picture gives each channel's own number.
#
# **Predict, then look:**
# 1. A²U, digit 0, column 12: walk across the bar of the 7 with `row`, from 7 to 12. What is $w$ on the paper, what on
#    the ink?
# 2. Take the same walk with nearest, deconvolution and max-unpooling. Whose $w$ changes, and what does it follow?
# 3. CARAFE: find a place where $w$ is not 1.
# 4. Find a digit that depth-wise IndexNet copies with less than 30 dB. Are its two neighbours in the table worse than
#    usual there, too?

# %% tags=["prediction"]
predict("carafe-one")

# %%
panel = nine_networks.explorer()
panel

# %%
for name in ("a2u", "max_unpool", "carafe"):
    walk = torch.cat([nine_networks.weights(name, 0, row, 12) for row in range(7, 13)])
    print(f"{name:11} w in rows 7 to 12:", " ".join(f"{w:.2f}" for w in walk.tolist()))
    if name == "a2u":
        assert walk.argmax() == 2  # in row 9, where the ink is darkest
        assert walk[0] < 0.3 < 0.8 < walk[2]
assert torch.equal(nine_networks.weights("deconvolution", 0, 7, 12), nine_networks.weights("deconvolution", 3, 21, 6))
print(panel.at(operator="indexnet-depthwise", image=19).says.partition(" Trained")[0])
assert panel.at(operator="a2u", image=0).says.startswith("This digit 39.7 dB.")

# %%
stumble = {name: nine_networks.psnr(name, 19) for name in ("indexnet-holistic", "indexnet-depthwise", "a2u")}
print("digit 19:", ", ".join(f"{name} {score:.1f} dB" for name, score in stumble.items()))
assert stumble["indexnet-depthwise"] < 30 < stumble["a2u"] < stumble["indexnet-holistic"] < 36
everything = nine_networks.seen("carafe").op.kernel(nine_networks.seen("carafe").x)
assert set(everything.unique().tolist()) == {1.0}
assert abs(card("toy/bilinear-mnist").metrics["stored"]["psnr"] - 23) < 0.1  # what section 4 says of bilinear

# %% [markdown]
# **Explain.**
# 1. It is about ¼ on the paper, 0.86 and 0.72 in the two dark rows, and in between at the edges of the bar. The weights
#    are made from the encoder's map, and show the digit sharply. In the map of $z$ the 7 is only a blob.
# 2. Nearest has 1 everywhere. Deconvolution has two kernels in turn along a column, those of its phases, the same for
#    every digit. Max-unpooling has a 1 where this channel of its guide has the maximum of a block, and 0 elsewhere.
# 3. There is none: a softmax over one number is 1 (lesson 04).
# 4. It is digit 19: 27.6 dB, where the whole test set has 38.6. Holistic IndexNet and A²U are worse than usual there,
#    too, but by less. One number for 10,000 digits says little about the worst of them.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *The picture.* "6 dB is a little." It is half the error; 15 dB is about a sixth.
# - *Section 1.* "An auto-encoder always compresses." Count.
# - *Section 2.* The curve of the loss flattens, so "it has finished". The PSNR still rises.
# - *Section 4.* "Bilinear blurs." Its kernel does; the network need not. Measure the edges.
# - *Section 5.* Our numbers are compared with the paper's. 180 digits three times against 60,000 a hundred times: only
#   the order may be compared, and even that only for these three rows and this one seed.
# - *Section 6.* "A²U has more parameters, that is why." The bilinear network is the largest of the three. "CARAFE is
#   bad." With a 1×1 kernel it *is* nearest neighbour (lesson 04).
# - *Section 7.* "$y$ is the pixel of the copy." It is one channel of 32; one more convolution makes the copy.
# - **Exercise 1.** 20 log₁₀ of a mean of squares counts the square twice. The mean of PSNRs is not the PSNR of the set.
# - **Exercise 2.** An average or a maximum, which lose; `reshape`, which keeps everything in the wrong places.
# - **Exercise 3.** No `zero_grad`, no `step`, `zero_grad` between `backward` and `step`, squares, a sum.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Find the bug: a PSNR that is too good
# *Difficulty* ★☆☆ · *time* 3 minutes
#
# PSNR compares the largest possible value of a pixel, here 1, with the root mean square error, in decibels:
# $\mathrm{PSNR} = 20 \log_{10} (1 / \mathrm{RMSE})$. The function should give one PSNR for all `copies` (N, 1, H, W) of
# `images` together. It runs, and its result is far too good. Find out why, and mend it.
#
# <details><summary>Hint 1</summary>
#
# Try it with an error of 0.1 everywhere. The PSNR should be 20 dB.
# </details>
#
# <details><summary>Hint 2</summary>
#
# $\log_{10} x^2 = 2 \log_{10} x$. Is the argument of the logarithm a root, or its square?
# </details>
#
# Solution: `solutions/08_train_on_digits.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.train_on_digits import exercises


def my_psnr(copies, images):
    mse = (copies - images).square().mean()
    return -20 * mse.log10()


exercises.PSNR.check(my_psnr)

# %% tags=["solution"]
from a2u.lessons.train_on_digits import exercises


def my_psnr(copies, images):
    mse = (copies - images).square().mean()
    return -10 * mse.log10()  # 20 goes with the root: −20 log₁₀ √mse. Half the error is 6.02 dB more, from anywhere


exercises.PSNR.check(my_psnr)

# %% [markdown]
# ### Exercise 2 · Design: a code that loses nothing
# *Difficulty* ★★☆ · *time* 6 minutes
#
# Section 1 says that C(128) has room for the whole image. Show it: turn `images` (N, 1, H, W) into a code (N, 128, H/8,
# W/8), without any training. (H and W are multiples of 8.) There is more than one good answer.
#
# - A pixel changes the code only at the place of its own 8×8 block.
# - No pixel is lost: the image could be computed back from the code.
#
# <details><summary>Hint 1</summary>
#
# A block has 64 pixels, and a place of the code has 128 numbers.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `F.pixel_unshuffle(x, 8)` undoes a pixel shuffle (lesson 03): it gives 64 channels. `F.pad(code, (0, 0, 0, 0, 0, 64))`
# adds 64 channels of zeros.
# </details>
#
# Solution: `solutions/08_train_on_digits.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.train_on_digits import exercises


def my_code(images):
    return ...


exercises.PACK.check(my_code)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.train_on_digits import exercises


def my_code(images):
    return F.pad(F.pixel_unshuffle(images, 8), (0, 0, 0, 0, 0, 64))  # pixel_shuffle would bring all of it back


exercises.PACK.check(my_code)

# %% [markdown]
# ### Exercise 3 · The training loop
# *Difficulty* ★★☆ · *time* 6 minutes
#
# Type the loop of section 2 yourself. `model` is a small network, `batches` is a tensor (steps, N, 1, H, W), and `lr`
# is the learning rate of plain gradient descent: `torch.optim.SGD` without momentum. Minimise the ℓ1 loss between the
# copy and the batch. Return the losses, one for each batch, before the step on it. The check compares them with a
# training that computes each step by hand.
#
# <details><summary>Hint 1</summary>
#
# Five things happen for each batch: copy and loss, clear, backward, step, note the loss.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`, in this order. `loss.item()` is a plain number.
# </details>
#
# Solution: `solutions/08_train_on_digits.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.train_on_digits import exercises


def my_train(model, batches, lr):
    return ...


exercises.TRAIN.check(my_train)


# %% tags=["solution"]
from a2u.lessons.train_on_digits import exercises


def my_train(model, batches, lr):
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for batch in batches:
        loss = (model(batch) - batch).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


exercises.TRAIN.check(my_train)

# %% [markdown]
# ### Elsewhere · A translation machine
#
# A model reads a sentence, keeps one vector of 4,096 numbers, and writes the sentence again from it. Its copies of long
# sentences have wrong names in them. A colleague says: "The vector is too small to hold the sentence." Which question
# of this lesson would you ask, and which experiment could answer it?
#
# <details><summary>One answer</summary>
#
# Can the vector hold the sentence at all? A hundred characters of 8 bits are 800 bits, and 4,096 numbers of 16 bits are
# 65,536. So room is not what is missing. Perhaps training did not find a way to use it. Experiments: train longer, or
# on names alone; or give the decoder another way to the names (attention, a copy mechanism) and see whether they become
# right, as the guide did here.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.train_on_digits.questions import concepts

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
# - One decoder, one loss, one schedule. What differs is the operator, and how the encoder shrinks its maps. A
#   difference of 1 dB need not be the operator's.
# - A training loop has five lines: copy and loss, clear, backward, step, note.
# - PSNR $= -20 \log_{10}$ RMSE; half the error is 6 dB more. The paper's "MSE" in Table 1 is a root.
# - The narrowest map holds twice as many numbers as the image. So the copies do not lack detail for want of room.
#   Whether the layers around it could use that room without an operator's help is not known here.
# - Bilinear gets nothing besides the small map, max-unpooling 2 bits per block and channel, A²U one weight per pixel.
#   The error shrinks in this order, here and in the paper. The way down differs too, so this proves no cause.
# - After a whole pass bilinear's copies are not blurred, as a rule: their edges are 0.94 times as steep as those of the
#   digits.
# - The number of parameters does not explain the order: of our three networks the largest has the largest error.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 5 and
#   Table 1 (the experiment), Eq. (1) (the formula), Eqs. (3) and (4) (how A²U makes its kernel), Table 2 (A²U's row
#   names).
# - H. Lu, Y. Dai, C. Shen, S. Xu, *Indices Matter: Learning to Index for Deep Image Matting*, ICCV 2019: IndexNet.
# - Z. Wang et al., *Image quality assessment: from error visibility to structural similarity*, IEEE Transactions on
#   Image Processing 13(4), 2004: Eq. (13) is SSIM.
# - H. Lu et al., *SAPA* (NeurIPS 2022) and *FADE* (ECCV 2022): the later operators of section 5.
# - The digits: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0).

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Which rows change places on Fashion-MNIST? **A.** In the paper the three rows with a learned guide stay on
#   top: 45.83, 44.35 and 46.41 dB; max-unpooling *passes* deconvolution there (28.31 against 27.42), perhaps because
#   texture has many distinct maxima. With `lesson.experiment("a2u", mode, data_set="fashion")` a class can train on it
#   too.
# - **Q.** Is copying a good test of an upsampler? **A.** It isolates the operator, which is its merit. But an operator
#   that sees the original at full size has an easy task: 45 dB for a copy say nothing about a task whose answer is
#   *not* in the input.
# - **Q.** Our run has one seed. What would you need before you write "A beats B"? **A.** Several seeds, the spread
#   between them, and a difference clearly larger. On ADE20K another seed alone moves the result by about 0.5 mIoU.
# - **Q.** The paper's column says MSE. How can one find out that it is a root? **A.** $-20 \log_{10}$ of it gives the
#   PSNR in every row. Two columns that must agree are a free test of any table.
#
# **Grade.** Exercise 3 passes, and the learner says in words what each of its five lines does. For a report: one claim
# of section 6, its pairs, and what would turn the verdict.
#
# **Extend.** `lesson.experiment("indexnet-holistic", mode)` as a fourth network: is it ahead of A²U in so short a
# training? Then train five seeds of both, and make a table with mean and spread.
