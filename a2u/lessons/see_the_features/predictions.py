"""The predictions of lesson 11."""

from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.see_the_features.exercises import ALL
from a2u.lessons.see_the_features.questions import concepts
from a2u.lessons.see_the_features.quiz import quiz

QUESTIONS = (
    Question(
        "by-eye",
        "On the glass, which map changes most at the boundary, compared with the rest? (Section 2 measures it.)",
        wrong("Nearest", "Its blocks change everywhere: 1.85."),
        wrong("Bilinear", "The gravel behind the glass shimmers in it: 1.67."),
        right("A²U", "2.55 on this scene. Section 2 asks whether that holds on other scenes."),
    ),
    Question(
        "last-map",
        "How large is it?",
        wrong("160×160", "That is its size after the upsampling."),
        right("80×80", "Each of the four stages doubles: 10, 20, 40, 80."),
        wrong("40×40", "That is the map before the third stage."),
    ),
    Question(
        "contrast-of-noise",
        "What is the edge contrast of noise?",
        wrong("0", "Noise does change at the boundary, as everywhere."),
        right("1", "It changes as much at the boundary as elsewhere. Doubling all values changes nothing."),
        wrong("Very large", "Its gradient is large, but so is the one it is divided by."),
    ),
    Question(
        "nine-weights",
        "How many weights are not zero, and how large is the largest?",
        wrong("1, and it is 1", "That is nearest neighbour."),
        wrong("4, and the largest is 9/16", "That is bilinear."),
        right("9, and the largest is 0.12", "Its weights lie between 0.044 and 0.254, whatever it has learned."),
    ),
    Question(
        "peaked-at-edges",
        "How do the two correlate after training, within the unknown region?",
        wrong("Clearly together, about +0.5", "The paper's figure looks like it. This training does not show it."),
        wrong(
            "Clearly against each other, about −0.5",
            "Over the whole image it is −0.23, because the trimap shows through.",
        ),
        right("Hardly at all, about 0", "About +0.05 in the mean over eight scenes, with both signs among them."),
    ),
    Question(
        "kernels-differ",
        "In which of the three networks do the kernels differ most from place to place?",
        right("hybrid-cw", "Its standard deviation is the largest in every stage."),
        wrong("dynamic-cs: it is the most dynamic", "In name. In these weights its kernels stand still."),
        wrong("dynamic-cs-d-norm", "Its kernels differ, but less than those of hybrid-cw."),
    ),
    Question(
        "sigmoids-at-their-ends",
        "Where do most sigmoids stand at 0 or 1?",
        wrong("In † alone", "Its norm keeps the numbers before the sigmoid smaller."),
        right("In dynamic-cs, but in hybrid-cw many do as well", "Over 99 % in dynamic-cs; in hybrid-cw up to 97 %."),
        wrong("In dynamic-cs alone", "In hybrid-cw up to 97 % do. Its kernels differ all the same."),
    ),
    Question(
        "take-away",
        "Which of the two makes the mean SAD rise more?",
        wrong("Even kernels, with A²U", "Dynamic-cs has hardly anything to even out; in hybrid-cw it matters little."),
        right("A flat skip, with all networks", "By more than 0.5. Even kernels change it by less than 0.1."),
        wrong("Both alike", "One changes the mean SAD by less than 0.1, the other by more than 0.5."),
    ),
    Question(
        "bet",
        "How often does this happen by chance?",
        wrong("Almost never, 1 in 1,000", "It is much more often than that."),
        right(
            "Once in 14 times", "18 of 256: nine ways for each of the two. At least 6 of 8 happens more than once in 4."
        ),
        wrong("Every second time", "That is the chance of either network in a single scene."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL], concepts, quiz)
