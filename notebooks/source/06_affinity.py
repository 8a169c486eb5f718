# %% [markdown]
# # 06 · Affinity
#
# The first customised kernels, CARAFE's and IndexNet's (lessons 04 and 05), are made from features *one by one*:
# weighed and added up. Now we ask a question about **two** features: how alike are they? Two pixels of the same stroke
# should be treated alike, two pixels on either side of an edge should not. In this lesson you turn that question into
# a number, the number into a formula, and the formula into three small convolutions. They are the heart of A²U.
#
# **You will be able to**
# - compute the affinity of pixels in a window, and read self-attention in the same terms;
# - derive Eq. (2), the bilinear form, and Eq. (3), its low-rank version, and check every step in numbers;
# - say what rank $d$ keeps of a matrix, what it costs, and when it pays;
# - compute Eq. (4), the same number at every position at once, with depth-wise convolutions.
#
# **You need** lesson 01, inner products and matrix products. **Time** 35 minutes, and 25 more for the exercises.

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
# | 38–44 | what order 2 sees | sign and contrast: predict, run |
# | 44–58 | section 3, rank | match five matrices with five curves before running; then the explorer |
# | 58–68 | section 4, Eq. (3) | move the brackets together; "product first, then channels" |
# | 68–76 | sections 5–6, P and Eq. (4) | shapes only; the check over 64 positions speaks for itself |
# | 76–90 | exercise 1, then 2 | exercise 3 is homework |
#
# **Skip if short.** "A hidden freedom" in section 4, the table of costs, and the comparison with the library at the
# end. If the class is new to matrices, do $d = 1$ only: $w = (u^\top x)(v^\top x)$, summed over channels.

# %% [markdown]
# ## The picture
#
# Above: two pixels $i$ and $j$ of a window, and how alike they are. Below: the same for all pairs, how much each pair
# counts, and what is left of these weights when we can afford only a few numbers. You will move all of it yourself.

# %%
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons.affinity.explorer import draw, pair_weights, rank_errors, truncate
from a2u.lessons.affinity.picture import rank_curves, tables
from a2u.lessons.affinity.predictions import predict
from a2u.lessons.frame import Drawing
from a2u.lessons.shared import encoder_map

draw(row=3, column=4, weights="near pairs", i=12, j=8, rank=3)

# %% [markdown]
# ## 1 · How alike are two pixels?
#
# The encoder map of our 2 has $C = 4$ channels: ink, its change to the right, its change downwards, and the difference
# from its surroundings. A pixel is a vector of four numbers. We take it in double precision, so that "equal" can mean
# equal to twelve digits.
#
# A²U looks at the encoder map (16×16) once for each position of the small map (8×8): at $(i, j)$ it sees the 5×5 window
# around pixel $(2i, 2j)$. So the window $X$ is a matrix with a row for each channel and a column for each of the
# $N = 25$ positions. The middle one has the number 12.
#
# The similarity of the centre $l$ and another position $p$ is the inner product of their vectors, $m_l^\top m_p$.
# **Self-attention** turns the similarities of one position to all others into weights with a softmax:
#
# $$\operatorname{softmax}_p\,(m_l^\top m_p) = \frac{\exp(m_l^\top m_p)}{\sum_{p'} \exp(m_l^\top m_{p'})}$$
#
# **Predict.** The window lies on the diagonal stroke of the 2. Where will the similarity to the centre be large?

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
# counts size as well as direction, so a pixel with more ink scores higher than an exact copy. That is no defect to
# hide: "alike" means here *large in the same channels*, and learned weights will decide which channels matter.

# %% [markdown]
# One position compared with all others is one row of a table. All rows at once are $S = X^\top X$.
#
# **Predict.** $S$ is 25×25. Is it symmetric? How many of its 25 rows can be independent?

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
# **Explain.** Symmetric, because $x_i^\top x_j = x_j^\top x_i$, and of rank 4 at most: every row is a mixture of the
# four channels. The second line is why affinity in upsampling stays *inside a window*: the table of all pairs of a map
# grows with the square of its area, tables of windows only with the area.

