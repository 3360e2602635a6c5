"""Whether the statistics reproduce published results: what the tests found on exactly this code.

The tests of the project hold the statistics against published values and reference software, and write down what came
out under the fingerprint of the code that was tested. A pack reads it; of other code it says nothing.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import insights
from insights.data import places

FILE = "acceptance.json"
ROOMS = ("data", "stats", "models", "topics")
"""The rooms whose code the published results test."""
PASSED, FAILED, NOT_RUN = "passed", "failed", "not_run"

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "kaplan_meier_rossi": ("lifecycle",),
    "cox_rossi_efron": ("lifecycle",),
    "cox_rossi_ph_test": ("lifecycle",),
    "cox_heart_start_stop": ("lifecycle",),
    "immortal_time_heart": ("lifecycle",),
    "delayed_entry_mgus2": ("lifecycle",),
    "competing_risks_mgus2": ("lifecycle",),
    "multistate_ebmt3": ("lifecycle",),
    "discrete_hazard_rossi": ("lifecycle", "value", "needs"),
    "gbsg2_metrics": ("lifecycle", "needs", "summary"),
    "eu_savings": ("lifecycle",),
    "bg_nbd_cdnow": ("value",),
    "pareto_nbd_cdnow": ("value",),
    "gamma_gamma_cdnow": ("value",),
    "shifted_beta_geometric": ("value",),
    "ordered_logit_housing": ("loyalty",),
    "importance_swiss": ("loyalty",),
    "bank_loyalty_survey": ("loyalty",),
    "staggered_did_mpdta": ("channels", "summary"),
    "kupiec": ("risk",),
    "run_length": ("risk",),
}
"""Published results by the reports whose statistics must reproduce them."""


@dataclass(frozen=True)
class Proof:
    """A published result: how it stands on this code, and how many tests hold the statistics against it."""

    entry: str
    state: str
    tests: int = 0


def proofs() -> dict[str, Proof]:
    """Return how every published result stands on this code, by its name."""
    return {entry: _proof(entry, _outcomes().get(entry, {})) for entry in ENTRIES}


def write_outcomes(path: Path, outcomes: Mapping[str, Mapping[str, bool]]) -> None:
    """Add outcomes of tests, by entry and test, to those of the same code; those of other code go."""
    found = _read(path) | {}
    for entry, tests in outcomes.items():
        found[entry] = found.get(entry, {}) | dict(tests)
    content = {"code": code_fingerprint(), "entries": found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@functools.cache
def code_fingerprint() -> str:
    """Return a hash of the source of the rooms whose statistics are tested."""
    root, digest = Path(insights.__file__).parent, hashlib.sha256()
    for path in sorted(p for room in ROOMS for p in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _proof(entry: str, tests: Mapping[str, bool]) -> Proof:
    state = NOT_RUN if not tests else PASSED if all(tests.values()) else FAILED
    return Proof(entry, state, len(tests))


def _outcomes() -> dict[str, dict[str, bool]]:
    return _read(places.home() / "state" / FILE)


def _read(path: Path) -> dict[str, dict[str, bool]]:
    """Return the outcomes of a file; none where there is no file, it cannot be read, or it is of other code."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["code"] != code_fingerprint():
            return {}
        return {str(e): {str(t): bool(ok) for t, ok in tests.items()} for e, tests in content["entries"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
