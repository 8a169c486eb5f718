"""The benchmark of a GPU in its tiny form: every part is there, bytes are counted, only a GPU's numbers are kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from command import a2u as run_a2u

from a2u.bench import gpu
from a2u.bench.gpu import LARGE, TINY, copy_rate, measure_gpu, reassembly, write
from a2u.bench.gpu_text import to_markdown
from a2u.errors import A2UError

CPU = torch.device("cpu")


def nothing(*_: object) -> list[Any]:
    """Stands for a part that another test measures."""
    return []


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return measure_gpu(CPU, compiled=False)


def test_every_part_is_measured(report: dict[str, Any]) -> None:
    assert (report["tiny"], report["machine"]["device"]) == (True, "CPU")
    assert {(each["k"], each["pass"], each["path"]) for each in report["reassembly"]} == {
        (k, name, path) for k in (3, 5) for name in ("forward", "forward and backward") for path in ("tiles", "shift")
    }
    assert [each["candidate"] for each in report["kernels"]] == 2 * [
        "one sample after the other",
        "the same, tuned",
        "one batch",
    ]
    assert [each["candidate"] for each in report["training"]] == ["plain", "fast"]
    assert report["training"][1]["difference"] <= report["training"][1]["tolerance"]
    for part in ("reassembly", "kernels", "training"):
        assert all(each["ms"] > 0 for each in report[part])
    assert set(report["seconds"]) == {"copy", "reassembly", "kernels", "training"}
    assert json.loads(json.dumps(report)) == report


def test_the_part_of_the_copy_rate_follows_from_bytes_and_time(report: dict[str, Any]) -> None:
    rate = report["copy"]["bytes"] / report["copy"]["ms"] / 1e6
    assert report["copy"]["gb_per_s"] == pytest.approx(rate)
    for each in report["reassembly"]:
        assert each["of_copy_rate"] == pytest.approx(each["bytes"] / each["ms"] / 1e6 / rate)


def test_bytes_are_those_that_must_be_moved() -> None:
    """Forward x, w, y; backward x, w, the gradient of y, and the gradients of x and w."""
    x, y = 2 * 8 * 16 * 16 * 4, 2 * 8 * 32 * 32 * 4
    for each in reassembly(CPU, TINY, compiled=False):
        w = 2 * each["k"] ** 2 * 32 * 32 * 4
        forward, backward = x + w + y, 2 * (x + w) + y
        assert each["bytes"] == (forward if each["pass"] == "forward" else forward + backward)
    assert copy_rate(CPU, TINY)["bytes"] == 2 * TINY.copied


def test_the_large_form_is_what_a_gpu_is_asked_for() -> None:
    assert (LARGE.batch, LARGE.channels, LARGE.side, LARGE.steps) == (16, 64, 256, 200)
    assert LARGE.copied == 4 * 2**30
    assert LARGE.batch * LARGE.channels * (2 * LARGE.side) ** 2 * 4 == 2**30  # bytes of y


def test_one_part_fails_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 4 GiB.")

    monkeypatch.setattr(gpu, "PARTS", {**gpu.PARTS, "copy": fails, **dict.fromkeys(("kernels", "training"), nothing)})
    found = measure_gpu(CPU, compiled=False)
    assert found["copy"] == {"error": "CUDA out of memory. Tried to allocate 4 GiB."}
    assert all(each["ms"] > 0 and "of_copy_rate" not in each for each in found["reassembly"])
    assert "Could not be measured: CUDA out of memory" in to_markdown(found)


def test_one_path_fails_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    original = gpu.formula.reassemble

    def no_compiler(x: torch.Tensor, w: torch.Tensor, ratio: int, path: str) -> torch.Tensor:
        if path == "compiled":
            raise A2UError("There is no compiler.")
        return original(x, w, ratio, path)

    monkeypatch.setattr(gpu.formula, "reassemble", no_compiler)
    found = reassembly(CPU, TINY, compiled=True)
    assert {each["path"] for each in found if "error" in each} == {"compiled"}
    assert sum("ms" in each for each in found) == 8


def test_the_markdown_says_what_was_measured(report: dict[str, Any]) -> None:
    text = to_markdown(report)
    assert "# Speed on CPU" in text
    assert "tiny sizes on the CPU, with its own copy rate: this shows that the code runs, and no speed" in text
    assert text.count("\n| ") == 4 + 8 + 6 + 2 + 2  # heads, rules and rows
    for each in report["reassembly"]:
        assert f"| {each['k']} | {each['pass']} | {each['path']} |" in text


def test_only_a_gpus_numbers_at_full_size_are_written(report: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"measured on a CPU with tiny sizes, so it is not written. Run it on a GPU"):
        write(report, tmp_path)
    assert list(tmp_path.iterdir()) == []
    real = {**report, "tiny": False, "machine": {**report["machine"], "device": "NVIDIA H100"}}
    assert {path.name for path in write(real, tmp_path / "figures")} == {"bench-gpu.json", "bench-gpu.md"}
    assert json.loads((tmp_path / "figures" / "bench-gpu.json").read_text()) == real
    text = (tmp_path / "figures" / "bench-gpu.md").read_text()
    assert "# Speed on NVIDIA H100" in text
    assert "Maps are about 1 GB" in text


def test_the_command_measures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gpu, "PARTS", {"copy": copy_rate, **dict.fromkeys(("reassembly", "kernels", "training"), nothing)}
    )
    asked = ("bench", "--only", "gpu", "--no-compile", "--device", "cpu")
    code, out, err = run_a2u(*asked, "--json")
    assert code == 0
    assert json.loads(out)["gpu"]["copy"]["gb_per_s"] > 0
    assert "measuring copy on CPU" in err
    assert "this shows that the code runs, and no speed" in run_a2u(*asked).out


def test_the_command_writes_no_file_without_a_gpu(tmp_path: Path) -> None:
    left = run_a2u("bench", "--only", "gpu", "--device", "cpu", "--out", tmp_path)
    assert left.code == 1
    assert "--out is for the group gpu on a GPU, but the device is cpu" in left.err
    assert list(tmp_path.iterdir()) == []
