"""Commands as text that a shell reads back."""

import json
import shlex
from collections.abc import Mapping
from typing import Any


def command(words: str, options: Mapping[str, Any]) -> str:
    """A command with these options, each written as the command line reads it.

    words: the command itself. options: by the names of Python parameters. True and False become --name and --no-name;
    a list becomes its items with commas between ("none" if it is empty); a mapping becomes one --option NAME=VALUE
    per item; None is left out; everything else is written as it is.

    >>> command("a2u train", {"row": "a2u", "weight_decay": 1e-4})
    'a2u train --row a2u --weight-decay 0.0001'
    """
    found = words.split()
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            found.append(flag if value else f"--no-{flag[2:]}")
        elif isinstance(value, Mapping):
            for key, each in sorted(value.items()):
                found += ["--option", f"{key}={_option(each)}"]
        elif isinstance(value, list | tuple):
            found += [flag, ",".join(map(str, value)) or "none"]
        elif value is not None:
            found += [flag, str(value)]
    return shlex.join(found)


def _option(value: Any) -> str:
    """The value as JSON; text that is not JSON stays as it is: softmax, not "softmax"."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)
