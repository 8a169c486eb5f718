"""The report of `a2u.bench.gpu` as Markdown."""

from collections.abc import Sequence
from typing import Any

from a2u.markdown import table


def to_markdown(report: dict[str, Any]) -> str:
    """Title, how it was measured, and a table for each part."""
    machine, sizes = report["machine"], report["sizes"]
    lines = [f"# Speed on {machine['device']}", "", f"**{_what(report)}**", ""]
    lines += [f"torch {machine['torch']}, {machine['precision']}; medians of {sizes['turns']} turns.", ""]
    for name, title, show in (
        ("copy", "Copy rate", _copy),
        ("reassembly", "Reassembly as a part of the copy rate", _reassembly),
        ("kernels", "A²U's kernels: a batch against a loop over its samples", _kernels),
        ("training", "Training section 5's network with A²U", _training),
    ):
        found = report[name]
        failed = isinstance(found, dict) and "error" in found
        body = [f"Could not be measured: {found['error']}"] if failed else show(found, sizes)
        lines += [f"## {title}", "", *body, ""]
    spent = ", ".join(f"{name} {seconds:g} s" for name, seconds in report["seconds"].items())
    return "\n".join([*lines, f"Time spent: {spent}.", ""])


def _what(report: dict[str, Any]) -> str:
    if not report["tiny"]:
        return "Maps are about 1 GB, so that the time to start a kernel does not matter."
    where = "the CPU" if report["machine"]["device"] == "CPU" else report["machine"]["device"]
    return f"Measured with tiny sizes on {where}, with its own copy rate: this shows that the code runs, and no speed."


def _copy(found: dict[str, Any], _: dict[str, Any]) -> list[str]:
    return [f"{found['bytes'] / 1e9:.3g} GB read and written in {found['ms']:.3g} ms: {found['gb_per_s']:,.0f} GB/s."]


def _reassembly(found: Sequence[dict[str, Any]], sizes: dict[str, Any]) -> list[str]:
    n, c, side = sizes["batch"], sizes["channels"], sizes["side"]
    rows = [
        [f"{each['k']}", each["pass"], each["path"], f"{each['bytes'] / 1e9:.3g}", *_time_and_part(each)]
        for each in found
    ]
    head = ["k", "pass", "path", "GB that must be moved", "ms", "part of the copy rate"]
    return [f"N = {n}, C = {c}, {side}² → {2 * side}², kernels shared by all channels.", "", *table(head, rows, 3)]


def _time_and_part(line: dict[str, Any]) -> tuple[str, str]:
    if "error" in line:
        return "–", f"failed: {line['error'][:80]}"
    return f"{line['ms']:.3g}", f"{line['of_copy_rate']:.0%}" if "of_copy_rate" in line else "–"


def _kernels(found: Sequence[dict[str, Any]], sizes: dict[str, Any]) -> list[str]:
    rows = [
        [each["preset"], f"{each['side']}²", each["candidate"], f"{each['ms']:.3g}", f"{each['faster']:.2f}×"]
        for each in found
    ]
    head = ["preset", "guide", "way", "ms", "faster"]
    return [f"N = {sizes['batch']}, C = {sizes['channels']}, channels last.", "", *table(head, rows, 3)]


def _training(found: Sequence[dict[str, Any]], sizes: dict[str, Any]) -> list[str]:
    rows = []
    for each in found:
        differs = f"{each['difference']:.1e} (at most {each['tolerance']:g})"
        speed = f"{each['ms']:.3g}", f"{each['images']:,.0f}", f"{each['speedup']:.2f}×"
        rows.append([each["candidate"], *speed, differs])
    head = ["way", "ms per step", "images per second", "faster", "largest relative difference of a loss"]
    ways = "Plain: a DataLoader and eager steps. Fast: as `a2u train` does it."
    return [f"{sizes['steps']} steps of batch {sizes['images']}. {ways}", "", *table(head, rows, 1)]
