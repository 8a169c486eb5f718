# %% [markdown]
# # 06 · Affinity
#
# The kernels of CARAFE and IndexNet (lessons 04 and 05) are made from features *one by one*: each is weighed, and all
# are added up. Now we ask a question about **two** pixels: how alike are their features? Two pixels of the same stroke
# should be treated alike; two pixels on either side of an edge should not. In this lesson you turn that question into
# a number, the number into a formula, and the formula into three small convolutions. They are the heart of A²U.
#
# **You will be able to**
# - compute the affinity of pixels in a window, and read self-attention in the same terms;
# - derive Eq. (2), the bilinear form, and Eq. (3), its low-rank version, and check every step in numbers;
# - say what rank $d$ keeps of a matrix, what it costs, and when it pays;
# - compute Eq. (4), the same number at every position at once, with depth-wise convolutions;
# - say what A²U asks of a window, and what attention and SAPA ask instead.
#
# **You need** lesson 01, inner products and matrix products. Symbols and terms: [Notation and words](notation.md).
#
# **Time** 59 minutes, and 36 more for the exercises.
#
# <details><summary>Minutes by section</summary>
#
# | section | minutes |
# |---|---|
# | The picture | 3 |
# | 1 · How alike are two pixels? | 7 |
# | 2 · From a table to one number: Eq. (2) | 12 |
# | 3 · Rank: fewer numbers for nearly the same matrix | 9 |
# | 4 · Low rank inside the form: Eq. (3) | 5 |
# | 5 · A whole kernel: P in place of 1 | 4 |
# | 6 · Everywhere at once: Eq. (4) | 6 |
# | 7 · Three questions to a window: attention, A²U, SAPA | 5 |
# | Five questions | 6 |
# | Summary | 2 |
# | Exercises | 36 |
#
# </details>

# %% [markdown] tags=["teacher"]
# ## Teacher · the session
#
# 90 minutes, and the most mathematics of the course. Go slowly through the three lines of Eq. (2) and the brackets of
# Eq. (3); everything else is checked by the machine.
#
# | minutes | what happens | how |
# |---|---|---|
# | 0–6 | the picture | one pair of pixels, one cell of the table |
# | 6–20 | section 1, similarity | predict where it is large; why is the centre not the most similar? |
# | 20–38 | section 2, Eq. (2) | on the board, with $C = 2$ and three positions; then the cell |
# | 38–44 | what order 2 sees | sign and contrast: predict, run; for which operators does it hold? |
# | 44–56 | section 3, rank | match five matrices with five curves before running; then the explorer |
# | 56–66 | section 4, Eq. (3) | move the brackets together; "product first, then channels" |
# | 66–74 | sections 5–6, P and Eq. (4) | shapes only; the check over 64 positions speaks for itself |
# | 74–80 | section 7, three questions | attention, A²U, SAPA: which tap gets the most? |
# | 80–90 | exercise 1 | the others, and the five questions, are homework |
#
# **To save time:** skip "A hidden freedom" in section 4, the table of costs, and the comparison with the library in
# section 6. If the class is new to matrices, do $d = 1$ only: $w = (u^\top x)(v^\top x)$, summed over channels.

# %% [markdown]
# ## The picture
#
# The upper row shows two pixels $i$ and $j$ of a window, and how alike they are. The lower row shows the same for all
# pairs, how much each pair counts, and what is left of these weights when we can afford only a few numbers. In section
# 3 you will change all of it yourself.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.affinity.explorer import draw, pair_weights, rank_errors, truncate
from a2u.lessons.affinity.picture import rank_curves, tables
from a2u.lessons.affinity.predictions import predict
from a2u.lessons.affinity.three_ways import kernels_of_a2u, largest_at_most_similar, three_ways
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import digit, encode, encoder_map

draw(row=3, column=4, weights="near pairs", i=12, j=8, rank=3)

# %% [markdown]
# ## 1 · How alike are two pixels?
#
# The encoder map of our 2 has $C = 4$ channels: ink, its change to the right, its change downwards, and the difference
# from its surroundings. A pixel is a vector of four numbers. We use double precision, so that "equal" can mean equal
# to twelve digits.
#
# A²U looks at the encoder map (16×16) once for each position of the small map (8×8). At row 3 and column 4 of the
# small map it sees the 5×5 window around pixel (6, 8). In general the window lies around pixel (2 · row, 2 · column).
# We write the window as a matrix $X$ with a row for each channel $c$ and a column for each of its $N = 25$ pixels. In
# this lesson $i$ and $j$ number the *pixels of a window*, row by row from 0 to 24. The middle one has the number 12.
#
# The similarity of pixels $i$ and $j$ is the inner product of their vectors, $x_i^\top x_j$. **Self-attention** turns
# the similarities of one pixel to all pixels, itself included, into weights with a softmax:
#
# $$\operatorname{softmax}_j\,(x_i^\top x_j) = \frac{\exp(x_i^\top x_j)}{\sum_{j'} \exp(x_i^\top x_{j'})}$$
#
# (Its full form embeds the pixels first, and divides each inner product by the square root of the number of channels.)
#
# **Predict.** The window lies on the diagonal stroke of the 2. Compare its centre with the other pixels.

