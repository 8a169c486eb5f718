"""The concept questions of lesson 10."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "half-covered",
        "A pixel of a matte is 0.5. What does this say?",
        wrong("The method is unsure whether it is foreground", "That would be a probability, not a coverage."),
        right("The foreground has half the weight in its colour", "Alpha is the weight of F in the mixture."),
        wrong("The trimap does not know it", "A trimap says so with the label 128, which is no alpha."),
    ),
    Question(
        "why-a-trimap",
        "Why do the methods of this lesson get a hint from a human, the trimap?",
        right("Many answers compose the same image", "Per pixel there are three equations for seven unknown numbers."),
        wrong("Networks are too small", "No size gives a pixel more equations."),
        wrong("Hair moves between photographs", "Each photograph is a task of its own."),
    ),
    Question(
        "ways-back",
        "One place of the coarsest map covers 16×16 pixels. How can the decoder know a strand of 2 pixels?",
        wrong("It cannot", "On the net, trained networks do better than a 16×16 average: SAD 4.77 and 5.01, not 6.76."),
        wrong(
            "From the upsampling kernels alone, without a guide",
            "Kernels without a guide know no more than the map that they upsample.",
        ),
        right("From channels, skips and guides", "Channels can hold a pattern; skips and guides know finer maps."),
    ),
    Question(
        "conn-zero",
        "A method reports Conn 0 on pictures of smoke. What do you ask first?",
        wrong("How many parameters it has", "This has nothing to do with the score."),
        right("By which convention, and what its mattes look like", "By “skip”, a black matte scores 0 there."),
        wrong("Nothing: 0 means perfect", "Look at the SAD of a black matte, whose Conn can be 0 as well."),
    ),
    Question(
        "rank-by-one-seed",
        "With one seed, network A has SAD 2.40 and B 2.55. With another seed, A itself moves by 0.25. What follows?",
        wrong("A is better", "The difference is smaller than what a seed changes."),
        wrong("They are equally good", "That is not shown either."),
        right("These two numbers rank nothing", "Several seeds of both are needed before one may say more."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
