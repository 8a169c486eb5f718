"""The predictions of lesson 12."""

from a2u.lessons.after_a2u.exercises import ALL
from a2u.lessons.after_a2u.questions import concepts
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "sigma-range",
        "What kernels are left when σᵣ is very large?",
        wrong("Kernels that copy the cell whose colour is most alike", "That is a very small σᵣ."),
        right(
            "The same kernels for every picture, one for each phase", "Every colour counts as alike: distance decides."
        ),
        wrong("A mean of all 25 cells", "The distance still counts: near cells keep more weight."),
    ),
    Question(
        "same-kernel",
        "In which column do the four outputs of a position get one and the same kernel?",
        wrong("In that of A²U: one affinity serves all four", "P has rows of its own for each of the four."),
        wrong(
            "In none: each output has its own place", "Self-attention in the small map has only one query to ask with."
        ),
        right("In that of self-attention", "The four outputs share the small map's pixel that asks."),
    ),
    Question(
        "how-sharp",
        "All features become 16 times larger. Which kernels can come close to copying one cell?",
        right("Those of self-attention and SAPA", "Their softmax sees differences that are 256 times larger."),
        wrong("All three", "A²U's sigmoid stays between 0 and 1, whatever the features are."),
        wrong("None: a softmax has a limit", "A softmax alone has none; with a sigmoid before it, it has."),
    ),
    Question(
        "gate-one",
        "A gate of 1 everywhere: what does FADE return?",
        wrong("The decoder's map, enlarged", "That is a gate of 0: all weight goes to the window."),
        wrong("The sum of both maps", "The gate takes from the window what it gives to the guide."),
        right("The encoder's map, as it is", "The guide's own value has all the weight, at every output."),
    ),
    Question(
        "how-far",
        "You may move the point anywhere. What is the largest value that the output can reach?",
        right("The largest value of the small map", "At the middle of that cell it is copied."),
        wrong("More than any value of the small map", "Weights that are not negative and sum to 1 give a mean."),
        wrong("The largest of the four nearest cells", "The point may go further: then other cells are the nearest."),
    ),
    Question(
        "additive",
        "For which of these does the sum of two maps, with one guide, give the sum of the two results?",
        wrong("For none that makes kernels from features", "It depends on which features: those of x or of the guide."),
        right("For those whose kernels look at the guide alone", "With w fixed, wᵀz is linear in z."),
        wrong("For all: each output is wᵀz", "CARAFE, SAPA and FADE make w from x: a sum of maps has other kernels."),
    ),
    Question(
        "doubled",
        "The same w, and z twice as large. After which ending is the output no longer twice as large?",
        wrong("After a matrix that mixes the channels", "A matrix is linear: it doubles too."),
        wrong("After none: w is fixed", "What comes after the sum need not be linear."),
        right("After a small network (an MLP), and after a norm", "Neither of them is linear."),
    ),
    Question(
        "what-bilinear-knows",
        "What does the network with bilinear upsampling know of the sharp picture?",
        wrong(
            "Everything: its features look at the picture", "They do, but they meet x only once, at the coarse size."
        ),
        right("Averages of the features over each coarse cell", "They enter with the coarse map; later nothing does."),
        wrong("Nothing at all", "The features, averaged, enter together with the coarse map."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
