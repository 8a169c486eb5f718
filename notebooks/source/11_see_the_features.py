# %% [markdown]
# # 11 · See the features
#
# Ten lessons took the upsampling operator apart. Now you look inside whole networks for matting that differ in that
# operator alone: what stands in the maps that they upsample? Do their kernels look where the paper says that they look?
# Does any of it explain their mattes?
#
# **You will be able to**
# - open the decoder of a matting network, and put its upsampled maps side by side so that they may be compared;
# - measure with one number how much of a map changes at the true boundary, and follow one value back to $w$, $z$;
# - find out where a decoder has its detail from, the upsampling kernels or the skip, by taking one of them away;
# - read the results of short trainings honestly.
#
# **You need** lessons 07 (A²U) and 09 (kernels as maps); lesson 10 explains mattes and trimaps.
# **Time** 35 minutes, and 23 for the three exercises.

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 75 minutes.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–8 | the picture | everybody ranks the three maps by eye, on paper, before reading the numbers |
# | 8–18 | sections 1 and 2 | a number for what the eye saw: let them propose one first |
# | 18–24 | section 3, one value | predict which of three operators weighs all nine neighbours |
# | 24–38 | section 4, kernels | two traps: a cause that is not the one you see, and kernels that stopped looking |
# | 38–52 | section 5, take a part away | the heart: predict both columns before running |
# | 52–62 | sections 6 and 7 | mattes; who finds a scene where the order turns round? |
# | 62–75 | exercise 2 | exercises 1 and 3 are homework |
#
# **Skip if short.** Section 3 and the explorer. Keep section 5: an intervention says more than any picture.

# %% [markdown]
# ## The picture
#
# A picture of this kind opens the paper, as its Figure 1: the image, and the feature map that the decoder's last stage
# upsamples with nearest neighbour, bilinear interpolation and A²U. These are from weights that ship with a2u.
#
# **Predict.** Do not read the numbers in the picture yet. Where does a map change, and is that where the glass changes?
# Rank the three by eye.

# %%
from itertools import combinations

import torch

import a2u
from a2u.lessons.see_the_features import explorer as lesson
from a2u.lessons.see_the_features import figures
from a2u.lessons.see_the_features.predictions import predict
from a2u.matting import features as look

figures.figure1()

# %% tags=["prediction"]
predict("by-eye")

# %% [markdown]
# What is drawn is the *energy*, the root mean square over the map's channels, in the unknown region of the trimap: the
# loss looks at nothing else, so what a map holds outside is nobody's decision. The three networks were trained apart,
# so their maps have no common unit: each is stretched over its own range, and then all share one scale of colours.
# Section 2 explains the numbers, and says whether they agree with your eye.

# %% [markdown]
# ## 1 · Open the network
#
# `net.features(image, trimap)` gives the four stages of the decoder as they happened: the map *before*, the *guide*
# from the encoder, and the map *after* upsampling. (The first line is the card of the weights. SAD is the sum of
# |matte − truth| over the unknown region, in thousands: less is better.)
#
# **Predict.** The image has 160×160 pixels, the coarsest map 10×10. How large is the last map *before* it is upsampled?

# %% tags=["prediction"]
predict("last-map")

# %% tags=["spoiler"]
net, card = a2u.load_pretrained("matting/dynamic-cs")
print(card.training)
case = lesson.case("glass")
stages = net.features(case.image[None], case.trimap[None])
for number, stage in enumerate(stages):
    print(number, *(f"{part} {tuple(getattr(stage, part).shape[1:])}" for part in stage._fields))
assert stages[3].before.shape[-1] == 80
assert all(s.after.shape[-1] == 2 * s.before.shape[-1] for s in stages)

# %% [markdown]
# **Explain.** Half the image. What you see in the picture was made from a quarter as many positions: four values from
# each, and only the operator decides how they differ. Then the *skip* is added. In these networks it is the very map
# that guided the kernels; at the last stage, a convolution of image and trimap. The card says how short the training
# was. Keep that in mind to the end.

# %% [markdown]
# ## 2 · One number for what the eye sees
#
# The *boundary band* $B$ is where the true alpha varies by 0.2 or more within two pixels. The **edge contrast** of a
# map $e$ compares its gradient there with its gradient elsewhere, both within the unknown region $W$ (less its rim,
# where a gradient would read across it):
#
# $$\mathrm{contrast}(e) = \frac{\mathrm{mean}_{W \cap B}\,\|\nabla e\|}{\mathrm{mean}_{W \setminus B}\,\|\nabla e\|}$$
#
# **Predict.** What is the contrast of the true alpha? Of noise? What if all values of a map are doubled?

# %% tags=["prediction"]
predict("contrast-of-noise")

