# %% [markdown]
# # 11 · See the features
#
# Ten lessons took the upsampling operator apart. Now you look inside whole networks for matting that differ in that
# operator alone: what stands in the maps that they upsample? Does it explain their mattes?
#
# **You will be able to**
# - open the decoder of a matting network, and put its upsampled maps side by side so that they may be compared;
# - measure with one number how much of a map changes at the true boundary, and follow one value back to $w$, $z$;
# - find out where a decoder has its detail from, the upsampling kernels or the skip, by taking one of them away;
# - read the results of short trainings honestly.
#
# **You need** lessons 07 (A²U) and 09 (kernels as maps); lesson 10 explains mattes and trimaps.
# **Time** 30 minutes, and 20 for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 75 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | everybody ranks the three maps by eye, on paper, before reading the numbers |
# | 8–20 | sections 1 and 2 | a number for what the eye saw: let them propose one first |
# | 20–28 | section 3, one value | predict which of three operators weighs all nine neighbours |
# | 28–38 | section 4, kernels | random beside learned, with its limits |
# | 38–52 | section 5, take a part away | the heart: predict both rows before running |
# | 52–62 | sections 6 and 7 | mattes; who finds a scene where the order turns round? |
# | 62–75 | exercise 2 | exercises 1 and 3 are homework |
#
# **Skip if short.** Section 4 and the explorer. Keep section 5: an intervention says more than any picture.

# %% [markdown]
# ## The picture
#
# A picture of this kind opens the paper, as its Figure 1: the image, and the feature map that the decoder's last stage
# upsamples with nearest neighbour, bilinear interpolation and A²U. These are from weights that ship with a2u.

# %%
import torch

import a2u
from a2u.lessons import see_the_features as lesson
from a2u.matting import features as look

lesson.figure1()

# %% [markdown]
# What is drawn is the *energy*, the root mean square over the map's channels, in the unknown region of the trimap: the
# loss looks at nothing else, so what a map holds outside is nobody's decision. The three networks were trained apart,
# so their maps have no common unit: each is stretched over its own range, and then all share one scale of colours.
# **Before you read the numbers, rank the three by eye.** Where does a map change, and is that where the glass changes?

# %% [markdown]
# ## 1 · Open the network
#
# `net.features(image, trimap)` gives the four stages of the decoder as they happened: the map *before*, the *guide*
# from the encoder, and the map *after* upsampling.
#
# **Predict.** The image has 160×160 pixels, the coarsest map 10×10. How large is the last map *before* it is upsampled?

# %%
net, card = a2u.load_pretrained("matting/dynamic-cs")
print(card.training)
case = lesson.case("glass")
stages = net.features(case.image[None], case.trimap[None])
for number, stage in enumerate(stages):
    print(number, *(f"{part} {tuple(getattr(stage, part).shape[1:])}" for part in stage._fields))
assert stages[3].before.shape[-1] == 80
assert all(s.after.shape[-1] == 2 * s.before.shape[-1] for s in stages)

# %% [markdown]
# **Explain.** Half the image. What you see in the picture was made from a quarter as many positions: three of four
# values are new, and only the operator decides about them. Then the *skip*, which comes from the image itself, is
# added. The card says how short the training was. Keep that in mind to the end.

# %% [markdown]
# ## 2 · One number for what the eye sees
#
# The *boundary band* $B$ is where the true alpha varies by 0.2 or more within two pixels. The **edge contrast** of a
# map $e$ compares its gradient there with its gradient elsewhere, both within the unknown region $W$:
#
# $$\mathrm{contrast}(e) = \frac{\mathrm{mean}_{W \cap B}\,\|\nabla e\|}{\mathrm{mean}_{W \setminus B}\,\|\nabla e\|}$$
#
# **Predict.** What is the contrast of the true alpha? Of noise? What if all values of a map are doubled?

