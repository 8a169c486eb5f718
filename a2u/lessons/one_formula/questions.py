"""The five questions at the end of lesson 01."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "window-and-phase",
        "Ratio 3. Which window and which phase does output (7, 11) have?",
        wrong("Window (1, 2), phase (2, 3)", "You have swapped the quotients and the remainders."),
        right("Window (2, 3), phase (1, 2)", "7 = 3 · 2 + 1 and 11 = 3 · 3 + 2."),
        wrong("Window (3, 4), phase (1, 2)", "The quotient is rounded down: ⌊7/3⌋ = 2 and ⌊11/3⌋ = 3."),
    ),
    Question(
        "flat-stays-flat",
        "Which kernels keep a flat map flat, inside the map?",
        wrong("Those without negative weights", "Weights of 2 and 3 are not negative, and turn 1 into 5."),
        right("Those whose weights sum to 1", "On a flat map the output is its value times the sum of the weights."),
        wrong("Those that are symmetric", "[1, 1, 1] is symmetric and makes every value three times as large."),
    ),
    Question(
        "stay-in-range",
        "Why can bilinear never exceed the largest value of its map?",
        right("Its weights are not negative and sum to 1", "So each output is an average of values of the map."),
        wrong("Its weights sum to 1", "So do those of bicubic, and it overshoots."),
        wrong("It looks at four values only", "With the weights 2 and −1, two values are enough to overshoot."),
    ),
    Question(
        "which-grid",
        "You enlarge a mask that a network made from 2×2-pooled maps. Which grid fits?",
        wrong(
            "Aligned corners: the corners of both images must meet",
            "With half pixels they do. This grid joins the centres of the corner pixels instead.",
        ),
        wrong("Either: the difference is rounding", "It is (1 − 1/r)/2 small pixels at the ends: ¼ for r = 2."),
        right("Half pixels", "A pooled value belongs to a 2×2 square, and its centre lies between the four pixels."),
    ),
    Question(
        "what-differs",
        "Bilinear, deconvolution and CARAFE are all wᵀz. How do they differ?",
        wrong("In how products are summed", "All three add up their products in the same way."),
        wrong("Only at the border", "Their kernels differ inside the map, too."),
        right("In where w comes from, and in the window z", "Distance; learned once; computed from features."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
