"""The predictions of lesson 05."""

from a2u.lessons.indexnet.exercises import ALL
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "soft-error",
        "We pool, then go up with this soft index. How large is the error?",
        right("Zero", "The share of the maximum, times the maximum, is the value itself."),
        wrong("About half that of the hard index", "Work out share · maximum for a single value."),
        wrong(
            "As large: pooling has lost the values",
            "Pooling has. The soft index has kept them, divided by the maximum.",
        ),
    ),
    Question(
        "blank-logits",
        "What will the logits be on blank paper, where the whole guide is zero?",
        right("0, whatever is learned", "Sums of products with zero, and there is no bias."),
        wrong("Whatever the network has learned for paper", "To answer paper it would need a bias."),
        wrong("½", "That is what a sigmoid makes of them later."),
    ),
    Question(
        "sum-of-gates",
        "Must the four gates of a block sum to 1?",
        wrong("Yes: they share the block", "That is true on the way down, after a softmax."),
        right("No", "Each gate is a sigmoid of its own logit. All four may be open, or all shut."),
        wrong("Yes, on blank paper at least", "There each is σ(0) = ½, and four of them sum to 2."),
    ),
    Question(
        "largest-weight",
        "The softmax gets four numbers between 0 and 1. What is the largest weight it can give?",
        wrong("1", "A softmax comes near 1 only if a number is far above the others. These differ by less than 1."),
        wrong("0.73", "That is e/(e + 1): one number against a single other. There are three others."),
        right("0.475", "One place at 1 against three at 0: e/(e + 3)."),
        wrong("0.25", "That is the weight if all four are equal."),
    ),
    Question(
        "which-hardens",
        "The logits are +τ at the maximum and −τ elsewhere. As τ grows, which of the two gates becomes hard?",
        right("The up gate only", "σ(±τ) goes to 1 and 0. The softmax of 1 and 0 stays at 0.475 and 0.175."),
        wrong("The down gate only", "The sigmoid comes before its softmax and holds it back."),
        wrong("Both", "The softmax never sees τ itself, only sigmoids between 0 and 1."),
    ),
    Question(
        "what-a-gate-can",
        "Which of these can an output y = w · z do, for some weights of the index block?",
        wrong("Be larger than its z", "w is a sigmoid, so below 1."),
        wrong("Have another sign than z", "w is never negative."),
        wrong("Take over a value from the block next door", "The window is 1×1: only one z enters."),
        right("None of these", "A gate can only turn the nearest value down."),
    ),
    Question(
        "which-maps-change",
        "We change one channel of the guide. Which index maps change with many-to-one?",
        wrong("That of this channel", "That is one-to-one."),
        right("All of them", "Every map is made from all channels."),
        wrong("The only one", "That is holistic, which has a single map. Many-to-one has one for each channel."),
    ),
    Question(
        "behind-a-gate",
        "How many values of the guide stand behind one gate of a holistic index without context? (4 channels, r = 2)",
        wrong("4", "The block has four places, in each of four channels."),
        right("16", "Four places in four channels. With context the window is 4×4, and it is 64."),
        wrong("64", "That is with context."),
    ),
    Question(
        "side-of-the-bound",
        "On which side of its bound will the error of the trained holistic index end?",
        wrong(
            "Below it: it is trained on many digits",
            "The bound is the best that any single gate for four channels can do.",
        ),
        right("Just above it", "Training comes near the best shared gate, but no shared gate does better."),
        wrong("Far above it, near nearest neighbour", "A shared gate already explains most of the difference."),
    ),
    Question(
        "hidden-or-context",
        "Which helps many-to-one more: a hidden layer or context?",
        right("A hidden layer", "A share is a comparison of values in a block, and only a nonlinear block compares."),
        wrong("Context", "It helps a little. But the share of a block does not depend on its neighbours."),
        wrong("Neither helps", "Both do."),
    ),
    Question(
        "how-many-times",
        "Linear blocks: how many times as many parameters as holistic has one-to-one?",
        right("As many", "C times as many maps, each from one channel instead of C."),
        wrong("C times as many", "It has C times the maps, but each is made from a C-th of the channels."),
        wrong("A C-th as many", "Each map is made from a C-th of the channels, but there are C times as many maps."),
    ),
    Question(
        "holistic-last-stage",
        "Holistic, last stage: which of the two draws the digit?",
        wrong("The map z, which comes from the decoder", "Look closely: no channel of z follows the ink well."),
        right("The index map, which comes from the encoder", "It follows the ink closely. The encoder draws."),
        wrong("Both alike", "Their correlations with the ink lie far apart."),
    ),
    Question(
        "half-gates",
        "The networks copy at more than 35 dB. What is left with all gates at ½?",
        wrong("About 35 dB: the decoder has learned the digits", "It has learned to leave the detail to the gates."),
        wrong(
            "About 25 dB, as with nearest neighbour", "That network was trained with nearest neighbour. These were not."
        ),
        right("Less than 15 dB", "The detail went through the gates, and now it cannot."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL])
