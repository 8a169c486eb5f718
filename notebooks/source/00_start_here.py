# %% [markdown]
# # 00 · Start here
#
# A small picture should become a large one, with four times as many pixels. Where do the new values come from? Each of
# the answers that neural networks give, from plain copying to learned kernels, is an **upsampling operator**. This
# course takes them apart until you can see the few numbers behind any single pixel.
#
# **You will be able to**
# - run a lesson, and know that your machine has what it needs;
# - read the map of operators: which one looks at what;
# - enlarge a handwritten digit in three ways, and open one pixel to see why they differ;
# - choose between quick and full mode, and find your way through the course.
#
# **You need** a little Python.
# Symbols and terms: [Notation and words](notation.md).
#
# **Time** 30 minutes, and 14 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | 1 · How a lesson works | 4 |
# | 2 · The same digit, three ways | 7 |
# | 3 · One pixel, opened | 3 |
# | 4 · The map | 5 |
# | 5 · Quick or full | 2 |
# | 6 · The course | 3 |
# | Five questions | 5 |
# | Summary | 1 |
# | Exercises | 14 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 65 minutes, of which a quarter is for machines. It is worth it: without a running course there is no homework.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–15 | machines | everybody runs `make lab` and the first cell; a FAIL comes with its remedy, read it aloud |
# | 15–27 | sections 1–2, three enlargements | hands up first: which has holes, which is closest? |
# | 27–42 | section 3, explorer | you drive; then in pairs: an output where all three agree, and one where none do |
# | 42–52 | section 4, the map | each pair takes one operator: what does it look at, at order 0, 1 or 2? |
# | 52–57 | sections 5–6 | quick and full mode; the road through the course |
# | 57–65 | exercise 1 | alone; then one reads a wrong answer and what the check said; exercises 2 and 3 are homework |
#
# **To save time:** Have machines ready beforehand (the syllabus says how), and leave sections 5 and 6 for reading.
# Do not skip the predictions: the whole course uses them, and here the class learns that a wrong one costs nothing.
#
# **Look at this before class.** On the projector, move the explorer to row 8, column 6, and switch through nearest,
# bilinear and max-unpooling: the same ■, ◆, ● each time. These three signs are the language of all lessons.

# %% [markdown]
# ## 1 · How a lesson works
#
# A lesson is a page of text, pictures and code that you can change. Click on a cell and press **Shift+Enter** to run
# it. Run the cells from top to bottom. If something went wrong, *Kernel → Restart Kernel and Run All Cells* starts
# afresh. (Jupyter calls the program that runs your cells a *kernel*. Everywhere else in this course a kernel is a set
# of weights.)
#
# What you run and change is your own copy, in the folder `my-lessons`. `a2u lab --reset 03` gives you a fresh lesson 03
# and keeps your old copy. (In VS Code, run `a2u lab --prepare` once and open the files in `my-lessons`: those in
# `notebooks` belong to the course, and git sees what changes there.)
#
# Lessons repeat three steps. **Predict**: choose what you expect and press *Commit*, before you look; a wrong guess
# costs nothing. **Run** the next cell: its output starts folded, and opens when the cell runs. **Explain**: this text
# is folded, too. Click on its line (•••) and compare. A line that starts with `assert` checks a claim of the text and
# says nothing when it holds.
#
# Does your machine have what the lessons need? The next cell looks at Python, PyTorch, the sliders, the disk and the
# digits. (For the whole report with versions and your GPU, if any: File → New → Terminal, then `a2u doctor`.)

# %%
from a2u.commands.doctor import examine
from a2u.lessons.start_here.predictions import predict

problems = [check for check in examine() if check.status == "FAIL"]
for check in problems:
    print(*check.cells())
if not problems:
    print("Everything a lesson needs is here.")

# %% [markdown]
# ## 2 · The same digit, three ways
#
# Here is a real handwritten 2 at 16×16. It is made small by **max-pooling**: of every 2×2 block the largest value
# stays. That leaves 8×8. We enlarge it to 16×16 again, with three operators that you will meet often:
#
# - **nearest neighbour** copies the closest value;
# - **bilinear** blends the closest four;
# - **max-unpooling** looked at the original, and remembers at which place of every 2×2 block the largest value was.
#
# **Predict.** First, think about holes: zeros in the middle of a stroke.

