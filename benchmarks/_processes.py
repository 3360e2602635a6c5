"""Timing pieces of work in processes of their own, with one BLAS thread, turn by turn; memory beside seconds.

Seconds are those of the processor, which other programs on the machine disturb less than those of the clock.
"""

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Work = Callable[[], object]
Prepare = Callable[[], Work]
"""Makes the data, which is not timed, and returns the work, which is; its result is the number that is compared."""

LONG = 20.0
"""Work is done three times in a process, unless it has taken this many seconds by then."""


class Measured(NamedTuple):
    seconds: float
    megabytes: float
    value: float


def compare(script: str, ours: str, theirs: dict[str, str], repeats: int = 1) -> None:
    """Print a line for each peer: its seconds and memory, ours, the ratio; ``theirs`` gives works and packages."""
    present = {work: package for work, package in theirs.items() if find_spec(package)}
    found: dict[str, list[Measured]] = {work: [] for work in (ours, *present)}
    for _ in range(repeats):
        for work, measured in found.items():
            measured.append(_run(script, work))
    own = _middle(found[ours])
    _line(ours, "ours", own, "")
    for work, package in theirs.items():
        if work not in present:
            print(f"{'':<46}{package:<14}{'not installed':>14}", flush=True)
            continue
        other = _middle(found[work])
        gap = abs(own.value - other.value)
        _line("", package, other, f"{other.seconds / own.seconds:>8.1f}x   apart by {gap:.1e}")


def answer(works: dict[str, Prepare]) -> bool:
    """Do the one work that the command line asks for, if it does, and print what it cost."""
    if "--work" not in sys.argv:
        return False
    warnings.simplefilter("ignore")
    work = works[sys.argv[sys.argv.index("--work") + 1]]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent: list[float] = []
    while len(spent) < 3 and sum(spent) < LONG:
        start = time.process_time()
        value = work()
        spent.append(time.process_time() - start)
    seconds = min(spent)  # the first time also pays for memory that the process has not touched before
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, (after - before) / 1024, float(value)]))  # type: ignore[arg-type]
    return True


def _line(work: str, package: str, found: Measured, told: str) -> None:
    print(f"{work:<46}{package:<14}{found.seconds:>9.3f} s{found.megabytes:>8.0f} MB{told}", flush=True)


def _run(script: str, work: str) -> Measured:
    command = [sys.executable, script, "--work", work]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True)
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def _middle(measured: list[Measured]) -> Measured:
    return Measured(median(m.seconds for m in measured), max(m.megabytes for m in measured), measured[0].value)