# %%
truth, where = lesson.alpha("glass"), lesson.unknown("glass")
band = look.boundary(truth)
noise = torch.rand(truth.shape, generator=torch.Generator().manual_seed(0))
maps = {"alpha": truth, "alpha, noisy": truth + 0.1 * noise, "noise": noise, "doubled": 2 * noise}
for title, values in maps.items():
    print(f"{title:13} {look.edge_contrast(values, band, where):6.2f}")
assert look.edge_contrast(truth, band, where) > 10
assert abs(look.edge_contrast(noise, band, where) - 1) < 0.05
assert abs(look.edge_contrast(2 * noise, band, where) - look.edge_contrast(noise, band, where)) < 1e-6

# %% [markdown]
# **Explain.** Alpha changes almost nowhere but at the boundary. Noise changes everywhere alike: 1. The unit does not
# matter, which is why networks may be compared. Now the last upsampled maps, over eight scenes:

# %%
kinds = list(lesson.KINDS)
print(" " * 14, *(f"{kind:>8}" for kind in kinds), "    mean")
means = {}
for name in lesson.SHOWN:
    found = [lesson.contrast(name, kind) for kind in kinds]
    means[name] = sum(found) / len(found)
    print(f"{name:14}", *(f"{value:8.2f}" for value in found), f"{means[name]:8.2f}")
glass = {name: lesson.contrast(name, "glass") for name in lesson.SHOWN}
assert max(glass, key=glass.get) == "dynamic-cs"
assert max(means, key=means.get) == "bilinear"

# %% [markdown]
# **Explain.** In the picture at the top, A²U's map is the clearest: the highlights of the glass stand out, and the
# gravel behind it, which shimmers in bilinear's map, is smoothed away. Its number, 2.02, is the highest too. It is what
# the paper's figure shows. **And yet**: over eight scenes bilinear has the highest mean, the order changes from scene
# to scene, and where a number is below 1 the map changes *less* at the boundary than elsewhere. These are narrow
# networks after 1,200 iterations; the paper's were trained for 180,000. One well-chosen picture would have let you
# believe anything, this one included.

# %% [markdown]
# ## 3 · Follow one value
#
# Every value of these maps is $w^\top z$, and `witness` shows both.
#
# **Predict.** At one and the same place of the last map: how many of the weights are not zero with nearest, with
# bilinear, with A²U? How large is the largest?

# %%
for name in lesson.SHOWN:
    t, value = lesson.witness(name, "glass", (3, 80, 60))
    used = t.compact()
    print(f"{name:11} {len(used.w)} weights, largest {float(t.w.max()):.4f}, sum {float(t.w.sum()):.2f};", end="")
    print(f"  wᵀz = {float(t.value):.2f}, in the map {value:.2f}")
    assert abs(float(t.value) - value) < 1e-3 * max(1, abs(value))

# %% [markdown]
# **Explain.** 1, 4 and 9. A²U weighs all nine, none below 0.044 or above 0.254, whatever it has learned (lesson 09). So
# its upsampled map is always a *soft* one. If it is sharp at a boundary, then because kernels on the two sides differ,
# or because the map before was sharp already.

# %% [markdown]
# ## 4 · What the kernels look at
#
# The paper's Figure 5 in a matting network: the last stage of a hybrid A²U, before and after training. Boundaries
# should light up, and flat regions fade.
#
# **Predict.** By how much do *peakedness* and the gradient of the true alpha correlate before training, and after?

# %%
lesson.figure5()

# %%
print(" " * 9, *(f"{kind:>8}" for kind in kinds))
spreads = {}
for learned in (False, True):
    pairs = [lesson.follows("hybrid-cw", kind, learned) for kind in kinds]
    spreads[learned] = sum(spread for _, spread in pairs) / len(pairs)
    print(f"{'learned' if learned else 'random':9}", *(f"{r:+8.2f}" for r, _ in pairs), end="")
    print(f"   spread of peakedness {spreads[learned]:.1g}")
assert spreads[True] > 3 * spreads[False]
learned = [lesson.follows("hybrid-cw", kind)[0] for kind in kinds]
assert max(learned) < 0.05
assert sum(learned) / len(learned) < -0.15