# %% tags=["prediction"]
predict("where-alike")

# %%
guide = encoder_map().double()  # 1 4 16 16
X = a2u.windows(guide, 5, ratio=2)[0, :, :, 3, 4]  # the window of position (3, 4): channels, positions
similarity = X[:, 12] @ X
attention = similarity.softmax(dim=0)
assert torch.allclose(similarity[8], (X[:, 12] * X[:, 8]).sum())
assert abs(attention.sum() - 1) < 1e-12
shown = [("ink", X[0], "signed"), ("similarity to the centre", similarity, "signed"), ("softmax", attention, "weights")]
Drawing(
    tables([(title, values.view(5, 5), kind) for title, values, kind in shown]),
    alt="Ink of a 5×5 window with a diagonal stroke, similarity to the centre and its softmax: both follow it.",
    says=f"similarity {similarity.min():.3f} to {similarity.max():.3f}; softmax {attention.min():.4f} to "
    f"{attention.max():.4f}, even share {1 / 25:.4f}",
)

# %% [markdown]
# **Explain.** Along the stroke. But look closely: the most similar pixel is not the centre itself. An inner product
# counts size as well as direction, so a pixel with more ink can score higher than an exact copy. Not each one does:
# the pixel to the left of the centre has more ink, and its similarity is smaller. This is worth knowing: "alike" means
# here *large, with the same sign, in the same channels*, and learned weights will decide which channels matter.

# %% [markdown]
# One pixel compared with all others is one row of a table. All rows at once are $S = X^\top X$.
#
# **Predict.** $S$ is 25×25 and symmetric, because $x_i^\top x_j = x_j^\top x_i$.

# %% tags=["prediction"]
predict("rank-of-s")

# %%
S = X.T @ X
assert torch.equal(S, S.T)
assert torch.allclose(S[12], similarity)
print("table of all pairs", tuple(S.shape), "  rank", int(torch.linalg.matrix_rank(S)))
H = W = 16
print("all pairs of the 16×16 map:", (H * W) ** 2, "  of its 64 windows of 25:", 64 * 25**2)

# %% [markdown]
# **Explain.** At most 4: every row is a mixture of the four channels. The second line shows one reason to stay *inside
# a window*. Here the two numbers are still close. But the table of all pairs of a map grows with the square of its
# area; the tables of its windows grow with the area only.

# %% [markdown]
# ## 2 · From a table to one number: Eq. (2)
#
# A kernel value is one number, and the table has 625. The simplest way to make one number of many is to weigh them and
# add them up. Give every pair a weight $a_{ij}$, and give every channel a weight too: the embeddings $\varphi$ and
# $\phi$ scale channel $c$ by $e_c$ on one side and by $f_c$ on the other. The second pixel of a pair may come from
# another window $Y$, with $M$ pixels; A²U takes $Y = X$, so here $M = N = 25$. (The paper writes $k$ for the channel,
# and $q_k$ and $t_k$ for our $e_c$ and $f_c$; here $k$ is the side of a window and $t$ a tap.) In three lines:
#
# $$\begin{aligned} w &= \sum_i \sum_j a_{ij}\, \varphi(x_i)^\top \phi(y_j) \\
#     &= \sum_c \sum_i \sum_j a_{ij}\, e_c\, x_{ci}\; f_c\, y_{cj} \\
#     &= \sum_c x_c^\top A_c\, y_c \end{aligned} \tag{2}$$
#
# *First equality*: write the inner product as a sum over channels and pull that sum to the front. *Second*: collect
# what does not depend on the features, $(A_c)_{ij} = a_{ij}\, e_c\, f_c$, and let $x_c$ be **row** $c$ of the window:
# all pixels of one channel. What is left is $\sum_{ij} x_{ci} (A_c)_{ij}\, y_{cj}$, a row times a matrix times a
# column. This is called a **bilinear form**: linear in $x$, and linear in $y$. (It has nothing to do with bilinear
# interpolation.)
#
# **Predict.** The three lines are equal on paper; the computer adds in three different orders.

# %% tags=["prediction"]
predict("three-orders")

# %%
rng = torch.Generator().manual_seed(6)
C, N = X.shape
a = torch.randn(N, N, generator=rng, dtype=torch.float64)
e, f = torch.randn(2, C, generator=rng, dtype=torch.float64)

pairs = sum(a[i, j] * ((e * X[:, i]) @ (f * X[:, j])) for i in range(N) for j in range(N))
spelled = sum(a[i, j] * e[c] * X[c, i] * f[c] * X[c, j] for c in range(C) for i in range(N) for j in range(N))
A = [a * e[c] * f[c] for c in range(C)]
forms = sum(X[c] @ A[c] @ X[c] for c in range(C))
print(f"pairs {pairs:.9f}   spelled out {spelled:.9f}   bilinear forms {forms:.9f}")
assert torch.allclose(pairs, spelled, rtol=1e-12)
assert torch.allclose(pairs, forms, rtol=1e-12)

