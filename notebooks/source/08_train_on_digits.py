# %% [markdown]
# # 08 · Train on digits
#
# So far you have looked at kernels. Now they have to work: the same small network learns to copy handwritten digits,
# once with each upsampling operator. Loss, data and schedule stay equal. One thing beside the operator does not: rows
# that take no guide from the encoder shrink their maps in another way. You will see how much that alone can do.
#
# **You will be able to**
# - train an auto-encoder with any operator of this course, and read its curves while it learns;
# - measure a reconstruction by ℓ1 loss and RMSE, turn RMSE into PSNR, and say what SSIM adds;
# - explain why some operators reconstruct far better than others: by what the encoder hands over.
#
# **You need** lesson 01 ($y = w^\top z$), and to have seen a training loop in PyTorch. Max-unpooling and A²U are
# explained as far as needed; lessons 02 and 07 take them apart. **Time** 30 minutes, and 15 more for the three
# exercises. In quick mode the three trainings take well under a minute.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 75 minutes. The trainings take seconds; the talking is the lesson.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture, and one sentence each | each writes *what could the lower three rows know?*; fold the paper |
# | 8–18 | section 1, digits in, digits out | draw the network; where is the only road for detail? |
# | 18–25 | section 2, bilinear | run, and read the two curves while they grow |
# | 25–37 | section 3, two guides | predict in dB before each; note the predictions |
# | 37–49 | section 4, look | open the folded papers now; then the kernels |
# | 49–55 | section 5, beside the paper | what may a short run claim? |
# | 55–61 | section 6, the whole table | each group defends or attacks one claim with the verdicts |
# | 61–68 | section 7, explorer | four questions in pairs; who finds the digit at which one network stumbles? |
# | 68–75 | exercise 2 | exercises 1 and 3 are homework |
#
# **Skip if short.** Section 6 for reading. With a GPU and time to spare, start `a2u table1 --preset reduced` in a
# terminal at the beginning and look at it at the end.
#
# **Look at this before class.** Run the lesson once on the room's slowest machine. All numbers that the text relies
# on are orders, not values, so that they hold on any machine.

# %% [markdown]
# ## The picture
#
# This is Table 1 of the A²U paper as a picture. Each line is one network; they differ in how they make maps smaller
# and larger again. PSNR says how close the copies are to the digits: **more is better, and 6 dB mean half the
# error.**

# %%
import torch

from a2u.lessons.frame import Drawing
from a2u.lessons.mode import choose_mode
from a2u.lessons.train_on_digits import exercises as lesson
from a2u.lessons.train_on_digits.live import LiveCurves
from a2u.lessons.train_on_digits.predictions import predict
from a2u.plots.reconstruction import comparison, table_dots
from a2u.reconstruction import ROWS, reconstruct, train

paper = {row.title: row.paper["mnist"].psnr for row in ROWS.values()}
words = f"{len(paper)} rows, from {min(paper.values())} to {max(paper.values())} dB"
Drawing(table_dots(paper, title="Copying MNIST digits: what the paper reports"), "Table 1 of the paper as dots.", words)

# %% [markdown]
# **Predict.** Six rows lie between 26 and 32 dB, three between 45 and 48. In the upper six the error is about *seven
# times* larger than in the lower three. What could the lower three know that the others do not? Write down one
# sentence; you will check it in section 4.

# %% tags=["prediction"]
predict("lower-three")

# %% [markdown]
# ## 1 · Digits in, digits out
#
# An **auto-encoder** squeezes an image through a coarse map, here 4×4 places with 256 numbers at each, and rebuilds it:
#
#     32×32 ─ C(32) ↓ C(64) ↓ C(128) ↓ C(256) ─ C(128) ↑ C(64) ↑ C(32) ↑ C(1) ─ 32×32
#
# C(k) is a 3×3 convolution to k channels, batch norm, ReLU. Each ↓ halves height and width, each ↑ doubles them
# again. **↑ is where our operator sits**, three times. There are no shortcuts around it: whatever the decoder knows
# of the image beyond the 4×4 map in the middle, it knows through the operator.
#
# Quick mode trains on very little, so that you can watch: the output says how little.

