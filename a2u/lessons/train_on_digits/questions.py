"""The concept questions of lesson 08."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "order-of-the-loop",
        "In a training loop, what happens if `zero_grad` stands between `backward` and `step`?",
        wrong("Nothing: the order does not matter", "Step uses what stands in the gradients at that moment."),
        right("The network does not learn", "The gradients are cleared before the step can use them."),
        wrong("It learns twice as fast", "That would need larger gradients, not smaller ones."),
    ),
    Question(
        "room-in-the-middle",
        "The map in the middle holds twice as many numbers as the image, and the copies are not perfect. What follows?",
        wrong("Some numbers do not fit", "An image fits without loss, as exercise 2 shows."),
        wrong("The loss forbids perfect copies", "Its least value, 0, is that of a perfect copy."),
        right("Room is not what is missing", "Whether the layers or their training are the reason stays open."),
    ),
    Question(
        "six-decibels",
        "Network A has 30 dB, B has 36 dB. How do their root mean square errors compare?",
        right("B has half the error of A", "20 log₁₀ 2 is about 6."),
        wrong("B has a sixth of the error of A", "Decibels are a logarithm, not a difference."),
        wrong("It depends on where you start", "Equal steps in dB are equal ratios of errors, everywhere."),
    ),
    Question(
        "one-decibel",
        "Two rows differ by 1 dB. One goes down by stride-2 convolution, the other by max-pooling. What follows?",
        wrong("The operator of the better row is better", "The rows differ in two things."),
        wrong("The difference is real: chance is never that large", "Another seed can move a short training."),
        right(
            "Little: the way down may have done it",
            "Nearest and CARAFE 1×1 differ only there: after one pass over MNIST, by 1 dB.",
        ),
    ),
    Question(
        "is-it-blur",
        "You suspect that a network blurs. What do you measure?",
        wrong("Its PSNR", "It falls for any error, also for edges in the wrong place."),
        right("How steep the edges of its copies are, beside those of the images", "A blur makes edges less steep."),
        wrong("Whether its upsampling kernel averages", "The layers after it can sharpen."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
