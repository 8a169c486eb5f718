# %% [markdown]
# # 11 · See the features
#
# Ten lessons took the upsampling operator apart. Now you look inside whole networks for matting that differ in that
# operator. (One, dynamic-cs-d-norm, also uses A²U on the way down.) What stands in the maps that they upsample? Do
# their kernels look where the paper says that they look? Does any of it explain their mattes?
#
# **You will be able to**
# - open the decoder of a matting network, and put its upsampled maps side by side so that they may be compared;
# - measure with one number how much of a map changes at the true boundary, and follow one value back to $w$, $z$;
# - find out what a decoder gets its detail from, the upsampling kernels or the skip, by taking one of them away;
# - read the results of short trainings honestly.
#
# **You need** lessons 07 (A²U) and 09 (kernels as maps); lesson 10 explains mattes and trimaps. Symbols and terms:
# [Notation and words](notation.md).
#
# **Time** 64 minutes, and 20 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 5 |
# | 1 · Open the network | 4 |
# | 2 · One number for what the eye sees | 5 |
# | 3 · Follow one value | 3 |
# | 4 · What the kernels look at | 13 |
# | 5 · Where the detail comes from | 4 |
# | 6 · What comes of it | 6 |
# | 7 · Look for yourself | 3 |
# | Five questions | 6 |
# | Quiz: lessons 06 to 11 | 11 |
# | What the course has shown, and where to go next | 2 |
# | Summary | 2 |
# | Exercises | 20 |
#
# </details>

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
# | 24–38 | section 4, kernels | two traps: a cause that is not the one you see, and half an explanation |
# | 38–52 | section 5, take a part away | the heart: predict both columns before running |
# | 52–62 | sections 6 and 7 | mattes; who finds a scene where the order turns round? |
# | 62–75 | exercise 2 | exercises 1 and 3 are homework |
#
# **To save time:** Section 3 and the explorer. Keep section 5: an intervention says more than any picture.

# %% [markdown]
# ## The picture
#
# A picture of this kind opens the paper, as its Figure 1. It shows an image, and the feature map that the decoder's
# last stage upsamples with nearest neighbour, bilinear interpolation and A²U. These maps are from weights that ship
# with a2u. Do not read the numbers in the picture yet. Look where each map changes, and whether the glass changes
# there.
#
# **Predict** by eye.

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
# The picture shows the *energy*, the root mean square over the map's channels, in the unknown region of the trimap. The
# loss looks at nothing else. What a map holds outside that region matters only where later convolutions carry it in.
# The three networks were trained separately, so their maps have no common unit. Each map is stretched over its own
# range, and then all share one scale of colours. Section 2 explains the numbers, and says whether they agree with your
# eye.

# %% [markdown]
# ## 1 · Open the network
#
# `net.features(image, trimap)` gives the four stages of the decoder as they happened: the map *before*, the *guide*
# from the encoder, and the map *after* upsampling. (The first line is the card of the weights. SAD is the sum of
# |matte − truth| over the unknown region, in thousands: less is better.) The image has 160×160 pixels, and the coarsest
# map 10×10.
#
# **Predict** the size of the last map *before* it is upsampled.

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
# **Explain.** It has half the side of the image: 80×80. So the maps in the picture were made from a quarter as many
# positions. Each position became four, and only the operator decides how these differ. Then the *skip* is added. In
# networks like this one, the skip is the same map that guided the kernels. At the last stage it is a convolution of
# image and trimap. The card says how short the training was. Keep that in mind to the end.

# %% [markdown]
# ## 2 · One number for what the eye sees
#
# The *boundary band* $B$ is where the true alpha varies by 0.2 or more within two pixels in each direction. The **edge
# contrast** of a map $e$ compares its gradient there with its gradient elsewhere, both within the unknown region $W$
# (less its rim, where a gradient would read across it):
#
# $$\mathrm{contrast}(e) = \frac{\mathrm{mean}_{W \cap B}\,\|\nabla e\|}{\mathrm{mean}_{W \setminus B}\,\|\nabla e\|}$$
#
# **Predict** the edge contrast of noise. (And think of the true alpha, and of a map whose values are all doubled.)

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
# **Explain.** Alpha changes almost nowhere but at the boundary. Noise changes everywhere alike, so its contrast is 1.
# The unit does not matter, and therefore networks may be compared. Here are the last upsampled maps, over eight scenes:

