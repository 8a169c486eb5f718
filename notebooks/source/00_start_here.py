# %% [markdown]
# # 00 · Start here
#
# A small picture is to become a large one. Four times as many pixels: where do the new values come from? Every answer
# that neural networks give, from plain copying to learned attention, is an **upsampling operator**, and this course
# takes them apart until you can see the few numbers behind any single pixel.
#
# **You will be able to**
# - run a lesson, and know that your machine has what it needs;
# - read the map of operators: who looks at what;
# - enlarge a handwritten digit in three ways, and open one pixel to see why they differ;
# - choose between quick and full mode, and find your way through the course.
#
# **You need** a little Python. **Time** 15 minutes, and 10 more for the two exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 65 minutes, of which a quarter is for machines. It is worth it: whoever leaves with a running course does the
# homework.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–15 | machines | everybody runs `make lab` and the first cell; a FAIL comes with its remedy, read it aloud |
# | 15–27 | sections 1–2, three enlargements | hands up first: which has holes, which is soft, which is closest? |
# | 27–42 | section 3, explorer | you drive; then in pairs: an output where all three agree, and one where none do |
# | 42–52 | section 4, the map | each pair takes one operator: what does it look at, at order 0, 1 or 2? |
# | 52–57 | sections 5–6 | quick and full mode; the road through the course |
# | 57–65 | exercise 1 | alone; then one reads a wrong answer and what the check said; exercise 2 is homework |
#
# **Skip if short.** Have machines ready beforehand (the syllabus says how), and leave sections 5 and 6 for reading.
# Do not skip the predictions: the course lives on them, and this is where the class learns that a wrong one costs
# nothing.
#
# **Look at this before class.** On the projector, move the explorer to row 8, column 6, and switch through nearest,
# bilinear and max-unpooling: the same ■, ◆, ● each time. These three signs are the language of all lessons.

# %% [markdown]
# ## 1 · How a lesson works
#
# A lesson is a page of text, pictures and code that you can change. Click on a cell and press **Shift+Enter** to
# run it. Run the cells from top to bottom; if something went wrong, *Kernel → Restart Kernel and Run All Cells*
# starts afresh.
#
# What you run and change is your own copy, in the folder `my-lessons`. `a2u lab --reset 03` gives you a fresh lesson 03
# and keeps your old copy. (In VS Code, run `a2u lab --prepare` once and open the files in `my-lessons`: those in
# `notebooks` belong to the course, and git sees what changes there.)
#
# Lessons go in a rhythm. **Predict**: choose what you expect and press *Commit*, before you look; this is where you
# learn most, and a wrong guess costs nothing. **Run** the next cell: its output starts folded, and opens when the cell
# runs. **Explain**: click on the folded line (•••) and compare. A line that starts with `assert` checks a claim of the
# text and says nothing when it holds.
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
# Here is a real handwritten 2, shrunk to 8×8. We enlarge it to 16×16 with three operators that you will meet again:
#
# - **nearest neighbour** copies the closest value;
# - **bilinear** blends the closest four;
# - **max-unpooling** had a look at the original before it was shrunk, and remembers in which place of every 2×2 block
#   the largest value was.
#
# **Predict.** Which result will have holes? Which will look soft? Which comes closest to the original?

# %% tags=["prediction"]
predict("holes")

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
words = "\n".join(f"{name:12}{tuple(y.shape[2:])}, ink in all: {y.sum():5.1f}" for name, y in results.items())
Drawing(side_by_side({name: y[0, 0] for name, y in results.items()}, height=2.3), alt, words)

# %% [markdown]
# **Explain.** Nearest neighbour makes blocks and four times the ink. Bilinear has as much ink, spread softly. Both
# guess: where inside a block the stroke ran was lost when the digit was shrunk. Max-unpooling knows it, puts every
# value back in its true place, and leaves zeros where it knows nothing. One is smooth and wrong, one is true and full
# of holes. How to *learn* something better than both is what this course is about.

# %%
up = results["max_unpool"]
kept = up != 0
assert (up[kept] == original[kept]).all()  # every value it has is the true one
assert kept.sum() <= up.numel() / 4  # and three of four places stay empty
print(f"max-unpooling keeps {int(kept.sum())} of {up.numel()} values, all of them right")

