"""The five questions at the end of lesson 04."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.question import Question, right, wrong

QUESTIONS = (
    Question(
        "kernel-from",
        "From which map does CARAFE make its kernels?",
        right("From the small map that it upsamples", "It needs no guide."),
        wrong("From the encoder's map", "That is IndexNet's and A²U's source. CARAFE never sees it."),
        wrong("From the upsampled map", "That does not exist before the kernels do."),
    ),
    Question(
        "how-many-numbers",
        "k = 5, r = 2. How many numbers does the content encoder write at each position of the small map?",
        wrong("25", "That is one kernel. Four outputs lie in a position, and each needs one."),
        wrong("25 times the number of channels", "All channels share the kernels."),
        right("100", "k² · r²: 25 weights for each of 4 outputs."),
    ),
    Question(
        "softmax-promise",
        "What does the softmax guarantee, whatever the network has learned?",
        wrong("That the largest weight is at least ½", "Equal logits give 1/25 each."),
        right("Each output lies between the smallest and the largest value of its window", "It is an average of them."),
        wrong("That the picture gets sharper", "Equal weights give a box filter, which blurs."),
    ),
    Question(
        "order-of-channels",
        "You build CARAFE anew and read its 100 channels in another fixed order, then train. What happens?",
        wrong("It trains worse: kernels are mixed up", "The content encoder learns its rows in the new order."),
        wrong("It cannot train", "Each channel still is one tap of one output, and gets a gradient."),
        right("It trains as well; only weights from elsewhere no longer fit", "Such weights expect the usual order."),
    ),
    Question(
        "kernel-of-one",
        "Why does CARAFE with k = 1 equal nearest neighbour?",
        wrong("Its weights are not trained yet", "Trained or not, it makes no difference: there is no gradient."),
        right("The softmax of a single number is 1", "Each output copies the one value of its window."),
        wrong("A 1×1 convolution does nothing", "Both convolutions compute something; the softmax ignores it."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
