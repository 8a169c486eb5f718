"""The predictions of lesson 09."""

from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.see_the_kernels.exercises import ALL

QUESTIONS = (
    Question(
        "one-pass",
        "What will one pass of a network with 3×3 kernels reach?",
        wrong("About 45 dB", "The paper's 47.63 dB took 100 passes, and 1×1 kernels without a softmax."),
        wrong("About 35 dB", "Even nearest neighbour, after the same pass, has less than 25 dB."),
        right("Less than 25 dB", "22.7 dB: a short training, and kernels that cannot be sharp."),
    ),
    Question(
        "bilinear-peaked",
        "How peaked are bilinear weights in a 3×3 window: above or below one half?",
        wrong("Far above: one weight is 9/16", "The other three hold 7/16 together, and that evens it out."),
        right("A little below one half", "0.49."),
        wrong("Near 0: it blurs", "A box filter has 0. Bilinear leaves five of nine taps empty."),
    ),
    Question(
        "random-correlation",
        "Before training the weights are random. Will the correlation with the edges be about 0?",
        wrong(
            "Yes: random weights know nothing of edges",
            "They multiply features, and features are large where edges are.",
        ),
        right("No, it is positive", "About +0.2 to +0.4, but the kernels vary so little that no output changes."),
        wrong("No, it is negative", "Products of features are large at edges, and peakedness grows with them."),
    ),
    Question(
        "nine-curves",
        "Draw each of the nine weights over the affinity a. What shape do the points make?",
        wrong("A cloud for each weight", "For that, places with the same affinity would need different kernels."),
        right("Nine smooth curves through one point", "One number makes all nine; at a = 0 all are 1/9."),
        wrong("Nine straight lines", "A sigmoid and a softmax stand between."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL])
