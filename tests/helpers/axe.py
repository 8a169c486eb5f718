"""axe-core, which finds what keeps people out of a page: brought by npm, for the tests alone."""

import os
import shutil
import subprocess
from typing import Any

import pytest
from filelock import FileLock
from patience import patience
from playwright.sync_api import Page
from project import ROOT

FOLDER = ROOT / "tests" / "axe"
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def script() -> str:
    """axe-core as tests/axe/package-lock.json names it; a machine without npm or network skips, CI fails."""
    with FileLock(FOLDER / ".lock"):
        if not SCRIPT.is_file():
            _install()
    return SCRIPT.read_text(encoding="utf-8")


def _install() -> None:
    if shutil.which("npm") is None:
        return _without("there is no npm on this machine")
    try:
        subprocess.run(INSTALL, cwd=FOLDER, check=True, capture_output=True, text=True, timeout=patience(60))
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        return _without(f"npm cannot bring it ({lines[-1] if lines else error})")
    except subprocess.TimeoutExpired:
        return _without("npm has no answer")
    return None


def _without(reason: str) -> None:
    reason = f"No axe-core: {reason}. Once, with a network: (cd tests/axe && {' '.join(INSTALL)})"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds on the page as it is: one line for each element, with the rule that it breaks."""
    page.evaluate(f"{axe}; 0")
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        f"{rule['id']}: {node['html'][:200]} ({' '.join(node['failureSummary'].split())[:300]})"
        for rule in found
        for node in rule["nodes"]
    ]