# %% tags=["prediction"]
predict("holes")

# %% [markdown]
# **Predict.** Then compare the three with the original, value by value.

# %% tags=["prediction"]
predict("closest")

# %%
import a2u
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import encoder_map, small_map
from a2u.plots.maps import side_by_side

x, original = small_map(), encoder_map(ratio=2, channels=1)  # 1 1 8 8, and 1 1 16 16
results = {"small": x}
for name in ("nearest", "bilinear", "max_unpool"):
    results[name] = a2u.build(name, channels=1, ratio=2)(x, original)
results["original"] = original
alt = "The digit 2: small, in square blocks, soft, as single pixels with holes between them, and the original."
error = {name: float((y - original).square().mean().sqrt()) for name, y in results.items() if name != "small"}
assert error["bilinear"] < error["nearest"] < error["max_unpool"]
words = "\n".join(f"{name:11}ink in all {results[name].sum():5.1f}, error {e:.3f}" for name, e in error.items())
Drawing(side_by_side({name: y[0, 0] for name, y in results.items()}, height=2.3), alt, words)

# %% [markdown]
# **Explain.** Nearest neighbour makes blocks, and four times the ink of the small map. Bilinear has as much ink, spread
# softly. Neither knows where inside a block the largest value stood. Max-unpooling does: it puts every value back in
# its true place, and leaves zeros everywhere else.
#
# The **error** is the root of the mean square difference from the original: the typical difference of a pixel. Bilinear
# comes closest (0.202), then nearest (0.224); max-unpooling is last (0.276), because three of four places stay empty.
# So bilinear's copy is blurred; that of max-unpooling is exact in places and full of holes. This course is about
# operators that *learn* to do better. Is this digit typical? Here are the thousand test digits that come with the
# course.

# %%
import torch.nn.functional as F

from a2u.data import load

many = load("mnist", "test").images[:, None, 2:26, 2:26] / 255  # cropped and resized like our digit
many = F.interpolate(many, size=16, mode="bilinear", antialias=True)
errors = []
for name in ("nearest", "bilinear", "max_unpool"):
    copies = a2u.build(name, channels=1, ratio=2)(F.max_pool2d(many, 2), many)
    errors.append((copies - many).square().mean(dim=(1, 2, 3)))
nearest, soft, unpooled = errors
assert (soft < nearest).all()
assert 0.9 < (soft < unpooled).float().mean() < 1
print("bilinear closer than nearest: all", len(many), "digits; closer than max-unpooling: more than nine of ten")

# %% [markdown]
# Back to our digit: is every value that max-unpooling keeps the true one? (42 of the 64 blocks have ink. In the other
# 22 the value that it keeps is a zero.)

# %%
up = results["max_unpool"]
kept = up != 0
assert (up[kept] == original[kept]).all()  # every value it has is the true one
assert kept.sum() <= up.numel() / 4  # and three of four places stay empty
print(f"max-unpooling keeps {int(kept.sum())} of {up.numel()} values, all of them right")

# %% [markdown]
# ## 3 · One pixel, opened
#
# The three results look different, but they are made in the same way. Each output value $y$ is a weighted sum
#
# $$y = w^\top z = w_1 z_1 + w_2 z_2 + \dots$$
# of a few values of the small map. These values are the **window** $z$; the weights are the **kernel** $w$. In every
# picture of this course ■ blue is $z$, ◆ orange is $w$, ● green is $y$. Here is one output value, opened. Follow
# the arrows.
#
# Move a slider, with the mouse or with the arrow keys. Then choose another operator. Window and kernel may change, but
# it is always a window, a kernel and a sum. (Where the window holds a single value, the sum has one product.)

# %%
from a2u.lessons.inspector import explorer

explorer("bilinear", ratio=2, row=8, column=6)

