"""Runs of the command line in a process of their own, as the scheduler starts them, for tests that look at packs."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TIME_LIMIT = 300


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a run whose results go below ``home``."""
    return {**os.environ, "INSIGHTS_HOME": str(home)}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "insights", *map(str, arguments)]


def insights(home: Path, *arguments: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command; ``ok`` says whether it must succeed."""
    done = subprocess.run(
        command(*arguments), env=environment(home), capture_output=True, text=True, timeout=TIME_LIMIT, cwd=home
    )
    assert (done.returncode == 0) == ok, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def make_pack(home: Path, config: Path, as_of: str, *more: str | Path) -> Path:
    """Make a pack and return its folder (the link)."""
    home.mkdir(parents=True, exist_ok=True)
    insights(home, "run", "--config", config, "--as-of", as_of, *more)
    (bank,) = [p for p in (home / "reports").iterdir() if p.is_dir()]
    return bank / as_of


def digests(pack: Path) -> dict[str, str]:
    """Return the hash of every file of a pack by its name."""
    return {
        str(p.relative_to(pack)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(pack.rglob("*"))
        if p.is_file()
    }


def findings(pack: Path) -> dict[str, dict[str, Any]]:
    """Return the findings of a pack by their id."""
    return {f["id"]: f for f in json.loads((pack / "findings.json").read_text(encoding="utf-8"))}