# %% [markdown]
# **Explain.** They agree up to rounding. Without embeddings ($e = f = 1$) the formula is even shorter: lay the table
# of weights over the table of similarities, multiply cell by cell, and add up: $w = \sum A \circ S$. That is the lower
# row of the first picture.
#
# The question "how alike is the centre to everything, all together?" is the special case in which $A$ has ones in row
# 12 and zeros elsewhere. It *sums* the row that self-attention keeps: attention turns each similarity into a weight of
# its own, and here one number is left. Section 7 comes back to this difference.

# %%
centre = pair_weights("centre with all")
assert torch.allclose((centre * S).sum(), similarity.sum())
assert torch.allclose((a * S).sum(), sum(X[c] @ a @ X[c] for c in range(C)))
print(f"centre with all: {(centre * S).sum():.6f} = sum of the similarities of section 1")

# %% [markdown]
# ### What a second order can see that a first order cannot
#
# CARAFE and the linear index block of IndexNet compute each logit with a linear model, $\ell = \sum_{ci} a_{ci}\,
# x_{ci}$ (up to a bias). Compare it with the bilinear form $w$. Turn the sign of every feature, and then double every
# feature.
#
# **Predict.** Think of the linear model and of the bilinear form.

# %% tags=["prediction"]
predict("sign-turned")

# %%
weights = torch.randn(C, N, generator=rng, dtype=torch.float64)
for name, window in {"as it is": X, "sign turned": -X, "contrast doubled": 2 * X}.items():
    first, second = (weights * window).sum(), sum(window[c] @ A[c] @ window[c] for c in range(C))
    print(f"{name:17} linear {first / (weights * X).sum():+.1f}   bilinear {second / forms:+.1f}")
assert torch.allclose(sum(-X[c] @ A[c] @ -X[c] for c in range(C)), forms)

# %% [markdown]
# **Explain.** The linear model turns its sign, the bilinear form keeps its value: whether two pixels are *alike* does
# not depend on whether both are negative or both positive. The price: doubled features give four times the value. A
# sigmoid in lesson 07 keeps that within bounds.

# %% [markdown]
# Does this hold for whole operators too? The form keeps its value when its weights are fixed. So let us turn the sign
# of all features, build the kernels of seven operators, with random weights, and compare.
#
# **Predict.** Static A²U (`static-cw` and `static-pw-cw`) has fixed weights. Hybrid A²U makes some of its weights from
# the features, and dynamic A²U makes all of them (lesson 07 explains the names). `toy`, which lesson 08 uses, has
# fixed weights too, but puts a sigmoid on one side of the product.

# %% tags=["prediction"]
predict("whose-sign")

# %% tags=["spoiler"]
paper = encode(1 - digit()).double()  # light ink on dark paper: x becomes 1 − x, and not −x
for name in ("static-cw", "static-pw-cw", "hybrid-cw", "hybrid-cs", "dynamic-cw", "dynamic-cs", "toy"):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(6)
        op = a2u.build(f"a2u:{name}", 4).double()
        for part in op.parameters():
            part.normal_()
        w = op.kernel(None, guide)
        turned, negative = ((op.kernel(None, other) - w).abs().max() for other in (-guide, paper))
    print(f"{name:13} kernels change by up to {turned:.2f} (sign turned), {negative:.2f} (a negative of the picture)")
    assert (turned < 1e-12) == name.startswith("static")
    assert negative > 0.01

# %% [markdown]
# **Explain.** Of these seven only the two plain static ones keep all their kernels. `toy` has fixed weights as well,
# but the sigmoid on one side sees the sign. And note two limits: maps after a ReLU are never negative, so the features
# of such an encoder never change their sign; and the negative of a picture is 1 − ink, not −ink, which changes the
# kernels of all seven operators. What holds for the *form* need not hold for the operator that is built from it.

# %% [markdown]
# ## 3 · Rank: fewer numbers for nearly the same matrix
#
# Each $A_c$ has $N \cdot M = 625$ numbers, for each channel and for each kernel value. With 256 channels and four 3×3
# kernels, one for each output of a position, that makes 5.8 million. A matrix of **rank** $d$ is a sum of $d$ products
# of a column and a row:
#
# $$A = \sum_{m=1}^{d} u_m v_m^\top = U V^\top, \qquad U \in \mathbb{R}^{N \times d},\; V \in \mathbb{R}^{M \times d}$$
#
# which needs $d\,(N + M)$ numbers. The singular value decomposition writes any $A$ in this way, largest terms first,
# and its first $d$ terms are the nearest matrix of rank $d$, where $\lVert A \rVert$ is the root of the sum of all
# squared entries. With the singular values $\lambda_1 \ge \lambda_2 \ge \dots$ we know exactly what is lost:
#
# $$\lVert A - A_d \rVert = \sqrt{\textstyle\sum_{m > d} \lambda_m^2}$$
#
# **Predict.** Five matrices weigh the pairs of a window. Three ask: *is the centre like everything? is the left like
# the right? are near pixels alike?* The fourth has random weights, and the fifth pairs *each pixel with itself*. Order
# them by what they lose when only a few terms are kept.

# %% tags=["prediction"]
predict("largest-rank")

