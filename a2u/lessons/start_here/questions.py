"""The five questions at the end of lesson 00."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "three-letters",
        "In y = wᵀz, what is w?",
        wrong("The values of the small map that an output looks at", "These are the window, z."),
        right("How much each of these values counts", "The kernel: one weight for each value of the window."),
        wrong("The new value", "That is y, the sum of the products."),
    ),
    Question(
        "where-w-comes-from",
        "For which operator does the kernel depend on the image?",
        wrong("Bilinear", "Its kernel follows from distances alone."),
        wrong("A trained deconvolution", "It was learned once, and is the same for every image afterwards."),
        right("CARAFE", "It computes the kernel from the features that it finds."),
    ),
    Question(
        "exact-or-close",
        "Max-unpooling puts every value it keeps in its true place. Why is its error still large?",
        right("Three of four outputs are zero", "They count in the error, and most of the stroke has ink there."),
        wrong("It keeps the wrong values", "All values that it keeps are those of the original."),
        wrong("It forgets the places", "It is the one that remembers them."),
    ),
    Question(
        "order-two",
        "What does an operator of order 2 look at to make a kernel?",
        wrong("At two images", "It needs one. Order does not count images."),
        wrong("At features, one by one", "That is order 1."),
        right("At pairs of features", "It compares them: do these two belong together?"),
    ),
    Question(
        "guide",
        "Which network can use an operator that asks the encoder (▲)?",
        wrong("A generator that starts from noise", "It has no encoder that saw a large image."),
        right("A network for segmentation with an encoder and a decoder", "Its encoder has large maps, too."),
        wrong("Any network", "Without a large map to look at there is nothing to ask."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