# %% [markdown]
# ## 3 · One pixel, opened
#
# Different as they look, the three do the same thing. Each output value $y$ is a weighted sum
#
# $$y = w^\top z = w_1 z_1 + w_2 z_2 + \dots$$
#
# of a few values of the small map. They are the **window** $z$; the weights are the **kernel** $w$. In every
# picture of this course ■ blue is $z$, ◆ orange is $w$, ● green is $y$. Here is one output value, opened. Follow
# the arrows.
#
# Move a slider, with the mouse or with the arrow keys. Then choose another operator: the window may change, the
# kernel will, but it stays a window, a kernel and a sum.

# %%
from a2u.lessons.inspector import explorer

explorer("bilinear", ratio=2, row=8, column=6)

# %% [markdown]
# Any operator of the library opens like this, also in code. `witness` returns the very $w$ and $z$ behind a value:

# %%
bilinear = a2u.build("bilinear", channels=1, ratio=2)
t = bilinear.witness(x, at=(0, 0, 8, 6)).compact()  # sample, channel, row, column; taps of weight 0 left out
print("w =", [round(v, 4) for v in t.w.tolist()])
print("z =", [round(v, 3) for v in t.z.tolist()])
print("y =", round(float(t.value), 3))
assert abs(t.w @ t.z - results["bilinear"][0, 0, 8, 6]) < 1e-6

# %% [markdown]
# ## 4 · The map
#
# If every operator is $w^\top z$, only one question tells them apart: **where does $w$ come from?** The answers
# make a family tree. Walk down it from the top.

# %%
from a2u.lessons.start_here.overview import overview

overview()

# %% [markdown]
# - On the left, $w$ never looks at the image: a stroke, an edge and empty paper are treated alike. Distances
#   decide, or weights that were learned once and then stay.
# - On the right, $w$ follows the image. **Order 1** looks at features one by one: is here an edge? **Order 2**
#   compares *pairs* of them: do these two belong together? That is the step to A²U, affinity-aware upsampling.
# - ▲ marks operators that also ask the *encoder*, the half of a network that saw the image while it was still large.
#
# **Predict.** Choose one of the A²U in the explorer above and move the pixel from paper to stroke. What changes now
# that did not change with bilinear?

# %% tags=["prediction"]
predict("paper-and-stroke")

# %% [markdown]
# **Explain.** With bilinear the same four kernels come round again and again. With A²U every pixel gets its own. (Its
# weights are still random there. Lesson 08 trains them.)

# %%
import torch

paper, stroke = (0, 0, 2, 2), (0, 0, 8, 6)  # both even rows and columns: the same phase
guide = encoder_map(2)  # 1 4 16 16: four things that an encoder might see
torch.manual_seed(0)
for name in ("bilinear", "carafe", "a2u"):
    op, features = a2u.build(name, channels=4), small_map(4)
    w_paper, w_stroke = (op.witness(features, guide, at=at).w for at in (paper, stroke))
    same = torch.equal(w_paper, w_stroke)
    print(f"{name:9} uses {'the same kernel' if same else 'different kernels'} on paper and on the stroke")
    assert same == (a2u.operators.card(name).order == 0)

# %% [markdown]
# ## 5 · Quick or full
#
# Lessons that train anything do it in **quick mode** unless you say otherwise: little data, few steps, seconds a
# cell on a laptop. Quick mode shows which way an effect goes. **Full mode** takes its time, and a GPU if there is
# one.
#
# Start the course with `A2U_MODE=full make lab` for full mode everywhere, or write `choose_mode("full")` in one
# lesson. Outputs always say which data and which mode made them.

# %%
from a2u.lessons.mode import MODES, choose_mode

for each in MODES.values():
    print(each)
print("This session:", choose_mode().name)

# %% [markdown]
# ## 6 · The course
#
# Twelve lessons, one ladder.
#
# | lesson | you leave able to |
# |---|---|
# | 00 Start here | run a lesson, read the map of operators |
# | [01 One formula](01_one_formula.ipynb) | read any upsampled value as $w^\top z$; build bilinear and bicubic |
# | [02 Pooling remembers](02_pooling_remembers.ipynb) | max-unpooling as $w \in \{0, 1\}$; what indices keep |
# | [03 Kernels learned once](03_kernels_learned_once.ipynb) | learn kernels once; find and remove checkerboards |
# | [04 CARAFE](04_carafe.ipynb) | generate a kernel from features |
# | [05 IndexNet](05_indexnet.ipynb) | learn indices, shared or one a channel |
# | [06 Affinity](06_affinity.ipynb) | go from self-attention to a low-rank bilinear form |
# | [07 A²U](07_a2u.ipynb) | assemble affinity-aware upsampling from its parts |
# | [08 Train on digits](08_train_on_digits.ipynb) | train three operators on handwritten digits while you watch |
# | [09 See the kernels](09_see_the_kernels.ipynb) | compare random with learned kernels |
# | [10 Matting](10_matting.ipynb) | cut an object out of a photo, hair by hair |
# | [11 See the features](11_see_the_features.ipynb) | compare what the last layers of a network see |
#
# Each lesson has a twin with all exercises solved in the folder `solutions`. Next: **01**; who is
# in a hurry goes from there to **06**, **07** and **08**.

