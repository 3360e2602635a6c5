"""Run every benchmark of this folder, one process each: ``python benchmarks`` or ``python -m benchmarks``."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Return the number of benchmarks that failed; arguments are passed on."""
    failed = 0
    for script in sorted(Path(__file__).parent.glob("[!_]*.py")):
        print(f"\n{script.stem}", flush=True)
        failed += subprocess.run([sys.executable, str(script), *sys.argv[1:]]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
