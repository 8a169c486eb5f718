"""The predictions of lesson 05."""

from a2u.lessons.indexnet.exercises import ALL
from a2u.lessons.indexnet.questions import concepts
from a2u.lessons.indexnet.quiz import quiz
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "soft-error",
        "How large is the error after max-pooling and then upsampling with this soft index?",
        right("Zero", "The share of the maximum, times the maximum, is the value itself."),
        wrong("About half that of the hard index", "Work out share · maximum for a single value."),
        wrong(
            "As large as that of the hard index",
            "Pooling has lost the values, but the soft index has kept them, divided by the maximum.",
        ),
    ),
    Question(
        "blank-logits",
        "The whole guide is zero on blank paper. What are the logits there?",
        right("0, whatever is learned", "Sums of products with zero, and there is no bias."),
        wrong("Whatever the network has learned for paper", "For that the index block would need a bias."),
        wrong("½", "That is what the sigmoid makes of them in the next section."),
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
        "What is the largest weight that this softmax over four numbers can give?",
        wrong("1", "A softmax comes near 1 only if a number is far above the others. These differ by less than 1."),
        wrong("0.73", "That is e/(e + 1): one number against a single other. There are three others."),
        right("0.475", "One place at 1 against three at 0: e/(e + 3)."),
        wrong("0.25", "That is the weight if all four are equal."),
    ),
    Question(
        "which-hardens",
        "Which of the two gates becomes hard, that is 0 or 1, as τ grows?",
        right("The up gate only", "σ(±τ) goes to 1 and 0. The softmax of 1 and 0 stays at 0.475 and 0.175."),
        wrong("The down gate only", "The sigmoid comes before its softmax and holds it back."),
        wrong("Both", "The softmax never sees τ itself, only sigmoids between 0 and 1."),
    ),
    Question(
        "what-a-gate-can",
        "Which of these can happen to an output y = w · z, for some weights of the index block?",
        wrong("It is farther from 0 than its z", "w is a sigmoid, and so it is below 1."),
        wrong("It has another sign than z", "w is never negative."),
        wrong("It takes a value from the block next door", "The window is 1×1: only one z enters."),
        right("None of these", "A gate can only turn the nearest value down."),
    ),
    Question(
        "which-maps-change",
        "One channel of the guide is changed. With many-to-one, which index maps change?",
        wrong("That of the channel that was changed", "That is one-to-one."),
        right("All of them", "Every map is made from all channels."),
        wrong("The only map there is", "Holistic has a single map. Many-to-one has one for each channel."),
    ),
    Question(
        "behind-a-gate",
        "How many values of the guide enter one gate of a holistic index without context? (4 channels, r = 2)",
        wrong("4", "The block has four places, in each of four channels."),
        right("16", "Four places in four channels. With context the window is 4×4, and it is 64."),
        wrong("64", "That is with context."),
    ),
    Question(
        "side-of-the-bound",
        "Where will the error of the trained holistic index end?",
        wrong(
            "Below its bound: it is trained on many digits",
            "No single gate for four channels does better than the bound, on any digit, trained or not.",
        ),
        right("Just above its bound", "Training comes near the best shared gate, and no shared gate does better."),
        wrong("Far above its bound, near nearest neighbour", "Even a shared gate removes most of that error."),
    ),
    Question(
        "hidden-or-context",
        "Which of the two lowers the error of many-to-one more?",
        right("A hidden layer", "In every training that we tried. Perhaps because a share needs the largest of four."),
        wrong("Context", "It helps, but less. The shares of a block do not depend on the blocks around it."),
        wrong("Neither lowers it", "Both do."),
    ),
    Question(
        "how-many-times",
        "Linear index blocks: how many parameters does one-to-one have, compared with holistic?",
        right("As many", "C times as many maps, each from one channel instead of C."),
        wrong("C times as many", "It has C times as many maps, but each is made from one channel instead of C."),
        wrong(
            "1/C times as many", "Each map is made from one channel instead of C, but there are C times as many maps."
        ),
    ),
    Question(
        "holistic-last-stage",
        "Holistic, last stage: which of the two draws the digit?",
        wrong("The map z, which comes from the decoder", "No channel of z follows the ink well."),
        right(
            "The index map, which comes from the encoder",
            "It follows the ink closely. The shape comes from the encoder.",
        ),
        wrong("Both, equally well", "Their correlations with the ink lie far apart."),
    ),
    Question(
        "half-gates",
        "What is left of these 35 dB with all gates at ½?",
        wrong("About 35 dB: the decoder has learned the digits", "It has learned to rely on what the gates let pass."),
        wrong(
            "About 25 dB, as with nearest neighbour", "That network was trained with nearest neighbour. These were not."
        ),
        right("Less than 15 dB", "The detail went through the gates, and now it cannot."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts, quiz)
