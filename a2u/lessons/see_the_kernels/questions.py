"""The concept questions of lesson 09."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "peaked-is-good",
        "Kernel A has peakedness 0.9, kernel B has 0.1. What does this tell you?",
        right("A is close to the choice of one pixel, B to a box", "Peakedness says how decided a kernel is."),
        wrong("A reconstructs better", "A wrong choice of one pixel is peaked, too."),
        wrong("A is nearest to bilinear", "Bilinear has about one half."),
    ),
    Question(
        "why-never-sharp",
        "Why is no weight of a 3×3 A²U kernel above 0.254?",
        wrong("The training was too short", "The bound holds whatever the weights of the network are."),
        right(
            "The softmax gets only numbers from 0 to 1",
            "A sigmoid stands before it, so no weight exceeds e/(e + 8).",
        ),
        wrong("The weights of a kernel must sum to 1", "Those of nearest neighbour do as well, and one of them is 1."),
    ),
    Question(
        "a-fair-row",
        "You want to know what A²U's kernels add. Which network do you compare with?",
        wrong("The one with the highest PSNR", "It may differ in several things at once."),
        wrong("Nearest neighbour with stride-2 convolutions", "It also goes down in another way."),
        right(
            "One that differs in the kernels alone",
            "CARAFE 1×1 has w = 1 everywhere and the same max-pooling on the way down.",
        ),
    ),
    Question(
        "which-experiment",
        "Kernels correlate with edges on thin strokes. Which digits show whether they follow edges or ink?",
        wrong("More thin digits", "There, edges and ink are always close together."),
        right("Digits with thick strokes", "The inside of a thick stroke has ink and no edge."),
        wrong("Blank images", "There is neither."),
    ),
    Question(
        "one-affinity",
        "The rank is 1. Two places of one phase of an image have the same affinity. What about their kernels?",
        right("They are equal", "All nine weights are made from this one number and from P, which they share."),
        wrong("They have the same largest weight, in different taps", "P is the same, so the order of taps is, too."),
        wrong("Nothing follows", "The affinity is all that a place contributes."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
