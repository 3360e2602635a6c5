"""How much the engine may hold in memory, and where it goes on beyond that."""

from pathlib import Path

from insights.data.typing_sql import literal

MEMORY = "2GB"
"""What one engine may hold at a time; it may take a little more, and Python's own comes on top."""


def limits(scratch: Path | None) -> tuple[str, ...]:
    """Return the statements that keep an engine within ``MEMORY``, spilling into ``scratch``, a restricted folder.

    Without a folder nothing may be written, so the engine has all the memory that it takes by itself.
    """
    if scratch is None:
        return ("SET temp_directory = ''",)
    return (f"SET temp_directory = {literal(str(scratch))}", f"SET memory_limit = {literal(MEMORY)}")
