"""Each client's probability of leaving within some months, by reason, and of a large outflow.

From the hazards fitted at a landmark, given that the client is in force then. His features stay as they were known at
the landmark, while tenure and the season go on. For the main events the hazards of later months are those fitted on
features of that age, so that a complaint of today counts less in a year than next month.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import OUTFLOW, ExitHazards, fit_exit_hazards
from insights.models.exits.rows import Codes, ExitRows, Ints, Singles, exit_rows
from insights.stats.inputs import Floats

ANY = "any"
HORIZONS = (3, 6, 12)
CHUNK = 20_000
"""Clients worked on at once."""


def exit_risks(
    bank: Bank,
    landmark: date | None = None,
    horizons: Sequence[int] = HORIZONS,
    *,
    without_managers: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Return the risks of every client in force at the landmark (default: the as-of date). Computed once.

    Columns: ``client_id``, ``manager`` (None where not known), ``assets_before`` (currency, nan where none is known),
    ``tenure_months``; for each horizon of h months ``<reason>_<h>m`` for every reason that anybody left for by then,
    ``any_<h>m`` their sum, and ``outflow_<h>m``, a large outflow while still a client (nan where none can be told).
    Probabilities given that the client is in force at the landmark; causes compete, so they add up.

    ``without_managers``: the fit does not know their clients, who get their risks all the same.
    """
    landmark = bank.as_of if landmark is None else landmark
    key = ("exit_risks", landmark, tuple(horizons), without_managers)

    def compute() -> pd.DataFrame:
        hazards = fit_exit_hazards(bank, landmark, without_managers=without_managers, inference=False)
        return risks_of(bank, hazards, horizons)

    return once(bank, key, compute, on_disk=True)


def in_force(bank: Bank, landmark: date | None = None) -> ExitRows:
    """Return one row for each client in force at the landmark, with what was known of him then.

    Of a client with several relationships open at once only the longest counts.
    """
    rows = exit_rows(bank).at(bank.as_of if landmark is None else landmark)
    return rows.take(one_each(rows.client, rows.tenure))


def one_each(client: Codes, tenure: Singles) -> Ints:
    """Return the place of one row for each client, in their order: of several relationships the longest."""
    order = np.lexsort((-tenure, client))
    first = np.append(True, np.diff(client[order]) > 0) if len(client) else np.zeros(0, dtype=bool)
    return np.asarray(np.sort(order[first]))


def paths(hazards: ExitHazards, rows: ExitRows, months: int) -> dict[str, Floats]:
    """Return the intensities (n, months) by reason, from the month after the landmark on."""
    return {reason: model.path(rows, months) for reason, model in hazards.models.items()}


def incidences(intensity: Mapping[str, Floats], months: Iterable[int]) -> dict[tuple[str, int], Floats]:
    """Return the probability (n) of each event by each horizon, the first event ending it all.

    ``intensity`` are those of the months (n, at least the longest horizon). Within a month the intensities are
    constant, so that events share the month's total in proportion.
    """
    total = np.zeros_like(next(iter(intensity.values())))
    for part in intensity.values():
        total += part
    gone = np.cumsum(total, axis=1)
    ended = np.exp(-(gone - total)) * -np.expm1(-total) / np.where(total > 0, total, 1.0)
    found: dict[tuple[str, int], Floats] = {}
    for name, part in intensity.items():
        share = np.cumsum(part * ended, axis=1)
        found |= {(name, h): share[:, h - 1] for h in months}
    return found


def risks_of(
    bank: Bank, hazards: ExitHazards, horizons: Sequence[int] = HORIZONS, factors: Floats | None = None
) -> pd.DataFrame:
    """Return the risks that hazards give to those in force at their landmark, columns as in ``exit_risks``.

    ``factors`` (n) multiply all intensities of leaving, each client's by his own; those of an outflow stay.
    """
    rows = in_force(bank, hazards.landmark)
    found: dict[str, Floats] = {
        f"{name}_{h}m": np.full(rows.n, np.nan if name == OUTFLOW else 0.0)
        for h in horizons
        for name in (*hazards.models, ANY, OUTFLOW)
    }
    for start in range(0, rows.n, CHUNK):
        at = np.arange(start, min(start + CHUNK, rows.n))
        part = rows.take(at)
        leaving = paths(hazards, part, max(horizons))
        if factors is not None:
            leaving = {name: path * factors[at][:, None] for name, path in leaving.items()}
        if leaving:
            for (name, h), risk in incidences(leaving, horizons).items():
                found[f"{name}_{h}m"][at] = risk
                found[f"{ANY}_{h}m"][at] += risk
        if hazards.outflow is not None:
            outflow = hazards.outflow.path(part, max(horizons))
            for (name, h), risk in incidences({**leaving, OUTFLOW: outflow}, horizons).items():
                if name == OUTFLOW:
                    found[f"{OUTFLOW}_{h}m"][at] = risk
    head = {
        "client_id": rows.of(rows.client, rows.clients),
        "manager": rows.of(rows.manager, rows.managers),
        "assets_before": rows.assets_before,
        "tenure_months": rows.tenure - 1.0,
    }
    return pd.DataFrame(head | found)