# %%
names = ("centre with all", "left with right", "near pairs", "random", "each with itself")
curves = {name: rank_errors(pair_weights(name)) for name in names}
for name in names:
    given = pair_weights(name)
    lost = (given - truncate(given, 3)).norm() / given.norm()
    assert torch.allclose(lost, curves[name][3], atol=1e-9)
Drawing(
    rank_curves({name: lost.numpy() for name, lost in curves.items()}),
    alt="Share of five matrices lost at each rank: two are complete at rank 1 and 2, a smooth one falls fast.",
    says="\n".join(f"{name:17} lost at rank 1, 2, 3, 12: {[round(float(c[d]), 3) for d in (1, 2, 3, 12)]}"
                   for name, c in curves.items()),
)  # fmt: skip

# %% [markdown]
# **Explain.** *Centre with all* has rank 1 and *left with right* rank 2: from these ranks on, nothing is lost. The
# other three have the full rank, 25, but they differ in what few terms keep. *Near pairs* is smooth, and a dozen terms
# keep most of it. *Each with itself*, the identity, is the hardest: all singular values are 1, every direction is as
# important as any other, and at rank $d$ exactly $\sqrt{1 - d/25}$ is lost.
#
# So $d = 1$, which the paper uses in all experiments, is a real restriction: for each channel it asks one question of
# the form "is *this* part of the window like *that* part?". But the question is **learned**.

# %% [markdown]
# ![A table A of pair weights, 25 by 25, on the left; in the middle the sum of its d largest products of a column and a
# row, d rising step by step; on the right a curve of the share that is lost, falling to 0 at the full
# rank.](../figures/low-rank.webp)
#
# *The matrix of near pairs, from rank 1 to rank 25. From $d = 13$ on, $U$ and $V$ together hold more numbers than $A$.
# [Without motion](../figures/low-rank.png).*

# %% [markdown]
# Now try it. Choose a window, two pixels, a matrix and a rank.
#
# **Predict, then look:**
# 1. Find two pixels with a *negative* similarity. What do their channels do?
# 2. With `each with itself`, how does $w$ follow the ink when you move the window? What does it measure?
# 3. Set rank 12, then rank 13, and compare the numbers to learn.
# 4. Go to row 0. What do pixels outside the map contribute?

# %% tags=["prediction"]
predict("too-many-numbers")

# %%
from a2u.lessons.affinity.explorer import explorer

panel = explorer()
panel

# %%
print(panel.at(row=3, column=4, i=6, j=22, weights="each with itself", rank=12).says)
print(panel.at(rank=13).says.splitlines()[1])
assert S[6, 22] < 0
assert torch.allclose((pair_weights("each with itself") * S).sum(), (X**2).sum())

# %% [markdown]
# **Explain.** (1) In the first window (row 3, column 4), pixels 6 and 22 lie left and right of the stroke. Both carry
# ink, but it grows to the right at one and to the left at the other. The products of the opposite changes outweigh the
# product of the inks. (2) It is $\sum_{ci} x_{ci}^2$, the energy of the window: near 0 on blank paper, and larger the
# more ink and edges the window holds. (3) From rank 13 on $U$ and $V$ have more numbers than $A$: $2 \cdot 25 \cdot 13
# = 650 > 625$. (4) Nothing: they are zero, and so are all their products.

# %% [markdown]
# ## 4 · Low rank inside the form: Eq. (3)
#
# Put $A_c = U_c V_c^\top$ into Eq. (2) and move the brackets:
#
# $$x_c^\top A_c\, y_c = x_c^\top U_c\, V_c^\top y_c = (U_c^\top x_c)^\top (V_c^\top y_c)
#   = \mathbf{1}^\top \big(U_c^\top x_c \circ V_c^\top y_c\big)$$
#
# Two vectors of $d$ numbers meet in an inner product, and an inner product is "multiply cell by cell ($\circ$), then
# add up ($\mathbf 1^\top$)". The sum over channels can go inside, because adding up $d$ numbers is linear:
#
# $$w = \mathbf{1}^\top \sum_c \big(U_c^\top x_c \circ V_c^\top y_c\big) \tag{3}$$
#
# It cannot go further, inside the product. From here on each channel has its own $U_c$ and $V_c$. So the $A_c$ may be
# any matrices of rank $d$; they need no longer be one $a$ times $e_c f_c$.

# %%
d = 2
U, V = torch.randn(2, C, N, d, generator=rng, dtype=torch.float64)
A = U @ V.mT  # C N N, each of rank 2
eq_2 = sum(X[c] @ A[c] @ X[c] for c in range(C))
by_u, by_v = (torch.einsum("cnm,cn->cm", side, X) for side in (U, V))  # C d
eq_3 = (by_u * by_v).sum(dim=0).sum()
assert torch.allclose(eq_2, eq_3, rtol=1e-12)
too_early = (by_u.sum(dim=0) * by_v.sum(dim=0)).sum()
assert not torch.allclose(eq_3, too_early)
print(f"(2) {eq_2:.9f}   (3) {eq_3:.9f}   channels summed before the product: {too_early:.6f}, a different number")

# %% [markdown]
# **Explain.** Summing the channels first is not a shortcut: it also multiplies the ink of one pixel with the *edge* of
# another.

