"""Hazards of leaving by reason, and of a large outflow, as they could be known at a landmark.

Each reason has a model of its own (cause-specific): a month in which a client leaves for another reason is one without
the event, his last. The main reason, and the large outflow, have all features that the evidence allows; the others,
which are rarer, have the few that could matter to them; a reason with too few events for any has one constant hazard.

What is known of a client tells less and less about the months to come. So the hazards used for prediction are fitted
for months ahead: those four to six months after the features were known, say, have coefficients of their own.

Source of that: van Houwelingen & Putter (2012), Dynamic Prediction in Clinical Survival Analysis, chapter 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.counts import UNKNOWN
from insights.models.exits.fit import BANDS, CauseHazard, fit_cause
from insights.models.exits.leaks import leaks
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.features import PROGRAMME
from insights.stats.hazard import HazardModel

OUTFLOW = "outflow"
"""The name of the large outflow among the models."""

ORDER = (
    "tenure", "log2_assets", "complaint_6m", "satisfaction", "recommendation", "outflow_12m", "net_share_3m",
    PROGRAMME, "online_3m", "log2_contacts_6m", "age_decades", "manager_decades", "season", "risk_tolerance",
    "investing_decades", "region", "acquisition_source", "gender", "occupation", "income_band",
)  # fmt: skip
"""Terms of the main model, the most important first: with little evidence the last ones stay out."""

ORDER_OF_OTHERS = ("age_decades", "log2_assets", "tenure", "satisfaction", "gender")
"""Terms of the models of rarer reasons."""


@dataclass(frozen=True)
class ExitHazards:
    """All hazards, as they could be fitted at the landmark.

    ``models`` by reason, the most frequent first; ``main`` is the main reason (None where nobody left); ``outflow`` is
    None where bookings or balances are not delivered. ``refused`` says of features why they are not used.
    """

    landmark: date
    lag: int
    models: Mapping[str, CauseHazard]
    outflow: CauseHazard | None
    main: str | None
    refused: Mapping[str, str]


def fit_exit_hazards(
    bank: Bank,
    landmark: date | None = None,
    *,
    lag: int | None = None,
    without_managers: frozenset[str] = frozenset(),
    inference: bool = True,
) -> ExitHazards:
    """Fit the hazards to what was known at the landmark (default: the as-of date). Computed once.

    ``lag`` in months (default: the settings). ``without_managers`` keeps the client-months of some managers out, for
    tests on managers that the fit has not seen. Exits count if they were known by the landmark; large outflows before
    the bank's own as-of date count up to one month before the landmark, since some bookings arrive late.

    ``inference``: False where only predictions are wanted, at past landmarks above all; the models then have the same
    estimates without standard errors, and neither ``support`` nor ``yearly``.
    """
    landmark = bank.as_of if landmark is None else landmark
    # The fit of today, which the reports are about, is made once and with everything.
    inference = inference or (landmark == bank.as_of and not without_managers)
    key = ("exit_hazards", landmark, lag, without_managers, inference)
    return once(bank, key, lambda: _fitted(bank, landmark, lag, without_managers, inference), on_disk=True)


def main_reason(counts: Mapping[str, int], not_by_choice: tuple[str, ...]) -> str | None:
    """Return the most frequent reason that is the client's own decision; any exit where no such reason is recorded."""
    told = {reason: n for reason, n in counts.items() if n and reason not in not_by_choice}
    told = told or {reason: n for reason, n in counts.items() if n and reason == UNKNOWN}
    return max(told, key=lambda r: (told[r], r)) if told else None


def _fitted(bank: Bank, landmark: date, lag: int | None, without: frozenset[str], inference: bool) -> ExitHazards:
    every = exit_rows(bank, lag)
    rows = every.until(landmark)
    if without:
        rows = rows.take(~np.isin(rows.of(rows.manager, rows.managers), list(without)))
    leaking = leaks(rows)
    counts = dict(zip(rows.causes, np.bincount(rows.cause, minlength=len(rows.causes) + 1)[1:].tolist(), strict=True))
    main = main_reason(counts, bank.settings.lifecycle.not_by_choice)
    models = {}
    for reason in sorted((r for r, n in counts.items() if n), key=lambda r: (-counts[r], r)):
        event = rows.cause == rows.causes.index(reason) + 1
        models[reason] = _cause(reason, rows, event, reason == main, leaking, inference)
    outflow = None
    if not np.isnan(rows.outflow).all():
        settled = last_complete(landmark) - (landmark < bank.as_of)
        told = rows.take(~np.isnan(rows.outflow) & (rows.month <= settled))
        outflow = _cause(OUTFLOW, told, told.outflow == 1, True, leaking, inference)
    refused = {**every.refused, **leaking}
    return ExitHazards(landmark, every.lag, models, outflow, main, refused)


def _cause(
    name: str, rows: ExitRows, event: npt.NDArray[np.bool_], main: bool, refused: dict[str, str], inference: bool
) -> CauseHazard:
    """Fit one event: for the main ones also the fits for months ahead."""
    if not main:
        return fit_cause(name, rows, event, ORDER_OF_OTHERS, refused, splits=(), inference=inference)
    order = main_order(rows)
    found = fit_cause(name, rows, event, order, refused, inference=inference)
    if not isinstance(found.model, HazardModel):
        return found
    # On features that are no older than those of the fit itself, the fit for the first months ahead is that fit.
    ahead = [
        fit_cause(name, rows, event, order, refused, age=age, splits=found.splits, inference=inference)
        if age
        else found
        for _, age in BANDS
    ]
    usable = all(isinstance(fit.model, HazardModel) for fit in ahead)
    return replace(found, ahead=tuple(ahead)) if usable else found


def main_order(rows: ExitRows) -> tuple[str, ...]:
    """Return the terms of the main model: the bank's programmes in their place, features without one at the end."""
    programmes = tuple(name for name in rows.numeric if name.startswith(PROGRAMME))
    found = tuple(n for name in ORDER for n in (programmes if name == PROGRAMME else (name,)))
    return (*found, *(name for name in (*rows.numeric, *rows.categories) if name not in found))
