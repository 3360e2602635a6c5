"""What a run leaves for the runs after it, made before the summary and put in its place with the pack."""

from pathlib import Path

from insights.data.snapshot import open_bank
from insights.data.store import PRIVATE_FOLDER, write_atomic
from insights.models.memory.inputs import delivered
from insights.models.memory.measures import measured, numbered
from insights.models.memory.predictions import predicted
from insights.models.memory.store import NAME, VERSION, Memory, write_memory
from insights.reports.parameters import RunParameters


def remember(parameters: RunParameters, path: Path, data: str) -> bool:
    """Write the memory of a run, whose rows have the hash ``data``, into a file; return whether it is there."""
    with open_bank(parameters.config, as_of=parameters.as_of, raw=parameters.raw) as bank:
        told = predicted(bank)
        memory = Memory(
            version=VERSION,
            as_of=bank.as_of.isoformat(),
            data=data,
            measures=measured(bank),
            numbers=numbered(bank),
            delivered=delivered(bank),
            predictions=told.rows if told else None,
            model=told.model if told else "",
        )
        return write_memory(path, memory, bank.settings)


def keep_memory(made: Path, state: Path, as_of: str) -> None:
    """Put a memory in its place for the runs after this one; the one of an earlier pack of the same day goes.

    Where there is none the old one goes all the same: it would not belong to the new pack.
    """
    place = state / as_of / NAME
    if not made.is_file():
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    write_atomic(place, made.read_bytes())