# %% [markdown]
# **Explain.** Training made the kernels many times more varied. But they are *evener* at the true boundary than
# elsewhere: the correlation is negative. Where the encoder's map is large, so is the affinity, a sum of products of
# its values (lesson 06), and the sigmoids run into their limits: such places are peaked, be they edges or the plain
# blue of the shoulders. The kernels tell regions apart rather than edges from flat. That boundaries light up and flat
# regions fade, as in the paper's figure, is not what this training shows.

# %% [markdown]
# ## 5 · Where the detail comes from
#
# A stage of the decoder adds two things: the upsampled map and the skip. Pictures cannot tell which of them draws the
# strands. So take one away, in the last stage, and measure the matte:
#
# - *even kernels*: each kernel becomes the mean kernel of its phase, the same at all places;
# - *flat skip*: what the skip adds becomes its mean over all places (the kernels still see the whole guide).
#
# **Predict.** For which of the two does the SAD rise more: with nearest? with bilinear? with A²U?

# %%
some = ("net", "foliage", "glass")
for name in ("nearest", "bilinear", "hybrid-cw", "dynamic-cs"):
    sads = {part: sum(lesson.sad(name, kind, part) for kind in some) / 3 for part in ("", "kernels", "skip")}
    print(f"{name:10} whole {sads['']:.2f}   even kernels {sads['kernels']:.2f}   flat skip {sads['skip']:.2f}")
    assert abs(sads["kernels"] - sads[""]) < 0.1
    assert sads["skip"] > sads[""] + 0.5

# %% [markdown]
# **Explain.** The skip, in all of them. That A²U's kernels of the last stage differ from place to place hardly moves
# the matte here, although they look so rich in the figure above: the skip brings the image's detail past them.
# Whatever a longer training makes of the kernels, a picture of them is no proof that they matter.

# %% [markdown]
# ## 6 · What comes of it
#
# The mattes, as in the paper's Figure 4, with one place of each scene enlarged. (SAD is a sum over pixels. These scenes
# are 160×160 and have trimaps of their own; lesson 10's are 128×128, so their SADs are not to be compared.)

# %%
lesson.figure4()

# %% [markdown]
# A table with one number a network hides how sure it is. Here is the SAD of each scene, and how often a network beats
# nearest neighbour.
#
# **Predict.** In how many of the eight scenes must one network be better before you would bet on the ninth?

# %%
print(" " * 10, *(f"{kind:>8}" for kind in kinds), "    mean  better")
base = [lesson.sad("nearest", kind) for kind in kinds]
for name in lesson.COMPARED:
    found = [lesson.sad(name, kind) for kind in kinds]
    wins = sum(mine < theirs for mine, theirs in zip(found, base, strict=True))
    print(f"{name:10}", *(f"{value:8.2f}" for value in found), f"{sum(found) / len(found):8.2f}  {wins} of 8")
assert sum(base) < min(sum(lesson.sad(name, kind) for kind in kinds) for name in ("hybrid-cw", "dynamic-cs"))

# %% [markdown]
# **Explain.** In the paper, trained to the end, A²U is ahead of nearest neighbour (34.76 and 35.86 against 37.51).
# Here, after 1,200 iterations, nearest is ahead of both in the mean, of hybrid-cw by a hair, although hybrid-cw wins
# half of the scenes. One seed and eight scenes prove no order: 7 of 8 or more happens by chance in one of 28 fair
# trials. Simple operators may just learn sooner. The honest sentence is: *these trainings are too short to rank
# operators*.

# %% [markdown]
# ## 7 · Look for yourself
#
# Choose a scene, an operator, one of the four stages, the energy or one channel, and a place. With a channel you see
# the window ■ $z$ that the kernel ◆ $w$ meets there. Find: a channel that draws the boundary; one that knows the
# trimap; a stage in which A²U's kernels are all but even.

# %%
panel = lesson.explorer()
panel