# %%
mode = choose_mode()  # or choose_mode("full"), or start with A2U_MODE=full
if not mode.full:
    torch.set_num_threads(1)  # with 4 images a step, two cores would mostly wait for each other
bilinear = lesson.experiment("bilinear", mode)
print("mode    ", mode.name)
print("trains  ", bilinear.settings.epochs, "passes, on", bilinear.train.source)
print("measured", "on", bilinear.test.source)
print("a batch ", tuple(next(iter(bilinear.batches(epoch=1))).shape))

# %% [markdown]
# ## 2 · Bilinear: a kernel that knows nothing
#
# This network shrinks its maps with stride-2 convolutions and enlarges them bilinearly. The kernel $w$ depends on
# distances alone: every digit, every stroke, every corner gets the same one.
#
# **Predict.** Will the copies be blurred, shifted, or full of holes?
#
# Run the cell and watch. `train` runs the library's training loop (on a GPU, each step as one CUDA graph); the loop
# calls `live.on_step` as the loss comes in and `live.on_epoch` after every pass over the images, and `live` redraws
# its picture.

# %% tags=["prediction"]
predict("copies")

# %%
live = LiveCurves()
live.watch("Bilinear", bilinear)
history = train(bilinear, on_step=live.on_step, on_epoch=live.on_epoch)
assert history[-1]["loss"] < history[0]["loss"]
live.finish()

# %% [markdown]
# **Explain.** On the left, the ℓ1 loss (the mean of |copy − input|) of every batch, pale, and its running mean; on the
# right, the PSNR on images that the network has never trained on. It learns quickly that paper is white, then slowly
# where the ink goes. Blurred, shifted, or full of holes? Section 4 shows it: blurred.

# %% [markdown]
# ## 3 · Two operators with a guide
#
# **Max-unpooling.** This network shrinks its maps by max-pooling: of every 2×2 block the largest value survives. On
# the way up, max-unpooling puts each value back *where the maximum was*, and zeros elsewhere. As a formula: $z$ is
# one value, and $w \in \{0, 1\}$ is 1 at the place of the encoder's maximum. The encoder map that says so is called
# the **guide**.
#
# **Predict.** By how many dB will this beat bilinear? By 1? By 5?

# %% tags=["prediction"]
predict("unpooling-ahead")

# %%
unpool = lesson.experiment("max_unpool", mode)
live.watch("Max-unpooling", unpool)
train(unpool, on_step=live.on_step, on_epoch=live.on_epoch)
live.finish()

# %% [markdown]
# **A²U.** The same max-pooling on the way down. On the way up, $w$ is one number between 0 and 1 for every pixel of
# the larger map, and it is *computed from the guide*: two learned filters $U$ and $V$ look at a 4×4 window of it. $U$'s
# answer goes through a sigmoid; the two are multiplied, added up over the channels, and scaled by one more learned
# number, $P$. A last sigmoid makes a weight of it.
#
# **Predict.** A weight may now be 0.3 or 0.9 instead of 0 or 1. Does that help at all?

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
# **Explain.** Read the right-hand curves. In quick mode max-unpooling is about 8 dB ahead of bilinear, and A²U about 5
# dB ahead of max-unpooling. Yes, a weight between 0 and 1 helps. How much of this is the operator, and how much the
# short training? Section 6 shows what becomes of both gaps in a whole pass over MNIST.

# %% [markdown]
# ## 4 · Look at what they made
#
# Four digits that none of the networks has trained on. Left: the input. Middle: the copies. Right: where and by how
# much they are wrong, all on one scale, so that you may compare them. (SSIM compares brightness, contrast and structure
# in small windows: 1 for equal images. It notices lost strokes that a mean over pixels hardly feels.)

# %%
experiments = {"Bilinear": bilinear, "Max-unpooling": unpool, "A²U": affinity}
images = bilinear.test_images.cpu()
copies = {title: reconstruct(each.model, images) for title, each in experiments.items()}
scores = {title: each.evaluate() for title, each in experiments.items()}
ranking = sorted(scores, key=lambda title: scores[title]["psnr"])
assert ranking == ["Bilinear", "Max-unpooling", "A²U"]
some = [0, 4, 8, 18]
figure = comparison(images[some], {title: maps[some] for title, maps in copies.items()}, scores)
alt = "Four digits: pale blobs by bilinear, ragged by max-unpooling, close to the input by A²U; errors shrink in turn."
Drawing(figure, alt, f"From the largest error to the smallest: {' > '.join(ranking)}.")