# %% [markdown]
# ## 2 · From a table to one number: Eq. (2)
#
# A kernel value is one number, the table has 625. The simplest way to make one of many is to weigh and add. Give every
# pair a weight $a_{ij}$, and let every channel have a say in what counts as alike: embeddings $\varphi$ and $\phi$
# scale channel $k$ by $q_k$ on one side and by $t_k$ on the other. (The paper calls the second window $Y$; it may be
# another one. A²U takes $Y = X$.) In three lines:
#
# $$\begin{aligned} w &= \sum_i \sum_j a_{ij}\, \varphi(x_i)^\top \phi(y_j) \\
#     &= \sum_k \sum_i \sum_j a_{ij}\, q_k\, x_{ki}\; t_k\, y_{kj} \\
#     &= \sum_k x_k^\top A_k\, y_k \end{aligned} \tag{2}$$
#
# *First equality*: write the inner product as a sum over channels and pull that sum to the front.
# *Second*: collect what does not depend on the features, $(A_k)_{ij} = a_{ij}\, q_k\, t_k$, and let $x_k$ be **row**
# $k$ of the window: all positions of one channel. What is left is $\sum_{ij} x_{ki} (A_k)_{ij}\, y_{kj}$, which is a
# row times a matrix times a column. It is called a **bilinear form**: linear in $x$, and linear in $y$.
#
# **Predict.** The three lines differ in the order of summation only. Will they agree to the last digit?

# %% tags=["prediction"]
predict("three-orders")

# %%
rng = torch.Generator().manual_seed(6)
C, N = X.shape
a = torch.randn(N, N, generator=rng, dtype=torch.float64)
q, t = torch.randn(2, C, generator=rng, dtype=torch.float64)

pairs = sum(a[i, j] * ((q * X[:, i]) @ (t * X[:, j])) for i in range(N) for j in range(N))
spelled = sum(a[i, j] * q[k] * X[k, i] * t[k] * X[k, j] for k in range(C) for i in range(N) for j in range(N))
A = [a * q[k] * t[k] for k in range(C)]
forms = sum(X[k] @ A[k] @ X[k] for k in range(C))
print(f"pairs {pairs:.9f}   spelled out {spelled:.9f}   bilinear forms {forms:.9f}")
assert torch.allclose(pairs, spelled, rtol=1e-12)
assert torch.allclose(pairs, forms, rtol=1e-12)

# %% [markdown]
# **Explain.** They agree to rounding. Without embeddings ($q = t = 1$) the formula is even shorter: lay the table of
# weights over the table of similarities, multiply cell by cell, add up: $w = \sum A \circ S$. That is the lower row of
# the first picture. And self-attention's question, "how alike is the centre to everything?", is the special case in
# which $A$ has ones in row 12 and zeros elsewhere.

# %%
centre = pair_weights("centre with all")
assert torch.allclose((centre * S).sum(), similarity.sum())
assert torch.allclose((a * S).sum(), sum(X[k] @ a @ X[k] for k in range(C)))
print(f"centre with all: {(centre * S).sum():.6f} = sum of the similarities of section 1")

# %% [markdown]
# ### What a second order can see that a first order cannot
#
# CARAFE and IndexNet start with a linear model, $w = \sum_{ki} a_{ki}\, x_{ki}$.
#
# **Predict.** Turn a dark stroke on light paper into a light one on dark paper: every feature changes its sign. What
# happens to a linear $w$, and what to a bilinear one? And if the contrast doubles?

# %% tags=["prediction"]
predict("sign-turned")

