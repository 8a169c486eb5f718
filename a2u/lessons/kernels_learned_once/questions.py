"""The five questions at the end of lesson 03."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "universal",
        "What can the kernel of a trained deconvolution depend on?",
        wrong("On the image", "Once trained, the weights are the same for every image."),
        wrong("On the phase only", "Output channels have different kernels, too."),
        right("On the phase and the output channel", "There is one kernel for each pair of them, and nothing else."),
        wrong("On the row and column of the output", "Only on their remainders by r, the phase: it repeats every r."),
    ),
    Question(
        "even-overlap",
        "K = 6, s = 3. Every output meets the same number of taps. What follows for a map of ones?",
        wrong(
            "It becomes flat, away from the border",
            "Equal counts are not equal sums: with random weights the phases differ.",
        ),
        right("It can become flat; the weights decide", "Flat means that all phases have equal sums."),
        wrong("It gets a pattern", "With equal weights, for instance, it does not."),
    ),
    Question(
        "shuffle-cause",
        "A pixel shuffle with random weights paints a checkerboard. What is the cause?",
        wrong("Neighbouring outputs overlap unevenly", "There is no overlap at all in a pixel shuffle."),
        wrong("The convolution before it has padding", "Padding acts at the border. The pattern is everywhere."),
        right("The kernels of the phases have different sums", "Nothing ties the phases to each other."),
    ),
    Question(
        "blur-at-two",
        "Why does the blur [1, 2, 1]/4 remove a pattern of period 2 exactly?",
        right(
            "It weighs the two phases equally: 2/4 and 1/4 + 1/4",
            "Each output becomes the mean of both phases, wherever it stands.",
        ),
        wrong("It makes every value smaller", "Its weights sum to 1: a flat map keeps its value."),
        wrong("It takes away all high frequencies", "It weakens them, but only the fastest one becomes exactly zero."),
        wrong("It is wider than the pattern", "[1, 1, 1]/3 is as wide, and weighs the phases 1/3 and 2/3."),
    ),
    Question(
        "gradient-down",
        "A network only goes down, with stride-2 convolutions and K = 3. Where does a checkerboard appear?",
        wrong("Nowhere: there is no upsampling", "The way back goes up: gradients pass through it in reverse."),
        wrong("In the feature maps", "Going forward, each output is computed alike."),
        right(
            "In the gradient at the image",
            "The way back through such a convolution is a transposed one, with the uneven overlap.",
        ),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
