"""The concept questions of lesson 12."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "why-any-feature",
        "Why can joint bilateral upsampling and NAF serve features that they have never seen?",
        wrong(
            "They were trained with features of many networks", "Joint bilateral upsampling was never trained at all."
        ),
        right("Their kernels come from the picture alone", "x is only weighed. It has no part in making the weights."),
        wrong(
            "They treat all channels alike", "SAPA shares its kernels among all channels, too, but makes them from x."
        ),
    ),
    Question(
        "what-tells-phases-apart",
        "In SAPA, what makes the kernels of two outputs of one position differ?",
        wrong("A vector P with entries for each phase", "That is A²U. SAPA has no such weights."),
        wrong("Their distance from the taps", "No term of SAPA looks at positions."),
        right("The encoder's pixels at the two outputs", "Where these are equal, so are the kernels."),
    ),
    Question(
        "what-a-gate-is",
        "In what sense is FADE's gate a tap?",
        right(
            "It is the weight of one more value, and all the weights sum to 1",
            "The value is the guide's, at the output.",
        ),
        wrong("It switches taps of the window on and off", "It scales all of them by the same factor, 1 − s."),
        wrong(
            "It is a tap whose value is learned", "The value is the encoder's. Only the weight is made by a network."
        ),
    ),
    Question(
        "which-is-wtz",
        "A paper's operator attends to x and then applies an MLP to what it has gathered. Is it wᵀz?",
        wrong("Yes: attention makes a weighted sum", "Up to the MLP. What it returns is not that sum."),
        right("No: what follows the sum is not linear in z", "So no list of weights and values makes up y."),
        wrong("Only if the weights sum to 1", "The sum of the weights has nothing to do with it."),
    ),
    Question(
        "what-moves",
        "DySample has four weights that sum to 1. What is learned?",
        wrong("The four weights, by a softmax", "They follow from the place, as in bilinear interpolation."),
        wrong("Which channels are read", "All channels of a group are read at the same place."),
        right(
            "The place at which each output reads", "So z changes, and w is what bilinear interpolation gives there."
        ),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
