"""What `a2u doctor` checks: each check looks at one thing and says OK, WARN or FAIL, with a remedy."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from a2u.errors import A2UError

NEEDS = {"torch": (2, 11), "jupyterlab": (4, 4), "ipywidgets": (8, 1), "ipykernel": (7, 0)}
INSTALL_LAB = "pip install 'a2u-upsampling[lab]', or use `make lab`, which builds everything."
RUNS = Path("runs")
GIB = 2**30


class Check(NamedTuple):
    """One finding. status: OK, WARN (something optional is missing) or FAIL; a remedy with the last two."""

    status: str
    name: str
    detail: str
    remedy: str = ""

    def cells(self) -> tuple[str, str]:
        """The status, and the finding as one line of text."""
        return self.status, f"{self.name}: {self.detail}" + (f" → {self.remedy}" if self.remedy else "")


def examine() -> list[Check]:
    """Run every check. A check that breaks counts as one FAIL, and the others still run."""
    found: list[Check] = []
    for check in CHECKS:
        try:
            found.extend(check())
        except Exception as error:  # the doctor's whole point is to survive a broken installation
            name = check.__name__.strip("_")
            found.append(Check("FAIL", name, f"{type(error).__name__}: {error}", "Build the environment again."))
    return found


def _python() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("OK", "Python", f"{version} at {sys.executable}")  # an older one cannot install a2u


def _torch() -> Iterator[Check]:
    version = _installed("torch")
    if version is None or _too_old("torch", version):
        at_least = ".".join(map(str, NEEDS["torch"]))
        yield Check("FAIL", "torch", version or "not installed", f"pip install 'torch>={at_least}'.")
        return
    import torch

    yield Check("OK", "torch", version)
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / GIB
        yield Check("OK", "device", f"CUDA: {torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    else:
        detail = f"CPU, {torch.get_num_threads()} threads (no CUDA GPU; quick mode needs none)"
        yield Check("OK", "device", detail)


def _compiler() -> Iterator[Check]:
    """torch.compile writes C++ that includes Python.h and OpenMP: compile just that."""
    remedy = "Debian, Ubuntu: sudo apt-get install g++ python3-dev. Without it a2u takes its slower path."
    named = os.environ.get("CXX")
    compiler = shutil.which(named) if named else shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        yield Check("WARN", "compiler", f"no C++ compiler ({named or 'g++ or clang++'})", remedy)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cpp")
        source.write_text("#include <Python.h>\n#include <omp.h>\nint main() { return omp_get_max_threads() < 1; }\n")
        include = f"-I{sysconfig.get_path('include')}"
        command = [compiler, "-fopenmp", "-fsyntax-only", include, str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        yield Check("OK", "compiler", f"{compiler} (torch.compile works with it)")
    else:
        reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[:200])
        yield Check("WARN", "compiler", f"{compiler} cannot build for torch.compile: {reason}", remedy)


def _jupyterlab() -> Iterator[Check]:
    for package, title in (("jupyterlab", "JupyterLab"), ("ipykernel", "kernel")):
        version = _installed(package)
        if version is None:
            yield Check("FAIL", title, f"{package} is not installed", INSTALL_LAB)
        elif _too_old(package, version):
            yield Check("FAIL", title, f"{package} {version} is too old", INSTALL_LAB)
        else:
            yield Check("OK", title, f"{package} {version}")


def _widgets() -> Iterator[Check]:
    """Sliders need two packages that fit each other, and the half that runs in the page where Lab looks for it."""
    version, manager = _installed("ipywidgets"), _installed("jupyterlab_widgets")
    if version is None or manager is None or _too_old("ipywidgets", version):
        missing = f"ipywidgets {version or 'is not installed'}, jupyterlab_widgets {manager or 'is not installed'}"
        yield Check("FAIL", "widgets", missing, INSTALL_LAB)
        return
    from packaging.requirements import Requirement

    wanted = [Requirement(each) for each in metadata.requires("ipywidgets") or []]
    fits = [r.specifier for r in wanted if r.name.replace("-", "_") == "jupyterlab_widgets"]
    if any(manager not in specifier for specifier in fits):
        detail = f"ipywidgets {version} needs jupyterlab_widgets {fits[0]}, but {manager} is installed"
        yield Check("FAIL", "widgets", detail, "pip install --upgrade ipywidgets jupyterlab_widgets.")
        return
    from jupyter_core.paths import jupyter_path

    places = [
        Path(each, "@jupyter-widgets", "jupyterlab-manager", "package.json") for each in jupyter_path("labextensions")
    ]
    present = next((place for place in places if place.is_file()), None)
    if present is None:
        detail = "the extension @jupyter-widgets/jupyterlab-manager is not where JupyterLab looks"
        yield Check(
            "FAIL", "widgets", detail, "pip install --force-reinstall jupyterlab_widgets, then reload the page."
        )
        return
    extension = json.loads(present.read_text())["version"]
    yield Check("OK", "widgets", f"ipywidgets {version}, jupyterlab_widgets {manager}, extension {extension}")


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(Path.cwd()).free
    detail = f"{free / GIB:.1f} GiB free in {Path.cwd()}"
    if free < 0.2 * GIB:
        yield Check("FAIL", "disk", detail, "Free at least 0.2 GiB: checkpoints would not fit.")
    elif free < 2 * GIB:
        yield Check("WARN", "disk", detail, "Free 2 GiB for full-size runs.")
    else:
        yield Check("OK", "disk", detail)


def _runs() -> Iterator[Check]:
    """Write a file where runs go, or would go: the folder itself is not made for this."""
    place = RUNS if RUNS.exists() else Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        detail = f"{RUNS.resolve()} cannot be written ({error.strerror})"
        yield Check("FAIL", "runs", detail, "Work in a folder that is yours.")
    else:
        yield Check("OK", "runs", f"{RUNS.resolve()} can be written")


def _data() -> Iterator[Check]:
    from a2u.data import load

    for name in ("mnist", "fashion"):
        try:
            counts = [f"{len(load(name, split)):,} {split}" for split in ("train", "test")]
        except A2UError as error:
            yield Check(
                "FAIL",
                f"data {name}",
                " ".join(str(error).split()),
                "git checkout -- a2u/data/sample, or install a2u again.",
            )
        else:
            yield Check("OK", f"data {name}", f"embedded sample, checksums fit ({', '.join(counts)})")


def _notebooks() -> Iterator[Check]:
    from a2u.lessons.serve import notebooks_folder

    try:
        yield Check("OK", "notebooks", str(notebooks_folder()))
    except A2UError as error:
        yield Check("WARN", "notebooks", str(error), "The library works without them.")


CHECKS: list[Callable[[], Iterator[Check]]] = [
    *(_python, _torch, _compiler, _jupyterlab, _widgets, _disk, _runs, _data, _notebooks),
]


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _too_old(package: str, version: str) -> bool:
    numbers = tuple(int(part) for part in version.split(".")[:2])
    return numbers < NEEDS[package]
