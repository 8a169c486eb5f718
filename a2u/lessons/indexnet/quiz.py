"""The quiz on lessons 00 to 05, at the end of lesson 05."""

from a2u.lessons.concepts import Cumulative
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "one-formula",
        "Every output value of every operator in this course is y = wᵀz. What tells the operators apart?",
        wrong("Whether they add or multiply", "All of them multiply and add: that is the formula."),
        right("Where w comes from, and which z it meets", "Distance, learning or features; one value or many."),
        wrong("How many output pixels they make", "With the same ratio all make the same number."),
    ),
    Question(
        "phases",
        "At ratio 2, bilinear interpolation has four different kernels inside the map. Why four?",
        right("One per phase: an output lies above or below, left or right of a centre", "r² = 4 places in a block."),
        wrong(
            "One per neighbour: each kernel takes one of four values", "Each of the four kernels weighs four values."
        ),
        wrong("One per channel", "Its kernels are the same for every channel."),
    ),
    Question(
        "overshoot",
        "Which of these operators can give an output outside the range of its window?",
        wrong("Bilinear", "Its weights are not negative and sum to 1: an average stays in the range."),
        wrong("CARAFE", "Its softmax makes an average too."),
        right("Bicubic", "Some of its weights are negative, so that it overshoots at an edge."),
    ),
    Question(
        "what-pooling-keeps",
        "2×2 max-pooling stores its indices. What do they keep that the pooled map has lost?",
        wrong("The three smaller values", "They are gone; the index says nothing about them."),
        right("The place of the maximum", "One of four places: 2 bits for each block and channel."),
        wrong("The size of the maximum", "That is what the pooled map keeps."),
    ),
    Question(
        "checkerboard",
        "A deconvolution with kernel size 3 and stride 2 draws a checkerboard. Which change evens out its overlap?",
        wrong("A larger kernel, of size 5", "2 does not divide 5: some outputs still get more products than others."),
        wrong("More channels", "Every channel has the same overlap."),
        right("Kernel size 4", "The stride divides it, so every output gets the same number of products."),
    ),
    Question(
        "even-overlap-is-not-all",
        "The overlap is even. Is the output of a flat map now flat?",
        right(
            "Only if the weights of all phases have the same sum",
            "The same number of products does not give the same sum.",
        ),
        wrong("Yes: that is what the checkerboard came from", "It is one cause. Unequal sums are another."),
        wrong("Never: learned weights differ", "Resize-convolution has equal sums by construction."),
    ),
    Question(
        "universal-or-customised",
        "Show the same operator two images. For which operator are the kernels certainly the same?",
        wrong("Max-unpooling", "Its zeros and ones follow the places of the maxima."),
        right("Pixel shuffle", "Its kernels are learned once: universal."),
        wrong("CARAFE", "Its kernels are made from the features of the image."),
    ),
    Question(
        "one-tap-softmax",
        "CARAFE with a 1×1 kernel is nearest neighbour. IndexNet with a 1×1 kernel is not. Why?",
        wrong(
            "IndexNet has more weights", "The number of weights does not matter: CARAFE's have no effect at all here."
        ),
        wrong("IndexNet reads the encoder", "With a softmax over one tap it would be nearest neighbour all the same."),
        right("A softmax over one tap is always 1; a sigmoid is not", "A sigmoid can be anything between 0 and 1."),
    ),
    Question(
        "who-saw-the-large-map",
        "Which of these can put back a detail that the small map no longer has?",
        wrong("CARAFE", "Its kernels come from the small map, and so do the values that it averages."),
        wrong("Bicubic", "It knows distances and the values of the small map."),
        right("IndexNet", "Its gates are made from the encoder's map, at full size."),
    ),
    Question(
        "hard-and-soft",
        "In which sense is max-unpooling a special case of IndexNet?",
        right("It is the limit of the up gate for very large logits", "A sigmoid of ±τ goes to 1 and 0 as τ grows."),
        wrong("A trained linear index block becomes max-unpooling", "No single convolution can compare four values."),
        wrong("Index pooling becomes max-pooling", "Its weights stay below one half for four places."),
    ),
)

quiz = Cumulative(__name__, QUESTIONS)