# %% [markdown]
# Any operator of the library opens like this, also in code. `witness` returns the $w$ and the $z$ behind a value:

# %%
bilinear = a2u.build("bilinear", channels=1, ratio=2)
t = bilinear.witness(x, at=(0, 0, 8, 6)).compact()  # sample, channel, row, column; weights of 0 left out
print("w =", [round(v, 4) for v in t.w.tolist()])
print("z =", [round(v, 3) for v in t.z.tolist()])
print("y =", round(float(t.value), 3))
assert abs(t.w @ t.z - results["bilinear"][0, 0, 8, 6]) < 1e-6

# %% [markdown]
# ## 4 · The map
#
# If every operator is $w^\top z$, one question matters most: **where does $w$ come from?** The answers make a family
# tree. Read it from the top.

# %%
from a2u.lessons.start_here.overview import overview

overview()

# %% [markdown]
# - On the left (**order 0**), $w$ does not depend on the image: a stroke, an edge and empty paper get the same kernels.
#   They follow from distances, or they were learned once and then stay.
# - On the right, $w$ follows the image. It is made from **features**: the numbers that a network computes for each
#   place. **Order 1** looks at features one by one: is there an edge here? **Order 2** compares *pairs* of them: do
#   these two belong together? That is the step to A²U, affinity-aware upsampling.
# - ▲ marks operators that also need a **guide**: the image itself, or a map of the *encoder*. The encoder is the half
#   of a network that saw the image while it was still large.
#
# **Predict.** Think of two outputs, one on blank paper and one on the stroke, at the same place of their 2×2 blocks
# (this place is called the **phase**). After your guess, choose one of the A²U operators in the explorer above and move
# the pixel from one to the other, by an even number of rows and columns.

# %% tags=["prediction"]
predict("paper-and-stroke")

# %% [markdown]
# **Explain.** With bilinear the same four kernels come back again and again; at the border there are five more. With
# A²U nearly every pixel has a kernel of its own: only where the features are the same, as on blank paper, do kernels
# repeat. (Its weights are still random here. Lesson 08 trains such operators.)

# %%
import torch

paper, stroke = (0, 0, 4, 14), (0, 0, 8, 6)  # both even rows and columns: the same phase
guide = encoder_map(2)  # 1 4 16 16: four things that an encoder might see
torch.manual_seed(0)
for name in ("bilinear", "carafe", "a2u"):
    op, features = a2u.build(name, channels=4), small_map(4)
    w_paper, w_stroke = (op.witness(features, guide, at=at).w for at in (paper, stroke))
    same = torch.equal(w_paper, w_stroke)
    assert same == (a2u.operators.card(name).order == 0)
    every = op.kernel(features, guide)[0, 0].detach().flatten(1).T  # 256 outputs, and the weights of each
    number = len({tuple(kernel) for kernel in every.mul(1e6).round().tolist()})
    assert (number == 9) if name == "bilinear" else (200 < number < 256)
    print(
        f"{name:9} paper and stroke: {'one kernel' if same else 'two kernels'}; in all 256 outputs "
        f"{number if number == 9 else 'more than 200'} different kernels"
    )

# %% [markdown]
# ## 5 · Quick or full
#
# Lesson 08 trains three networks. It does so in **quick mode** unless you say otherwise: little data, few steps, some
# seconds per cell on a laptop. Quick mode shows at most the direction of an effect. **Full mode** takes longer, and
# uses a GPU if there is one. (Lessons 03 and 05 train only tiny things, in the same way in both modes.)
#
# Start the course with `A2U_MODE=full make lab` for full mode, or write `choose_mode("full")` in the lesson.

# %%
from a2u.lessons.mode import MODES, choose_mode

for each in MODES.values():
    print(each)
print("This session:", choose_mode().name)