# %%
kinds = list(lesson.KINDS)
print(" " * 14, *(f"{kind:>8}" for kind in kinds), "    mean")
means = {}
for name in lesson.COMPARED:  # the three of the picture, and hybrid-cw
    found = [lesson.contrast(name, kind) for kind in kinds]
    means[name] = sum(found) / len(found)
    print(f"{name:14}", *(f"{value:8.2f}" for value in found), f"{means[name]:8.2f}")
glass = {name: lesson.contrast(name, "glass") for name in lesson.COMPARED}
assert sorted(glass, key=glass.get)[-2:] == ["dynamic-cs", "hybrid-cw"]
assert max(means, key=means.get) == "bilinear"
inner = {name: sum(lesson.contrast(name, kind, rim=2) for kind in kinds) / 8 for name in lesson.COMPARED}
print("two pixels more of the rim left out:", ", ".join(f"{name} {value:.2f}" for name, value in inner.items()))
assert max(inner, key=inner.get) == "dynamic-cs"
orders = {tuple(sorted(lesson.COMPARED, key=lambda name: lesson.contrast(name, kind))) for kind in kinds}
assert len(orders) > 1

# %% [markdown]
# **Explain.** In the picture at the top, A²U's map looks smoothest: the highlights of the glass stand out, and the
# gravel behind it, which shimmers in bilinear's map, is gone. Its number, 2.55, is the highest of the three. (The
# picture has room for three maps, as the paper's has. A fourth network, hybrid-cw, also an A²U, has 2.68 on the glass.)
# This agrees with the paper's figure. **And yet**: over eight scenes bilinear has the highest mean, the order changes
# from scene to scene, and where a number is below 1 the map changes *less* at the boundary than elsewhere. Leave out
# two more pixels along the edge of the unknown region, and dynamic-cs has the highest mean after all, by 0.02 to 0.03
# ahead of hybrid-cw and bilinear. One well-chosen picture, or one well-chosen definition, could have made you believe
# either.

# %% [markdown]
# ## 3 · Follow one value
#
# Every value of these maps is $w^\top z$, and `witness` shows both. Take the same place of the last map with nearest,
# with bilinear, and with A²U.
#
# **Predict** for A²U.

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
# **Explain.** There are 1, 4 and 9 weights; the largest are 1, 9/16 and 0.12. A²U weighs all nine, none below 0.044 or
# above 0.254, whatever it has learned (lesson 09). So each of its values is a mean of nine, and no kernel is sharp. If
# the map is sharp at a boundary, either the kernels on the two sides differ, or the map before was sharp already.

# %% [markdown]
# ## 4 · What the kernels look at
#
# Here is the paper's Figure 5 for a matting network: the last stage of a hybrid A²U, before and after training. In the
# paper boundaries light up, and flat regions fade. *Peakedness* is 0 for nine equal weights, and grows with their
# inequality (lesson 09).
#
# **Predict** how peakedness correlates with the gradient of the true alpha.

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
# **Explain.** Before training the correlation is about 0 in the mean. Training made the kernels of this stage far more
# varied, and over the whole image they look *evener* at boundaries than elsewhere: −0.23 in the mean. Is that a
# finding, opposite to the paper's? **No: it is a trap.** The guide of this stage knows the trimap, and the kernels are
# more peaked where the trimap *knows*, in every scene. Boundaries lie where it does not. Within the unknown region,
# where all places are alike in that, the mean is about 0 again, with scenes from −0.11 to +0.22. This training shows
# neither "edges light up" nor its opposite.

# %% [markdown]
# ### Kernels that stand still
#
# How much do kernels differ from place to place at all? Compare hybrid-cw, dynamic-cs, and †, which is
# dynamic-cs-d-norm: it has a group norm before the features are multiplied, and A²U on the way down too.
#
# **Predict** in which network they differ most.

# %% tags=["prediction"]
predict("kernels-differ")

# %% tags=["spoiler"]
names = ("hybrid-cw", "dynamic-cs", "dynamic-cs-d-norm")
print(" " * 18, *(f"stage {stage}" for stage in range(4)), "  standard deviation over places, on the glass")
for name in names:
    print(f"{name:18}", *(f"{value:7.4f}" for value in lesson.varies(name, "glass")))
for name in names[1:]:
    for kind in ("glass", "hair"):
        w = lesson.kernels(name, kind, stage=1)[0, :, 10, 10]
        print(f"{name:18} {kind:6}", *(f"{float(value):.3f}" for value in w))