# %% [markdown]
# What does it save? A form costs $NM + N$ multiplications per channel; low rank costs $d\,(N + M + 1)$:

# %%
for rank in (1, 2, 5, 12, 13, 25):
    cost, full = rank * (2 * N + 1), N * N + N
    print(f"rank {rank:2}: {cost:4} multiplications per channel instead of {full}, {cost / full:5.1%}")
assert 12 * (2 * N + 1) < N * N + N < 13 * (2 * N + 1)

# %% [markdown]
# **A hidden freedom.** With $Y = X$ the form cannot tell $A$ from its transpose, since $x^\top A x = x^\top A^\top x$:
# only the symmetric part $(A + A^\top)/2$ counts. For one product $u v^\top$ that part is $(uv^\top + vu^\top)/2$,
# which has rank 2 unless $u$ and $v$ are parallel. So $d = 1$ reaches *left with right* after all: take $u$ = left and
# $v$ = right, and double the product.

# %%
columns = torch.arange(25) % 5
u, v = (columns < 2).double(), (columns > 2).double()
one_term, two_terms = 2 * torch.outer(u, v), pair_weights("left with right")
print("ranks", int(torch.linalg.matrix_rank(one_term)), "and", int(torch.linalg.matrix_rank(two_terms)))
assert torch.allclose((one_term * S).sum(), (two_terms * S).sum())

# %% [markdown]
# ## 5 · A whole kernel: P in place of 1
#
# One number is one value of a kernel, and an $s \times s$ kernel needs $s^2$ of them. We do not learn new $U$ and $V$
# for each. We keep the $d$ affinities and weigh them anew: a matrix $P \in \mathbb{R}^{d \times s^2}$ takes the place
# of $\mathbf 1$,
#
# $$w = P^\top \sum_c \big(U_c^\top x_c \circ V_c^\top y_c\big).$$
#
# Column $p_t$ of $P$ makes tap $t$ of the $s^2$. Undo the steps above, and you see what its matrix is:
# $U_c \operatorname{diag}(p_t) V_c^\top$.
#
# **Predict.** Take $d = 1$ and compare the matrices of the nine taps of a 3×3 kernel.

# %% tags=["prediction"]
predict("nine-taps")

# %%
P = torch.randn(d, 9, generator=rng, dtype=torch.float64)
kernel = P.T @ (by_u * by_v).sum(dim=0)  # nine values
for t in range(9):
    tap = sum(X[c] @ (U[c] @ torch.diag(P[:, t]) @ V[c].T) @ X[c] for c in range(C))
    assert torch.allclose(kernel[t], tap, rtol=1e-10)
only = P[:1].T @ (by_u * by_v).sum(dim=0)[:1]  # rank 1: the first column of U and V
assert torch.linalg.matrix_rank(torch.stack([only, P[0]])) == 1
print("d = 2:", [round(float(value), 2) for value in kernel])

# %% [markdown]
# **Explain.** They differ by a factor only. At rank 1, and before the normalisation, every kernel of a static operator
# is the *same* vector $P$ times one affinity. (With phases, in lesson 07, there is one such vector for each phase.)
# Lesson 07 also shows what the normalisation makes of that.

# %% [markdown]
# ## 6 · Everywhere at once: Eq. (4)
#
# All this was one window. We want it at every position, and you know the tool: sliding a weighted sum over a map is a
# **convolution**. Look at what one side computes, for one channel $c$ and one term $m$ of the rank: $u_{cm}^\top x_c$,
# the inner product of 25 weights with the 25 values of channel $c$ in the window. Reshape $u_{cm}$ to 5×5: it is a
# filter that looks at one channel only. One filter per channel is a **depth-wise** convolution (`groups=C`; the paper
# writes *gpconv*), and one window for each position of the small map means stride 2. $P$ mixes $d$ maps into $s^2$ at
# each position: a 1×1 convolution.
#
# $$w = \operatorname{conv}\Big(P,\ \operatorname{cat}_{m=1}^{d}\ \sum_c \operatorname{gpconv}(U_m, X)_c \circ
#   \operatorname{gpconv}(V_m, Y)_c\Big) \tag{4}$$
#
# **Predict.** The first window is centred on pixel (0, 0).

# %% tags=["prediction"]
predict("padding")

# %%
affinities = []
for m in range(d):
    side_u, side_v = (
        F.conv2d(guide, side[..., m].view(C, 1, 5, 5), stride=2, padding=2, groups=C) for side in (U, V)
    )  # 1 C 8 8
    affinities.append((side_u * side_v).sum(dim=1))  # the product, then the sum over channels
affinity = torch.stack(affinities, dim=1)  # 1 d 8 8
kernels = F.conv2d(affinity, P.T[:, :, None, None])  # 1 9 8 8
assert torch.allclose(kernels[0, :, 3, 4], kernel, rtol=1e-12)
print("nine kernel values at each of 8×8 positions:", tuple(kernels.shape))

# %% [markdown]
# **Explain.** Padding 2. And at row 3, column 4, Eq. (4) gives the nine numbers that Eq. (3) gave. One position proves
# little, so we check all 64, borders included, against the plain double sum of Eq. (2). The pictures show the second
# of the two terms: the responses of $U$ and $V$ in the ink channel, their product summed over the four channels, and,
# from both terms, the middle value of all kernels.

