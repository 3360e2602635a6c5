"""How much the engine may hold in memory, and where it goes on beyond that."""

import os
from pathlib import Path

from insights.data.typing_sql import literal

MEMORY = "2GB"
"""What one engine may hold at a time; it may take a little more, and Python's own comes on top."""


THREADS = "INSIGHTS_ENGINE_THREADS"
"""Variable of the environment that says how many threads one engine has; without it, one for each core."""


def limits(scratch: Path | None) -> tuple[str, ...]:
    """Return the statements that keep an engine within ``MEMORY``, spilling into ``scratch``, a restricted folder.

    Without a folder nothing may be written, so the engine has all the memory that it takes by itself.
    """
    threads = (f"SET threads = {int(os.environ[THREADS])}",) if THREADS in os.environ else ()
    if scratch is None:
        return ("SET temp_directory = ''", *threads)
    return (f"SET temp_directory = {literal(str(scratch))}", f"SET memory_limit = {literal(MEMORY)}", *threads)