# %% [markdown]
# ## 6 · The course
#
# There are thirteen lessons. Each says at its top which others it needs.
#
# | lesson | you leave able to |
# |---|---|
# | 00 Start here | run a lesson, read the map of operators |
# | [01 One formula](01_one_formula.ipynb) | read any upsampled value as $w^\top z$; build bilinear and bicubic |
# | [02 Pooling remembers](02_pooling_remembers.ipynb) | write max-unpooling as $w \in \{0, 1\}$; say what is kept |
# | [03 Kernels learned once](03_kernels_learned_once.ipynb) | learn kernels once; find and remove checkerboards |
# | [04 CARAFE](04_carafe.ipynb) | generate a kernel from features |
# | [05 IndexNet](05_indexnet.ipynb) | learn indices, shared or one per channel |
# | [06 Affinity](06_affinity.ipynb) | go from self-attention to a low-rank bilinear form |
# | [07 A²U](07_a2u.ipynb) | assemble affinity-aware upsampling from its parts |
# | [08 Train on digits](08_train_on_digits.ipynb) | train three operators on handwritten digits while you watch |
# | [09 See the kernels](09_see_the_kernels.ipynb) | compare random with learned kernels |
# | [10 Matting](10_matting.ipynb) | compose images, make trimaps, read the matting network |
# | [11 See the features](11_see_the_features.ipynb) | compare what the last layers of a network see |
# | [12 After A²U](12_after_a2u.ipynb) | read the operators that came next: SAPA, FADE, DySample, NAF |
#
# The folder `solutions` has each lesson with all exercises solved. Next comes **01**. If you are in a hurry, go on from
# there to **06**, **07** and **08**.

# %% [markdown]
# Run the next cell again whenever you come back: it shows how far you are. The terminal shows the same when the course
# starts.

# %%
from a2u.lessons.kernel import show_progress

show_progress()

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *"Upsampling adds information."* It adds values. What a value can depend on is the window, learned weights, or a
#   guide. Ask "how could it know that?" whenever something looks clever.
# - *"Max-unpooling is the worst, it is full of holes."* As a copy of this digit, yes. But every value that it keeps is
#   right and in its true place. Ask which of the two, blur or holes, a later layer could repair more easily.
# - *"The explorer is broken, A²U looks like noise."* Its weights are random until lesson 08. Look at *how*, not at
#   what.
# - *"$w$ sums to 1."* True for nearest, bilinear and bicubic; not for max-unpooling (0 or 1) or a deconvolution.
#   Leave it open; lessons 03 and 04 need the surprise.
# - **Exercise 1.** `x.repeat(2, 2)` tiles the whole map; `print` in place of `return`; a value written into one
#   corner of its block. The check names all three.
# - **Exercise 2.** The bug is one word. Those who are stuck compute one output by hand and compare.
# - **Exercise 3.** Many answers are right; compare two of them on the digit. The usual slip is a sum that is not 1.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Nearest neighbour, ×2
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# Write nearest neighbour for $r = 2$ yourself: `x` is a tensor (H, W), the result (2H, 2W), every value copied into
# a 2×2 block. The check runs your function on random maps, and if something is wrong it tells you what it thinks
# happened.
#
# <details><summary>Hint 1</summary>
#
# Which row of `x` does output row 5 copy? Row 5 // 2 = 2.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x.repeat_interleave(2, dim=0)` doubles the rows.
# </details>
#
# Solution: `solutions/00_start_here.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.start_here.exercises import NEAREST


def my_nearest(x):
    return ...


NEAREST.check(my_nearest)

# %% tags=["solution"]
from a2u.lessons.start_here.exercises import NEAREST


def my_nearest(x):
    return x.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)


NEAREST.check(my_nearest)

# %% [markdown]
# ### Exercise 2 · Find the bug
# *Difficulty* ★☆☆ · *time* 4 minutes
#
# The four outputs of a 2×2 block look at the same window, each with a kernel of its own. `z` holds the n values of the
# window, shape (n,). `w` is (4, n), with one kernel per row: for the upper left, upper right, lower left and lower
# right output. The function should return the four values $y = w^\top z$ as a block, (2, 2). It runs, but unless the
# window has a single value, its values are too close to zero. Mend it.
#
# <details><summary>Hint 1</summary>
#
# Compute one output yourself: multiply its row of `w` by `z`, place by place, and add up the products.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Which function adds up, and which one divides as well?
# </details>
#
# Solution: `solutions/00_start_here.ipynb`.


