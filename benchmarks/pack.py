"""The whole line: a made-up bank's extracts, intake, and its pack of reports, in wall, processor time and memory.

``python benchmarks/pack.py`` takes 5,000 clients by 60 months; ``--large`` 100,000. Each pack is made twice after the
intake: the first run computes everything, the second finds what the first has kept. The memory is the sum of what all
processes of a run hold at one moment that no other process shares with them (proportional set size), at its highest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

AS_OF = "2026-10-31"
SMALL, LARGE, MONTHS = 5_000, 100_000, 60
INTAKE = "import sys, insights; insights.open_bank(sys.argv[1], as_of=sys.argv[2]).close()"
EVERY = 2.0
"""Seconds between two looks at the memory."""

HERE = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of wall and processor, of all its processes, and their memory in GiB."""

    wall: float
    processor: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:8.1f} s {self.processor:10.1f} s {self.memory:8.2f} GiB"


def main() -> None:
    """Print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} clients")
    parser.add_argument("--clients", type=int, help="another number of clients")
    parser.add_argument("--bank", type=Path, help="a folder with a demo bank's extracts, instead of new ones")
    parser.add_argument("--report", action="append", default=[], help="this report only; may be repeated")
    asked = parser.parse_args()
    clients = asked.clients or (LARGE if asked.large else SMALL)
    print(f"{'':<42}{'wall':>10} {'processor':>12} {'memory':>12}")
    with tempfile.TemporaryDirectory(prefix="pack-") as home:
        raw = asked.bank or Path(home) / "raw"
        if not asked.bank:
            made = cost("demo", "--clients", str(clients), "--months", str(MONTHS), "--out", str(raw), home=home)
            print(f"{f'demo bank, {clients:,} clients':<42}{made}", flush=True)
        reports = [word for name in asked.report for word in ("--report", name)]
        bank = ("--config", str(raw / "bank.toml"), "--as-of", AS_OF)
        print(f"{'intake':<42}{cost_of([sys.executable, '-c', INTAKE, *bank[1::2]], home)}", flush=True)
        for name in ("pack, first run", "pack, second run"):
            print(f"{name:<42}{cost('run', *bank, *reports, home=home)}", flush=True)


def cost(*words: str, home: str) -> Cost:
    """Return what a command of ``insights`` took."""
    return cost_of([str(HERE / "insights"), *words], home)


def cost_of(command: Sequence[str], home: str) -> Cost:
    """Run a command and return what it took; an error ends the benchmark."""
    before, began = os.times(), time.perf_counter()
    process = subprocess.Popen(
        command,
        env=os.environ | {"INSIGHTS_HOME": home, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    highest = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, highest), daemon=True)
    watcher.start()
    said = process.communicate()[1].decode()
    wall, after = time.perf_counter() - began, os.times()
    watcher.join()
    if process.returncode:
        sys.exit(f"{command} failed:\n{said}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, spent, highest[0])


def _watch(process: "subprocess.Popen[bytes]", highest: list[float]) -> None:
    while process.poll() is None:
        highest[0] = max(highest[0], sum(_memory(pid) for pid in _tree(process.pid)) / 2**20)
        time.sleep(EVERY)


def _tree(root: int) -> list[int]:
    """Return a process and all that descend from it (Linux)."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has just ended
    found, new = [root], [root]
    while new:
        new = [pid for pid, parent in parents.items() if parent in new]
        found += new
    return found


def _memory(pid: int) -> float:
    """Return the proportional set size of a process in KiB, 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