# %% [markdown]
# **Explain.** Now to your sentence from the beginning. Ask of each operator: *what does the encoder hand over?*
#
# | operator | what passes, besides the small map | its mark on the picture |
# |---|---|---|
# | bilinear | nothing | soft: a fixed kernel cannot place an edge inside a block |
# | max-unpooling | for every block and channel one of 4 places: 2 bits | sharp, ragged: right places, holes between |
# | A²U | for every pixel a weight from the guide, any number in (0, 1) | close: how *much* ink belongs to each pixel |
#
# In quick mode bilinear has hardly begun to learn: most of what you see is shortness of training. After one pass over
# MNIST it has 23 dB (section 6) and is soft as the table says; section 7 shows it.

# %% [markdown]
# You need not take this on trust. Here are the kernels of the last upsampling step for one digit.

# %%
from a2u.plots.maps import side_by_side

digit = images[some[1] : some[1] + 1].to(affinity.device)
with torch.no_grad():
    guides = {title: each.model.encoder[0](digit) for title, each in experiments.items()}
    unpool_w = unpool.model.up[-1].kernel(None, guides["Max-unpooling"])  # 1 32 1 32 32: each channel has its own
    a2u_w = affinity.model.up[-1].kernel(None, guides["A²U"])  # 1 1 1 32 32: one for all channels
inked = lesson.inked(guides["Max-unpooling"], digit)  # a channel that goes with the ink
maps = {"max-unpooling: w of one channel": unpool_w[0, inked, 0], "A²U: w of all channels": a2u_w[0, 0, 0]}
alt = "A scatter of zeros and ones, a single one in every block, beside a map of many shades that traces the digit."
words = (
    f"{len(unpool_w.unique())} different weights in max-unpooling; more than 100 in A²U: {len(a2u_w.unique()) > 100}"
)
Drawing(side_by_side({title: m.cpu() for title, m in maps.items()}, kind="weights", height=3.7), alt, words)

# %% [markdown]
# Max-unpooling marks one place in every block. On empty paper all four values are equal and the first one wins: the
# regular dots say nothing. Along the strokes the dots of this channel follow the ink; a channel that answers to paper
# would have its dots beside it. A²U was never told what ink is; it found out
# that a reconstruction gets better when its weights are large on the stroke and small beside it.
#
# The three claims of the table as code: 2 bits a block, weights between 0 and 1, and a bilinear kernel that is the
# same whatever the digit.

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
# **Predict.** Our three networks saw 180 digits three times (in quick mode), the paper's 60,000 digits a hundred times.
# Will our diamonds lie close to the paper's rings? In the same order?

# %% tags=["prediction"]
predict("close-to-the-paper")

# %%
rows = {"Bilinear": "bilinear", "Max-unpooling": "max_unpool", "A²U": "a2u"}
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
# **Explain.** The order is there within a minute; the numbers are not. These three keep their order because they lie
# far apart. Closer rows need not: after a whole pass max-unpooling is ahead of deconvolution (section 6), after the
# paper's hundred behind it. Keep a few more things in mind when you read such a table:
#
# - **The toy exaggerates on purpose.** It has no shortcuts, so the operator is the only way for detail. In a network
#   with skip connections the differences are far smaller.
# - **A²U and IndexNet are close in the paper** (47.63 and 45.51 or 47.13 dB), and in a short training IndexNet may
#   well be ahead: it is simpler to learn. Section 6 has one case of each.
# - **CARAFE looks bad here, and not by its own fault.** With a 1×1 kernel its softmax has one value, which is
#   always 1: that *is* nearest neighbour, and it scores like it (28.72 beside 28.54).
# - **The last word is not spoken here.** Later operators on the same matting network (SAPA, FADE) reach lower
#   errors than A²U, and in semantic segmentation plain bilinear can be as good: 41.68 against 41.45 mIoU with
#   SegFormer-B1 on ADE20K, where another seed alone moves the result by about 0.5.

