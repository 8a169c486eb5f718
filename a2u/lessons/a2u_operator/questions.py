"""The concept questions of lesson 07."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "where-the-kernel-comes-from",
        "From which map are the kernels of A²U made, and to which map are they applied?",
        wrong("Made from the decoder map and applied to it", "That is CARAFE."),
        right("Made from the encoder map, applied to the decoder map", "w comes from the guide, z from x."),
        wrong("Made from the encoder map and applied to it", "The kernels come from there, the values from x."),
    ),
    Question(
        "never-nearest",
        "Could longer training bring A²U with sigmoid and softmax close to nearest neighbour?",
        wrong("Yes, with large weights in P", "However large they are, a sigmoid never exceeds 1, nor a tap 0.254."),
        wrong("Yes, with a rank above 1", "The limit comes from the normalisation, whatever the rank."),
        right("No: no weight of nine exceeds 0.254", "The limit is in the formula, not in the training."),
    ),
    Question(
        "more-contrast",
        "All features of the encoder map double (no biases). In which mode does the input of the sigmoid grow most?",
        wrong("Static, of degree 2", "It grows four times; others grow more."),
        wrong("Hybrid, of degree 3", "It grows eight times; one other grows more."),
        right("Dynamic, of degree 5", "It grows 32 times: P and both filters grow with the features."),
    ),
    Question(
        "why-divide-by-root-c",
        "Why do the matting networks divide the sum over channels by √C?",
        right(
            "So that more channels do not mean larger affinities",
            "The standard deviation of a sum of C independent products grows with √C.",
        ),
        wrong("So that the kernel sums to 1", "The softmax does that."),
        wrong("So that the contrast no longer matters", "The affinity still grows with the square of the contrast."),
    ),
    Question(
        "what-makes-phases",
        "Static A²U, not point-wise: four outputs of one position share one affinity. Why do their kernels differ?",
        wrong("Each output looks at a window of its own", "All four look at the same window of both maps."),
        right("P has rows of its own for each phase", "36 rows: nine taps for each of four phases."),
        wrong("The softmax runs over all 36 values", "It runs over the nine taps of each kernel."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
