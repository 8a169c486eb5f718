"""The predictions of lesson 01."""

from a2u.lessons.one_formula.exercises import ALL
from a2u.lessons.one_formula.questions import concepts
from a2u.lessons.predict import Predictions
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "inside",
        "How many outputs lie inside this pixel?",
        wrong("One: (4, 6)", "That is only the first. Divide (4, 7) by 2 and round down: you get (2, 3) as well."),
        wrong("Two: there are r of them", "There are r along each of the two axes."),
        right("Four: rows 4 and 5, columns 6 and 7", "r² = 4: r along each axis, and the two axes multiply."),
    ),
    Question(
        "all-ones",
        "What will the 16×16 map look like?",
        wrong("Like the small map, with zeros between its values", "A zero would need a weight of 0. Here all are 1."),
        right(
            "Blocks of four equal pixels",
            "Each output is 1 × the pixel that it lies in, so the four of a block agree.",
        ),
        wrong("A smooth enlargement", "Something smooth needs windows with more than one pixel."),
    ),
    Question(
        "first-output",
        "Where does output 0 lie, in pixels of the small map?",
        wrong("At s = 0, on source pixel 0", "That is s = i'/r, without the two halves: the corner, not the centre."),
        wrong("At s = 0.25", "That is (0 + ½)/2. The last half is still to be subtracted."),
        right("At s = −0.25", "(0 + ½)/2 − ½ = −¼: a quarter of a pixel before the centre of pixel 0."),
    ),
    Question(
        "bilinear-everywhere",
        "Will our bilinear map equal PyTorch's everywhere?",
        wrong(
            "Yes, everywhere", "Look at output 0: its first point lies outside the map, where our window holds a zero."
        ),
        right(
            "Inside, but not in the outermost ring",
            "There our sums take in zeros from outside; PyTorch repeats the edge.",
        ),
        wrong("Nowhere: PyTorch aligns corners", "`align_corners=False` uses the same half pixels as we do."),
    ),
    Question(
        "overshoot",
        "Can an output be larger than every value of the map, or smaller than every one?",
        wrong(
            "No: the weights sum to 1",
            "That alone does not make an average. An average also needs weights that are not negative.",
        ),
        wrong(
            "Smaller only",
            "The positive weights sum to more than 1: where all of them meet the largest value, and the negative ones "
            "meet 0, the output is larger.",
        ),
        right(
            "Both",
            "On one side of an edge the negative weights meet small values and subtract too little, on the other side "
            "they meet large values and subtract too much.",
        ),
    ),
    Question(
        "comes-back",
        "Move along a row of outputs of a deconvolution with r = 2. When does the kernel come back?",
        wrong("After one column", "The next column has the other phase, and a kernel of its own."),
        right("After two columns", "Its kernel depends on the phase alone, and the phase returns after r columns."),
        wrong(
            "Never: it looks at the image", "CARAFE does. A deconvolution has learned its kernels once for all images."
        ),
    ),
    Question(
        "learned-bilinear",
        "Will the result equal bilinear upsampling everywhere?",
        wrong("Yes: the weights are the same", "Bilinear changes its weights at the border. This one cannot."),
        right("Everywhere but at the border", "It has one kernel for each phase, and so no way to fold weights back."),
        wrong("Nowhere: a deconvolution spreads", "Spreading and gathering give the same sums, as lesson 03 shows."),
    ),
    Question(
        "corner-offsets",
        "With aligned corners, how many different offsets (with their signs) do the 16 outputs have?",
        wrong("Two: one for each phase", "That is true of half pixels. Here a step is 7/15, not ½."),
        right("Fifteen", "Steps of 7/15 meet a pixel at the two ends only; all others differ."),
        wrong("One: all lie on pixels", "Only the first and the last do."),
    ),
    Question(
        "stripes",
        "What does bilinear, with two points along each axis, turn the stripes into?",
        wrong("Even grey", "It would have to look at all the pixels that an output covers."),
        right("Broad stripes that were not there", "What the two points fall on repeats every three outputs."),
        wrong("The same stripes, smaller", "12 pixels cannot hold 16 pairs of black and white."),
    ),
    Question(
        "zeros-spectrum",
        "What is in the spectrum of the map with zeros between its values?",
        wrong("The old spectrum, and nothing at the new, fast frequencies", "Jumps to zero are fast changes."),
        wrong("Noise", "Nothing here is random."),
        right("The old spectrum, several times", "Four copies side by side: two along each axis."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
