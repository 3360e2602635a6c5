"""One file per run with what later runs need and no reader sees: sealed with the bank's key, for this user only."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from insights.data.kept import read_sealed, write_sealed
from insights.data.pseudonyms import Key
from insights.data.settings import Settings
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.memory.shapes import Delivered, Measured

NAME = "memory"
VERSION, READABLE = 3, (2, 3)
"""What is written, and what is read: a run of version 2 remembers no numbers of other reports."""


@dataclass(frozen=True)
class Memory:
    """What a run remembers.

    ``data`` is the hash of the rows it rested on: a pack of the same day with another one was made from others.
    ``predictions`` has one row per client and target (client_id, target, months, value, since), None where nothing
    could be predicted; ``model`` names what made those of leaving. ``numbers`` are published ones that are paired too.
    """

    version: int
    as_of: str
    data: str
    measures: Measured | None = field(repr=False)
    delivered: Delivered = field(repr=False)
    predictions: pd.DataFrame | None = field(repr=False)
    model: str = ""
    numbers: Measured | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Remembered:
    """The file with what the run of an earlier pack remembers; ``data`` is the hash of the rows of that pack."""

    day: str
    file: str
    data: str


def write_memory(path: Path, memory: Memory, settings: Settings) -> bool:
    """Write the file; return whether it is there (a folder that cannot be written to costs only the memory)."""
    return write_sealed(path, Key.load(settings).results_secret(), NAME, memory)


def read_memory(path: Path | str | None, settings: Settings, data: str) -> Memory | None:
    """Return what the run of an earlier pack remembered, whose rows have the hash ``data``.

    None where there is no file, or it is damaged, of another key, or of another pack.
    """
    if path is None:
        return None
    found = read_sealed(Path(path), Key.load(settings).results_secret(), NAME)
    if found is None or not isinstance(found[0], Memory) or found[0].version not in READABLE or found[0].data != data:
        return None
    return found[0]


def memory_of(bank: Bank, told: Remembered) -> Memory | None:
    """Return ``read_memory`` for a bank, read once for all questions."""
    key = ("memory", told.file, told.data)
    return once(bank, key, lambda: read_memory(told.file, bank.settings, told.data))