for kind in kinds:
    hybrid, dynamic, norm = (lesson.varies(name, kind) for name in names)
    assert max(dynamic) < 0.001 < min(hybrid)
    assert all(a > b > c for a, b, c in zip(hybrid, norm, dynamic, strict=True))

# %% [markdown]
# **Explain.** In these weights the kernels of dynamic-cs stand still: within a phase the same nine weights, of two
# values, at every place. In the first three stages they are also the same in all eight scenes. In the last stage they
# vary a little from place to place, and smoke and shapes have another kernel than the other scenes. Why? A first idea:
# before the sigmoid, a dynamic kernel is a product of *five* factors that depend on the guide: one in P, and in U and V
# each a filter made from features, times the features that it filters. So the numbers before the sigmoid may become
# huge, and a sigmoid of a huge number is 0 or 1.

# %% [markdown]
# **Predict.** In which of the three networks do most sigmoids stand at 0 or 1 (within 0.01)?

# %% tags=["prediction"]
predict("sigmoids-at-their-ends")

# %% tags=["spoiler"]
for name in names:
    found = [lesson.before_the_sigmoid(name, kind) for kind in kinds]
    ends, above = ([[float(each[n]) for each in stage] for stage in zip(*found, strict=True)] for n in (0, 1))
    print(f"{name:18} at an end: ", *(f"{min(each):4.0%} to {max(each):4.0%} " for each in ends))
    print(f"{'':18} affinity > 0:", *(f"{min(each):3.0%} to {max(each):4.0%} " for each in above))
    if name == "dynamic-cs":
        assert min(map(min, ends)) > 0.99
        assert max(map(max, above)) == 0
    if name == "hybrid-cw":
        assert max(map(max, ends)) > 0.9
        assert all(0 < share < 1 for stage in above for share in stage)
    if name == "dynamic-cs-d-norm":
        assert max(map(max, ends)) < 0.75

# %% [markdown]
# **Explain.** More than 99 % in dynamic-cs, in every scene and stage. But look at hybrid-cw: on some scenes more than
# nine in ten stand at an end, and its kernels differ most of all. So huge numbers are only half of the explanation. The
# other half is in the second lines. In hybrid-cw the affinity is positive at some places and negative at others, and
# the kernel flips with its sign. In dynamic-cs it has **one sign everywhere**. Then every sigmoid stands at the same
# end at every place. In † the sign is nearly constant too, but its numbers are smaller: never more than 70 % of the
# sigmoids stand at an end.
#
# An intervention is better than an observation. Take the affinities of dynamic-cs as they are, and either make them
# small, or make them have both signs:

# %%
for stage in range(4):
    spread = {how: lesson.varies_if("glass", stage, how) for how in ("as it is", "small", "both signs")}
    print(f"stage {stage}:", ", ".join(f"{how} {value:.4f}" for how, value in spread.items()))
    assert min(spread["small"], spread["both signs"]) > 20 * spread["as it is"]
doubled = [lesson.when_the_guide_doubles("glass", stage, biases) for biases in (False, True) for stage in range(4)]
print("the guide doubled: without biases", *(f"×{each:.1f}" for each in doubled[:4]), " with them",
      *(f"×{each:.1f}" for each in doubled[4:]))  # fmt: skip
assert all(abs(each - 32) < 0.1 for each in doubled[:4])
assert all(15 < each < 32 for each in doubled[4:])

# %% [markdown]
# **Explain.** On the glass, either change makes the kernels vary again. So it takes both causes together to hold them
# still. The last line counts the factors: when the guide doubles, five factors make $2^5 = 32$. That is exact without
# the biases of P, U and V. With the biases that were learned it is between 17 and 30.
#
# Keep the scope in mind. These are the weights of **one training** of 1,200 iterations with one seed, in a network of a
# quarter of the width. They do not say that a dynamic A²U must end so. Perhaps this risk is why the paper's best row
# has a norm (32.15, without it 33.13); no experiment here shows that. And the smooth map of the first picture? In these
# weights it was made by a nearly fixed blur.

# %% [markdown]
# ## 5 · Where the detail comes from
#
# A stage of the decoder adds two things: the upsampled map and the skip. Pictures cannot tell which of them brings the
# detail. So take one away, in the last stage, and measure the mattes of all eight scenes:
#
# - *even kernels*: each kernel becomes the mean kernel of its phase, the same at all places. With nearest and bilinear
#   they are so already: these two are the control;
# - *flat skip*: what the skip adds becomes its mean over all places (the kernels still see the whole guide).
#
# **Predict** which raises the mean SAD more: with nearest, with bilinear, with A²U.

