"""The predictions of lesson 09."""

from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.see_the_kernels.exercises import ALL
from a2u.lessons.see_the_kernels.questions import concepts

QUESTIONS = (
    Question(
        "one-pass",
        "What will this network reach?",
        wrong("About 45 dB", "The paper's 47.63 dB took 100 passes, and 1×1 kernels without a softmax."),
        wrong("About 35 dB", "Lesson 08's A²U has 38.8 dB after the same pass, but with 1×1 kernels and no softmax."),
        right("Less than 25 dB", "It reaches 22.7 dB."),
    ),
    Question(
        "bilinear-peaked",
        "How peaked are they?",
        wrong("Far above one half: one weight is 9/16", "The other three hold 7/16 together, and that evens it out."),
        right("A little below one half", "0.49."),
        wrong("Near 0: bilinear blurs", "A box filter has 0. Bilinear leaves five of nine taps empty."),
    ),
    Question(
        "random-correlation",
        "How does the peakedness of these kernels correlate with edges?",
        wrong(
            "Not at all: random weights know nothing of edges",
            "They multiply features, and features are not the same everywhere.",
        ),
        right("Positively", "About +0.2 to +0.4. But the kernels vary so little that outputs hardly change."),
        wrong("Negatively", "Products of features are larger where there is ink, and peakedness grows with them."),
    ),
    Question(
        "edge-or-ink",
        "What does peakedness follow there?",
        wrong("Edges, as before", "On thick strokes the correlation with edges is about 0."),
        right("Ink", "With this seed, by about +0.75, and with edges by about 0. Other seeds separate the two less."),
        wrong("Neither", "One of the two correlations is large."),
    ),
    Question(
        "nine-curves",
        "What shape do the points make?",
        wrong("A cloud for each weight", "For that, places with the same affinity would need different kernels."),
        right("Nine smooth curves through one point", "One number makes all nine; at a = 0 all are 1/9."),
        wrong("Nine straight lines", "A sigmoid and a softmax stand between."),
    ),
    Question(
        "weights-turn",
        "How many of the 648 turn?",
        wrong(
            "None: that follows from the formula",
            "A softmax compares: a tap can rise first and fall when others catch up.",
        ),
        right("About one in seven", "95."),
        wrong("More than half", "Most rise or fall all the way, as in the picture."),
    ),
    Question(
        "sign-of-the-guide",
        "Which forms give the same kernels for a guide and its negative?",
        wrong("All of them", "Count the factors that depend on the guide: two, three or five."),
        right("The static ones alone", "Two factors turn their sign together. A third or a fifth one does not cancel."),
        wrong("None of them", "In static kernels U and V are linear, and the two minus signs cancel."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
