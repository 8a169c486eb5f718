"""The quiz on lessons 06 to 11, at the end of lesson 11."""

from a2u.lessons.concepts import Cumulative
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "one-number-per-window",
        "A²U of rank 1 and self-attention both compare pixels by products. What does only attention keep?",
        wrong("The sign of the features", "In both, a product of two features loses a sign that the two share."),
        right("One similarity for each tap", "A²U adds the similarities up: one affinity scales a learned vector."),
        wrong("A softmax over the taps", "A²U has one too, after its sigmoid."),
    ),
    Question(
        "sum-and-product",
        "Eq. (4) multiplies two responses and then adds up the channels. What would adding first compute?",
        right("Products of different channels as well", "Such as the ink of one pixel times the edge of another."),
        wrong("The same number with less work", "(a + b)(c + d) is not ac + bd."),
        wrong("A kernel for each channel", "Adding up leaves one number, in either order."),
    ),
    Question(
        "imitate",
        "Which operator can a softmax kernel behind a sigmoid, with nine taps, imitate exactly?",
        wrong("Nearest neighbour", "It needs a weight of 1; here no weight exceeds 0.254."),
        wrong("Bilinear interpolation", "It needs a weight of 0.5625."),
        right("The plain mean of nine", "At an affinity of 0 all weights are 1/9."),
    ),
    Question(
        "what-the-mode-fixes",
        "All features of a guide are halved. What stays the same in static A²U, and changes in dynamic A²U?",
        wrong("The kernels", "They follow the affinity, which falls to a quarter."),
        right("U, V and P", "Static weights are learned once; dynamic ones are made from the image."),
        wrong("The affinity", "It falls to a quarter in static, and, but for biases, to a sixteenth in dynamic A²U."),
    ),
    Question(
        "flat-windows",
        "Where do kernels that sum to 1 get no gradient, however wrong the loss finds the output?",
        right("Where all values of the window are equal", "Every kernel that sums to 1 gives the same output there."),
        wrong("At edges", "There the values differ, and so do the outputs of different kernels."),
        wrong("Where the guide has much structure", "Structure in the guide is what makes kernels differ."),
    ),
    Question(
        "fair-comparison",
        "Two toy networks differ in the operator and in how they pool. One copies 1 dB better. What follows?",
        wrong("Its operator is better", "The pooling may have made the difference."),
        wrong("Nothing can be learned from toys", "A pair of networks that differ in one thing can teach."),
        right("Little: compare a pair that differs in the operator alone", "And over several seeds."),
    ),
    Question(
        "psnr",
        "A network goes from 25 dB to 45 dB. What happened to its root mean square error?",
        wrong("It fell to a half", "Half the error is 6 dB."),
        wrong("It fell to a hundredth", "That is the mean square: 20 dB is a factor of 100 there."),
        right("It fell to a tenth", "PSNR is −20 log₁₀ of the root mean square error."),
    ),
    Question(
        "unknown-region",
        "Why are mattes scored over the unknown region only?",
        wrong("Because the rest has no true alpha", "It has one: 0 or 1, and the trimap gives it away."),
        right("Because the trimap gives the rest away", "Scores over everything would reward copying the trimap."),
        wrong("Because errors are larger there", "That is a consequence of the same thing, and not the reason."),
    ),
    Question(
        "two-conventions",
        "A black matte gets a Conn of nearly 0 on an image of smoke. What is the first thing to check?",
        right("What the evaluator does where nothing survives a threshold", "By “skip”, black can count as connected."),
        wrong("Whether the matte was clipped to [0, 1]", "Black is in range; clipping changes nothing."),
        wrong(
            "Whether smoke is hard for all networks", "A score of 0 for a wrong answer says something about the score."
        ),
    ),
    Question(
        "clear-features",
        "The upsampled features of one network look crisper than those of another, in one scene. What may you say?",
        wrong("Its mattes are better", "The clearer map need not give the better matte."),
        wrong("Its kernels follow edges", "They may follow the trimap, or not vary at all: look at the kernels."),
        right("That it is so in this scene, for these two trainings", "More needs more scenes and more trainings."),
    ),
)

quiz = Cumulative(__name__, QUESTIONS)
