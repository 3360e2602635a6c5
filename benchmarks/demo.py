"""How long the demo bank takes to write, and how much memory: `python benchmarks/demo.py [clients ...]`.

Reported, never asserted. Aims: 5,000 clients by 60 months in under 10 s; 100,000 in under 2 minutes and 4 GiB.
Each size runs in a process of its own, so that the peak of one does not hide in that of another.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from insights.demo import write_demo

MONTHS = 60


def measure(clients: int) -> tuple[float, float, float, int]:
    """Return seconds, peak memory (GiB), size of the extracts (MB) and rows."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        made = write_demo(Path(folder) / "bank", clients=clients, months=MONTHS)
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in made.out.iterdir()) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return seconds, peak, size, sum(made.tables.values())


def main() -> None:
    print(f"{'clients':>10} {'months':>7} {'seconds':>8} {'GiB':>6} {'MB written':>11} {'rows':>12}")
    for clients in [int(text) for text in sys.argv[1:]] or [5_000, 100_000]:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, peak, size, rows = pool.apply(measure, (clients,))
        print(f"{clients:>10,} {MONTHS:>7} {seconds:>8.1f} {peak:>6.2f} {size:>11.0f} {rows:>12,}")


if __name__ == "__main__":
    main()
