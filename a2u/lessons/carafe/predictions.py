"""The predictions of lesson 04."""

from a2u.lessons.carafe.exercises import ALL
from a2u.lessons.carafe.questions import concepts
from a2u.lessons.predict import Predictions
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "compress",
        "What shape is A, and does the compressed map depend on a pixel's neighbours?",
        wrong("4×64; no", "A makes 64 new channels from 4 old ones: a row for each new channel."),
        right(
            "64×4; no", "A row for each new channel, a column for each old one. A 1×1 convolution mixes channels only."
        ),
        wrong("64×4; yes", "It looks at one position at a time."),
        wrong("64×4×3×3; yes", "That would be a 3×3 convolution. This one is 1×1."),
    ),
    Question(
        "how-far",
        "How many pixels of x does a logit depend on, and could one convolution do both steps?",
        wrong(
            "3×3 pixels; no: two layers can do more than one",
            "They can if there is a nonlinearity between them. Here there is none.",
        ),
        right("3×3 pixels; yes", "The 1×1 convolution adds no reach, and two linear steps multiply out to one."),
        wrong("5×5 pixels; no", "5×5 is the window of the kernel that is made. The content encoder is 3×3."),
    ),
    Question(
        "which-channel",
        "Which channel holds it?",
        right("51", "Tap 12, phase 3: 12 · 4 + 3."),
        wrong("87", "That is 3 · 25 + 12, with the taps of a phase as neighbours. Here those are the phases of a tap."),
        wrong("55", "That is 13 · 4 + 3. Taps count from 0, so that the middle one of 25 is tap 12."),
    ),
    Question(
        "add-seven",
        "How does its kernel change if you add 7 to all of them?",
        right("Not at all", "e⁷ is a factor above and below the line of the fraction, and cancels."),
        wrong("It becomes more peaked", "That is what multiplying by a number above 1 does."),
        wrong("It becomes more even", "That is what multiplying by a number between 0 and 1 does."),
    ),
    Question(
        "as-the-library",
        "Will they be those of the library?",
        right("Yes, to rounding", "CARAFE is these five steps and nothing else."),
        wrong("No: the library trains its weights", "We took the weights from the library's own operator."),
        wrong("Inside only", "Both take zeros outside the map, so they agree at the border too."),
    ),
    Question(
        "wild-weights",
        "Does each output still lie within the range of its window?",
        wrong(
            "No: large weights make large outputs", "Large weights make large logits. After the softmax they sum to 1."
        ),
        wrong("Only after training", "Nothing in the argument needs training."),
        right(
            "Yes", "A softmax gives weights that are not negative and sum to 1, whatever its logits are: an average."
        ),
    ),
    Question(
        "one-weight",
        "What can the network still learn?",
        wrong("How bright each output is", "It would need a weight other than 1."),
        right("Nothing", "The softmax of a single number is 1. The gradient of both convolutions is exactly zero."),
        wrong("Which pixel to copy", "The window holds one pixel only."),
    ),
    Question(
        "larger-convolution",
        "At 256 channels, which of the two convolutions has more parameters?",
        wrong("Compress: it sees all 256 channels", "It is 1×1: 256 · 64 weights and 64 biases."),
        right("Encode", "64 · 100 outputs · 9 places = 57,600 weights, more than three times as many."),
        wrong("They are about equal", "They have 16,448 and 57,700."),
    ),
    Question(
        "three-times-as-strong",
        "Which temperature does the same as a picture that is three times as strong?",
        wrong("T = 3", "Dividing the logits by 3 makes them weaker."),
        right("T = ⅓", "Everything before the softmax is linear: logits times 3 are logits divided by ⅓."),
        wrong("None: a picture and a temperature are different things", "With zero biases both only scale the logits."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
