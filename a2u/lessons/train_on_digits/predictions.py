"""The predictions of lesson 08."""

from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.train_on_digits.exercises import ALL
from a2u.lessons.train_on_digits.questions import concepts

QUESTIONS = (
    Question(
        "lower-three",
        "What could the lower three networks know that the others do not?",
        wrong("More digits: they were trained longer", "All nine were trained on the same digits, and as long."),
        wrong("More parameters: they are larger", "Two of the three have fewer parameters than the bilinear network."),
        right(
            "What the large map held at each pixel",
            "From it they make a number between 0 and 1 for every pixel of the large map.",
        ),
        wrong("Where the largest values stood", "Max-unpooling knows that, and stands among the upper six."),
    ),
    Question(
        "narrowest",
        "How many numbers does an image become at C(128)?",
        wrong("16: one for each place", "There are 128 channels at each place."),
        wrong("512, half of the image", "Multiply the places, 4×4, by the channels."),
        right("2,048, twice the image", "128 channels at 4×4 places."),
    ),
    Question(
        "copies",
        "What will the copies of the bilinear network look like?",
        wrong(
            "Blurred: its kernel averages",
            "The layers after the kernel can sharpen, and they do: section 4 measures it.",
        ),
        wrong("Shifted", "The kernel is centred on its place, and the network could learn to undo a shift."),
        wrong("Full of holes", "The kernel averages, so it leaves no place empty. Section 4 measures the holes."),
        right("Sharp, and a little wrong along the strokes", "Their edges are nearly as steep as those of the digits."),
    ),
    Question(
        "unpooling-ahead",
        "By how many dB is max-unpooling ahead of bilinear?",
        wrong("By 1 dB or less", "It is told the places of the encoder's maxima. In quick mode it is further ahead."),
        wrong("By about 3 dB", "It is more than that."),
        right("By more than 6 dB", "By 7 to 8. Section 6 shows that about 4 are left after a whole pass."),
    ),
    Question(
        "soft-weights",
        "By how many dB is A²U ahead of max-unpooling?",
        wrong("By none: a convolution follows and can scale", "It is ahead. A convolution scales all places alike."),
        wrong("By less than 1 dB", "It is more than that."),
        right("By several dB", "By about 5 in quick mode. Its weights are also learned, and all channels share them."),
    ),
    Question(
        "close-to-the-paper",
        "Will the diamonds lie close to the rings, and in the same order?",
        wrong("Close, in the same order", "A few seconds on 180 digits do not replace 100 passes over 60,000."),
        right("Far away, in the same order", "The short trainings keep the order. Closer rows may change places."),
        wrong("Far away, in another order", "It could have been so. In this training the three keep their order."),
    ),
    Question(
        "claims",
        "Which of the three claims holds on both data sets after one pass?",
        wrong("Features beat distances", "One pair is enough to break it: CARAFE, 1×1, is below nearest."),
        right("Learning from high-resolution features matters most", "It holds for every pair, on both sets."),
        wrong(
            "A²U beats both IndexNets with fewer parameters", "The holistic one is smaller than A²U in this network."
        ),
    ),
    Question(
        "largest-network",
        "Which of the three is the largest?",
        right("Bilinear", "It has stride-2 convolutions where the others have max-pooling, which has no weights."),
        wrong("Max-unpooling", "Neither pooling nor unpooling has any weights."),
        wrong("A²U", "Its three operators add under 4 % to the network of max-unpooling."),
    ),
    Question(
        "carafe-one",
        "In CARAFE's network, where is w not 1?",
        wrong("On the strokes", "A softmax of one number does not look at what the number is."),
        wrong("On paper", "A softmax of one number does not look at what the number is."),
        right("Nowhere", "Its kernel has one weight, and a softmax over one number is 1."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts)