# %%
weights = torch.randn(C, N, generator=rng, dtype=torch.float64)
for name, window in {"as it is": X, "sign turned": -X, "contrast doubled": 2 * X}.items():
    first, second = (weights * window).sum(), sum(window[k] @ A[k] @ window[k] for k in range(C))
    print(f"{name:17} linear {first / (weights * X).sum():+.1f}   bilinear {second / forms:+.1f}")
assert torch.allclose(sum(-X[k] @ A[k] @ -X[k] for k in range(C)), forms)

# %% [markdown]
# **Explain.** The linear model turns its sign, the bilinear one does not care: whether two pixels are *alike* does not
# depend on whether both are dark or both are light. The price: contrast counts twice, doubled features give four times
# the value. A sigmoid in lesson 07 keeps that in bounds.

# %% [markdown]
# ## 3 · Rank: fewer numbers for nearly the same matrix
#
# Each $A_k$ has $N \cdot M = 625$ numbers, for each channel, for each kernel value. That is far too many to learn, and
# many of them say the same thing. A matrix of **rank** $d$ is a sum of $d$ products of a column and a row:
#
# $$A = \sum_{r=1}^{d} u_r v_r^\top = U V^\top, \qquad U \in \mathbb{R}^{N \times d},\; V \in \mathbb{R}^{M \times d}$$
#
# which needs $d\,(N + M)$ numbers. The singular value decomposition writes any $A$ like that, largest terms first, and
# its first $d$ terms are the best matrix of rank $d$. What is lost is known exactly:
#
# $$\lVert A - A_d \rVert = \sqrt{\textstyle\sum_{r > d} \sigma_r^2}$$
#
# **Predict.** Five matrices, five questions to a window: *is the centre like everything? is the left like the right?
# are near pixels alike?*, random weights, and *each pixel with itself*. Which needs the smallest rank, which the
# largest?

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
# **Explain.** *Centre with all* has rank 1 and *left with right* rank 2: nothing is lost. *Near pairs* is smooth, and a
# dozen terms keep most of it. *Each with itself*, the identity, is the worst there is: all singular values are 1,
# every direction is as important as any other, and at rank $d$ exactly $\sqrt{1 - d/25}$ is lost.
#
# So $d = 1$, which the paper uses throughout, is a real restriction: one question of the form "is *this* part of the
# window like *that* part?". But the question is **learned**, and self-attention's own question is among them.

# %% [markdown]
# Now try it. Choose a window, two pixels, a matrix and a rank.
#
# **Predict, then look:**
# 1. Find two pixels with a *negative* similarity. What do their channels do?
# 2. With `each with itself`, how does $w$ follow the ink when you move the window? What does it measure?
# 3. From which rank on do $U$ and $V$ have more numbers than $A$ itself?
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
# **Explain.** (1) Pixels 6 and 22 lie left and right of the stroke: both carry ink, but it grows to the right at one
# and to the left at the other. The opposite changes outweigh the ink they share. (2) It is $\sum_{ki} x_{ki}^2$, the
# energy of the window: how much there is to see. (3) From 13 on: $2 \cdot 25 \cdot 13 = 650 > 625$. Low rank pays only
# while it is low. (4) Nothing: zero is like nothing.

# %% [markdown]
# ## 4 · Low rank inside the form: Eq. (3)
#
# Put $A_k = U_k V_k^\top$ into Eq. (2) and move the brackets:
#
# $$x_k^\top A_k\, y_k = x_k^\top U_k\, V_k^\top y_k = (U_k^\top x_k)^\top (V_k^\top y_k)
#   = \mathbf{1}^\top \big(U_k^\top x_k \circ V_k^\top y_k\big)$$
#
# Two vectors of $d$ numbers meet in an inner product, and an inner product is "multiply cell by cell ($\circ$), then
# add up ($\mathbf 1^\top$)". The sum over channels can go inside, because adding up $d$ numbers is linear:
#
# $$w = \mathbf{1}^\top \sum_k \big(U_k^\top x_k \circ V_k^\top y_k\big) \tag{3}$$
#
# It cannot go further, inside the product. From here on each channel has its own $U_k$ and $V_k$: any matrices of rank
# $d$, no longer tied to one $a$ as in $a_{ij} q_k t_k$.

