"""The table a study leaves in ``reports/validation/``, and the assertion that it is within the gate.

Rules for that folder: one file per study and number of repetitions, ``<study>-<repetitions>.md``, replaced whole by the
next run; made-up data only, no bank's; no wall clock and no machine, so the same code gives the same bytes. It is
written before the assertion: a study that fails leaves the table that shows why. Git ignores it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from recovery.harness import ALPHA, FIRST_SEED, NAIVE_ALPHA, Runs, Study, outside, run, summarise, unnoticed

from insights.data.store import write_atomic

FOLDER = Path(__file__).parents[2] / "reports" / "validation"

COLUMNS = {
    "estimator": "estimator",
    "parameter": "parameter",
    "truth": "truth",
    "mean": "mean",
    "bias_in_se": "bias, in Monte-Carlo standard errors",
    "coverage": "coverage of 95 % intervals",
    "se_over_sd": "mean standard error / empirical sd",
    "failed": "failed",
    "verdict": "gate",
}


def validate(study: Study, repetitions: int, folder: Path = FOLDER) -> pd.DataFrame:
    """Run the study, write its table, and assert that all of it is within the gate, but none of the naive methods.

    Returns the summary, a row per parameter of every estimator and naive method.
    """
    return check(study, run(study, repetitions), folder)


def check(study: Study, runs: Runs, folder: Path = FOLDER) -> pd.DataFrame:
    """Do the same with repetitions that were run before."""
    summary, repetitions = summarise(runs), len(runs.value)
    naive = summary["estimator"].isin(list(study.naive))
    faults, missed = outside(summary[~naive]), unnoticed(summary[naive])
    page = render(study, runs, summary[~naive], faults, summary[naive])
    write_atomic(folder / f"{study.name}-{repetitions}.md", page.encode(), mode=0o644)
    assert not faults, "\n".join(faults)
    assert not missed, f"naive methods that should have failed: {', '.join(missed)}"
    return summary


def render(study: Study, runs: Runs, right: pd.DataFrame, faults: list[str], naive: pd.DataFrame) -> str:
    """Return the page (Markdown): what was drawn, the gate, one row per parameter, and what failed and why."""
    repetitions = len(runs.value)
    lines = [
        f"# Recovery: {study.name}",
        "",
        study.about,
        "",
        f"{repetitions} repetitions, seeds {FIRST_SEED} to {FIRST_SEED + repetitions - 1}. The gate: bias by the t "
        f"distribution, coverage by the exact binomial, {2 * len(right)} tests adjusted together by Holm, two-sided; "
        f"right estimators end outside in at most {ALPHA:.1%} of runs.",
        "",
        *_table(right, faults),
    ]
    if study.ranges:
        lines += ["", f"Of {', '.join(study.ranges)} it is asked only that 95 % or more are covered."]
    notes = [f"- Outside: {fault}" for fault in faults] + [f"- No estimate: {reason}" for reason in runs.reasons]
    lines += ["", *notes] if notes else []
    if len(naive):
        found = [fault for _, rows in naive.groupby("estimator", sort=False) for fault in outside(rows, NAIVE_ALPHA)]
        lines += ["", "## Naive methods on the same samples", ""]
        lines += [f"Each must end outside a gate of its own (level {NAIVE_ALPHA}).", "", *_table(naive, found)]
    return "\n".join(lines) + "\n"


def _table(summary: pd.DataFrame, faults: list[str]) -> list[str]:
    shown = summary.assign(
        truth=summary["truth"].map("{:.4g}".format),
        mean=summary["mean"].map("{:.4g}".format),
        bias_in_se=summary["bias_in_se"].map(lambda t: f"{t:+.2f}" if np.isfinite(t) else ""),
        coverage=summary["coverage"].map("{:.1%}".format),
        se_over_sd=summary["se_over_sd"].map(lambda ratio: f"{ratio:.3f}" if np.isfinite(ratio) else ""),
        verdict=[
            "OUTSIDE" if any(f.startswith(f"{row.estimator}, {row.parameter}: ") for f in faults) else "within"
            for row in summary.itertuples()
        ],
    )
    return [
        table_line(COLUMNS.values()),
        table_line(["---"] * 2 + ["---:"] * (len(COLUMNS) - 3) + ["---"]),
        *(table_line(row) for row in shown[list(COLUMNS)].astype(str).itertuples(index=False)),
    ]


def table_line(cells: object) -> str:
    """Return a line of a table in Markdown."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"  # type: ignore[attr-defined]