# %% [markdown]
# How far are you? Run the next cell again whenever you come back; the terminal shows the same when the course starts.

# %%
from a2u.lessons.kernel import show_progress

show_progress()

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *"Upsampling adds information."* It adds values. What a value may know comes from the window, from learned
#   weights, or from a guide. Ask "where could it know that from?" whenever something looks clever.
# - *"Max-unpooling is the worst, it is full of holes."* Every value it has is right and in its true place. Let them
#   say which of the two defects, blur or holes, a later layer could repair.
# - *"The explorer is broken, A²U looks like noise."* Its weights are random until lesson 08. Look at *how*, not at
#   what.
# - *"$w$ sums to 1."* True for nearest, bilinear and bicubic; not for max-unpooling (0 or 1) or a deconvolution.
#   Leave it open; lessons 03 and 04 need the surprise.
# - **Exercise 1.** `x.repeat(2, 2)` tiles the whole map; `print` in place of `return`; a value written into one
#   corner of its block. The check names the first and the last; for the second it says "not attempted".
# - **Exercise 2.** Products that nobody adds up; a mean in place of the sum; the block filled column by column; the
#   first kernel used for all four. Whoever is stuck at shapes writes the four sums one by one.

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
# Which value of `x` does output row 5 copy? Row 5 // 2.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x.repeat_interleave(2, dim=0)` doubles the rows.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_nearest(x):
#     return x.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)
# ```
# </details>

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
# ### Exercise 2 · One block, opened
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# The four outputs of a 2×2 block look at the same window, each with a kernel of its own. `z` holds the n values of the
# window, shape (n,). `w` is (4, n): one kernel a row, for the upper left, upper right, lower left and lower right
# output. Return the four values $y = w^\top z$ as a block, (2, 2). Every operator of this course ends like this.
#
# <details><summary>Hint 1</summary>
#
# One output: multiply its row of `w` with `z`, place by place, and add up the products.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `w @ z` does so for all four rows at once. `.view(2, 2)` lays four numbers out as a block, row by row.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_block(z, w):
#     return (w @ z).view(2, 2)
# ```
# </details>

# %% tags=["exercise"]
import torch

from a2u.lessons.start_here.exercises import BLOCK


def my_block(z, w):
    return ...


BLOCK.check(my_block)

# %% tags=["solution"]
from a2u.lessons.start_here.exercises import BLOCK


def my_block(z, w):
    return (w @ z).view(2, 2)


BLOCK.check(my_block)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Can any operator bring back what shrinking threw away? **A.** Not from the small map alone: many large
#   images have the same small one, and lesson 02 shows two. What training has seen, or a guide from before the
#   shrinking, can.
# - **Q.** Nearest neighbour has four times the ink of the small map. Is that a mistake? **A.** No: there are four
#   times as many pixels, and each should be as dark as before. Kernels that sum to 1 keep brightness, not the sum.
# - **Q.** Name a network with an encoder that can guide, and one without. **A.** Segmentation, matting and depth have
#   one. A generator that starts from noise has none, and super-resolution sees only the small image: for both, ▲ is
#   closed.
#
# **Grade.** Nothing yet. Collect one sentence each: *which prediction was wrong, and what surprised you?* It tells
# you where to begin next time.
#
# **Extend.** Write nearest neighbour for any ratio, without a loop; then for a map with a batch and channels. Next,
# open a photograph: `read_picture` in `a2u/lessons/carafe/inputs.py` makes a 16×16 map of it.

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Upsampling makes values that were not there. Every operator makes them as $y = w^\top z$: a window, a kernel, a
#   sum.
# - What tells operators apart is where $w$ comes from: distance, learning, features, pairs of features.
# - Guessing from the small map alone can only copy or blur. An encoder that saw the large map can help: this is the
#   thread of the whole course.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1) is the
#   formula, section 3 the families of the map, section 4 and Eqs. (2)–(4) A²U. The map's texts are the operators'
#   own cards: `a2u ops` prints them, `a2u ops a2u` one of them with its source.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