# %% tags=["spoiler"]
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
inner = {name: sum(lesson.contrast(name, kind, rim=2) for kind in kinds) / 8 for name in lesson.SHOWN}
print("two pixels more of the rim left out:", ", ".join(f"{name} {value:.2f}" for name, value in inner.items()))
assert max(inner, key=inner.get) == "dynamic-cs"

# %% [markdown]
# **Explain.** In the picture at the top, A²U's map is the smoothest: the highlights of the glass stand out, and the
# gravel behind it, which shimmers in bilinear's map, is gone. Its number, 2.55, is the highest too. It is what the
# paper's figure shows. **And yet**: over eight scenes bilinear has the highest mean, the order changes from scene to
# scene, and where a number is below 1 the map changes *less* at the boundary than elsewhere. Leave out two more pixels
# along the edge of the unknown region, a choice that nobody would have asked about, and A²U has the highest mean after
# all. One well-chosen picture, or one well-chosen definition, would have let you believe anything.

# %% [markdown]
# ## 3 · Follow one value
#
# Every value of these maps is $w^\top z$, and `witness` shows both.
#
# **Predict.** At one and the same place of the last map: how many of the weights are not zero with nearest, with
# bilinear, with A²U? How large is the largest?

# %% tags=["prediction"]
predict("nine-weights")

# %%
for name in lesson.SHOWN:
    t, value = lesson.witness(name, "glass", (3, 80, 60))
    used = t.compact()
    print(f"{name:11} {len(used.w)} weights, largest {float(t.w.max()):.4f}, sum {float(t.w.sum()):.2f};", end="")
    print(f"  wᵀz = {float(t.value):.2f}, in the map {value:.2f}")
    assert abs(float(t.value) - value) < 1e-3 * max(1, abs(value))

# %% [markdown]
# **Explain.** 1, 4 and 9; the largest are 1, 9/16 and 0.12. A²U weighs all nine, none below 0.044 or above 0.254,
# whatever it has learned (lesson 09). So its upsampled map is always a *soft* one. If it is sharp at a boundary, then
# because kernels on the two sides differ, or because the map before was sharp already.

# %% [markdown]
# ## 4 · What the kernels look at
#
# The paper's Figure 5 in a matting network: the last stage of a hybrid A²U, before and after training. Boundaries
# should light up, and flat regions fade.
#
# **Predict.** *Peakedness* is 0 for nine equal weights, and grows with their inequality (lesson 09). By how much does
# it correlate with the gradient of the true alpha, before training and after?

# %% tags=["prediction"]
predict("peaked-at-edges")

# %%
figures.figure5()

# %% tags=["spoiler"]
print(" " * 24, *(f"{kind:>8}" for kind in kinds), "   mean")
means = {}
for learned in (False, True):
    for everywhere in (True, False):
        found = [lesson.follows("hybrid-cw", kind, learned, everywhere=everywhere) for kind in kinds]
        means[learned, everywhere] = sum(found) / len(found)
        title = f"{'learned' if learned else 'random'}, {'whole image' if everywhere else 'unknown region'}"
        print(f"{title:24}", *(f"{r:+8.2f}" for r in found), f"{means[learned, everywhere]:+7.2f}")
for place, known in enumerate(("trimap knows", "does not")):
    print(f"{'peakedness, ' + known:24}", *(f"{lesson.by_trimap('hybrid-cw', kind)[place]:8.3f}" for kind in kinds))
assert means[True, True] < -0.15
assert max(abs(means[True, False]), abs(means[False, False])) < 0.1
assert all(known > not_known for known, not_known in (lesson.by_trimap("hybrid-cw", kind) for kind in kinds))

# %% [markdown]
# **Explain.** Before training, about 0. Training made the kernels far more varied, and over the whole image they look
# *evener* at boundaries than elsewhere: −0.23 in the mean. A finding, opposite to the paper's? **No: a trap.** The
# guide of this stage knows the trimap, and the kernels are more peaked where the trimap *knows*, in every scene.
# Boundaries lie where it does not. Within the unknown region, where all places are alike in that, the correlation is
# about 0 again. Neither "edges light up" nor its opposite is what this training shows.

# %% [markdown]
# One scene's maps of dynamic-cs would tell you less still. How much do kernels differ from place to place at all?
# (†, dynamic-cs-d-norm, has a group norm before the features are multiplied, and A²U on the way down too.)
#
# **Predict.** In which of three networks do they differ most? Which weights has dynamic-cs at one place of a stage on
# the glass, and at the same place on the hair?

# %% tags=["prediction"]
predict("kernels-differ")

# %% tags=["spoiler"]
print(" " * 18, *(f"stage {stage}" for stage in range(4)), "  standard deviation over places, on the glass")
for name in ("hybrid-cw", "dynamic-cs", "dynamic-cs-d-norm"):
    print(f"{name:18}", *(f"{value:7.4f}" for value in lesson.varies(name, "glass")))
