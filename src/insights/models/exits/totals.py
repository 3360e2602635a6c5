"""How many clients will leave in the next months, and with how much, and how sure that is.

The uncertainty has three parts: the coefficients are estimates; who leaves is chance; and whole years have been better
or worse than others, where the past shows that. Coefficients of all models are drawn together: what one manager's
clients have added to each of them is weighted by the same lot, so that errors they share are not averaged away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.draws import DRAWS, Draws
from insights.models.exits.fit import VARIES, CauseHazard
from insights.models.exits.hazards import OUTFLOW, fit_exit_hazards
from insights.models.exits.risk import ANY, in_force
from insights.models.exits.use import risk_factors, risks_in_use
from insights.stats.heterogeneity import Variation, common_variation
from insights.stats.inputs import Floats

CLIENTS_AT_ONCE = 5_000
SEED = 20_040_731
FEWEST = 10
"""Among fewer clients with money nobody is looked for who is too large."""


@dataclass(frozen=True)
class ExitTotals:
    """Expected totals within ``horizon`` months.

    ``table``: event (reason, "any" or "outflow"), measure ("clients" or "assets", in the reporting currency), value,
    low, high (``level``), n (clients in force), n_events (events the model rests on). ``yearly_sd`` by event is the
    standard deviation between years of the log hazard that the intervals allow for, where the years differ.
    ``counted`` are the assets (n, in the order of ``in_force``) that the sums of money hold: 0 where none are known,
    and for ``giants`` clients so rich that whether one or two of them leave would decide the interval of the sum.
    """

    table: pd.DataFrame
    yearly_sd: Mapping[str, float]
    horizon: int
    counted: Floats = field(repr=False)
    giants: int
    level: float = 0.95


def exit_totals(bank: Bank, landmark: date | None = None, horizon: int = 12) -> ExitTotals:
    """Return the expected numbers of leavers and their assets by reason, with prediction intervals. Computed once.

    ``horizon`` is one of ``HORIZONS``. Values are sums of ``risks_in_use``; the interval is that of what will happen to
    the clients in force (new ones come on top). Where the challenger's risks are in use, the sum of clients is that of
    the hazards, interval and all; which of them leave is chance, and that the challenger may be wrong about single
    clients is not allowed for. Assets count as they were known last: markets and payments until then are not foreseen.
    Clients without known assets, and giants (by the dominance shares of the settings), count as leavers and bring no
    money.
    """
    landmark = bank.as_of if landmark is None else landmark
    return once(bank, ("exit_totals", landmark, horizon), lambda: _totals(bank, landmark, horizon), on_disk=True)


def _totals(bank: Bank, landmark: date, horizon: int) -> ExitTotals:
    hazards = fit_exit_hazards(bank, landmark)
    rows, risks, own = in_force(bank, landmark), risks_in_use(bank, landmark), risk_factors(bank, landmark)
    models = dict(hazards.models) | ({OUTFLOW: hazards.outflow} if hazards.outflow is not None else {})
    rng = np.random.default_rng(SEED)
    draws = Draws(models, rows, rng)
    spread = {name: _between_years(model) for name, model in models.items()}
    # A bad year is bad for all clients: one factor for each event, with mean 1.
    factor = {name: np.exp(sd * rng.standard_normal(DRAWS) - sd**2 / 2) for name, sd in spread.items()}
    rules = bank.settings.disclosure
    shares = (1.0, 1.0) if rules.mode == "public_data" else (rules.dominance_largest, rules.dominance_two)
    assets = np.nan_to_num(rows.assets_before)
    giant = giants(assets, risks[f"{ANY}_{horizon}m"].to_numpy(float), *shares)
    assets[giant] = 0.0
    events = (*hazards.models, ANY, OUTFLOW)
    drawn = {(name, measure): np.zeros(DRAWS) for name in events for measure in ("clients", "assets")}
    for start in range(0, rows.n, CLIENTS_AT_ONCE):
        at = np.arange(start, min(start + CLIENTS_AT_ONCE, rows.n))
        part = rows.take(at)
        sums = {name: draws.cumulative(name, part, horizon) * factor[name] for name in models}
        outflow = sums.pop(OUTFLOW, None)
        if own is not None:
            sums = {name: total * own[at][:, None] for name, total in sums.items()}
        left = np.zeros((part.n, DRAWS), dtype=bool)
        for name, happened in _happen(sums, rng).items():
            left |= happened
            drawn[name, "clients"] += happened.sum(axis=0)
            drawn[name, "assets"] += assets[at] @ happened
        drawn[ANY, "clients"] += left.sum(axis=0)
        drawn[ANY, "assets"] += assets[at] @ left
        if outflow is not None:
            # Whoever leaves had on average half of the time for an outflow before.
            drawn[OUTFLOW, "clients"] += (rng.random(outflow.shape) < -np.expm1(-outflow * (1 - 0.5 * left))).sum(
                axis=0
            )
    lines = []
    for name in (*hazards.models, ANY, *([OUTFLOW] if OUTFLOW in models else [])):
        risk = risks[f"{name}_{horizon}m"].to_numpy(float)
        rests_on = sum(m.events for n, m in models.items() if n == name or (name == ANY and n != OUTFLOW))
        for measure in ("clients", "assets") if name != OUTFLOW else ("clients",):
            value = float(risk.sum() if measure == "clients" else risk @ assets)
            low, high = np.quantile(drawn[name, measure], (0.025, 0.975))
            lines.append((name, measure, value, min(float(low), value), max(float(high), value), rows.n, rests_on))
    columns = ["event", "measure", "value", "low", "high", "n", "n_events"]
    years = {name: sd for name, sd in spread.items() if sd}
    return ExitTotals(pd.DataFrame(lines, columns=columns), years, horizon, assets, int(giant.sum()))


def chance(assets: Floats, risk: Floats) -> Floats:
    """Return what each client (n) adds to the variance of the sum that leaves, from chance alone."""
    return assets**2 * risk * (1 - risk)


def giants(assets: Floats, risk: Floats, largest: float, two: float) -> npt.NDArray[np.bool_]:
    """Return the clients (n flags) without whom no one or two decide more than these shares of that variance."""
    found = np.zeros(len(assets), dtype=bool)
    variance = chance(assets, risk)
    while variance.any():
        first, second = (float(v) for v in np.sort(np.append(variance, 0.0))[:-3:-1])
        total = float(variance.sum())
        # Of a few clients who are alike nobody is a giant: they would all be taken out one after the other.
        if np.count_nonzero(variance) < FEWEST or (first <= largest * total and first + second <= two * total):
            break
        top = int(variance.argmax())
        found[top], variance[top] = True, 0.0
    return found


def _between_years(model: CauseHazard) -> float:
    found = common_variation(model.yearly["observed"], model.yearly["expected"])
    if not isinstance(found, Variation) or found.test.p_value is None or found.test.p_value >= VARIES:
        return 0.0
    return found.sd


def _happen(sums: Mapping[str, Floats], rng: np.random.Generator) -> dict[str, npt.NDArray[np.bool_]]:
    """Draw who leaves and for what reason (n, draws each), given the cumulative intensities of the reasons."""
    if not sums:
        return {}
    total = np.sum(list(sums.values()), axis=0)
    lot = rng.random(total.shape)
    per_intensity = -np.expm1(-total) / np.maximum(total, 1e-300)
    found, edge = {}, np.zeros(total.shape)
    for name, own in sums.items():
        above = lot >= edge
        edge = edge + own * per_intensity
        found[name] = above & (lot < edge)
    return found
