"""The predictions of lesson 02."""

from a2u.lessons.pooling_remembers.exercises import ALL
from a2u.lessons.pooling_remembers.questions import concepts
from a2u.lessons.predict import Predictions
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "one-hot",
        "What is the `w` of this block?",
        wrong("[¼, ¼, ¼, ¼]", "That is average-pooling: every value counts the same."),
        wrong("[0, 0, 1, 0]", "The third value, read row by row, is the lower left one."),
        right("[0, 0, 0, 1]", "Row by row, the lower right value is the last of the four."),
    ),
    Question(
        "flat-index",
        "What is its flat index?",
        right("149", "9 · 16 + 5: each whole row before it counts 16."),
        wrong("89", "That is 5 · 16 + 9: row and column have changed places."),
        wrong("3", "That is the index inside its 2×2 block."),
        wrong("166", "That is 10 · 16 + 6. Rows and columns count from 0."),
    ),
    Question(
        "not-zero",
        "How many of the 256 outputs can be different from zero?",
        wrong("256", "Only one place of each block gets the value."),
        wrong("128", "One in four, not one in two: a block has four places."),
        right("At most 64", "One for each block. Fewer here, as blank paper is zero anyway."),
    ),
    Question(
        "two-channels",
        "Do their maxima stand at the same places?",
        wrong("Yes: they come from the same image", "One image, but two things are measured in it."),
        right(
            "Not in every block", "Ink is largest where it is darkest, the change is largest where the stroke begins."
        ),
        wrong("In no block", "On blank paper all values tie, and the first place wins in both channels."),
    ),
    Question(
        "ratio-four",
        "With ratio 4, what share of the outputs can differ from zero?",
        wrong("A quarter", "That is the share for ratio 2."),
        wrong("An eighth", "The blocks grow along both axes: 4 · 4 places."),
        right("One in sixteen", "One place in each block of 4 × 4."),
    ),
    Question(
        "best-copy",
        "Which round trip has the smallest error?",
        wrong("Max-pool, then unpool", "It is exact in one place of four and leaves zeros in the other three."),
        wrong("Max-pool, then nearest", "It raises the whole block to the largest value."),
        right("Average-pool, then nearest", "The mean is the best single value for a whole block."),
    ),
    Question(
        "blocks-won",
        "In how many of these blocks does unpooling make a better copy than averaging?",
        wrong("In none: it lost over the whole map", "A map can be lost in a few dark blocks although most are won."),
        wrong("In a few, about 5", "Most blocks with ink touch the edge of the stroke."),
        right(
            "In more than half",
            "In 26, where the maximum is more than twice the mean: mostly the rim of the stroke.",
        ),
    ),
    Question(
        "back-again",
        "Is the pooled map back for this channel?",
        wrong("Yes, always", "Think of a block whose values are all negative: what stands beside its maximum now?"),
        right(
            "Not where a whole block is negative", "The zeros that unpooling writes are larger than a negative maximum."
        ),
        wrong("Nowhere", "Where the maximum is positive it stays the largest value of its block."),
    ),
    Question(
        "constant-map",
        "What does it look like after the round trip?",
        wrong("Constant, as before", "Only one place of each block gets the value."),
        wrong("Dots at random places", "A tie is not decided by chance."),
        right("A regular grid of dots", "All values tie, and the first place of each block wins."),
    ),
    Question(
        "twin",
        "What does nearest neighbour make of the two pooled maps?",
        right("The same output", "It sees only the pooled map, and that is the same."),
        wrong("The digit and its twin", "Nothing in the pooled map tells which of the two it came from."),
        wrong(
            "Two outputs mirrored block by block",
            "All four values of its blocks are equal, so mirroring shows nothing.",
        ),
    ),
    Question(
        "fourteen-wide",
        "What happens to the picture?",
        wrong(
            "Its last column is missing",
            "Nothing is cut. The values stand one after another, only the rows break earlier.",
        ),
        right(
            "Each row slides one pixel further", "A row that is one value too short passes that value on to the next."
        ),
        wrong("PyTorch stops with an error", "It would for an index that is too large. Here all indices fit."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
