"""The predictions of lesson 06."""

from a2u.lessons.affinity.exercises import ALL
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "where-alike",
        "The window lies on the diagonal stroke of the 2. Where will the similarity to the centre be large?",
        wrong("At the centre, and less the further away", "Similarity compares features. Distance does not enter it."),
        right("Along the stroke", "There the pixels have large values in the same channels as the centre."),
        wrong("Everywhere alike", "Paper has hardly any ink, so that its product with the centre is near zero."),
    ),
    Question(
        "rank-of-s",
        "S = XᵀX is 25×25. How many of its rows can be independent?",
        wrong("25", "It has 25 rows, but each is a mixture of the four rows of X."),
        wrong("12", "That would be half of them. Think of what S is made of."),
        right("4", "Four channels: every row of S is a mixture of the four rows of X."),
    ),
    Question(
        "three-orders",
        "The three lines differ in the order of summation only. Will they agree to the last digit?",
        wrong(
            "Yes: a sum does not depend on its order",
            "With real numbers it does not. A computer rounds after each step.",
        ),
        right("To rounding", "They agree in all digits that we print, and may differ in the last bits."),
        wrong("No: the embeddings stand in other places", "A factor may stand anywhere in a product."),
    ),
    Question(
        "sign-turned",
        "Every feature changes its sign. What happens to a linear w and to a bilinear one?",
        wrong(
            "Both change their sign", "The bilinear form holds two features in each product, and the two signs cancel."
        ),
        right(
            "The linear one changes its sign, the bilinear one stays", "(−x)·(−y) = x·y. Doubled features give 2 and 4."
        ),
        wrong("Neither changes", "The linear one is a weighted sum: turn all its terms, and the sum turns."),
    ),
    Question(
        "largest-rank",
        "Which of the five matrices needs the largest rank?",
        wrong("Random weights", "Random directions differ in strength, so that a few terms keep something."),
        wrong("Near pixels alike", "It is smooth: a dozen terms keep most of it."),
        right("Each pixel with itself", "The identity: all 25 directions are equally important."),
        wrong("Centre with everything", "It has ones in a single row: rank 1."),
    ),
    Question(
        "too-many-numbers",
        "A has 625 numbers. From which rank on do U and V together have more?",
        right("13", "2 · 25 · 13 = 650."),
        wrong("25", "At rank 25 they have 1,250 numbers, twice as many as A."),
        wrong("12", "2 · 25 · 12 = 600 is still less."),
    ),
    Question(
        "nine-taps",
        "For d = 1, how do the matrices of the nine taps differ?",
        wrong("In all their numbers", "U and V are the same for all taps; only P tells them apart."),
        right("By a factor only", "Tap n has U diag(pₙ) Vᵀ, and with d = 1 pₙ is a single number."),
        wrong("They are equal", "Column n of P weighs them differently for each tap."),
    ),
    Question(
        "padding",
        "Which padding makes the first 5×5 window begin two pixels before the map?",
        right("2", "The window around pixel (0, 0) reaches two pixels to each side."),
        wrong("0", "Then the first window begins at pixel 0."),
        wrong("4", "Then it begins four pixels before the map."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL])
