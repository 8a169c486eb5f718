"""Where a real browser is, and how it is started: for every test that opens a page."""

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SECONDS = 1000  # playwright counts in milliseconds


def program() -> str:
    """The browser that A2U_CHROMIUM names, or the first one found; a machine without one skips, CI fails."""
    named = os.environ.get("A2U_CHROMIUM")
    if named and not shutil.which(named):
        pytest.fail(f"A2U_CHROMIUM={named} is no program.")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"No browser: none of {', '.join(BROWSERS)} is installed, and A2U_CHROMIUM names none."
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