# %%
for operator in ("nearest", "bilinear", "dynamic-cs"):
    print(panel.set(scene="glass", operator=operator, channel=3, row=80, column=60).says)
assert panel.error is None

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 2.* "The picture proves it." It is one of eight scenes; have them find one with another order first.
# - *The picture.* "The brightest map is the best." Each is stretched over its own range: brightness says nothing.
# - *Section 2.* "High contrast means a good matte." The head may use a channel whose energy is small, and the skip is
#   not in this map at all.
# - *Section 4.* The upper row is taken for structure. It is magnified: read the ranges.
# - *Section 5.* "Without the kernels' variation nothing is lost, so kernels are useless." This network was trained
#   with a skip beside them; one trained without it might need them. An ablation is a statement about one network.
# - *Section 6.* A difference in the third digit is a ranking. Ask for a second seed.
# - **Exercise 1.** One range for all maps; the maximum alone; a range for each line; a flat map divides by zero.
# - **Exercise 2.** Off over on; energy instead of its gradient; |∂x| + |∂y|; zeros at the border; sums.
# - **Exercise 3.** Rows and columns swapped; a repeated border; alpha itself as a weight; taps counted.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Maps side by side
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# `maps` has the shape (n, H, W), one map for each of n networks. Stretch each over 0 … 1 by its own range; a map that
# does not vary becomes 0.
#
# <details><summary>Hint 1</summary>
#
# Every map needs its own minimum and maximum: over which axes?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `maps.amin((1, 2), keepdim=True)`. Where maximum and minimum are equal, divide by 1: `torch.where`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_display(maps):
#     low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
#     return (maps - low) / torch.where(high > low, high - low, 1)
# ```
# </details>

# %% tags=["exercise"]
from a2u.lessons import see_the_features_exercises


def my_display(maps):
    return ...


see_the_features_exercises.DISPLAY.check(my_display)

# %% tags=["solution"]
from a2u.lessons import see_the_features_exercises


def my_display(maps):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / torch.where(high > low, high - low, 1)


see_the_features_exercises.DISPLAY.check(my_display)

# %% [markdown]
# ### Exercise 2 · Edge contrast
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Write the number of section 2 for a whole map ($W$ is everything): `energy` is (H, W), `band` a bool map of its size.
# Central differences, half of right minus left and of below minus above; at the border the last value is repeated.
#
# <details><summary>Hint 1</summary>
#
# `F.pad(energy[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]`, with `import torch.nn.functional as F`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `slope[band].mean()` is the mean on the band. `~band` is everything else.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_contrast(energy, band):
#     e = torch.nn.functional.pad(energy[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
#     across, down = (e[1:-1, 2:] - e[1:-1, :-2]) / 2, (e[2:, 1:-1] - e[:-2, 1:-1]) / 2
#     slope = (across**2 + down**2).sqrt()
#     return slope[band].mean() / slope[~band].mean()
# ```
# </details>


# %% tags=["exercise"]
def my_contrast(energy, band):
    return ...


see_the_features_exercises.CONTRAST.check(my_contrast)