# %%
Z = a2u.windows(guide, 5, ratio=2)[0]  # C N 8 8
worst = 0.0
for t in range(9):
    forms_t = torch.einsum("cim,m,cjm->cij", U, P[:, t], V)  # A_c of tap t
    eq_2_everywhere = torch.einsum("cihw,cij,cjhw->hw", Z, forms_t, Z)
    worst = max(worst, float((eq_2_everywhere - kernels[0, t]).abs().max()))
assert worst < 1e-9
print("Eq. (2) = Eq. (3) = Eq. (4) for 9 taps at", eq_2_everywhere.numel(), "positions")
Drawing(
    tables([("gpconv(U)", side_u[0, 0], "signed"), ("gpconv(V)", side_v[0, 0], "signed"),
            ("Σ_c U ∘ V", affinity[0, -1], "signed"), ("one kernel value", kernels[0, 4], "signed")]),
    alt="Responses of U and V to the ink, their product summed over channels, the centre value of all kernels.",
    says=f"affinity {affinity[0, -1].min():.2f} to {affinity[0, -1].max():.2f};  "
    f"mean of the kernels {kernels.mean():.4f}",
)  # fmt: skip

# %% [markdown]
# And the library? `a2u.build("a2u", …)` holds exactly these $U$, $V$ and $P$. Without a normalisation, and with ratio
# 1 so that there are no phases yet, its kernels must be ours:

# %%
op = a2u.build("a2u", 4, 1, mode="static", share="none", rank=d, normalization="none").double()
for module, ours in ((op.u, U), (op.v, V)):
    module.weight.data = ours.permute(2, 0, 1).reshape(d, C, 5, 5)
op.p.weight.data = P.T.clone()
with torch.no_grad():
    theirs = op.kernel(None, guide)[:, 0]  # 1 9 16 16: ratio 1 has a window at every pixel
assert torch.allclose(theirs[..., ::2, ::2], kernels, atol=1e-9)
print("the library's kernels agree;", sum(p.numel() for p in op.parameters()), "numbers =", 2 * d * C * N, "+", 9 * d)

# %% [markdown]
# ## 7 · Three questions to a window: attention, A²U, SAPA
#
# Three operators make weights from products of two features. What does each of them ask?
#
# - **Self-attention** asks of each pixel: how like the *centre* are you? Each similarity becomes the weight of its own
#   tap.
# - **A²U** ($d = 1$, static) asks the window *one* question and gets one number, the affinity. This number scales the
#   learned vector $P$. No weight is the similarity of its own tap.
# - **SAPA** (Lu et al., 2022; here its form without parameters) asks of each value $z_t$ of the small map: how like
#   the *encoder's pixel at the output* are you? It is attention again, but between two maps, and each of the four
#   outputs of a position asks for itself.
#
# **Predict.** "Most similar" means: to the centre of the encoder's window for attention and A²U, and to the encoder's
# pixel at the output for SAPA. For A²U we compare tap $t$ of the kernel with pixel $t$ of the encoder's window. The
# weights of A²U are random here.

# %% tags=["prediction"]
predict("whose-question")

# %%
three_ways(row=3, column=4)

# %% tags=["spoiler"]
for name, (hits, of) in largest_at_most_similar().items():
    print(f"{name:10} the largest weight is at the most similar pixel in {hits} of {of} kernels")
    assert (hits == of) == (name != "A²U")
taps = kernels_of_a2u().argmax(dim=0)  # of every window that is not blank, with random weights
print("A²U: the largest weights of all kernels are at the taps", sorted(set(taps.tolist())))
assert len(set(taps.tolist())) == 2  # where P is largest or, for a negative affinity, smallest

# %% [markdown]
# **Explain.** In attention and in SAPA, always: a softmax keeps the order of the similarities. In A²U the largest
# weight can be in two places only, wherever the similar pixels are: where $P$ is largest if the affinity is positive,
# and where $P$ is smallest if it is negative. (With $d = 1$ and for one phase; the normalisation of lesson 07 keeps
# this order. Where the affinity is zero, all weights are equal.) This is the price of one question per window. What
# A²U gets for it: the question is *learned*, and it costs the two small convolutions $U$ and $V$, and $P$.

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "The centre must be most similar to itself." That is so when all vectors have the same length. An
#   inner product counts size and direction.
# - *Section 1.* Rank and size of $S$: "25×25, so rank 25." Four channels, so at most 4.
# - *Section 2.* $x_i$ (a pixel: a column) and $x_c$ (a channel: a row) are mixed up. Two colours on the board: one for
#   pixels, one for channels.
# - *Section 2.* "Bilinear" is heard as bilinear *interpolation*. Another thing altogether; say so.
# - *Section 2.* "A²U does not see the sign of the contrast." True of plain static kernels (without the sigmoid of
#   `toy` or a group norm), and of a sign turned in the *features*. A negative of the picture is another matter.
# - *Section 3.* "Rank 1 can hardly do anything." It can ask any one question of the form "is this like that".
# - *Section 4.* Summing over channels before the product. The cell shows another number; ask what it means (ink times
#   edge).
# - *Section 7.* "A²U is attention at low rank." It sums what attention keeps apart. Let learners find the two taps.
# - **Exercise 1.** Learners test with $d = 1$, where the code is right. Ask for a case with $d = 2$ and $p$ all ones.
# - **Exercise 2.** A matrix that also pairs pixels of the same half; one that is not symmetric; a sum that is not 1.
# - **Exercise 3.** The number of windows is forgotten, or counted at full size.
# - **Exercise 4.** `groups` forgotten (it then sums over channels before the product: the same error as in section 4),
#   stride or padding forgotten, windows centred on the last pixel of a block.

