"""The doctor says what is wrong with an installation, and what to do: one fault at a time, made on purpose."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from command import a2u

from a2u.commands import doctor


def only(check: str) -> list[doctor.Check]:
    return list(getattr(doctor, check)())


def test_this_installation_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    failures = [check.cells() for check in doctor.examine() if check.status == "FAIL"]
    assert failures == []


def test_every_subject_is_examined() -> None:
    names = {check.name for check in doctor.examine()}
    assert names >= {
        *("Python", "torch", "device", "compiler", "JupyterLab", "kernel", "widgets"),
        *("disk", "runs", "data mnist", "data fashion", "notebooks"),
    }


def missing(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)


@pytest.mark.parametrize(
    ("package", "check"),
    [
        ("torch", "_torch"),
        ("jupyterlab", "_jupyterlab"),
        ("ipykernel", "_jupyterlab"),
        ("ipywidgets", "_widgets"),
        ("jupyterlab_widgets", "_widgets"),
    ],
)
def test_a_missing_package_fails_with_a_remedy(package: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing(package, monkeypatch)
    failed = [found for found in only(check) if found.status == "FAIL"]
    assert len(failed) == 1
    assert "not installed" in failed[0].detail
    assert "install" in failed[0].remedy


@pytest.mark.parametrize("old", ["2.10.1", "1.13.0+cpu"])
def test_an_old_torch_fails(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_installed", lambda package: old)
    assert only("_torch") == [doctor.Check("FAIL", "torch", old, "pip install 'torch>=2.11'.")]


@pytest.mark.parametrize("new", ["2.11.0", "2.15.0+cu130", "3.0.0a0"])
def test_a_new_torch_passes(new: str) -> None:
    assert not doctor._too_old("torch", new)


def test_widget_halves_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"ipywidgets": "8.1.9", "jupyterlab_widgets": "1.1.0"}
    monkeypatch.setattr(doctor, "_installed", versions.get)
    (found,) = only("_widgets")
    assert found.status == "FAIL"
    assert "but 1.1.0 is installed" in found.detail


def test_widget_extension_that_lab_does_not_find(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *parts: [str(tmp_path)])
    (found,) = only("_widgets")
    assert found.status == "FAIL"
    assert "jupyterlab-manager" in found.detail


def test_no_compiler_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (found,) = only("_compiler")
    assert (found.status, "g++" in found.remedy) == ("WARN", True)


def test_a_compiler_that_cannot_compile_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "c++"
    broken.write_text("#!/bin/sh\necho 'fatal error: Python.h: no such file' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    (found,) = only("_compiler")
    assert found.status == "WARN"
    assert "Python.h" in found.detail


@pytest.mark.parametrize(("free", "status"), [(0.1, "FAIL"), (1, "WARN"), (10, "OK")])
def test_disk(free: float, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free * doctor.GIB))
    assert [found.status for found in only("_disk")] == [status]


def test_runs_in_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")  # refuses even root
    monkeypatch.chdir(tmp_path)
    (found,) = only("_runs")
    assert found.status == "FAIL"
    assert str(tmp_path / "runs") in found.detail


def test_examining_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    doctor.examine()
    assert list(tmp_path.iterdir()) == []


def test_damaged_data_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from a2u.data import digits

    shutil.copytree(digits.SAMPLE, tmp_path / "sample")
    victim = next((tmp_path / "sample" / "MNIST").glob("t10k-labels*"))
    victim.write_bytes(victim.read_bytes()[:100])
    monkeypatch.setattr(digits, "SAMPLE", tmp_path / "sample")
    mnist, fashion = only("_data")
    assert (mnist.status, fashion.status) == ("FAIL", "OK")
    assert victim.name in mnist.detail


def test_one_broken_check_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def _explodes():
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(doctor, "CHECKS", [_explodes, doctor._python])
    broken, python = doctor.examine()
    status, words = broken.cells()
    assert status == "FAIL"
    assert words.startswith("explodes: ImportError: libcudart")
    assert python.status == "OK"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_command_exits_1_with_any_fail(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [doctor.Check("OK", "a", "fine"), doctor.Check("FAIL", "b", "broken", "Mend it.")]
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    left = a2u("doctor", *options)
    assert left.code == 1
    if options:
        assert [found["status"] for found in json.loads(left.out)] == ["OK", "FAIL"]
    else:
        assert left.out == "OK    a: fine\nFAIL  b: broken → Mend it.\n"


def test_command_exits_0_with_warnings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: [doctor.Check("WARN", "a", "missing", "Get it.")])
    assert a2u("doctor").code == 0
