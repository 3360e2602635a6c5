"""The table a study leaves in ``reports/validation/``, and the assertion that it is within the gate.

Rules for that folder: one file per study and number of repetitions, ``<study>-<repetitions>.md``, replaced whole by the
next run; made-up data only, no bank's; no wall clock and no machine, so the same code gives the same bytes. It is
written before the assertion: a study that fails leaves the table that shows why. Git ignores it.
"""

from pathlib import Path

import pandas as pd
from recovery.harness import ALPHA, FIRST_SEED, Runs, Study, outside, run, summarise

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


def validate(study: Study, repetitions: int, folder: Path = FOLDER) -> None:
    """Run the study, write its table, and assert that everything in it is within the gate."""
    runs = run(study, repetitions)
    summary = summarise(runs)
    faults = outside(summary)
    page = render(study, runs, summary, faults)
    write_atomic(folder / f"{study.name}-{repetitions}.md", page.encode(), mode=0o644)
    assert not faults, "\n".join(faults)


def render(study: Study, runs: Runs, summary: pd.DataFrame, faults: list[str]) -> str:
    """Return the page (Markdown): what was drawn, the gate, one row per parameter, and what failed and why."""
    repetitions = len(runs.value)
    shown = summary.assign(
        truth=summary["truth"].map("{:.4g}".format),
        mean=summary["mean"].map("{:.4g}".format),
        bias_in_se=summary["bias_in_se"].map("{:+.2f}".format),
        coverage=summary["coverage"].map("{:.1%}".format),
        se_over_sd=summary["se_over_sd"].map("{:.3f}".format),
        verdict=[
            "OUTSIDE" if any(f.startswith(f"{row.estimator}, {row.parameter}: ") for f in faults) else "within"
            for row in summary.itertuples()
        ],
    )
    lines = [
        f"# Recovery: {study.name}",
        "",
        study.about,
        "",
        f"{repetitions} repetitions, seeds {FIRST_SEED} to {FIRST_SEED + repetitions - 1}. The gate: bias by the t "
        f"distribution, coverage by the exact binomial, {2 * len(summary)} tests adjusted together by Holm, two-sided; "
        f"right estimators end outside in at most {ALPHA:.1%} of runs.",
        "",
        _line(COLUMNS.values()),
        _line(["---"] * 2 + ["---:"] * (len(COLUMNS) - 3) + ["---"]),
        *(_line(row) for row in shown[list(COLUMNS)].astype(str).itertuples(index=False)),
        "",
        *(f"- Outside: {fault}" for fault in faults),
        *(f"- No estimate: {reason}" for reason in runs.reasons),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"  # type: ignore[attr-defined]
