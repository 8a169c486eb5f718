"""Options that the commands of every experiment share."""

from typing import Annotated

import typer

#: Where to compute; see `a2u.training.choose_device`.
Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu, cuda, or cuda:1.")]