for name in ("dynamic-cs", "dynamic-cs-d-norm"):
    for kind in ("glass", "hair"):
        w = lesson.kernels(name, kind, stage=1)[0, :, 10, 10]
        print(f"{name:18} {kind:6}", *(f"{float(value):.3f}" for value in w))
assert max(lesson.varies("dynamic-cs", "glass")) < 0.001 < min(lesson.varies("hybrid-cw", "glass"))
assert sum(lesson.varies("dynamic-cs-d-norm", "glass")) > 20 * sum(lesson.varies("dynamic-cs", "glass"))

# %% [markdown]
# **Explain.** The kernels of dynamic-cs have stopped looking: the same nine weights, of two values, at every place and
# on every image (in the last stage, nearly). Before the sigmoid, a dynamic kernel is a product of *five* values of the
# guide: one in P, and in U and V each a filter made from features times the features that it filters. Hybrid has three,
# static two. Double the guide, and the five become 32 times as large. So every sigmoid stands at 0 or 1, where its
# gradient is 0 too, and training hardly brings it back: an operator that is dynamic in name and a constant by
# arithmetic. A norm before the product keeps its factors in reach, and the kernels of † differ from place to place. It
# may be why the paper's best row has this norm (32.15, without it 33.13). And the smooth map of the first picture? A
# fixed blur made it.

# %% [markdown]
# ## 5 · Where the detail comes from
#
# A stage of the decoder adds two things: the upsampled map and the skip. Pictures cannot tell which of them draws the
# strands. So take one away, in the last stage, and measure the matte:
#
# - *even kernels*: each kernel becomes the mean kernel of its phase, the same at all places. With nearest and bilinear
#   they are so already: these two are the control;
# - *flat skip*: what the skip adds becomes its mean over all places (the kernels still see the whole guide).
#
# **Predict.** For which of the two does the SAD rise more: with nearest? with bilinear? with A²U?

# %% tags=["prediction"]
predict("take-away")

# %% tags=["spoiler"]
some = ("net", "foliage", "glass")
for name in ("nearest", "bilinear", "dynamic-cs", "hybrid-cw", "dynamic-cs-d-norm"):
    sads = {part: sum(lesson.sad(name, kind, part) for kind in some) / 3 for part in ("", "kernels", "skip")}
    print(f"{name:18} whole {sads['']:.2f}   even kernels {sads['kernels']:.2f}   flat skip {sads['skip']:.2f}")
    assert abs(sads["kernels"] - sads[""]) < 0.1
    assert sads["skip"] > sads[""] + 0.5

# %% [markdown]
# **Explain.** The skip, in all of them. Nothing can be evened out in dynamic-cs, whose kernels are constant. But even
# in hybrid-cw, whose kernels look so rich in the figure above, their differences hardly move the matte: the skip brings
# the image's detail past them. Whatever a longer training makes of the kernels, a picture of them is no proof that they
# matter.

# %% [markdown]
# ## 6 · What comes of it
#
# The mattes, as in the paper's Figure 4, with one place of each scene enlarged. (SAD is a sum over pixels. These scenes
# are 160×160 and have trimaps of their own; lesson 10's are 128×128, so their SADs are not to be compared.)

# %%
figures.figure4()

# %% [markdown]
# A table with one number a network hides how sure it is. Here is the SAD of each scene, and how often a network beats
# nearest neighbour.
#
# **Predict.** In how many of the eight scenes must one network be better before you would bet on the ninth?

# %% tags=["prediction"]
predict("bet")

# %%
print(" " * 10, *(f"{kind:>8}" for kind in kinds), "    mean  better")
base = [lesson.sad("nearest", kind) for kind in kinds]
for name in lesson.COMPARED:
    found = [lesson.sad(name, kind) for kind in kinds]
    wins = sum(mine < theirs for mine, theirs in zip(found, base, strict=True))
    better = "–" if name == "nearest" else f"{wins} of 8"
    print(f"{name:10}", *(f"{value:8.2f}" for value in found), f"{sum(found) / len(found):8.2f}  {better}")
pairs = [(kind, *pair) for kind in kinds for pair in combinations(lesson.SHOWN, 2)]
signs = [(lesson.contrast(a, k) - lesson.contrast(b, k)) * (lesson.sad(b, k) - lesson.sad(a, k)) for k, a, b in pairs]
clearer = [sign > 0 for sign in signs]
print(f"of two networks, the clearer map (section 2) has the better matte {sum(clearer)} times of {len(pairs)}")
assert 8 <= sum(clearer) <= 16
assert sum(base) < min(sum(lesson.sad(name, kind) for kind in kinds) for name in ("hybrid-cw", "dynamic-cs"))