# %% tags=["exercise"]
import torch

from a2u.lessons.start_here.exercises import BLOCK


def my_block(z, w):
    products = w * z  # one row per output, one column per value of the window
    return products.mean(dim=1).view(2, 2)


BLOCK.check(my_block)

# %% tags=["solution"]
import torch

from a2u.lessons.start_here.exercises import BLOCK


def my_block(z, w):
    products = w * z  # one row per output, one column per value of the window
    return products.sum(dim=1).view(2, 2)  # wᵀz is a sum, not a mean; w @ z does both steps at once


BLOCK.check(my_block)

# %% [markdown]
# ### Exercise 3 · A kernel of your own
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# Design a kernel of 3×3 weights, a tensor (3, 3). Rules: the weights sum to 1; none is negative; the middle one is
# larger than every other; and the kernel stays the same when it is flipped upside down or left to right. Many answers
# are right.
#
# <details><summary>Hint 1</summary>
#
# Write down any symmetric numbers with a large one in the middle, as a list of three lists in `torch.tensor(...)`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# To make the sum 1, divide the tensor by its sum.
# </details>
#
# Solution: `solutions/00_start_here.ipynb`.


# %% tags=["exercise"]
import torch

from a2u.lessons.start_here.exercises import KERNEL


def my_kernel():
    return ...


KERNEL.check(my_kernel)

# %% tags=["solution"]
import torch

from a2u.lessons.start_here.exercises import KERNEL


def my_kernel():
    w = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    return w / w.sum()


KERNEL.check(my_kernel)

# %% [markdown]
# ### To think over: the thermometer
#
# A weather station stores one value per hour: the highest temperature of that hour. You want one value per half hour.
# Which of the three operators of section 2 could you use? What could each get wrong?
#
# <details><summary>Answer</summary>
#
# Nearest: both halves get the hour's highest value, so one of them is too warm. Bilinear: a line from hour to hour,
# smooth and too warm on average, because it joins highest values. Max-unpooling needs the half in which the highest
# value was measured, and would write 0 degrees into the other one: right in one half, absurd in the other. Whatever you
# take, the station's choice to keep the *highest* value cannot be undone without a guide.
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Can any operator bring back what shrinking threw away? **A.** Not from one small channel alone: many large
#   images have the same small one, and lesson 02 shows two. It takes a guide from before the shrinking, channels that
#   carry the detail, or a guess from what training has seen.
# - **Q.** Nearest neighbour has four times the ink of the small map. Is that a mistake? **A.** No: there are four
#   times as many pixels, and each should be as dark as before. Kernels that sum to 1 keep brightness, not the sum.
# - **Q.** Name a network with an encoder that can guide, and one without. **A.** Networks for segmentation, matting and
#   depth usually have one. A generator that starts from noise has none, and super-resolution sees only the small image:
#   neither can use the operators with ▲.
#
# **Grade.** Nothing yet. Collect one sentence each: *which prediction was wrong, and what surprised you?* Begin the
# next session with it.
#
# **Extend.** Write nearest neighbour for any ratio, without a loop; then for a map with a batch and channels. Next,
# open a photograph: `read_picture` in `a2u/lessons/carafe/inputs.py` makes a 16×16 map of it.

# %% [markdown]
# ## Five questions

# %% tags=["questions"]
from a2u.lessons.start_here.questions import concepts

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
# - Upsampling makes values that were not there. Every operator makes them as $y = w^\top z$: a window, a kernel, a
#   sum.
# - Operators differ in where $w$ comes from: distance, learning, features, pairs of features.
# - Max-pooling keeps the largest value of a block and loses its place. An encoder that saw the large map can help to
#   bring it back: much of this course follows this idea.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1) is the
#   formula, section 3 the families of the map, section 4 and Eqs. (2)–(4) A²U. The map's texts are the operators'
#   own cards: `a2u ops` prints them, `a2u ops a2u` one of them with its source.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