# %% [markdown]
# One trap of the table itself: its column "MSE" holds the *root* of the mean squared error. We can tell, because then
# $\mathrm{PSNR} = -20 \log_{10} \mathrm{RMSE}$ fits every row:

# %%
import math

gaps = [abs(m.psnr + 20 * math.log10(m.rmse)) for row in ROWS.values() for m in row.paper.values()]
assert max(gaps) < 0.12  # as much as rounding the column to four places explains
print(f"{len(gaps)} results of Table 1; the largest gap is {max(gaps):.2f} dB")

# %% [markdown]
# ## 6 · The whole table
#
# Three networks, a few digits: that was a sketch. Here is all of Table 1, nine networks on two data sets, as this
# repository holds it. It comes from a file that one command made; the grey line says how long it trained, and on how
# much. Read that line before you read a number.
#
# **Predict.** Which of the paper's claims will survive: *features beat distances*? *Learning from high-resolution
# features matters most*? *A²U beats IndexNet with fewer parameters*?

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
# on both sets; the first fails on both, by CARAFE alone; A²U beats the depth-wise IndexNet, and not the holistic one.
#
# What became of the gaps of section 3? Max-unpooling's lead over bilinear has shrunk from 8 to 4 dB, and A²U's over
# max-unpooling has grown from 5 to 12. The first was mostly shortness of training. The second is what the operator lets
# through. Four more things to notice:
#
# - A claim can fail by a single pair. The paper's own Fashion-MNIST column has one: CARAFE with its 1×1 kernel lies
#   below nearest neighbour. It is informed by features on paper, and by nothing in effect.
# - Nearest and CARAFE both have $w = 1$ everywhere. What separates them is the way *down*, stride-2 convolution against
#   max-pooling: here about 1 dB on MNIST. A difference of that size need not be the operator's.
# - "With fewer parameters" is true of the depth-wise IndexNet by far, and not of the holistic one, which is smaller
#   than A²U in this network.
# - A shortened training can turn a claim, so a verdict under *here* counts only as much as the grey line allows.

# %%
from a2u.reconstruction.claims import parameters

sizes = {row: parameters(row)[1] for row in ("indexnet-holistic", "indexnet-depthwise", "a2u")}
assert sizes["indexnet-holistic"] < sizes["a2u"] < sizes["indexnet-depthwise"] / 40
assert ROWS["carafe"].paper["fashion"].psnr < ROWS["nearest"].paper["fashion"].psnr
print("learned by the three upsampling operators:", sizes)

# %% [markdown]
# **Run it yourself.** Everything above is a command, which needs no notebook. In a terminal (File → New → Terminal):
#
# ```bash
# a2u train --row a2u                                # 2 passes over 4,000 digits; about a minute on two cores
# a2u table1                                         # all nine networks on both sets, in the same way
# a2u table1 --preset reduced --data ~/data          # one pass over all 60,000 images: an hour or two on two cores
# a2u table1 --preset paper --data ~/data --jobs 4   # the paper's 100 passes: for a GPU
# ```
#
# `--data` names a folder with the sets' files; with `--download` they are fetched into it. You may stop a command at
# any moment: the same command goes on where it was. `a2u table1` writes `figures/table1.json` in place of the one that
# is there, and when you run this section again, your own table is in it. A single run of yours stands beside the paper
# like this:
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
# over. Below: the last of the three upsamplings, opened at the marked place. The slider `channel` sorts the channels: 0
# is the one that varies most, whatever its own number.
#
# **Predict, then look:**
# 1. A²U, digit 0, column 12: walk across the bar of the 7 with `row`, from 7 to 12. What is $w$ on the paper, what on
#    the ink?
# 2. The same walk with nearest, deconvolution and max-unpooling. Whose $w$ changes, and what does it follow?
# 3. CARAFE: find a place where $w$ is not 1.
# 4. Find a digit that depth-wise IndexNet copies with less than 30 dB. Do its two neighbours in the table stumble, too?

