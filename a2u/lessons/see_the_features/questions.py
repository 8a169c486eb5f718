"""The concept questions of lesson 11."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "own-range",
        "Why is each map stretched by its own range before maps of several networks are compared?",
        wrong("So that all maps look bright", "A flat map stays dark, and brightness is not what is compared."),
        wrong(
            "Because feature maps are never negative", "They may be; and this is no reason for a range of their own."
        ),
        right("Their units have nothing in common", "The next convolution can undo any scale."),
    ),
    Question(
        "third-thing",
        "Over the whole image, kernels are evener at boundaries; within the unknown region they are not. Why?",
        right(
            "Both went with a third thing, the trimap",
            "Boundaries lie where it does not know, and there all kernels are evener.",
        ),
        wrong("The unknown region is too small to measure in", "It has over 4,000 pixels in every scene."),
        wrong("Training reversed the effect", "Both numbers are of the same trained network."),
    ),
    Question(
        "what-holds-them-still",
        "All sigmoids of an A²U of rank 1 stand at 0 or 1. Are the kernels of a phase the same at all places?",
        wrong("Yes: a sigmoid at its end does not move", "It may stand at 0 in one place and at 1 in another."),
        right(
            "Only if the affinity has the same sign everywhere", "The sign decides at which end each sigmoid stands."
        ),
        wrong("No: the softmax after it makes them differ", "Equal numbers give equal kernels."),
    ),
    Question(
        "what-an-ablation-says",
        "Without the skip the matte becomes much worse. What has been shown?",
        wrong("Matting networks need skips", "One that was trained without them might do well."),
        wrong("The kernels do not matter", "That is another part, taken away in another experiment."),
        right("This network relies on its skip", "An ablation is a statement about the network that was changed."),
    ),
    Question(
        "six-of-eight",
        "Bilinear beats nearest in 6 of 8 scenes. What may you write?",
        wrong("Bilinear is better for matting", "Two equal networks do this more often than once in four times."),
        right("Bilinear was ahead in 6 of 8 scenes, after one short training each", "It is true and says its scope."),
        wrong("Nothing at all", "What was measured may be written, with its limits."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