# %% tags=["prediction"]
predict("take-away")

# %% tags=["spoiler"]
print(f"{'the SAD rises by':31}", *(f"{kind:>8}" for kind in kinds), "    mean")
for name in ("nearest", "bilinear", "dynamic-cs", "hybrid-cw", "dynamic-cs-d-norm"):
    for part, words in (("kernels", "even kernels"), ("skip", "flat skip")):
        rises = [lesson.sad(name, kind, part) - lesson.sad(name, kind) for kind in kinds]
        mean = sum(rises) / len(rises)
        print(f"{name:18}{words:13}", *(f"{rise:+8.2f}" for rise in rises), f"{mean:+8.2f}")
        assert abs(mean) < 0.1 if part == "kernels" else mean > 0.5

# %% [markdown]
# **Explain.** The flat skip does, in the mean, with all five networks. Hardly anything can be evened out in dynamic-cs.
# But even in hybrid-cw, whose kernels look so rich in the figure above, their differences hardly move the matte. The
# scenes differ, though. Without the skip's detail the SAD of net and foliage rises by 1 or more. On fur, glass and
# shapes it changes by less than 0.25, and on smoke it even falls with four of the five networks. So in the mean, but
# not on every scene, these networks rely on the skip. This holds for the last stage, eight scenes and one short
# training each. Whatever a longer training makes of the kernels, a picture of them is no proof that they matter.

# %% [markdown]
# ## 6 · What comes of it
#
# The mattes, as in the paper's Figure 4, with one place of each scene enlarged. (SAD is a sum over pixels. These scenes
# are 160×160 and have trimaps of their own. The scenes of lesson 10's sections are 128×128, so do not compare their
# SADs.)

# %%
figures.figure4()

# %% [markdown]
# A table with one number per network hides how sure it is. The next cell shows the SAD of each scene, and how often a
# network beats nearest neighbour. Imagine two networks that are equally good, so that each scene is a coin toss.
#
# **Predict** how often one of them is ahead in at least 7 of eight scenes.

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
pairs = [(kind, *pair) for kind in kinds for pair in combinations(lesson.COMPARED, 2)]
signs = [(lesson.contrast(a, k) - lesson.contrast(b, k)) * (lesson.sad(b, k) - lesson.sad(a, k)) for k, a, b in pairs]
clearer = [sign > 0 for sign in signs]
print(f"of two networks, the clearer map (section 2) has the better matte {sum(clearer)} times of {len(pairs)}")
assert 16 <= sum(clearer) <= 32
assert sum(base) < min(sum(lesson.sad(name, kind) for kind in kinds) for name in ("hybrid-cw", "dynamic-cs"))

# %%
from math import comb

for least in (6, 7, 8):  # of eight fair tosses, either network ahead
    chance = 2 * sum(comb(8, wins) for wins in range(least, 9)) / 2**8
    print(f"one of two equal networks is ahead in {least} or more of 8: {chance:.3f}, once in {1 / chance:.0f} times")
assert lesson.sad("dynamic-cs", "glass") == max(lesson.sad(name, "glass") for name in lesson.COMPARED)
wins = {name: sum(lesson.sad(name, kind) < lesson.sad("nearest", kind) for kind in kinds) for name in lesson.COMPARED}
assert (wins["bilinear"], wins["hybrid-cw"]) == (6, 4)

# %% [markdown]
# **Explain.** In the paper, trained to the end, A²U is ahead of nearest neighbour (34.76 and 35.86 against 37.51).
# Here, after 1,200 iterations, nearest is ahead of both in the mean, of hybrid-cw by only 0.03, although hybrid-cw wins
# half of the scenes; bilinear is ahead of nearest in 6 of 8. Eight scenes prove no order: with two equal networks, one
# of them is ahead in 6 or more scenes more often than once in four times. Perhaps simple operators just learn sooner.
# The honest sentence is: *one short training each, on eight scenes, does not rank operators*.
#
# And the question of the beginning: does the map explain the matte? On the glass, of the three networks of the picture,
# dynamic-cs has the clearest map and the worst matte. But hybrid-cw has a clearer map still (2.68) and the best matte
# of the four. Over all pairs of the four and all scenes the clearer map wins 28 times of 48, little more than a coin
# does. Perhaps this is because the skip is added *after* this map (section 5).

