"""The marginal parameters of the default law: what a hazard model aims at that cannot see what lies behind.

A complementary log-log model is not collapsible: leave out satisfaction, the intention to leave and the manager's own
effect, and the coefficients of the others move, because those who are still there are no longer a fair sample of them.
The parameters are those of the model without the three, fitted to person-months of very many clients.

    python -m insights.demo.truth.marginal --clients 2000000        (ten minutes of one core; prints marginal.toml)

Batches are banks of their own, each with its seed, market and managers. All months with an exit count, and of the
others one in ``THIN`` with that weight. The errors are clustered by batch.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from insights.demo.bank import begin
from insights.demo.law import Law
from insights.demo.people.leaving import COMPETITOR, Risk
from insights.demo.streams import stream
from insights.demo.truth.record import marginal_hash

BATCH = 10_000
MONTHS = 60
THIN = 8
FIRST_SEED = 1_000_000
NAMES = (
    "log_base",
    "log_tenure",
    "tenure_per_5_years",
    "log_wealth",
    "complaint_6m",
    "retention_programme",
    "manager_experience",
    "earlier_large_outflow",
    "digital_first_24m",
    "digital_later",
)


@dataclass(frozen=True)
class Marginal:
    """Parameters by name with Monte-Carlo standard errors, clustered by batch; what they rest on."""

    parameters: dict[str, float]
    errors: dict[str, float]
    clients: int
    months: int
    events: int


@dataclass(frozen=True)
class Batch:
    """Thinned person-months of one bank: covariates in the order of ``NAMES`` (float32), event, weight."""

    design: np.ndarray
    event: np.ndarray
    weight: np.ndarray


def recompute(
    law: Law, clients: int, months: int = MONTHS, *, batch: int = BATCH, seed: int = FIRST_SEED, jobs: int = 1
) -> Marginal:
    """Simulate ``clients`` clients in batches and fit the hazard of leaving to a competitor without what is latent.

    ``jobs`` processes draw the batches; the result does not depend on their number.
    """
    number = -(-clients // batch)
    work = [(law, batch, months, seed + i) for i in range(number)]
    if jobs > 1:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            batches = pool.starmap(draw_batch, work, chunksize=1)
    else:
        batches = [draw_batch(*each) for each in work]
    beta, errors = fit(batches)
    return Marginal(
        parameters=dict(zip(NAMES, beta.tolist(), strict=True)),
        errors=dict(zip(NAMES, errors.tolist(), strict=True)),
        clients=number * batch,
        months=months,
        events=int(sum(part.event.sum() for part in batches)),
    )


def draw_batch(law: Law, clients: int, months: int, seed: int) -> Batch:
    """Return the person-months of one bank: all with an exit to a competitor, and one in ``THIN`` of the others."""
    process, rng = begin(law, clients, months, seed, tables=False), stream(seed, "thinning")
    parts = []
    for month in process.run():
        event = month.reason == COMPETITOR
        kept = event | (rng.random(len(event)) * THIN < 1)
        kept &= month.risk.at != process.dominant
        parts.append((_design(month.risk, kept), event[kept]))
    event = np.concatenate([part[1] for part in parts])
    design = np.concatenate([part[0] for part in parts])
    return Batch(design, event, np.where(event, 1.0, THIN).astype(np.float32))


def fit(batches: Iterable[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """Fit P(event) = 1 - exp(-exp(x'b)) by weighted Fisher scoring; return estimates and errors clustered by batch.

    Raises ValueError if it does not converge.
    """
    parts = list(batches)
    events, rows = sum(float(b.event.sum()) for b in parts), sum(float(b.weight.sum()) for b in parts)
    beta = np.zeros(len(NAMES))
    beta[0] = np.log(events / rows)
    for _ in range(50):
        sums = [_score(part, beta) for part in parts]
        information = np.sum([information for _, information in sums], axis=0)
        step = np.linalg.solve(information, np.sum([score for score, _ in sums], axis=0))
        beta += step
        if np.abs(step).max() < 1e-10:
            scores = np.stack([score for score, _ in sums])
            bread = np.linalg.inv(information)
            spread = len(parts) / max(len(parts) - 1, 1) * scores.T @ scores
            return beta, np.sqrt(np.diag(bread @ spread @ bread))
    raise ValueError("the fit did not converge; expected a law with exits to competitors; simulate more clients")


def as_toml(found: Marginal, law: Law) -> str:
    """Return the contents of ``marginal.toml``."""
    lines = [
        "# Marginal parameters of the default law: the hazard of leaving to a competitor without satisfaction,",
        "# intention and the manager's effect. Made by `python -m insights.demo.truth.marginal`; do not edit.",
        f'law = "{marginal_hash(law)}"',
        f"clients = {found.clients}",
        f"months = {found.months}",
        f"events = {found.events}",
    ]
    for title, values in (("parameters", found.parameters), ("errors", found.errors)):
        lines += ["", f"[{title}]", *(f"{name} = {value:.6f}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _design(risk: Risk, kept: np.ndarray) -> np.ndarray:
    years, early = risk.tenure_months[kept] / 12, risk.tenure_months[kept] < 24
    digital = risk.digital[kept]
    columns = (
        np.ones(len(years)),
        np.log1p(years),
        years / 5,
        risk.log_wealth[kept],
        risk.complaint_6m[kept],
        risk.retention_programme[kept],
        risk.manager_experience[kept],
        risk.earlier_large_outflow[kept],
        digital & early,
        digital & ~early,
    )
    return np.stack([column.astype(np.float32) for column in columns], axis=1)


def _score(part: Batch, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = part.design.astype(np.float64)
    rate = np.exp(x @ beta)
    survive = np.exp(-rate)
    score = x.T @ (part.weight * rate * (part.event - (1 - survive)) / (1 - survive))
    return score, (x * (part.weight * rate**2 * survive / (1 - survive))[:, None]).T @ x


def main() -> None:
    """Recompute and print ``marginal.toml``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=2_000_000)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    start, given = time.perf_counter(), parser.parse_args()
    sys.stdout.write(as_toml(recompute(Law(), given.clients, jobs=given.jobs), Law()))
    sys.stderr.write(f"{time.perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
