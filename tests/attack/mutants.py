"""Do the tests notice a fault? Small faults are put into the formula, its paths and the metrics, one at a time.

    python -m tests.attack.mutants                        20 faults of each module, drawn by --seed
    python -m tests.attack.mutants --sample 0 --only a2u.tiles

A fault is a changed operator, comparison, number or condition. Each is tried in a forked process, in which the module
is compiled with the fault; no file is ever changed. Its tests run up to the first failure: first in their quick form
(`--quick`), and whole only where that notices nothing. A fault that no test notices has survived: it is printed with
its line, and the exit code is 1, unless `WITHOUT_EFFECT` says why nothing could notice it.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import importlib.machinery
import json
import os
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
TESTS = {
    "a2u.formula": ["tests/test_formula.py", "tests/test_paths.py"],
    "a2u.paths": ["tests/test_paths.py", "tests/test_formula.py"],
    "a2u.tiles": ["tests/test_tiles.py", "tests/test_formula.py"],
    "a2u.matting.measure.metrics": ["tests/matting/measure/test_metrics.py"],
    "a2u.reconstruction.metrics": ["tests/reconstruction/test_metrics.py"],
}
SWAPS: dict[type, type] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In},
}
# A fault of this line (its text, and the fault as it is printed) changes nothing that can be right or wrong: why.
WITHOUT_EFFECT: dict[tuple[str, str], str] = {}
PATIENCE = 5  # times the processor seconds of tests without a fault: then the fault has made something endless


class Fault(NamedTuple):
    """line: its number. text: the line without indentation. words: what is changed. tree: the module with it."""

    line: int
    text: str
    words: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"


def faults(source: str) -> Iterator[Fault]:
    """Every fault that can be put into a module."""
    tree, lines = ast.parse(source), source.splitlines()
    for number, node in enumerate(ast.walk(tree)):
        changed = copy.deepcopy(tree)
        twin: Any = next(each for place, each in enumerate(ast.walk(changed)) if place == number)
        words = _change(node, twin)
        if words:
            line: int = node.lineno  # type: ignore[attr-defined]
            yield Fault(line, lines[line - 1].strip(), words, ast.fix_missing_locations(changed))


def _change(node: ast.AST, twin: Any) -> str | None:
    """Put a fault into a node; what it is, or None if there is none for such nodes."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPS:
        twin.op = SWAPS[type(node.op)]()
        return f"{type(node.op).__name__} → {type(twin.op).__name__} in {ast.unparse(node)[:60]}"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        twin.ops[0] = SWAPS[type(node.ops[0])]()
        return f"{type(node.ops[0]).__name__} → {type(twin.ops[0]).__name__} in {ast.unparse(node)[:60]}"
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        twin.value = node.value + 1
        return f"{node.value} → {twin.value}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        twin.op = ast.UAdd()
        twin.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        return f"without its not: {ast.unparse(node)[:60]}"
    return None


class Trial(NamedTuple):
    """One run of a module's tests in a process of its own. imported: what they imported that is not of this project."""

    passed: bool
    seconds: float
    imported: list[str]


def trial(module: str, tree: ast.Module, tests: list[str], seconds: int | None = None) -> Trial:
    """Run the tests up to the first failure, the module compiled from the tree; a failure too after these seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(module, tree, tests, seconds, writer)
    os.close(writer)
    with open(reader) as pipe:  # noqa: PTH123 (a descriptor)
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    return Trial(status == 0, used.ru_utime + used.ru_stime, json.loads(said) if said else [])


def _run(module: str, tree: ast.Module, tests: list[str], seconds: int | None, writer: int) -> None:
    """In the forked process, which never returns."""
    code = 1
    try:
        if seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1), os.dup2(silent, 2)
        original = importlib.machinery.SourceFileLoader.get_code

        def get_code(self: Any, name: str) -> Any:
            return compile(tree, self.path, "exec") if name == module else original(self, name)

        importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
        import pytest

        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
        os.write(writer, json.dumps([name for name in sys.modules if _is_foreign(name)]).encode())
    finally:
        os._exit(code)


def _is_foreign(name: str) -> bool:
    """Is it a module that a fault cannot change: none of this project, and none that pytest has to import itself?"""
    place = getattr(sys.modules[name], "__file__", None) or ""
    return "site-packages" in place and not name.startswith(("a2u", "_pytest", "pytest", "conftest"))


def attempt(module: str, sample: int, seed: int) -> int:
    """Try the faults of a module, print those that survive and how many were killed; how many are a gap."""
    path = ROOT / f"{module.replace('.', '/')}.py"
    source, tests = path.read_text(), TESTS[module]
    forms, limits = [["--quick", *tests], tests], []
    for form in forms:
        whole = trial(module, ast.parse(source), form)
        if not whole.passed:
            print(f"{module}: its tests fail without any fault, so they would notice nothing", flush=True)
            return 1
        limits.append(int(PATIENCE * whole.seconds) + 10)
        for name in whole.imported:  # once, and not again for each fault
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    every = list(faults(source))
    chosen = random.Random(seed).sample(every, min(sample or len(every), len(every)))
    gaps = explained = 0
    for fault in chosen:
        if not all(trial(module, fault.tree, form, limit).passed for form, limit in zip(forms, limits, strict=True)):
            continue
        reason = WITHOUT_EFFECT.get((fault.text, fault.words))
        explained, gaps = explained + bool(reason), gaps + (not reason)
        print(f"  survived: {path.relative_to(ROOT)}, {fault}{f' ({reason})' if reason else ''}", flush=True)
    killed = len(chosen) - gaps - explained
    print(
        f"{module}: {len(chosen)} of {len(every)} faults, {killed} killed, {explained} without effect, {gaps} gaps",
        flush=True,
    )
    return gaps


def main() -> int:
    """The command line: a line for each survivor, and how many faults were killed; 1 if there is a gap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=20, help="faults of each module; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(TESTS), help="one module")
    given = parser.parse_args()
    os.chdir(ROOT)
    import torch

    torch.set_num_threads(1)
    assert not any(name.split(".")[0] == "a2u" for name in sys.modules), "the fault would come too late"
    gaps = sum(attempt(module, given.sample, given.seed) for module in ([given.only] if given.only else TESTS))
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