# %% tags=["prediction"]
predict("carafe-one")

# %%
from a2u.lessons.train_on_digits import explorer as nine_networks
from a2u.pretrained import card

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
# 1. About ¼ on the paper, 0.86 and 0.72 in the two dark rows, between them at the edges of the bar: the gate draws the
#    digit once more, from the encoder's map, over a $z$ that knows the 7 as a blob.
# 2. Nearest has 1 everywhere. Deconvolution has two kernels in turn along a column, those of its phases, the same for
#    every digit. Max-unpooling has a 1 where this channel of its guide has the maximum of a block, and 0 elsewhere.
# 3. There is none: a softmax over one number is 1 (lesson 04).
# 4. Digit 19: 27.6 dB, where its mean over the test set is 38.6. Holistic IndexNet and A²U are below their means there,
#    too, and by less. A mean over 10,000 digits says little about the worst of them.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *The picture.* "6 dB is a little." It is half the error; 15 dB is about a sixth.
# - *Section 2.* The curve of the loss flattens, so "it has finished". The PSNR still rises: paper is learned first,
#   ink later.
# - *Section 3.* "A²U has more parameters, that is why." Exercise 3 and the cell after it: the bilinear network is the
#   largest of the three.
# - *Section 4.* "Max-unpooling's error is noise." It sits along the strokes: right places, missing neighbours.
# - *Section 5.* Our numbers are compared with the paper's. 180 digits three times against 60,000 a hundred times:
#   only the order may be compared, and even that for three rows that lie far apart, and one seed.
# - *Section 6.* "CARAFE is bad." With a 1×1 kernel it *is* nearest neighbour (lesson 04).
# - *Section 7.* "$y$ is the pixel of the copy." It is one channel of 32; one more convolution makes the copy.
# - **Exercise 1.** Squares instead of absolute values, a sum in place of the mean, the mean without absolute values.
# - **Exercise 2.** 10 in place of 20 (the argument is already a root), the natural logarithm, the sign, 255 for the
#   peak.
# - **Exercise 3.** One filter instead of two, phases forgotten, a full convolution ($C^2$), channels shared, $P$
#   forgotten.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · The ℓ1 loss
# *Difficulty* ★☆☆ · *time* 3 minutes
#
# Write the loss that these networks minimise: the mean of $|p - t|$ over all pixels of all images.
#
# <details><summary>Hint 1</summary>
#
# The result is one number, whatever the shape. Which sign does a pixel have that is too dark?
# </details>
#
# <details><summary>Hint 2</summary>
#
# A tensor has `.abs()` and `.mean()`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_loss(prediction, target):
#     return (prediction - target).abs().mean()
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.train_on_digits import exercises as lesson


def my_loss(prediction, target):
    return ...


lesson.L1.check(my_loss)

# %% tags=["solution"]
from a2u.lessons.train_on_digits import exercises as lesson


def my_loss(prediction, target):
    return (prediction - target).abs().mean()


lesson.L1.check(my_loss)

# %% [markdown]
# ### Exercise 2 · From RMSE to PSNR
# *Difficulty* ★☆☆ · *time* 4 minutes
#
# PSNR compares the largest possible value of a pixel, here 1, with the root mean square error, in decibels:
# $\mathrm{PSNR} = 20 \log_{10} (1 / \mathrm{RMSE})$. Write it, then use it: how many dB does it bring to halve the
# error?
#
# <details><summary>Hint 1</summary>
#
# $\log (1 / a) = -\log a$.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `math.log10(0.5)` is about −0.30.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_psnr(rmse):
#     return -20 * math.log10(rmse)
# ```
#
# Half the error brings $20 \log_{10} 2 \approx 6.02$ dB, from wherever you start.
# </details>


# %% tags=["exercise"]
import math

import torch
import torch.nn.functional as F

from a2u.lessons.train_on_digits import exercises as lesson


def my_psnr(rmse):
    return ...


lesson.PSNR.check(my_psnr)

# %% tags=["solution"]
import math

from a2u.lessons.train_on_digits import exercises as lesson


def my_psnr(rmse):
    return -20 * math.log10(rmse)


lesson.PSNR.check(my_psnr)