# %%
d = 2
U, V = torch.randn(2, C, N, d, generator=rng, dtype=torch.float64)
A = U @ V.mT  # C N N, each of rank 2
eq_2 = sum(X[k] @ A[k] @ X[k] for k in range(C))
by_u, by_v = (torch.einsum("knr,kn->kr", side, X) for side in (U, V))  # C d
eq_3 = (by_u * by_v).sum(dim=0).sum()
assert torch.allclose(eq_2, eq_3, rtol=1e-12)
too_early = (by_u.sum(dim=0) * by_v.sum(dim=0)).sum()
assert not torch.allclose(eq_3, too_early)
print(f"(2) {eq_2:.9f}   (3) {eq_3:.9f}   channels summed before the product: {too_early:.6f}, another thing")

# %% [markdown]
# **Explain.** Summing the channels first is not a shortcut: it multiplies the ink of one pixel with the *edge* of
# another.

# %% [markdown]
# What does it save? A form costs $NM + N$ multiplications a channel; low rank $d\,(N + M + 1)$:

# %%
for rank in (1, 2, 5, 12, 13, 25):
    cost, full = rank * (2 * N + 1), N * N + N
    print(f"rank {rank:2}: {cost:4} multiplications a channel instead of {full}, {cost / full:5.1%}")
assert 12 * (2 * N + 1) < N * N + N < 13 * (2 * N + 1)

# %% [markdown]
# **A hidden freedom.** With $Y = X$ the form cannot tell $A$ from its transpose, since $x^\top A x = x^\top A^\top x$:
# only the symmetric half $(A + A^\top)/2$ counts. Of one product $u v^\top$ that half is $(uv^\top + vu^\top)/2$,
# which has rank 2. So $d = 1$ reaches *left with right* after all: take $u$ = left and $v$ = right, twice.

# %%
columns = torch.arange(25) % 5
u, v = (columns < 2).double(), (columns > 2).double()
one_term, two_terms = 2 * torch.outer(u, v), pair_weights("left with right")
print("ranks", int(torch.linalg.matrix_rank(one_term)), "and", int(torch.linalg.matrix_rank(two_terms)))
assert torch.allclose((one_term * S).sum(), (two_terms * S).sum())

# %% [markdown]
# ## 5 · A whole kernel: P in place of 1
#
# One number is one value of a kernel, and an $s \times s$ kernel needs $s^2$. Rather than new $U$ and $V$ for each,
# keep the $d$ affinities and weigh them anew: put a matrix $P \in \mathbb{R}^{d \times s^2}$ in the place of
# $\mathbf 1$,
#
# $$w = P^\top \sum_k \big(U_k^\top x_k \circ V_k^\top y_k\big).$$
#
# Column $p_n$ of $P$ makes tap $n$ of the $s^2$. Undo the steps above, and you see what its matrix is:
# $U_k \operatorname{diag}(p_n) V_k^\top$.
#
# **Predict.** For $d = 1$, how do the matrices of the nine taps differ?

# %% tags=["prediction"]
predict("nine-taps")

# %%
P = torch.randn(d, 9, generator=rng, dtype=torch.float64)
kernel = P.T @ (by_u * by_v).sum(dim=0)  # nine values
for n in range(9):
    tap = sum(X[k] @ (U[k] @ torch.diag(P[:, n]) @ V[k].T) @ X[k] for k in range(C))
    assert torch.allclose(kernel[n], tap, rtol=1e-10)
only = P[:1].T @ (by_u * by_v).sum(dim=0)[:1]  # rank 1: the first column of U and V
assert torch.linalg.matrix_rank(torch.stack([only, P[0]])) == 1
print("d = 2:", [round(float(value), 2) for value in kernel])