# %% [markdown]
# **Explain.** In the paper, trained to the end, A²U is ahead of nearest neighbour (34.76 and 35.86 against 37.51).
# Here, after 1,200 iterations, nearest is ahead of both in the mean, of hybrid-cw by a hair, although hybrid-cw wins
# half of the scenes; bilinear is ahead of all, in 6 of 8. Eight scenes prove no order: 7 of 8 or more happens by chance
# in one of 28 fair trials, 6 or more in one of 7. Simple operators may just learn sooner. The honest sentence is:
# *these trainings are too short to rank operators*.
#
# And the question of the beginning: does the map explain the matte? On the glass dynamic-cs has the clearest map and
# the worst matte. Over all pairs and scenes the clearer map wins 14 times of 24, little more than a coin does. Section
# 5 says why: what draws the strands is added *after* this map.

# %% [markdown]
# ## 7 · Look for yourself
#
# Choose a scene, an operator, one of the four stages, the energy or one channel, and a place. With a channel you see
# the window ■ $z$ that the kernel ◆ $w$ meets there. (The maps are whole: what they hold where the trimap knows is
# shown too.) Find with A²U hybrid-cw on the glass: a channel that is nearly a copy of the trimap; one that draws the
# outline. Then with dynamic-cs: a place whose kernel ◆ differs from its neighbour's two to the right.
#
# <details><summary>Found?</summary>
#
# Channel 13 of the last stage is nearly the unknown region itself, and channel 9 changes where alpha does. The third
# search is in vain, but for a few places in the last stage: section 4 says why. Two to the right, because the four
# phases have kernels of their own.
# </details>

# %%
panel = lesson.explorer()
panel

# %%
for operator in ("nearest", "bilinear", "dynamic-cs"):
    print(panel.at(scene="glass", operator=operator, channel=3, row=80, column=60).says)

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 2.* "The picture proves it." It is one of eight scenes; have them find one with another order first.
# - *The picture.* "The brightest map is the best." Each is stretched over its own range: brightness says nothing.
# - *Section 2.* "High contrast means a good matte." The head may use a channel whose energy is small, and the skip is
#   not in this map at all.
# - *Section 4.* The upper row is taken for structure. It is magnified: read the ranges. "−0.23, so kernels avoid
#   edges." What else differs between edges and the rest? And "dynamic means that the kernels move": let them check.
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
import torch

from a2u.lessons.see_the_features import exercises


def my_display(maps):
    return ...


exercises.DISPLAY.check(my_display)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_features import exercises


def my_display(maps):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / torch.where(high > low, high - low, 1)


exercises.DISPLAY.check(my_display)

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
import torch

from a2u.lessons.see_the_features import exercises


def my_contrast(energy, band):
    return ...


exercises.CONTRAST.check(my_contrast)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_features import exercises


def my_contrast(energy, band):
    e = torch.nn.functional.pad(energy[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    across, down = (e[1:-1, 2:] - e[1:-1, :-2]) / 2, (e[2:, 1:-1] - e[:-2, 1:-1]) / 2
    slope = (across**2 + down**2).sqrt()
    return slope[band].mean() / slope[~band].mean()


exercises.CONTRAST.check(my_contrast)

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
import torch

from a2u.lessons.see_the_features import exercises


def my_share(w, alpha):
    return ...


exercises.SHARE.check(my_share)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_features import exercises


def my_share(w, alpha):
    belongs = (alpha >= 0.5).float()[None, None]
    z = torch.nn.functional.unfold(belongs, 3, padding=1).view(9, *alpha.shape)
    return (w * z.repeat_interleave(2, 1).repeat_interleave(2, 2)).sum(0)


exercises.SHARE.check(my_share)

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
# **Extend.** Take the parts away in all stages, `lesson.sad(name, kind, "kernels", (0, 1, 2, 3))`: hybrid-cw rises from
# 3.07 to 3.15 and no further. Which training would make kernels matter? One without the last skip is a start.

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
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - `net.features` opens a decoder: before, guide, after. Energies of different networks are stretched each by its own
#   range.
# - Edge contrast compares gradients on and off the true boundary, where the trimap does not know: alpha far above 1,
#   noise 1. One scene is no evidence, and the clearer map need not give the better matte.
# - A correlation may come from a third thing: kernels followed the trimap, not the edges.
# - A dynamic kernel is a product of five values of the guide. Without a norm its sigmoids may all stand at 0 or 1, and
#   the kernels are constants: see whether they vary before you explain how.
# - A picture shows where detail stands. Where it comes from, taking a part away tells.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); Figures 1,
#   4 and 5; section 6 and Table 2.
# - H. Lu and co-authors, *SAPA: Similarity-Aware Point Affiliation for Feature Upsampling*, NeurIPS 2022, and *FADE:
#   Fusing the Assets of Decoder and Encoder for Task-Agnostic Upsampling*, ECCV 2022.
# - The scenes: drawn by code from seeds, over photographs from scikit-image (chelsea, motorcycle, gravel).
