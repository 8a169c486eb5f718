"""The command line as its users meet it: what it prints, what it says to bad input, and how it leaves."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from command import a2u
from processes import run

from a2u import __version__, operators
from a2u.commands import cli
from a2u.errors import A2UError

SCRIPT = Path(sys.executable).with_name("a2u")  # the installed console script


@pytest.mark.parametrize("command", [[SCRIPT], [sys.executable, "-m", "a2u"]], ids=["script", "module"])
def test_console_script_prints_the_version(command: list[str | Path]) -> None:
    done = run([*command, "--version"])
    assert (done.returncode, done.stdout) == (0, f"a2u {__version__}\n")


def test_help_names_every_sub_command() -> None:
    done = a2u("--help")
    assert done.code == 0
    for name in ("ops", "params", "train", "evaluate", "bench", "doctor", "lab"):
        assert f" {name} " in done.out


@pytest.mark.parametrize("name", ["ops", "params", "train", "evaluate", "bench", "doctor", "lab"])
def test_every_sub_command_explains_itself(name: str) -> None:
    done = a2u(name, "--help")
    assert done.code == 0
    assert f"a2u {name}" in done.out
    assert "--help" in done.out


@pytest.mark.parametrize("name", sorted(cli.LATER))
def test_summaries_are_those_of_the_functions(name: str) -> None:
    module, function = cli.LATER[name][0].split(":")
    documented = getattr(__import__(module, fromlist=[function]), function).__doc__
    assert documented.strip().splitlines()[0] == cli.LATER[name][1]


def test_mistyped_sub_command_gives_the_near_match() -> None:
    done = a2u("prams")
    assert done.code == 2
    assert "Did you mean 'params'?" in done.err


def test_mistyped_option_gives_the_near_match() -> None:
    done = a2u("params", "--jsno")
    assert done.code == 2
    assert "--json" in done.err


def test_ops_shows_every_operator() -> None:
    done = a2u("ops")
    assert done.code == 0
    starts = {line.split(" ")[0] for line in done.out.splitlines()}
    assert starts >= set(operators.names())


def test_ops_as_json_is_the_cards() -> None:
    cards = json.loads(a2u("ops", "--json").out)
    assert [card["name"] for card in cards] == operators.names()
    by_name = {card["name"]: card for card in cards}
    assert by_name["a2u"]["order"] == 2
    assert by_name["a2u"]["needs_guide"] is True
    assert list(by_name["a2u"]["presets"]) == operators.presets("a2u")
    assert by_name["nearest"]["needs_guide"] is False


def test_ops_of_one_operator_shows_its_presets() -> None:
    done = a2u("ops", "a2u")
    for preset in operators.presets("a2u"):
        assert f"a2u:{preset} " in done.out
    assert json.loads(a2u("ops", "a2u", "--json").out)["name"] == "a2u"


def test_ops_of_an_unknown_operator() -> None:
    done = a2u("ops", "bilnear")
    assert (done.code, done.out) == (1, "")
    assert "Did you mean 'bilinear'?" in done.err
    assert done.err.count("\n") == 1


# The exact counts, worked out by hand from the definitions (weights and biases of each convolution).
PARAMETERS = {
    "carafe": 263_824,
    "indexnet:depthwise-m2o": 12_263_424,
    "a2u:static-pw-cw": 102_436,
    "a2u:static-cw": 25_744,
    "a2u:hybrid-cw": 44_176,
    "a2u:hybrid-cs": 18_776,
    "a2u:dynamic-cw": 199_824,
    "a2u:dynamic-cs": 19_608,
    "a2u:dynamic-cs-d": 38_184,
    "a2u:dynamic-cs-d-norm": 40_232,
}


# Operators after A²U: of the four stages, as their own definitions give them; options in brackets.
AFTER_A2U = {
    "sapa:i": 0,
    "sapa:b": 35_072,
    "sapa:b [64]": 68_096,
    "sapa:g": 52_100,
    "sapa:g [64]": 101_636,
    "fade": 124_008,
    "fade:lite": 27_216,
    "dysample": 16_512,
    "dysample:plus": 32_896,
    "dysample:s": 2_112,
    "dysample:s-plus": 4_160,
    "carafe_plus": 263_824 + 22_756,
    "sapa_d": 280_704,
    "lda_aqu": 58_376,
    "bilateral": 0,
    "featup": 4 * 6_233,
    "naf": 4 * 662_528,
}


def test_params_counts_table_2_and_what_came_after() -> None:
    rows = json.loads(a2u("params", "--json").out)
    found = {}
    for row in rows:
        size = f" [{row['options']['embedding']}]" if "embedding" in row["options"] else ""
        found[row["operator"] + size] = row["parameters"]
    assert found == PARAMETERS | AFTER_A2U
    table = a2u("params").out
    for operator, number in PARAMETERS.items():
        (line,) = [line for line in table.splitlines() if line.startswith(f"{operator} ")]
        assert f" {number:,} " in line


def test_params_counts_round_to_the_papers_numbers() -> None:
    for row in json.loads(a2u("params", "--json").out):
        if not row["paper"]:
            continue
        number, unit = row["paper"][:-1], {"K": 1e3, "M": 1e6}[row["paper"][-1]]
        if row["operator"] in ("a2u:dynamic-cs-d-norm", "sapa:g"):
            continue  # 40,232 with the group norms, and the paper prints the 38K without them; SAPA-G's is its SAPA-B's
        digits = len(number.partition(".")[2])
        assert f"{row['parameters'] / unit:.{digits}f}" == number


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def examine() -> list[object]:
        raise error

    from a2u.commands import doctor

    monkeypatch.setattr(doctor, "examine", examine)


def test_bad_input_is_one_line_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(A2UError("the rule\n  was broken"), monkeypatch)
    done = a2u("doctor")
    assert (done.code, done.out, done.err) == (1, "", "a2u: the rule was broken\n")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTDIR, errno.ECHILD])
def test_what_may_be_a_fault_of_the_program_keeps_its_traceback(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(OSError(number, os.strerror(number)), monkeypatch)
    with pytest.raises(OSError, match=os.strerror(number)):
        cli.main(["doctor"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOMEM, errno.ENFILE])
def test_a_full_disk_and_a_read_only_folder_are_no_traceback(number: int, monkeypatch) -> None:
    failing(OSError(number, os.strerror(number), "/some/run/metrics.json"), monkeypatch)
    done = a2u("doctor")
    assert done.code == 1
    assert done.err.startswith(f"a2u: {os.strerror(number)}: /some/run/metrics.json. ")
    assert done.err.count("\n") == 1


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(ZeroDivisionError("a bug"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        cli.main(["doctor"])


def test_ctrl_c_leaves_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(KeyboardInterrupt(), monkeypatch)
    assert a2u("doctor").code == 130


def test_ctrl_c_in_a_terminal_leaves_with_130(tmp_path: Path) -> None:
    """A real SIGINT to a real process, in the middle of a sub-command."""
    script = tmp_path / "slow.py"
    script.write_text(
        "import sys\nfrom a2u.commands import cli, doctor\n"
        "doctor.examine = lambda: (print('started', flush=True), sys.stdin.read())\ncli.main(['doctor'])\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(script)], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()  # had the signal no effect, it would end with its input, and with 0
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_a_later_command_gets_all_its_arguments_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    import a2u.errors as module  # any module will do: the function is looked up by name when the command runs

    given: list[object] = []

    def job(
        what: str,
        row: Annotated[str, typer.Option()] = "",
        data: Annotated[Path | None, typer.Option()] = None,
        quick: bool = False,
    ) -> None:
        """Do the job."""
        given.extend([what, row, data, quick])

    monkeypatch.setattr(module, "job", job, raising=False)
    app = typer.Typer()
    monkeypatch.setattr(cli, "app", app)
    app.command("other")(lambda: None)
    cli._register_later("job", "a2u.errors:job", "Do the job.")
    assert a2u("job", "--row", "a2u", "digits", "--quick", "--data=/d").code == 0
    assert given == ["digits", "a2u", Path("/d"), True]
    assert "Do the job." in a2u("job", "--help").out
    wrong = a2u("job", "digits", "--rwo", "a2u")
    assert wrong.code == 2
    assert "--row" in wrong.err


def test_reading_only_the_first_lines_is_no_fault() -> None:
    done = run(["sh", "-c", f"'{SCRIPT}' ops --json | head -n 1"])
    assert done.stdout == "[\n"
    assert done.stderr == ""