# %% [markdown]
# ## Exercises
#
# Run the cell after each change. The check compares with a slow and careful reference on random numbers, or tests the
# rules of a specification, and knows the usual mistakes.

# %% [markdown]
# ### Exercise 1 · Find the bug: the low-rank form
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Eq. (3) with $P$ in the place of $\mathbf 1$: `x` is (C, N), `u` and `v` are (C, N, d), `p` is (d, s²); the result is
# the kernel, (s²,). The code runs, and for $d = 1$ it is right. For larger $d$ it is not. Find out why, and mend it.
#
# <details><summary>Hint 1</summary>
#
# Write Eq. (3) for $d = 2$ with all its terms. How many products of a `by_u` and a `by_v` are there for each channel?
# How many does the code compute?
# </details>
#
# <details><summary>Hint 2</summary>
#
# In the last line, `m` numbers the columns of U and `n` those of V. Term $m$ of the rank pairs column $m$ with column
# $m$.
# </details>
#
# Solution: `solutions/06_affinity.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_low_rank(x, u, v, p):
    by_u = torch.einsum("cim,ci->cm", u, x)
    by_v = torch.einsum("cin,ci->cn", v, x)
    return torch.einsum("ms,cm,cn->s", p, by_u, by_v)


exercises.LOW_RANK.check(my_low_rank)

# %% tags=["solution"]
import torch

from a2u.lessons.affinity import exercises


def my_low_rank(x, u, v, p):
    by_u = torch.einsum("cim,ci->cm", u, x)
    by_v = torch.einsum("cim,ci->cm", v, x)
    # the same letter m on both sides: column with column. With n, every column of U met every column of V.
    return torch.einsum("ms,cm,cm->s", p, by_u, by_v)


exercises.LOW_RANK.check(my_low_rank)

# %% [markdown]
# ### Exercise 2 · Design a question to a window
# *Difficulty* ★★☆ · *time* 10 minutes
#
# Make a matrix of pair weights that asks "is the upper half of the window like the lower half?". `size` is the odd
# side of a window whose pixels are numbered row by row; return (size², size²). There are many right answers. The
# specification:
#
# 1. symmetric;
# 2. only pairs of one pixel above the middle row and one pixel below it count;
# 3. rank 2 at most;
# 4. in a window of ones (one channel) the answer $\sum A \circ S$ is 1.
#
# <details><summary>Hint 1</summary>
#
# Make two vectors of size² numbers: one is not zero above the middle row only, the other below it only. What is their
# outer product?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.outer(above, below)` has rank 1 and is not symmetric; add its transpose, and divide by the sum of all entries.
# `torch.arange(size**2) // size` is the row of each pixel.
# </details>
#
# Solution: `solutions/06_affinity.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_question(size):
    return ...


exercises.QUESTION.check(my_question)

# %% tags=["solution"]
import torch

from a2u.lessons.affinity import exercises


