"""Figures 1, 4 and 5 of lesson 11, each of the networks and scenes of its explorer."""

from collections.abc import Sequence

import numpy as np

from a2u import pretrained
from a2u.lessons.frame import Drawing
from a2u.lessons.see_the_features import picture as plots
from a2u.lessons.see_the_features.explorer import (
    COMPARED,
    LAST,
    SHOWN,
    SIZE,
    ZOOM,
    alpha,
    case,
    contrast,
    features,
    follows,
    kernels,
    matte,
    peaked,
    picture,
    sad,
    unknown,
)
from a2u.matting import features as look
from a2u.matting.rows import row
from a2u.plots.kernels import Look, kernel_maps
from a2u.plots.matting import Example, busiest, qualitative


def signed(value: float) -> str:
    """ "+0.25" or "−0.25"."""
    return f"{value:+.2f}".replace("-", "−")


def figure1(kind: str = "glass", names: Sequence[str] = SHOWN) -> Drawing:
    """Figure 1: an image and the energy of the last upsampled map under several operators."""
    where = unknown(kind)
    maps = {
        row(name).title: look.stretch(look.energy(features(name, kind)[LAST].after)[0], where).numpy() for name in names
    }
    found = {row(name).title: contrast(name, kind) for name in names}
    notes = {"image": f"a synthetic test scene, {kind}"}
    notes |= {title: f"edge contrast {value:.2f}" for title, value in found.items()}
    training = pretrained.card(f"matting/{names[0]}").settings
    steps = training["epochs"] * training["iterations"]
    foot = f"last of four stages; {steps:,} iterations each, width {training['width']:g}, synthetic set"
    fig = plots.side_by_side(picture(kind), maps, busiest(alpha(kind), ZOOM), notes, foot, where.numpy())
    numbers = ", ".join(f"{title} {value:.2f}" for title, value in found.items())
    alt = (
        f"A scene of kind {kind} beside the energy of the last upsampled feature map of networks that differ in the "
        f"operator, one place enlarged below each. Contrast of edges at the true boundary: {numbers}."
    )
    return Drawing(fig, alt, foot)


def figure5(kind: str = "hair", name: str = "hybrid-cw", phase: int = 3, tap: int = 2) -> Drawing:
    """Figure 5: kernels of the last stage of a matting network over a scene, random beside learned."""
    a, b = divmod(phase, 2)
    rows, numbers = {}, []
    asked = pretrained.card(f"matting/{name}").settings
    made = f"Learned in {asked['epochs'] * asked['iterations']:,} iterations on synthetic scenes"
    for title, learned in (("Random initialisation (colours magnified)", False), (made, True)):
        w = kernels(name, kind, learned)
        r, seen = follows(name, kind, learned), peaked(name, kind, learned)
        rows[f"{title}: peakedness and edges correlate by {signed(r)} in the unknown region"] = Look(
            picture(kind),
            w.mean(0)[:, a::2, b::2].numpy(),
            seen[a::2, b::2].numpy(),
            look.gradient(alpha(kind)).numpy(),
        )
        spread = f"spread of peakedness {float(seen.std()):.1g}"
        numbers.append(f"{title.split()[0].lower()}: correlation {signed(r)}, {spread}")
    alt = (
        f"The 3×3 upsampling kernels of {row(name).title} in the last stage of a matting network over a scene of kind "
        f"{kind}, as maps: image, one tap, all nine taps, peakedness; random above, learned below."
    )
    return Drawing(kernel_maps(rows, tap=tap), alt, "; ".join(numbers))


def figure4(kinds: Sequence[str] = ("hair", "glass"), names: Sequence[str] = COMPARED) -> Drawing:
    """Figure 4: mattes of networks that differ in the operator, one place of each enlarged, and the errors there."""
    examples = []
    for kind in kinds:
        shown = np.rint(picture(kind) * plots.SHADES) / plots.SHADES
        mattes = {row(name).title: matte(name, kind).numpy() for name in names}
        scores = {row(name).title: f"SAD {sad(name, kind):.2f}" for name in names}
        zoom = busiest(alpha(kind), ZOOM)
        examples.append(Example(kind, shown, case(kind).trimap, alpha(kind).numpy(), mattes, scores, zoom))
    training = pretrained.card(f"matting/{names[0]}").settings
    steps = f"{training['epochs'] * training['iterations']:,} iterations, width {training['width']:g}"
    words = "; ".join(
        f"{each.title}: " + ", ".join(f"{k} {v[4:]}" for k, v in each.scores.items()) for each in examples
    )
    alt = (
        f"Test scenes of the synthetic set ({', '.join(kinds)}): image, trimap, true alpha and the mattes of "
        f"{len(names)} networks, each with one place enlarged and its errors. SAD: {words}."
    )
    return Drawing(qualitative(examples, note=f"synthetic test scenes, {SIZE}²; {steps}"), alt)
