"""The predictions of lesson 10."""

from a2u.lessons.matting.exercises import ALL
from a2u.lessons.matting.questions import concepts
from a2u.lessons.predict import Predictions, Question, right, wrong

QUESTIONS = (
    Question(
        "enlarged-place",
        "What do the networks find in the enlarged place that “½ everywhere” does not, and what do they miss?",
        wrong(
            "They find every strand, only softer",
            "Follow single bright strands of the truth: most of them have merged with others.",
        ),
        right(
            "They find where the hair is dense; most single strands are missing",
            "Bright at the lower left, dark at the upper right, a few gaps between strands: more than a flat ½.",
        ),
        wrong("They find nothing: they are as grey as ½", "At the lower left, where hair is dense, both are bright."),
    ),
    Question(
        "unknowns",
        "How many unknowns are there, and how many equations?",
        wrong("3 unknowns, 1 equation", "α, F and B are three things, but two of them are colours of three numbers."),
        right("7 unknowns, 3 equations", "1 + 3 + 3 unknowns, and one equation for each of three colours."),
        wrong("7 unknowns, 7 equations", "There is one equation for each colour of the pixel: three."),
    ),
    Question(
        "half-transparent",
        "Which of these objects are semi-transparent?",
        wrong("Hair and fur", "They are opaque, but thin: their pixels are mixed because a pixel is too large."),
        wrong("Net and foliage", "They are opaque with fine gaps."),
        right("Glass, bubbles and smoke", "They let light through. A finer camera would not change their alpha."),
    ),
    Question(
        "two-halves",
        "What is the alpha of both layers together?",
        wrong("1", "Alphas do not add: half of what reaches the second layer still passes it."),
        wrong("½", "The second layer stops something, too."),
        wrong("¼", "That is what passes both: (1 − ½)(1 − ½)."),
        right("¾", "1 − (1 − ½)(1 − ½): what does not pass both."),
    ),
    Question(
        "erosion",
        "The row is 0, 0, 0, 0, 0.3, 0.9, 1, 1, 1, 1, 1. How many pixels of it are unknown with size 3?",
        wrong("2", "Those are the mixed pixels. Their neighbours are no longer sure either."),
        right("4", "The two mixed pixels, and one more on each side."),
        wrong("6", "That is size 5."),
    ),
    Question(
        "cost",
        "How many parameters does A²U dynamic-cs add?",
        right("About twenty thousand", "19,608. IndexNet adds twelve million, more than the network itself."),
        wrong("About a million", "It needs C + 1 numbers for each filter and each row of P, and nothing more."),
        wrong("About ten million", "IndexNet adds as much. A²U shares its filters among the channels."),
    ),
    Question(
        "halvings",
        "What is left of the net after four halvings?",
        wrong(
            "The strands, a little softer",
            "One place of the small map now covers 16×16 pixels, and a strand is less than 7 pixels wide.",
        ),
        wrong("Every second strand", "Averages do not choose: all strands mix with the gaps."),
        right("Grey: nearly as wrong as the mean alpha everywhere", "Its SAD is 6.76; the mean alpha has 6.89."),
    ),
    Question(
        "loss-by-hand",
        "How large is the loss of the two pixels?",
        wrong("0.25", "That is the alpha loss alone."),
        right("0.2083", "½ · 0.25 + ½ · (0.25 + 0 + 0.25)/3. The second pixel is known and costs nothing."),
        wrong("0.575", "That is the mean of |p − α| over both pixels. The second one is known."),
        wrong("0.375", "That takes 0.5 as the composition loss: the sum over the three colours, not their mean."),
    ),
    Question(
        "worst-for-conn",
        "Which flaw is worst for Conn?",
        wrong(
            "The blob: it is connected with nothing",
            "It counts like any error of 1. The body is what both mattes share.",
        ),
        right(
            "The holes, by a little",
            "0.415; the shift has 0.412, the blob 0.399. Neither a hole nor a blob is part of the shared body.",
        ),
        wrong("The haze", "It stands out by less than 0.15 everywhere, so it counts for nothing."),
    ),
    Question(
        "black-matte",
        'What Conn does the black answer get by the convention "skip"?',
        wrong("About as much as its SAD", 'That is the other convention, "empty".'),
        right(
            "0, as if it were perfect", "Black and truth share nothing at any threshold, and all of them are skipped."
        ),
        wrong("The largest possible", "Nothing that is skipped can count."),
    ),
    Question(
        "wider-band",
        "How does the SAD of the network with A²U grow with the band?",
        wrong(
            "Hardly: it sees the image",
            "What the trimap no longer says, the network has to find, and in places it fails.",
        ),
        right("It grows, and stays below that of ½", "From 1.38 to 5.26 between widths 2 and 24; ½ has 3.28 to 6.62."),
        wrong("It grows faster and passes that of ½", "It grows faster, but at widths 2, 6, 12 and 24 it stays below."),
    ),
    Question(
        "order-of-the-paper",
        "Will the order of the paper survive?",
        wrong("Yes, with smaller gaps", "Look at which two are first here."),
        wrong("The best and the worst will", "Look at which two are first here: the paper has them near the end."),
        right("No", "All lie within about an eighth of each other, and the two without learned kernels are first."),
    ),
    Question(
        "first-again",
        "With how many of the two other seeds does bilinear or nearest take the first place?",
        wrong("Both", "With seed 1, A²U hybrid-cs is first."),
        wrong("Neither", "With seed 2, nearest is first."),
        right("One", "The first place goes to bilinear, then to A²U hybrid-cs, then to nearest."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