# %% [markdown]
# **Explain.** By a factor only. At rank 1 every kernel of the image is the *same* vector $P$, times one affinity that
# says how much. Lesson 07 shows what the normalisation makes of that.

# %% [markdown]
# ## 6 · Everywhere at once: Eq. (4)
#
# All this was one window. We want it at every position, and you know the tool: sliding a weighted sum over a map is a
# **convolution**. Look at what one side computes, for one channel $k$ and one rank $r$: $u_{kr}^\top x_k$, the inner
# product of 25 weights with the 25 values of channel $k$ in the window. Reshape $u_{kr}$ to 5×5: it is a filter that
# looks at one channel only. One filter a channel is a **depth-wise** convolution (`groups=C`; the paper writes
# *gpconv*), and one window a position of the small map means stride 2. $P$ mixes $d$ maps into $s^2$ at each position:
# a 1×1 convolution.
#
# $$w = \operatorname{conv}\Big(P,\ \operatorname{cat}_{r=1}^{d}\ \sum_k \operatorname{gpconv}(U_r, X)_k \circ
#   \operatorname{gpconv}(V_r, Y)_k\Big) \tag{4}$$
#
# **Predict.** Which padding makes the first window begin two pixels before the map?

# %% tags=["prediction"]
predict("padding")

# %%
affinities = []
for r in range(d):
    side_u, side_v = (
        F.conv2d(guide, f[..., r].view(C, 1, 5, 5), stride=2, padding=2, groups=C) for f in (U, V)
    )  # 1 C 8 8
    affinities.append((side_u * side_v).sum(dim=1))  # the product, then the sum over channels
affinity = torch.stack(affinities, dim=1)  # 1 d 8 8
kernels = F.conv2d(affinity, P.T[:, :, None, None])  # 1 9 8 8
assert torch.allclose(kernels[0, :, 3, 4], kernel, rtol=1e-12)
print("nine kernel values at each of 8×8 positions:", tuple(kernels.shape))

# %% [markdown]
# **Explain.** Padding 2: position (0, 0) looks at the 5×5 window around pixel (0, 0). And at position (3, 4), (4) gives
# the nine numbers that (3) gave. One position proves little, so check all 64, borders included, against the plain
# double sum of Eq. (2):

# %%
Z = a2u.windows(guide, 5, ratio=2)[0]  # C N 8 8
worst = 0.0
for n in range(9):
    forms_n = torch.einsum("kir,r,kjr->kij", U, P[:, n], V)  # A_k of tap n
    eq_2_everywhere = torch.einsum("kihw,kij,kjhw->hw", Z, forms_n, Z)
    worst = max(worst, float((eq_2_everywhere - kernels[0, n]).abs().max()))
