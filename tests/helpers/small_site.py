"""The two lessons that the tests of a2u/site build, with fewer pictures than a reader gets."""

LESSON, TRAINING = "01_one_formula", "08_train_on_digits"  # with an explorer and exercises; with growing pictures, too
FEW = {"operator": ("bilinear", "carafe"), "column": (6, 7, 8)}
FEWER = {"operator": ("nearest", "a2u"), "row": (8, 9)}