def my_question(size):
    row = torch.arange(size**2) // size
    above, below = (row < size // 2).double(), (row > size // 2).double()
    a = torch.outer(above, below) + torch.outer(below, above)  # any weights inside a half would do as well
    return a / a.sum()


exercises.QUESTION.check(my_question)

# %% [markdown]
# ### Exercise 3 · Estimate, then measure: all pairs, or pairs in windows
# *Difficulty* ★☆☆ · *time* 6 minutes
#
# A table of all pairs of an encoder map of `height` × `width` pixels, as in self-attention; or one table for each
# window of side `k`, with one window for each position of the map that is `ratio` times smaller. Estimate for 512×512,
# $k = 5$ and $r = 2$: how many times as many numbers does the first have? Ten, a thousand, a hundred thousand? Write
# it down, then return the exact factor for any map.
#
# <details><summary>Hint 1</summary>
#
# How many pairs has one window of $k^2$ pixels? How many windows are there?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $(HW)^2$ pairs against $(H/r)(W/r)$ windows of $k^4$ pairs each.
# </details>
#
# Solution: `solutions/06_affinity.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_factor(height, width, k, ratio):
    return ...


exercises.PAIRS.check(my_factor)

# %% tags=["solution"]
from a2u.lessons.affinity import exercises


def my_factor(height, width, k, ratio):
    # 1,678 for 512×512: it grows with the area of the map. A²U never makes the 625 numbers of a window either.
    return height * width * ratio**2 / k**4


exercises.PAIRS.check(my_factor)

# %% [markdown]
# ### Exercise 4 · As depth-wise convolutions
# *Difficulty* ★★★ · *time* 12 minutes
#
# Write the affinity of Eq. (4) for $d = 1$, at every position: `x` is (C, H, W), `u` and `v` are (C, k, k) with k odd,
# `ratio` is r. A position of the small map sees the k×k window centred on pixel (r · row, r · column), zeros outside.
# Return (H/r, W/r).
#
# <details><summary>Hint 1</summary>
#
# Two calls of `F.conv2d`. It wants a batch axis, `x[None]`, and filters of shape (C, 1, k, k).
# </details>
#
# <details><summary>Hint 2</summary>
#
# `groups=len(x)` keeps the channels apart, `stride=ratio` takes one window per position, `padding=k // 2` centres it.
# </details>
#
# Solution: `solutions/06_affinity.ipynb`.

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_affinity(x, u, v, ratio):
    return ...


exercises.AFFINITY.check(my_affinity)

# %% tags=["solution"]
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_affinity(x, u, v, ratio):
    look = {"stride": ratio, "padding": u.shape[-1] // 2, "groups": len(x)}
    by_u, by_v = F.conv2d(x[None], u[:, None], **look), F.conv2d(x[None], v[:, None], **look)
    return (by_u * by_v).sum(dim=1)[0]


exercises.AFFINITY.check(my_affinity)

# %% [markdown]
# ### A question to take with you
#
# A scene is photographed twice, the second time with half the light. Say that all features of the second photograph
# are half as large. Which of these are the same in both: the order of the similarities of one pixel to all others in
# its own photograph, the softmax of these similarities, the affinity of a static A²U?
#
# <details><summary>Answer</summary>
#
# The order stays: every product becomes a quarter, and a quarter of a larger number is still the larger one. The
# softmax does not: all differences become a quarter, and so it gets flatter. The affinity becomes a quarter, and what
# the kernel then does depends on the normalisation (lesson 07). If you divide every pixel vector by its length first
# (cosine similarity), all three stay the same, and the contrast is forgotten.
# </details>

# %% [markdown]
# ## Five questions
#
# Answer them from memory; then look up what you missed.

# %% tags=["questions"]
from a2u.lessons.affinity.questions import concepts

concepts.ask()

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Why an inner product and not a distance? **A.** It can be written as sums of products, so that weights fit
#   in between, and it becomes convolutions. A squared distance is $|x|^2 + |y|^2 - 2x^\top y$: the same product, with
#   two more terms.
# - **Q.** Turned signs leave the form as it is. Is that always wanted? **A.** For "do these belong together?", yes.
#   For "is the object on the dark side?", no: then a first-order answer knows more. You may use both.
# - **Q.** What does attention have that A²U has given up? **A.** The whole table: every pixel asks every other, and
#   each similarity becomes a weight. A²U asks $d$ learned questions of one window. In exchange, its cost grows with
#   the area, not with its square.
# - **Q.** With $d = 1$ all kernels are multiples of one vector before the normalisation. Could that ever be enough?
#   **A.** After sigmoid and softmax, multiples are not the same kernel any more: it is flat at affinity 0, and the
#   larger the affinity, the more the weights differ. Lesson 07 draws that curve.
#
# **Grade.** Exercises 1 and 2 pass. On paper: derive Eq. (3) from Eq. (2) for $d = 1$ in three lines. Exercise 4 for
# distinction.
#
# **Extend.** Normalise the pixel vectors to length 1 (cosine similarity) and repeat section 1. What does the picture
# gain, and can Eq. (4) still compute it?

# %% [markdown]
# ## Your tally
#
# What you have predicted, passed and answered since you last started this notebook:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - The similarity of two pixels is the inner product of their feature vectors. Self-attention keeps one row of the
#   table of all pairs and makes weights of it.
# - The affinity of a window is the sum of all pairs, weighed: a bilinear form $\sum_c x_c^\top A_c y_c$, Eq. (2). It
#   is of second order: it keeps its value when all features change their sign. Of the seven operators that we tried,
#   only the two plain static A²U keep their kernels then.
# - A matrix of rank $d$ is $UV^\top$: $d(N+M)$ numbers instead of $NM$, worth it while $d$ is below about $N/2$.
# - Low rank turns the form into two projections, a product and a sum, Eq. (3): **product first, then channels**.
# - $P$ makes the $s^2$ values of a kernel from $d$ affinities. For $d = 1$ all kernels are one vector, scaled (before
#   the normalisation). No tap's weight comes from its own similarity; in attention and SAPA it does.
# - At every position: two depth-wise convolutions of stride 2, a product, a sum, a 1×1 convolution, Eq. (4).
#
# What is missing before this upsamples anything: phases, a normalisation, and the question where $U$, $V$ and $P$ come
# from. That is lesson 07.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 4, Eqs.
#   (2), (3) and (4).
# - H. Lu et al., *SAPA: Similarity-Aware Point Affiliation for Feature Upsampling*, NeurIPS 2022.
# - C. Eckart, G. Young, *The approximation of one matrix by another of lower rank*, Psychometrika 1, 1936: the best
#   matrix of rank $d$.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