# %% [markdown]
# ## 7 · Look for yourself
#
# Choose a scene, an operator, one of the four stages, the energy or one channel, and a place. With a channel you see
# the window ■ $z$ that the kernel ◆ $w$ meets there. (The maps are whole: what they hold where the trimap knows is
# shown too.) Find with A²U hybrid-cw on the glass: a channel that is nearly a copy of the trimap, and one that also
# shows the highlights of the glass. Then with dynamic-cs: a place whose kernel ◆ differs from the kernel two columns to
# its right.
#
# <details><summary>Found?</summary>
#
# Channel 13 of the last stage is nearly the unknown region itself, and channel 9 shows the highlights. For the third
# you will find only a few places, all in the last stage: section 4 says why. (Two columns, because each of the four
# phases has kernels of its own.)
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
# - *Section 4.* "The sigmoids are at their ends, so the kernels are constant." Hybrid's are too, and its kernels move.
# - *Section 5.* "Without the kernels' variation nothing is lost, so kernels are useless." This network was trained with
#   a skip beside them; one trained without it might need them. An ablation is a statement about one network.
# - *Section 6.* A difference in the third digit is a ranking. Ask for a second seed.
# - **Exercise 1.** One range for all maps; the maximum alone; a range for each line; a flat map divides by zero.
# - **Exercise 2.** A mean over all phases together; a box filter everywhere, which takes more away than asked.
# - **Exercise 3.** Off over on; energy instead of its gradient; |∂x| + |∂y|; zeros at the border; sums.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1 · Find the bug: maps side by side
# *Difficulty* ★☆☆ · *time* 4 minutes
#
# `maps` has the shape (n, H, W), one map for each of n networks. Each should be stretched over 0 … 1 by its own range;
# a map that does not vary becomes 0. The function runs, and its picture would mislead. Find out why, and mend it.
#
# <details><summary>Hint 1</summary>
#
# Give it two maps, one of them 100 times as large as the other. What does the smaller one look like?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `maps.amin((1, 2), keepdim=True)` is the minimum of each map.
# </details>
#
# Solution: `solutions/11_see_the_features.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_features import exercises


def my_display(maps):
    low, high = maps.amin(), maps.amax()
    return (maps - low) / torch.where(high > low, high - low, 1)


exercises.DISPLAY.check(my_display)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_features import exercises


def my_display(maps):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)  # of each map, not of all
    return (maps - low) / torch.where(high > low, high - low, 1)


exercises.DISPLAY.check(my_display)

# %% [markdown]
# ### Exercise 2 · Design: kernels that no longer look
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Kernels *look* if they differ from place to place within a phase. For an experiment like that of section 5, write a
# function that removes these differences, and nothing else. `w` holds 3×3 kernels for ratio 2, (9, 2H, 2W). Return
# kernels of the same shape. There is more than one good answer.
#
# - All places of one phase have the same kernel.
# - The weights of every kernel are at least 0 and sum to 1, as before.
# - If each phase of `w` has one kernel at all its places already, `w` comes back as it is. (So a box filter everywhere
#   is no answer: it also takes away what the kernels are on average, and makes the four phases alike.)
#
# <details><summary>Hint 1</summary>
#
# Phase (a, b) is `w[:, a::2, b::2]`. What could stand for all of its kernels: their mean, one of them?
# </details>
#
# <details><summary>Hint 2</summary>
#
# A mean of kernels that sum to 1 sums to 1. `.mean((1, 2), keepdim=True)` is the mean over places.
# </details>
#
# Solution: `solutions/11_see_the_features.ipynb`.

# %% tags=["exercise"]
import torch

from a2u.lessons.see_the_features import exercises


def my_even(w):
    return ...


exercises.EVEN.check(my_even)

# %% tags=["solution"]
import torch

from a2u.lessons.see_the_features import exercises


def my_even(w):
    even = torch.empty_like(w)
    for a in (0, 1):
        for b in (0, 1):
            even[:, a::2, b::2] = w[:, a::2, b::2].mean((1, 2), keepdim=True)
    return even


exercises.EVEN.check(my_even)

