"""The command line `a2u …`: one sub-command per job. Each is a few lines that call the code which does the work.

What is slow to import (torch above all) loads inside the sub-command that needs it, so that help is instant.
"""

import importlib
import json
import os
import sys
from typing import Annotated, Any

import typer

from a2u.commands import surroundings
from a2u.commands.options import as_options, know_options
from a2u.errors import A2UError, memory_ran_out
from a2u.files.remedies import remedy_for

app = typer.Typer(
    name="a2u",
    help="How neural networks upsample: every operator as wᵀz, measured, trained and taught.\n\n"
    "Start with [bold]a2u lab[/bold] (the course) or [bold]a2u ops[/bold] (the operators); "
    "[bold]a2u doctor[/bold] says what is wrong with an installation.",
    epilog="Bad input gives one line on stderr and exit code 1 (2 for the command line itself).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of a table.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"a2u {version('a2u-upsampling')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """What every sub-command shares: the version, and help."""


@app.command()
def ops(
    name: Annotated[str | None, typer.Argument(help="One operator, for its whole card.")] = None,
    as_json: Json = False,
) -> None:
    """Show the operators: where each kernel w comes from, and which window z it meets."""
    from a2u import operators
    from a2u.commands import tables

    if as_json:
        cards = [tables.card_as_dict(operators.card(each)) for each in ([name] if name else operators.names())]
        print(json.dumps(cards[0] if name else cards, indent=2, ensure_ascii=False))
    elif name:
        tables.show_card(operators.card(name))
    else:
        tables.show_cards([operators.card(each) for each in operators.names()])


@app.command()
def params(
    matting: Annotated[
        bool, typer.Option("--matting", help="Count whole networks: the rows of Table 2, and the operators after A²U.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Count the parameters that each operator adds to the matting network, beside the published numbers.

    Every number is counted from modules built on the spot: one for each of the network's four stages, or with
    --matting the networks themselves.
    """
    from a2u.commands import tables

    if matting:
        from a2u.matting.counts import count_networks

        networks = count_networks()
        if as_json:
            print(json.dumps([row._asdict() for row in networks], indent=2, ensure_ascii=False))
        else:
            tables.show_networks(networks)
        return
    from a2u.matting.counts import count_after_a2u, count_table_2

    counts = count_table_2() + count_after_a2u()
    if as_json:
        print(json.dumps([row._asdict() for row in counts], indent=2))
    else:
        tables.show_counts(counts)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this machine: Python, torch, compiler, widgets, JupyterLab, disk, data.

    Each line says OK, WARN (something optional is missing) or FAIL, the last two with a remedy; with any FAIL the
    exit code is 1.
    """
    from a2u.commands import doctor as examination

    checks = examination.examine()
    if as_json:
        print(json.dumps([check._asdict() for check in checks], indent=2))
    else:
        from a2u.commands.tables import text

        print(text(("", ""), [check.cells() for check in checks]))
    if any(check.status == "FAIL" for check in checks):
        raise typer.Exit(1)


matting = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(
    matting,
    name="matting",
    help="Image matting, section 6: train networks on trimaps, measure mattes, cut out what is in front.",
)


def _register_later(name: str, where: str, summary: str) -> None:
    """Add sub-command `name`, whose typer function `where` ("module:function") is imported when it runs.

    "matting train" is `train` of the group `matting`. Everything after the name, --help included, is passed to that
    function unread.
    """

    def forward(context: typer.Context) -> Any:
        module, function = where.split(":")
        os.environ.pop("MPLBACKEND", None)  # none of these opens a window, and a wrong word there crashes matplotlib
        command = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
        command.command(context_settings={"help_option_names": ["-h", "--help"]})(
            getattr(importlib.import_module(module), function)
        )
        made = typer.main.get_command(command)
        know_options(made.params)
        return made(args=context.args, prog_name=f"a2u {name}", standalone_mode=False)

    unread: dict[str, Any] = {
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    }
    group, _, word = name.rpartition(" ")
    (matting if group else app).command(word, help=summary, context_settings=unread)(forward)


LATER = {
    "lab": (
        "a2u.commands.lab:lab",
        "Open the course in JupyterLab, on copies of the lessons that are yours; --reset makes them fresh.",
    ),
    "train": (
        "a2u.commands.train:train",
        "Train an auto-encoder with one upsampling operator: one row of Table 1.",
    ),
    "evaluate": (
        "a2u.commands.train:evaluate",
        "Measure trained runs on test images: PSNR, SSIM, RMSE and MAE, beside the paper's Table 1.",
    ),
    "table1": (
        "a2u.commands.table1:table1",
        "Reproduce Table 1: nine networks on two data sets, beside the paper's numbers and claims.",
    ),
    "guided": (
        "a2u.commands.guided:guided",
        "Train the experiment in which only the upsampling operator can draw detail.",
    ),
    "pretrained": (
        "a2u.commands.pretrained:pretrained",
        "Trained networks that ship with a2u: list them, or make them from finished runs.",
    ),
    "figure": ("a2u.commands.figures:figure", "Remake pictures into figures/, and print what each shows."),
    "matting train": (
        "a2u.commands.matting_train:train",
        "Train a matting network with one upsampling operator: one row of Table 2.",
    ),
    "matting evaluate": (
        "a2u.commands.matting_predict:evaluate",
        "Measure mattes on a data set: SAD, MSE, Grad and Conn of a network, a classical method or finished files.",
    ),
    "matting predict": (
        "a2u.commands.matting_predict:predict",
        "Cut out what is in front: an alpha and an RGBA picture of each image, from its trimap.",
    ),
    "matting table": (
        "a2u.commands.table2:table",
        "Reproduce Table 2 small: matting networks on one data set, beside classical methods and the paper.",
    ),
    "site": (
        "a2u.commands.site:site",
        "Write the lessons as pages and slides that need no kernel and no network.",
    ),
    "bench": (
        "a2u.commands.bench:bench",
        "Measure speed and memory side by side on this machine, and print the ratios.",
    ),
}
for _name, (_where, _summary) in LATER.items():
    _register_later(_name, _where, _summary)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 1 for bad input, 2 for bad usage, 130 for Ctrl-C."""
    try:
        surroundings.prepare()
        know_options([])
        app(args=arguments, prog_name="a2u")
    except A2UError as error:
        _leave(str(error), 1)
    except KeyboardInterrupt:
        _leave("stopped.", 130)
    except OSError as error:
        advice = remedy_for(error).command
        if advice is None:
            raise
        where = f": {error.filename}" if error.filename else ""
        _leave(f"{error.strerror}{where}. {advice}", 1)
    except (MemoryError, RuntimeError, ImportError) as error:
        if not memory_ran_out(error):
            raise
        _leave(
            "The memory of this machine ran out. Ask for less (a smaller width, crop, batch or image), or free some.", 1
        )
    finally:
        know_options([])


def _leave(message: str, code: int) -> None:
    line = f"a2u: {as_options(' '.join(message.split()))}"
    if os.environ.get("RANK", "0") == "0":  # of several processes of one training, one prints
        print(line, file=sys.stderr)
    if "TORCHELASTIC_ERROR_FILE" in os.environ:  # under torchrun, which closes with a report
        from a2u.training.lost import report

        report(line)
    sys.exit(code)


if __name__ == "__main__":
    main()
