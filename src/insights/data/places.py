"""Where the project lives on this machine: processed data, reports, state and lists are kept below it."""

import os
from pathlib import Path

MARKS = ("pyproject.toml", "bank.toml")


def home() -> Path:
    """Return the project's home as an absolute path.

    ``$INSIGHTS_HOME`` where it is set, else the nearest folder from the working directory upwards that holds a
    ``pyproject.toml`` or a ``bank.toml``, else the working directory.
    """
    if named := os.environ.get("INSIGHTS_HOME"):
        return Path(named).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / mark).is_file() for mark in MARKS):
            return folder
    return here