# %% [markdown]
# ### Exercise 3 · Edge contrast
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Write the number of section 2 for a whole map ($W$ is everything): `energy` is (H, W), `band` a bool map of its size.
# Use central differences, half of right minus left and of below minus above; at the border the last value is repeated.
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
# Solution: `solutions/11_see_the_features.ipynb`.

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
# ### Elsewhere · Ice cream
#
# On days when more ice cream is sold, more people drown. Over a whole year the correlation is clear. Which step of
# section 4 is like it, and what is the third thing here and there? How would you look "within the unknown region"?
#
# <details><summary>One answer</summary>
#
# Over the whole image, kernels and boundaries correlated through the trimap; over a whole year, ice cream and drowning
# correlate through the heat. Looking at the unknown region alone kept the trimap fixed. Here one would compare days of
# equal temperature.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.see_the_features.questions import concepts

concepts.ask()

# %% [markdown]
# ## Quiz: lessons 06 to 11
#
# Ten questions about the second half of the course. Most of them need more than one lesson. If you miss one, the reason
# beside your answer says which idea to look up again.

# %% tags=["questions"]
from a2u.lessons.see_the_features.quiz import quiz

quiz.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Why is an energy stretched by its own range before maps are compared? **A.** The next convolution can undo
#   any scale, so scale carries no meaning between networks that were trained apart. Positions within one map do.
# - **Q.** The flat skip hurts a network that was trained with skips. Does it prove that skips are necessary? **A.** No:
#   it shows what this network relies on. To learn more, train one without, then compare.
# - **Q.** Which experiment would convince you that A²U is better than bilinear for mattes? **A.** Several seeds of
#   each, trained to the end on real data, differences larger than those between seeds, the metrics fixed beforehand.
#
# **Grade.** Exercise 3 passes. In words: one claim about one pair of networks, with its numbers over all scenes and
# the sentence that limits it. Mark the limit.
#
# **Extend.** Take the parts away in all stages, `lesson.sad(name, kind, "kernels", (0, 1, 2, 3))`: the mean SAD of
# hybrid-cw rises by 0.08, where the last stage alone makes 0.04. Which training would make kernels matter? One without
# the last skip is a start.

# %% [markdown]
# ## What the course has shown, and where to go next
#
# One formula, $y = w^\top z$, held from nearest neighbour to a network with four learned operators. Operators differ in
# where $w$ comes from: distance; weights learned once; features; pairs of features. Some of what they can and cannot do
# followed from the formula, before any training: a 1×1 softmax kernel *is* nearest neighbour, a gate between 0 and 1
# can only turn down, nine weights after a sigmoid and a softmax never choose one pixel.
#
# And results need care. Copying digits is easy for an operator that lets the original through. A short training may
# rank otherwise than a long one. On the same matting baseline later operators report a lower SAD than A²U's plain rows:
# **SAPA** (31.19 and 30.98) compares points of encoder and decoder, **FADE** (31.10) mixes the features of both by a
# gate. For segmentation on ADE20K with SegFormer-B1, A²U has 41.45 mIoU beside bilinear's 41.68, where another seed
# alone moves the number by half a point: an operator that helps one task need not help another. Composing the same test
# set with another script is reported to move SAD by about 2.5. Ask of any table: which data, which seeds, which script?
#
# Now bring an idea of yours: one file in `a2u/operators/`, a `kernel` method, a card. The explorers will show its $w$
# and $z$ the same day.

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - `net.features` opens a decoder: before, guide, after. Energies of different networks are stretched each by its own
#   range.
# - Edge contrast compares gradients on and off the true boundary, where the trimap does not know. It is far above 1 for
#   alpha, and 1 for noise. One scene is no evidence, and the clearer map need not give the better matte.
# - A correlation may come from a third thing: kernels followed the trimap, not the edges.
# - A dynamic kernel has five factors that depend on the guide. In one short training without a norm nearly all its
#   sigmoids stood at 0 or 1, the affinity had one sign everywhere, and the kernels hardly varied. Look whether kernels
#   vary before you explain how.
# - A picture shows where detail is. To learn what it comes from, take a part away.
#
# Lesson 12 goes on with the operators that came after A²U, and with an experiment that has no skip.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: Eq. (1); Figures 1,
#   4 and 5; section 6 and Table 2.
# - H. Lu and co-authors, *SAPA: Similarity-Aware Point Affiliation for Feature Upsampling*, NeurIPS 2022, and *FADE:
#   Fusing the Assets of Decoder and Encoder for Task-Agnostic Upsampling*, ECCV 2022.
# - The scenes: drawn by code from seeds, over photographs from scikit-image (chelsea, motorcycle, gravel).
