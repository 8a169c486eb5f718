"""The predictions of lesson 11."""

from a2u.lessons.predict import Predictions, Question, right, wrong
from a2u.lessons.see_the_features.exercises import ALL

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
        "The image has 160×160 pixels. How large is the last map before it is upsampled?",
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
        "At one place of the last map: how many weights of A²U are not zero, and how large is the largest?",
        wrong("1, and it is 1", "That is nearest neighbour."),
        wrong("4, and the largest is 9/16", "That is bilinear."),
        right("9, and the largest is 0.12", "Its weights lie between 0.044 and 0.254, whatever it has learned."),
    ),
    Question(
        "peaked-at-edges",
        "Within the unknown region, how does peakedness go with the gradient of alpha after training?",
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
        wrong("dynamic-cs: it is the most dynamic", "In name. Its kernels have stopped looking at the image."),
        wrong("dynamic-cs-d-norm", "Its kernels differ, but less than those of hybrid-cw."),
    ),
    Question(
        "take-away",
        "Which of the two makes the SAD rise more?",
        wrong(
            "Even kernels, with A²U", "In dynamic-cs there is nothing to even out, and in hybrid-cw it hardly counts."
        ),
        right("A flat skip, with all networks", "The skip brings the image's detail past the kernels."),
        wrong("Both alike", "One changes the SAD by less than 0.1, the other by more than 0.5."),
    ),
    Question(
        "bet",
        "Two networks are equally good. How often is one of them ahead in 7 or more of eight scenes, by chance?",
        wrong("Almost never, 1 in 1,000", "It is much more often than that."),
        right("Once in 28 times", "9 of 256. 6 of 8 happens once in 7 times, so that it proves very little."),
        wrong("Every second time", "That is the chance in a single scene."),
    ),
)

predict = Predictions(__name__, QUESTIONS, [each.title for each in ALL])
