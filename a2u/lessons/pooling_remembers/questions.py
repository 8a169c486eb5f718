"""The five questions at the end of lesson 02."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "where-from",
        "Where does the kernel of max-unpooling come from?",
        wrong("From distances", "Two outputs at the same place of their blocks can have different weights."),
        wrong("From training", "It has nothing to learn."),
        right("From the encoder's map", "It is 1 where the maximum of the block stood, and 0 elsewhere."),
    ),
    Question(
        "how-many-bits",
        "Pooling by 4. How many bits does the place of a maximum need?",
        wrong("2", "That is for 2×2 blocks, with four places."),
        right("4", "A 4×4 block has 16 places, and log₂ 16 = 4."),
        wrong("16", "There are 16 places. Four bits are enough to tell 16 things apart."),
    ),
    Question(
        "better-copy",
        "Which block does unpooling copy better than averaging, for r = 2?",
        right("(8, 1, 1, 1)", "The maximum 8 is more than twice the mean, 2.75."),
        wrong("(4, 3, 3, 2)", "The maximum 4 is less than twice the mean, 3."),
        wrong("(5, 5, 5, 5)", "Averaging copies a flat block exactly."),
        wrong("(6, 6, 0, 0)", "Twice the mean is 6, as large as the maximum: both err alike."),
    ),
    Question(
        "lost-place",
        "A network pools without keeping indices. Can it still bring details back to their places?",
        wrong("No: a place that was lost cannot come back", "It need not be lost: other channels can carry it."),
        right("Yes, if other channels carry the places", "Space to depth, for instance, loses nothing at all."),
        wrong(
            "Yes: a convolution finds it in the pooled map", "Two images can have the same pooled map, as the twins."
        ),
    ),
    Question(
        "which-guide",
        "The decoder's map has changed since the pooling. From which map must the places come?",
        wrong("From the decoder's map", "It is small: it knows nothing of the places inside a block."),
        right(
            "From the encoder's map before the pooling",
            "It is as large as the output, and shows where the maxima stood.",
        ),
        wrong("From any map of that size", "The twin has that size, and its places are wrong."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
