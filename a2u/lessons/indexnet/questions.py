"""The concept questions of lesson 05."""

from a2u.lessons.concepts import Concepts
from a2u.lessons.predict import Question, right, wrong

QUESTIONS = (
    Question(
        "where-the-detail-comes-from",
        "IndexNet gives a decoder its detail back. Where does this detail come from?",
        wrong("From neighbours in the small map", "The window is 1×1: a gate meets a single value of the small map."),
        wrong("From the weights of the index block", "They are the same for every image."),
        right(
            "From the encoder's map at full size", "The gates are made from it, and they differ from place to place."
        ),
    ),
    Question(
        "one-block-two-gates",
        "The same logits serve both directions. Why does only the way down have a softmax?",
        right(
            "There four values become one, so the weights should sum to 1",
            "On the way up each output has one gate, and nothing is averaged.",
        ),
        wrong("Because the logits of the way down are larger", "They are the same logits."),
        wrong("Because a softmax makes the choice hard", "After a sigmoid it cannot: no weight of four reaches ½."),
    ),
    Question(
        "gate-against-kernel",
        "What can a 5×5 kernel of CARAFE do that no gate can?",
        wrong("Give four outputs of a block different values", "A gate does that too: each output has its own."),
        wrong(
            "Depend on the image",
            "Both do: CARAFE's kernel is made from the decoder's map, the gate from the encoder's.",
        ),
        right("Bring in a value from a neighbouring position", "It adds up 25 values; a gate scales one."),
    ),
    Question(
        "which-kind",
        "The index map of channel 3 should differ from that of channel 5, and both should react when channel 7 of "
        "the guide changes. Which kind do you choose?",
        wrong("Holistic", "It sees all channels, but it has a single map for all of them."),
        right("Many-to-one", "One map per channel, each made from all channels."),
        wrong("One-to-one", "It has one map per channel, but each sees its own channel alone."),
    ),
    Question(
        "why-blank-is-half",
        "A linear index block gives blank paper gates of ½, however long it is trained. Why?",
        wrong("Training has not converged", "No weights change it: the sum is zero whatever they are."),
        right("Without a bias the logits of zeros are 0, and σ(0) = ½", "Every product is a weight times zero."),
        wrong("The loss asks for ½ there", "On blank paper z is 0 too, so the loss does not see the gate at all."),
    ),
)

concepts = Concepts(__name__, QUESTIONS)
