"""The predictions of lesson 03."""

from a2u.lessons.kernels_learned_once.exercises import ALL
from a2u.lessons.kernels_learned_once.questions import concepts
from a2u.lessons.predict import Predictions
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "shape-of-w",
        "What is the shape of `w`?",
        wrong("(16, 9)", "The window holds all input channels: 4 · 9 values, not 9."),
        wrong("(4, 36)", "Each output channel needs a row for each of its four phases."),
        right("(16, 36)", "C_out · r² = 16 rows, one for each channel and phase, of C · k² = 36 weights."),
    ),
    Question(
        "phase-zero",
        "Which two taps does phase 0 meet?",
        right("Taps 1 and 3", "t = 0 + 1 − 2δ: tap 1 for its own input (δ = 0), tap 3 for the one before it (δ = −1)."),
        wrong("Taps 0 and 2", "Those belong to phase 1: with p = 1, phase 0 meets the odd taps."),
        wrong("Taps 0 and 1", "Taps of one phase lie s = 2 apart."),
    ),
    Question(
        "digit-or-noise",
        "How do the kernels differ between the two?",
        wrong("Those for noise are rougher", "To be rougher they would have to look at the input."),
        right("Not at all", "They are weights that were learned once. Nothing of the input enters them."),
        wrong("They differ at edges only", "For that they would have to look at the input, as CARAFE does."),
    ),
    Question(
        "overlap",
        "In two dimensions, how do the largest and the smallest count of taps compare?",
        wrong("2 to 1", "That is along one axis. In two dimensions the counts multiply."),
        right("4 to 1", "Along an axis the counts are 1 and 2; multiplied, they are 1, 2 and 4."),
        wrong("9 to 1", "The nine taps are shared among four phases. No output gets them all."),
        wrong("They are equal", "They would be if the stride divided the kernel size."),
    ),
    Question(
        "shuffle-checkerboard",
        "Does a pixel shuffle with random weights paint a checkerboard on a map of ones?",
        wrong(
            "No: without overlap there is nothing uneven",
            "Each phase still has weights of its own, and so a sum of its own.",
        ),
        right("Yes", "Nothing ties the phases to each other, so their sums differ."),
        wrong("Only at the border", "We measure away from the border, and it is there, too."),
    ),
    Question(
        "resize-sums",
        "Which weights make the sums of the two phases differ?",
        right("None", "Both sums are w₀ + w₁ + w₂."),
        wrong("Any with w₀ ≠ w₂", "Add up both: each contains w₀, w₁ and w₂ exactly once."),
        wrong("Any that are not symmetric", "Symmetric or not, each weight appears once in both sums."),
    ),
    Question(
        "after-one-step",
        "Does a map of ones still become flat after this step?",
        wrong("Yes: equal phases get equal gradients", "The phases are compared with different pixels of the target."),
        right("No", "Each phase is compared with its own pixels, so their weights differ after one step."),
        wrong("Yes, but not after a whole pass", "One step is enough to move the phases apart."),
    ),
    Question(
        "clinic-even",
        "After 20 steps with K = 4, how much of the pattern is left?",
        wrong("Nothing worth mentioning, with any seed", "Even counts do not make equal sums."),
        wrong("As much as with K = 3", "It is at most a third, with each of the three seeds."),
        right(
            "Clearly less with each seed, and with some it is still there",
            "The counts are even now, but the sums need not be equal.",
        ),
    ),
    Question(
        "clinic-longer",
        "How much of the pattern is left after 100 steps with K = 3?",
        wrong("More: training amplifies it", "Every pixel of the grid costs something in this loss."),
        wrong("As much: it comes from the overlap", "The overlap stays, but the weights can make up for it."),
        right("Almost nothing", "The loss compares pixels and punishes the grid until the weights make up for it."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