# %% tags=["solution"]
def my_contrast(energy, band):
    e = torch.nn.functional.pad(energy[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    across, down = (e[1:-1, 2:] - e[1:-1, :-2]) / 2, (e[2:, 1:-1] - e[:-2, 1:-1]) / 2
    slope = (across**2 + down**2).sqrt()
    return slope[band].mean() / slope[~band].mean()


see_the_features_exercises.CONTRAST.check(my_contrast)

# %% [markdown]
# ### Exercise 3 · Whose weight is it?
# *Difficulty* ★★★ · *time* 10 minutes
#
# How much of a kernel's weight lies on the object? `w` holds 3×3 kernels for ratio 2, (9, 2H, 2W); `alpha` is the low
# map, (H, W). Return (2H, 2W): for each output the sum of the weights on taps with alpha ≥ ½. Outside the map there is
# no object.
#
# <details><summary>Hint 1</summary>
#
# The window of output (i, j) is centred at (i // 2, j // 2); taps are row by row. First make windows of the low map.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.nn.functional.unfold(m[None, None], 3, padding=1)` gives (1, 9, H·W), zeros outside. Repeat each window for its
# four outputs with `repeat_interleave`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_share(w, alpha):
#     belongs = (alpha >= 0.5).float()[None, None]
#     z = torch.nn.functional.unfold(belongs, 3, padding=1).view(9, *alpha.shape)
#     return (w * z.repeat_interleave(2, 1).repeat_interleave(2, 2)).sum(0)
# ```
# </details>


# %% tags=["exercise"]
def my_share(w, alpha):
    return ...


see_the_features_exercises.SHARE.check(my_share)


# %% tags=["solution"]
def my_share(w, alpha):
    belongs = (alpha >= 0.5).float()[None, None]
    z = torch.nn.functional.unfold(belongs, 3, padding=1).view(9, *alpha.shape)
    return (w * z.repeat_interleave(2, 1).repeat_interleave(2, 2)).sum(0)


see_the_features_exercises.SHARE.check(my_share)

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Why is an energy stretched by its own range before maps are compared? **A.** The next convolution can undo
#   any scale, so scale carries no meaning between networks that were trained apart. Positions within one map do.
# - **Q.** The flat skip hurts a network that was trained with skips. Does it prove that skips are necessary? **A.** No:
#   it shows what this network relies on. Train one without, then compare.
# - **Q.** Which experiment would convince you that A²U is better than bilinear for mattes? **A.** Several seeds of
#   each, trained to the end on real data, differences larger than those between seeds, the metrics fixed beforehand.
#
# **Grade.** Exercise 2 passes. In words: one claim about one pair of networks, with its numbers over all scenes and
# the sentence that limits it. Mark the limit.
#
# **Extend.** Take the parts away in all stages, `lesson.sad(name, kind, "kernels", (0, 1, 2, 3))`. Where do kernels
# matter most?

# %% [markdown]
# ## What the course has shown, and where to go next
#
# One formula, $y = w^\top z$, held from nearest neighbour to a network with four learned operators. Operators differ in
# where $w$ comes from: distance; weights learned once; features; pairs of features. What they can and cannot do
# followed from that, often before any training: a 1×1 softmax kernel *is* nearest neighbour, a gate can only turn
# down, nine weights after a sigmoid and a softmax never choose one pixel.
#
# And results need care. Copying digits rewards whoever lets the original through. A short training ranks otherwise
# than a long one. On the same matting baseline later operators report a lower SAD than A²U's plain rows: **SAPA**
# (31.19 and 30.98) compares points of encoder and decoder, **FADE** (31.10) mixes the features of both by a gate. For
# segmentation on ADE20K with SegFormer-B1, A²U has 41.45 mIoU beside bilinear's 41.68, where another seed alone moves
# the number by half a point: an operator that helps one task need not help another. Compositing the same test set with
# another script moves SAD by about 2.5. Ask of any table: which data, which seeds, which script?
#
# Now bring an idea of yours: one file in `a2u/operators/`, a `kernel` method, a card. The explorers will show its $w$
# and $z$ the same day.

# %% [markdown]
# ## Summary
#
# - `net.features` opens a decoder: before, guide, after. Energies of different networks are stretched each by its own
#   range.
# - Edge contrast compares gradients on and off the true boundary, where the trimap does not know: alpha far above 1,
#   noise 1. One scene is no evidence.
# - A²U's kernels differ from place to place and stay soft: 0.044 … 0.254.
# - A picture shows where detail stands. Where it comes from, taking a part away tells.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); Figures 1,
#   4 and 5; section 6 and Table 2.
# - H. Lu and co-authors, *SAPA: Similarity-Aware Point Affiliation for Feature Upsampling*, NeurIPS 2022, and *FADE:
#   Fusing the Assets of Decoder and Encoder for Task-Agnostic Upsampling*, ECCV 2022.
# - The scenes: drawn by code from seeds, over photographs from scikit-image (chelsea, motorcycle, gravel).
