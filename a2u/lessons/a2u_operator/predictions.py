"""The predictions of lesson 07."""

from a2u.lessons.a2u_operator.exercises import ALL
from a2u.lessons.a2u_operator.questions import concepts
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "shuffle-first",
        "Why does the shuffle come before the softmax?",
        wrong("Because a shuffle cannot move weights", "It only moves numbers, whatever they are."),
        right(
            "Because each of the four kernels must sum to 1",
            "Before the shuffle, a softmax over all channels would make all 36 sum to 1.",
        ),
        wrong("For no reason: the order does not matter", "It does: the four kernels would share a sum of 1."),
    ),
    Question(
        "largest-weight",
        "What is the largest weight that a tap can get?",
        wrong("1, as with any softmax", "The softmax gets numbers that differ by less than 1."),
        wrong("0.475", "That is e/(e + 3), the bound for four places in lesson 05. Here there are nine."),
        right("0.254", "One tap at 1 against eight at 0: e/(e + 8)."),
        wrong("1/9", "That is each weight when all are equal."),
    ),
    Question(
        "same-for-every-image",
        "Does *static* mean that the kernels are the same for every image?",
        wrong("Yes: U, V and P are fixed", "They are, but they are applied to the image, and that makes the kernel."),
        right("No: the kernel follows the affinity", "U, V and P are fixed. The affinity comes from the image."),
        wrong(
            "Only for images of the same contrast",
            "Two images of the same contrast can have different strokes, and so different affinities.",
        ),
    ),
    Question(
        "no-gradient",
        "Which windows z send no gradient at all to the kernel?",
        wrong("Those with small values", "Small values can differ, and any difference sends a gradient."),
        right("Those whose values are all equal", "Then every zₜ − y is 0: all kernels give the same output."),
        wrong("Those on an edge", "There the values differ most, and the kernel matters most."),
    ),
    Question(
        "count-static",
        "How many numbers does static-cw learn, all four stages together?",
        wrong("25,600", "That is 2 · 25 · 512: U and V. P is missing."),
        right("25,744", "2 · 25 · 512 + 4 · 36: U and V in all stages, and one P for each."),
        wrong("102,544", "That counts four sets of U and V, as point-wise has. Here P makes the phases."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
