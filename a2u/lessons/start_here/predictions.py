"""The predictions of lesson 00."""

from a2u.lessons.predict import Predictions
from a2u.lessons.question import Question, right, wrong
from a2u.lessons.start_here.exercises import ALL
from a2u.lessons.start_here.questions import concepts

QUESTIONS = (
    Question(
        "holes",
        "Which of the three results will have such holes?",
        wrong("Nearest neighbour", "It copies a value into every place of its block, so no place stays empty."),
        wrong("Bilinear", "Every output is a blend of neighbours. In the middle of a stroke they all carry ink."),
        right("Max-unpooling", "It puts each value into one place of a 2×2 block and leaves the other three at zero."),
    ),
    Question(
        "closest",
        "Which of the three comes closest to the original, on average over all pixels?",
        wrong("Nearest neighbour", "It raises each whole block to its largest value."),
        right("Bilinear", "Its error is the smallest of the three, as the next cell measures."),
        wrong("Max-unpooling", "It is exact in one place of four, and zero in the other three."),
    ),
    Question(
        "paper-and-stroke",
        "With bilinear the kernel stays the same. What about A²U?",
        wrong("The same: a kernel follows from the phase", "That holds for kernels that never look at the image."),
        right("The kernels differ", "A²U makes a kernel from the features it finds, and they differ here."),
        wrong(
            "The windows differ, the kernels do not", "The windows differ with bilinear as well. A²U changes w, too."
        ),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