assert worst < 1e-9
print("Eq. (2) = Eq. (3) = Eq. (4) for 9 taps at", eq_2_everywhere.numel(), "positions")
Drawing(
    tables([("gpconv(U)", side_u[0, 0], "signed"), ("gpconv(V)", side_v[0, 0], "signed"),
            ("Σₖ U ∘ V", affinity[0, -1], "signed"), ("one kernel value", kernels[0, 4], "weights")]),
    alt="Responses of U and V to the ink, their product summed over channels, the centre value of all kernels.",
    says=f"affinity {affinity.min():.2f} to {affinity.max():.2f};  mean of the kernels {kernels.mean():.4f}",
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

# %% [markdown] tags=["teacher"]
# ## Teacher · what learners get wrong
#
# - *Section 1.* "The centre must be most similar to itself." Only if all vectors had the same length. An inner
#   product counts size and direction.
# - *Section 1.* Rank and size of $S$: "25×25, so rank 25." Four channels, so at most 4.
# - *Section 2.* $x_i$ (a pixel: a column) and $x_k$ (a channel: a row) are mixed up. Two colours on the board: one
#   for positions, one for channels.
# - *Section 2.* "Bilinear" is heard as bilinear *interpolation*. Another thing altogether; say so.
# - *Section 3.* "Rank 1 can hardly do anything." It can ask any one question of the form "is this like that", and
#   self-attention's own is among them.
# - *Section 4.* Summing over channels before the product. The cell shows another number; ask what it means (ink times
#   edge).
# - **Exercise 1.** Only $i = j$; $A$ transposed; one of the two embeddings forgotten; one number a channel, unsummed.
# - **Exercise 2.** The sum over channels too early or not at all; $P$ forgotten; every rank of $U$ paired with every
#   rank of $V$; `reshape` where a transpose is meant.
# - **Exercise 3.** `groups` forgotten (it then sums over channels before the product: the same error as in section
#   4), stride or padding forgotten, windows centred on the last pixel of a block.

# %% [markdown]
# ## Exercises
#
# Replace the `...` and run the cell. The check compares with a slow and careful reference on random numbers, and knows
# the usual mistakes.

# %% [markdown]
# ### Exercise 1 · The bilinear form
# *Difficulty* ★☆☆ · *time* 5 minutes
#
# Write Eq. (2): `x` is (C, N), `y` is (C, M), `a` is (N, M), `q` and `t` are (C,). Return one number.
#
# <details><summary>Hint 1</summary>
#
# Three nested loops, over k, i and j, are a fine answer. Or compute all similarities of embedded pixels first.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The table of similarities is `(q[:, None] * x).T @ (t[:, None] * y)`, of shape (N, M). Lay `a` over it.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_bilinear(x, y, a, q, t):
#     similarity = (q[:, None] * x).T @ (t[:, None] * y)
#     return (a * similarity).sum()
# ```
# </details>

# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_bilinear(x, y, a, q, t):
    return ...


exercises.BILINEAR.check(my_bilinear)

# %% tags=["solution"]
from a2u.lessons.affinity import exercises


def my_bilinear(x, y, a, q, t):
    similarity = (q[:, None] * x).T @ (t[:, None] * y)
    return (a * similarity).sum()


exercises.BILINEAR.check(my_bilinear)

# %% [markdown]
# ### Exercise 2 · The low-rank form
# *Difficulty* ★★☆ · *time* 8 minutes
#
# Write Eq. (3) with $P$ in the place of $\mathbf 1$: `x` is (C, N), `u` and `v` are (C, N, d), `p` is (d, s²). Return
# the s² values of the kernel.
#
# <details><summary>Hint 1</summary>
#
# First the two sides: for each channel, d numbers from u and d from v. Then the product. Then two sums: which first?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.einsum("knr,kn->kr", u, x)` is $U_k^\top x_k$ for all k. The product is (C, d); sum it over C, then multiply by
# `p.T`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_low_rank(x, u, v, p):
#     by_u = torch.einsum("knr,kn->kr", u, x)
#     by_v = torch.einsum("knr,kn->kr", v, x)
#     return p.T @ (by_u * by_v).sum(dim=0)
# ```
# </details>


# %% tags=["exercise"]
import torch
import torch.nn.functional as F

from a2u.lessons.affinity import exercises


def my_low_rank(x, u, v, p):
    return ...


exercises.LOW_RANK.check(my_low_rank)

# %% tags=["solution"]
import torch

from a2u.lessons.affinity import exercises


def my_low_rank(x, u, v, p):
    by_u = torch.einsum("knr,kn->kr", u, x)
    by_v = torch.einsum("knr,kn->kr", v, x)
    return p.T @ (by_u * by_v).sum(dim=0)


exercises.LOW_RANK.check(my_low_rank)

# %% [markdown]
# ### Exercise 3 · As depth-wise convolutions
# *Difficulty* ★★★ · *time* 12 minutes
#
# Write the affinity of Eq. (4) for $d = 1$, at every position: `x` is (C, H, W), `u` and `v` are (C, k, k) with k odd.
# Position (i, j) sees the k×k window centred on pixel (r·i, r·j), zeros outside. Return (H/r, W/r).
#
# <details><summary>Hint 1</summary>
#
# Two calls of `F.conv2d`. It wants a batch axis, `x[None]`, and filters of shape (C, 1, k, k).
# </details>
#
# <details><summary>Hint 2</summary>
#
# `groups=len(x)` keeps the channels apart, `stride=ratio` takes one window a position, `padding=k // 2` centres it.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def my_affinity(x, u, v, ratio):
#     look = {"stride": ratio, "padding": u.shape[-1] // 2, "groups": len(x)}
#     by_u, by_v = F.conv2d(x[None], u[:, None], **look), F.conv2d(x[None], v[:, None], **look)
#     return (by_u * by_v).sum(dim=1)[0]
# ```
# </details>


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

# %% [markdown] tags=["teacher"]
# ## Teacher · discussion, grading, going on
#
# - **Q.** Why an inner product and not a distance? **A.** It can be written as sums of products, so that weights fit
#   in between, and it becomes convolutions. A squared distance is $|x|^2 + |y|^2 - 2x^\top y$: the same product, with
#   two more terms.
# - **Q.** Turned signs leave $w$ as it is. Is that always wanted? **A.** For "do these belong together?", yes. For
#   "is the object on the dark side?", no: then a first-order answer knows more. Nothing forbids to use both.
# - **Q.** What does attention have that A²U has given up? **A.** The whole table: every pixel asks every other. A²U
#   asks $d$ fixed questions inside one window. In exchange, its cost grows with the area, not with its square.
# - **Q.** With $d = 1$ all kernels are multiples of one vector. Could that ever be enough? **A.** After sigmoid and
#   softmax, multiples are not the same kernel any more: from flat at 0 to as decided as it gets. Lesson 07 draws that
#   curve.
#
# **Grade.** Exercises 1 and 2 pass. On paper: derive Eq. (3) from Eq. (2) for $d = 1$ in three lines. Exercise 3 for
# distinction.
#
# **Extend.** Normalise the pixel vectors to length 1 (cosine similarity) and repeat section 1. What does the picture
# gain, and can Eq. (4) still compute it?

# %% [markdown]
# ## Your tally
#
# What you predicted and passed since this notebook's kernel started:

# %%
predict.tally()

# %% [markdown]
# ## Summary
#
# - Affinity is the similarity of two feature vectors, an inner product; self-attention is one row of the table of all
#   pairs.
# - Weigh all pairs and add up: a bilinear form $\sum_k x_k^\top A_k y_k$, Eq. (2). It is of second order: it keeps its
#   value when all features change their sign.
# - A matrix of rank $d$ is $UV^\top$: $d(N+M)$ numbers instead of $NM$, worth it while $d$ is below about $N/2$.
# - Low rank turns the form into two projections, a product and a sum, Eq. (3): **product first, then channels**.
# - $P$ makes the $s^2$ values of a kernel from $d$ affinities. For $d = 1$ all kernels are one vector, scaled.
# - At every position: two depth-wise convolutions of stride 2, a product, a sum, a 1×1 convolution, Eq. (4).
#
# What is missing before this upsamples anything: phases, a normalisation, and the question where $U$, $V$ and $P$ come
# from. That is lesson 07.
#
# ## Sources
#
# - Y. Dai, H. Lu, C. Shen, *Learning Affinity-Aware Upsampling for Deep Image Matting*, CVPR 2021: section 4, Eqs. (2),
#   (3) and (4).
# - C. Eckart, G. Young, *The approximation of one matrix by another of lower rank*, Psychometrika 1, 1936: the best
#   matrix of rank $d$.
# - The digit: MNIST, Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0), the second test image.
