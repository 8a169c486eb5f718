"""The predictions of lesson 06."""

from a2u.lessons.affinity.exercises import ALL
from a2u.lessons.affinity.questions import concepts
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "where-alike",
        "Where will the similarity to the centre be large?",
        wrong("At the centre, and less the further away", "Similarity compares features. Distance does not enter it."),
        right("Along the stroke", "There the pixels have large values in the same channels as the centre."),
        wrong("About the same everywhere", "Paper has hardly any ink, so its product with the centre is near zero."),
    ),
    Question(
        "rank-of-s",
        "How many of its 25 rows can be independent?",
        wrong("25", "It has 25 rows, but each is a mixture of the four rows of X."),
        wrong("12", "That would be half of them. Think of what S is made of."),
        right("4", "Four channels: every row of S is a mixture of the four rows of X."),
    ),
    Question(
        "three-orders",
        "Will the three numbers agree?",
        wrong(
            "Yes, in every bit: a sum does not depend on its order",
            "With real numbers it does not. A computer rounds after each step.",
        ),
        right("Yes, up to rounding", "They agree in all digits that we print, and may differ in the last bits."),
        wrong("No: the embeddings stand in other places", "A factor may stand anywhere in a product."),
    ),
    Question(
        "sign-turned",
        "What happens to each of them when every feature changes its sign?",
        wrong(
            "Both change their sign", "The bilinear form holds two features in each product, and the two signs cancel."
        ),
        right(
            "The linear one changes its sign, the bilinear one stays", "(−x)·(−y) = x·y. Doubled features give 2 and 4."
        ),
        wrong("Neither changes", "The linear one is a weighted sum: turn all its terms, and the sum turns."),
    ),
    Question(
        "whose-sign",
        "Whose kernels stay exactly as they are when every feature changes its sign?",
        wrong("Those of all seven: each is a product of two responses", "Some make weights from the features as well."),
        right("Those of static-cw and static-pw-cw only", "Their weights are fixed, and the form alone decides."),
        wrong("Those of these two and of toy", "A sigmoid on one side of the product sees the sign."),
        wrong("Those of none: kernels follow the features", "A form of second order does not see a common sign."),
    ),
    Question(
        "largest-rank",
        "Which of the five matrices loses the largest share when only three terms are kept?",
        wrong("Random weights", "Random directions differ in strength, so a few terms keep more than their share."),
        wrong("Near pixels with each other", "It is smooth: a dozen terms keep most of it."),
        right("Each pixel with itself", "The identity: all 25 directions are equally important."),
        wrong("Centre with everything", "It has ones in a single row: rank 1."),
    ),
    Question(
        "too-many-numbers",
        "From which rank on do U and V together have more numbers than the 625 of A?",
        right("13", "2 · 25 · 13 = 650."),
        wrong("25", "At rank 25 they have 1,250 numbers, twice as many as A."),
        wrong("12", "2 · 25 · 12 = 600 is still less."),
    ),
    Question(
        "nine-taps",
        "How do the matrices of the nine taps differ?",
        wrong("Each has a pattern of its own", "U and V are the same for all taps; only P tells them apart."),
        right("By a factor only", "Tap t has U diag(pₜ) Vᵀ, and with d = 1 pₜ is a single number."),
        wrong("They are equal", "Column t of P weighs them differently for each tap."),
    ),
    Question(
        "padding",
        "Which padding of the convolution does that?",
        right("2", "The window around pixel (0, 0) reaches two pixels to each side."),
        wrong("0", "Then the first window begins at pixel 0."),
        wrong("4", "Then it begins four pixels before the map."),
    ),
    Question(
        "whose-question",
        "In which of the three does the most similar pixel always get the largest weight?",
        wrong("In all three: each is made of similarities", "A²U adds its similarities up; one number is left."),
        right("In attention and in SAPA", "There each similarity becomes the weight of its own tap."),
        wrong("In attention only", "SAPA also takes a softmax of similarities, to another pixel."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