# %% [markdown]
# ### Exercise 3 · What A²U has to learn
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Is A²U better only because it has more parameters? Count them. In this network, $U$ and $V$ each have, for every one
# of the $r^2$ sub-pixel phases and every channel, one filter of k×k values; and there is one more number, $P$. Write
# the count for a map with C channels.
#
# <details><summary>Hint 1</summary>
#
# Depth-wise: a filter looks at its own channel only, so C appears once, not squared.
# </details>
#
# <details><summary>Hint 2</summary>
#
# How many filters are there in all? Two kinds, times phases, times channels.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_count(channels, ratio, k):
#     return 2 * ratio**2 * channels * k**2 + 1
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.train_on_digits import exercises as lesson


def my_count(channels, ratio, k):
    return ...


lesson.PARAMETERS.check(my_count)

# %% tags=["solution"]
from a2u.lessons.train_on_digits import exercises as lesson


def my_count(channels, ratio, k):
    return 2 * ratio**2 * channels * k**2 + 1


lesson.PARAMETERS.check(my_count)

# %% [markdown]
# The library counts the same, by building the operators of all three levels. Compare the three networks as a whole:

# %%
from a2u.matting.counts import count

sizes = {title: sum(p.numel() for p in each.model.parameters()) for title, each in experiments.items()}
for title, size in sizes.items():
    print(f"{title:14} {size:9,} parameters in the network")
operators = count("a2u:toy", channels=(32, 64, 128))
assert operators == sum(2 * 2**2 * c * 4**2 + 1 for c in (32, 64, 128))
assert sizes["A²U"] == sizes["Max-unpooling"] + operators < sizes["Bilinear"]
print(f"A²U's three operators: {operators:,} of them")

# %% [markdown]
# So no: the bilinear network is the *largest* of the three, because its stride-2 convolutions have weights and
# max-pooling has none. A²U adds under 4 % to the max-unpooling network.
#
# **Discuss.** Section 6 has both sets. Which rows change places between digits, which have strokes, and Fashion-MNIST,
# which has texture? In the paper's numbers, and in ours?

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - One decoder, one loss, one schedule; what differs is the operator, and how the encoder shrinks its maps. A
#   difference of many dB is the operator's; one of 1 dB need not be.
# - PSNR $= -20 \log_{10}$ RMSE; half the error is 6 dB more. The paper's "MSE" in Table 1 is a root.
# - Bilinear gets nothing besides the small map, max-unpooling 2 bits a block and channel, A²U a weight a pixel. The
#   error shrinks in this order, here and in the paper.
# - It is not the number of parameters: of our three networks the largest has the largest error.
# - A short run shows large differences; small ones it can turn round. Numbers to compare with a table need the table's
#   experiment.
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
# - **Q.** Which rows change places on Fashion-MNIST? **A.** In the paper all three encoder-guided rows stay on top:
#   45.83, 44.35 and 46.41 dB; max-unpooling *passes* deconvolution there (28.31 against 27.42), perhaps because texture
#   has many distinct maxima. With `lesson.experiment("a2u", mode, data_set="fashion")` they can train on it themselves.
# - **Q.** Is copying a good test of an upsampler? **A.** It isolates the operator, which is its merit. But whoever
#   sees the original at full size has an easy life: 45 dB for a copy say nothing about a task whose answer is *not*
#   in the input.
# - **Q.** Our run has one seed. What would you need before you write "A beats B"? **A.** Several seeds, the spread
#   between them, and a difference clearly larger. On ADE20K another seed alone moves the result by about 0.5 mIoU.
# - **Q.** The paper's column says MSE. How can one find out that it is a root? **A.** $-20 \log_{10}$ of it gives the
#   PSNR in every row. Two columns that must agree are a free test of any table.
#
# **Grade.** Exercise 2 passes, with the answer in words: half the error is 6 dB more, from wherever one starts. For a
# report: one claim of section 6, its pairs, and what would turn the verdict.
#
# **Extend.** `lesson.experiment("indexnet-holistic", mode)` as a fourth network: is it ahead of A²U in so short a
# training? Then five seeds of both, as a table with mean and spread.
