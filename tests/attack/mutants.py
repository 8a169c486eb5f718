"""Do the tests notice a fault? Small faults are put into the formula, its paths and the metrics, one at a time.

    python -m tests.attack.mutants --sample 20 --seed 0

A fault is a changed operator, comparison, number or condition. Each is tried in a process of its own, in which the
module is compiled with the fault and its tests are run up to the first failure. A fault that no test notices has
survived; it is printed with its line, and is either a gap in the tests or a change without effect.
"""

import argparse
import ast
import copy
import importlib.machinery
import os
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TESTS = {
    "a2u.formula": ["tests/test_formula.py"],
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
SECONDS = 600  # of computing, after which a fault counts as noticed: it made something endless


def faults(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every fault that can be put into a module: in words, and the module with it."""
    for number, node in enumerate(ast.walk(tree)):
        changed = copy.deepcopy(tree)
        twin: Any = next(each for place, each in enumerate(ast.walk(changed)) if place == number)
        words = _change(node, twin)
        if words:
            yield f"line {node.lineno}: {words}", ast.fix_missing_locations(changed)  # type: ignore[attr-defined]


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


def is_noticed(module: str, changed: ast.Module, path: Path) -> bool:
    """Do the module's tests fail with the fault in it?"""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1), os.dup2(silent, 2)
        original = importlib.machinery.SourceFileLoader.get_code

        def get_code(self: Any, name: str) -> Any:
            return compile(changed, str(path), "exec") if name == module else original(self, name)

        importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *TESTS[module]])))
    finally:
        os._exit(1)


def main() -> int:
    """The command line: a line for each survivor, and how many faults were killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=20, help="faults of each module; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(TESTS), help="one module")
    given = parser.parse_args()
    os.chdir(ROOT)
    import torch

    torch.set_num_threads(1)
    for module in [given.only] if given.only else TESTS:
        assert module not in sys.modules, "the fault would come too late"
        path = ROOT / f"{module.replace('.', '/')}.py"
        if is_noticed(module, ast.parse(path.read_text()), path):
            print(f"{module}: its tests fail without any fault, so they would notice nothing", flush=True)
            return 1
        every = list(faults(ast.parse(path.read_text())))
        chosen = random.Random(given.seed).sample(every, min(given.sample or len(every), len(every)))
        survived = [words for words, changed in chosen if not is_noticed(module, changed, path)]
        for words in survived:
            print(f"  survived: {path.relative_to(ROOT)}, {words}", flush=True)
        killed = len(chosen) - len(survived)
        print(f"{module}: {killed} of {len(chosen)} faults killed ({len(every)} possible)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
