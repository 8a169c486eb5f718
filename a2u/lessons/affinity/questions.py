"""The concept questions of lesson 06."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "what-alike-means",
        "Two pixels have a large inner product. What do you know?",
        wrong("They lie close together", "Distance does not enter an inner product of features."),
        wrong("They are equal", "A pixel with more ink can score higher than an exact copy."),
        right("In at least one channel they have the same sign", "Only positive products make a sum large."),
    ),
    Question(
        "what-low-rank-saves",
        "Why may a low rank be enough, although it loses most of a matrix like the identity?",
        right(
            "The matrix is learned, so it can be one that a low rank holds", "It is one question, chosen by training."
        ),
        wrong(
            "All 25×25 matrices of a window are nearly of low rank", "The identity is not, and neither are random ones."
        ),
        wrong("The loss of rank is made up for by more channels", "Every channel has a matrix of the same low rank."),
    ),
    Question(
        "why-product-first",
        "What goes wrong if you add up the channels before the product?",
        wrong("Nothing: a sum and a product may change places", "(a + b)(c + d) has four terms, ac + bd has two."),
        right("Different channels are multiplied with each other", "Ink of one pixel with the edge of another."),
        wrong("The result has too many numbers", "It has one number, as it should; the wrong one."),
    ),
    Question(
        "where-the-sign-goes",
        "All features change their sign. When is an operator of second order sure to keep its kernels?",
        wrong("For every kind of A²U", "Hybrid and dynamic kernels change when the features change sign."),
        wrong("When a sigmoid follows one side of the product", "σ(−ℓ) is neither σ(ℓ) nor −σ(ℓ)."),
        right("When it only normalises a bilinear form with fixed weights", "The two signs of each product cancel."),
    ),
    Question(
        "what-p-does",
        "A static A²U of rank 1 looks at two windows of one image. How can its two kernels differ?",
        right("In the one number that scales P", "P itself is the same for every window."),
        wrong(
            "In every tap, each by its own similarity", "That is attention. Here one affinity is left of the window."
        ),
        wrong("Not at all: static kernels are equal everywhere", "The affinity follows the image."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
