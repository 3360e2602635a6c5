"""The way from a factor to who says he is loyal and who leaves, held against the law's own, and what keeping is worth.

An item's mark follows from its factor and chance; what a factor's score measures is the mark to be expected. One point
more of that goes with more loyalty, because both follow from attitude, and with fewer exits, because satisfaction
follows from it too. The truth is the slope among everybody asked in very large banks, with what the scores measure in
their place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
from recovery.futures import brought
from recovery.harness import Compared
from recovery.loyalty import mean_mark
from recovery.oracle import Held, Watched, fork
from scipy.special import ndtr

from insights.demo import DemoBank, Law, simulate
from insights.demo.money.monthly import REVENUE_KINDS
from insights.demo.service.surveys import FACTORS, PER_FACTOR, RECOMMEND, mean_recommendation
from insights.models.loyalty.answers import SurveyAnswers
from insights.models.loyalty.followed import MONTHS, Followed
from insights.models.loyalty.levels import StatedLevels, changes_of_levels
from insights.models.loyalty.worth import ALL, Worth, _made
from insights.stats.inputs import Floats
from insights.stats.linear import LinearFit, least_squares
from insights.stats.pathway import IndexPath, relative
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import ResponseWeights, response_weights

CLIENTS, WINDOW = 4_000, 48
MANY, MANY_SEED, BANKS = 40_000, 2_000_000, 4
CHOSEN = ("competitor", "relocation")
"""Reasons of the demo bank that are the client's choice."""
PLACES = (0, 4)
"""Their places among the reasons of the hazards."""
LOYAL_FROM = 8.5
CONTROLS = ("log2_assets", "tenure")


@dataclass(frozen=True)
class Drawn:
    """One bank: everybody asked (rows), and the paths and levels that its answers give."""

    asked: pd.DataFrame = field(repr=False)
    found: Worth = field(repr=False)
    said: StatedLevels = field(repr=False)


def asked_of(bank: DemoBank) -> pd.DataFrame:
    """Return everybody asked: items, what lies behind them, whether he left by choice in the year after (or nan)."""
    asked = bank.survey_answers.dropna(subset=["log_wealth"]).reset_index(drop=True)
    months = bank.person_months
    at = months[["client_id", "month", "manager", "tenure_months"]]
    asked = asked.merge(at, on=["client_id", "month"], how="left", validate="one_to_one")
    gone = months.loc[months["reason"].isin(CHOSEN), ["client_id", "month"]].rename(columns={"month": "gone"})
    both = asked[["client_id", "month"]].reset_index().merge(gone, on="client_id")
    inside = both[(both["gone"] > both["month"]) & (both["gone"] <= both["month"] + MONTHS)]
    left = pd.Series(0.0, asked.index)
    left[inside["index"].unique()] = 1.0
    asked["left"] = left.where(asked["month"] + MONTHS <= months["month"].max())
    asked["log2_assets"], asked["tenure"] = asked["log_wealth"], np.log1p(asked["tenure_months"] / 12)
    return asked


def draw(seed: int) -> Drawn:
    """Return a bank of the default law with what its answers tell, weighted for who answers."""
    asked = asked_of(simulate(Law(), CLIENTS, WINDOW, seed))
    weights = response_weights(asked["answered"], asked[["log_wealth"]])
    assert isinstance(weights, ResponseWeights)
    rows = asked[asked["answered"]].copy()
    rows["weight"], rows["segment"] = weights.weights[asked["answered"].to_numpy()], "all"
    items = {f: tuple(f"item_{f}_{j + 1}" for j in range(PER_FACTOR)) for f in FACTORS}
    for name, own in items.items():
        rows[name] = rows[list(own)].mean(axis=1)
    rows["loyalty"] = rows[RECOMMEND]
    later = Followed(rows[["left"]].dropna(), {})
    rows = rows.drop(columns="left")
    survey = SurveyAnswers(rows, rows, items, (RECOMMEND,), {}, {}, NotEstimable(""), ("all",))
    found = _made(survey, later)
    return Drawn(asked, found, changes_of_levels(found, (0, 10)))


def measured(law: Law, asked: pd.DataFrame) -> pd.DataFrame:
    """Return what each factor's score measures: the mark to be expected of its items."""
    p = law.surveys
    behind = asked[[f"factor_{j + 1}" for j in range(len(FACTORS))]].to_numpy()
    edges = (p.loading * behind[:, :, None] - np.asarray(p.thresholds)) / np.sqrt(1 - p.loading**2)
    return pd.DataFrame(1 + ndtr(edges).sum(axis=2), asked.index, FACTORS)


@lru_cache(maxsize=1)
def truth() -> dict[str, tuple[Floats, Floats]]:
    """Return by measure (points, loyal, fewer) the law's slopes by factor, and their Monte-Carlo errors.

    Of several large banks, each with a market of its own.
    """
    banks = [_truth(MANY_SEED + k) for k in range(BANKS)]
    found = {}
    for what in banks[0]:
        value, error = (np.array([bank[what][part] for bank in banks]) for part in (0, 1))
        found[what] = value.mean(axis=0), np.sqrt((error**2).sum(axis=0)) / BANKS
    return found


def _truth(seed: int) -> dict[str, tuple[Floats, Floats]]:
    law = Law()
    asked = asked_of(simulate(law, MANY, WINDOW, seed))
    scores, others = measured(law, asked), asked[list(CONTROLS)]
    mean = mean_recommendation(law.surveys, asked["attitude"].to_numpy(), asked["log_wealth"].to_numpy())
    loyal = 1 - ndtr((LOYAL_FROM - mean) / law.surveys.recommend_sd)
    points, p_se = _slopes(mean_mark(law, asked).to_numpy(), scores.join(others), asked["client_id"], len(FACTORS))
    high, h_se = _slopes(loyal, scores.join(others), asked["client_id"], len(FACTORS))
    seen = asked["left"].notna()
    index = pd.DataFrame({"index": scores.to_numpy() @ points}).join(others)
    left = asked.loc[seen, "left"].to_numpy()
    gain, g_se = _slopes(left, index[seen], asked.loc[seen, "client_id"], 1)
    return {
        "points": (points, p_se),
        "loyal": (high, h_se),
        "fewer": (-points * gain / left.mean(), np.abs(points) * g_se / left.mean()),
    }


def _slopes(y: Floats, x: pd.DataFrame, cluster: pd.Series, first: int) -> tuple[Floats, Floats]:
    fitted = least_squares(y, x, cluster=cluster.to_numpy())
    assert isinstance(fitted, LinearFit)
    own = fitted.table.iloc[1 : 1 + first]
    return own["estimate"].to_numpy(float), own["se"].to_numpy(float)


def paths(drawn: Drawn) -> Mapping[str, Compared]:
    """Points of loyalty, share of the loyal and of the exits for one point more, error of the scores taken out."""
    path = drawn.found.paths["left"]
    assert isinstance(path, IndexPath), path
    change = relative(path, drawn.found.rates[ALL])
    told: dict[str, Compared] = {}
    for j, factor in enumerate(FACTORS):
        found = {"points": path.on_index.estimate(j), "loyal": drawn.said.changes["", "high"].estimate(j)}
        away = change.estimate(j)
        assert isinstance(away, Estimate)
        found["fewer"] = Estimate(-away.value, -away.high, -away.low, "share", away.n, se=away.se)
        for what, estimate in found.items():
            values, errors = truth()[what]
            told[f"{what}, {factor}"] = Compared(float(values[j]), estimate, float(errors[j]))
    return told


def as_they_stand(drawn: Drawn) -> Mapping[str, Compared]:
    """Points of loyalty for one point more, from the scores as they stand."""
    rows = drawn.found.rows
    fitted = least_squares(
        rows["loyalty"], rows[[*FACTORS, *CONTROLS]], weight=rows["weight"], cluster=rows["cluster"].to_numpy()
    )
    assert isinstance(fitted, LinearFit)
    told = {}
    for j, row in enumerate(fitted.table.iloc[1 : 1 + len(FACTORS)].to_dict("records")):
        estimate = Estimate(row["estimate"], row["low"], row["high"], "points", len(rows), se=row["se"])
        told[f"points, {FACTORS[j]}"] = Compared(float(truth()["points"][0][j]), estimate)
    return told


@dataclass
class Choosing(Held):
    """Adds up, beside all hazards, those of leaving by choice in the first year."""

    chosen: Floats
    months: int = 0

    def add(self, at: np.ndarray, hazard: Floats) -> None:
        """Add a month; ``hazard`` (clients at risk, reasons)."""
        super().add(at, hazard)
        if self.months < MONTHS:
            place = np.full(max(int(at.max()), int(self.at.max())) + 1, -1)
            place[at] = np.arange(len(at))
            self.chosen += hazard[place[self.at]][:, list(PLACES)].sum(axis=1)
        self.months += 1


def value_kept(
    law: Law, clients: int, months: int, seed: int, *, horizon: int, share: float, discount: Floats, futures: int
) -> Floats:
    """Return by future (each with a market of its own) what those kept bring, discounted.

    A ``share`` of the hazards of leaving by choice is taken away for a year, of the clients in force ``horizon`` months
    before the bank's end; afterwards they are as they were.
    """
    process = Watched(law, clients, months, seed, tables=False)
    landmark = process.clock.total - 1 - horizon
    next(month for month in process.run() if month.t == landmark)
    process.payments.made, process.offers.done = [], []  # type: ignore[union-attr]  # nobody reads them any more
    at = np.flatnonzero(process.state.present)
    at = at[at != process.dominant]  # he is bound by contract and never leaves
    kept = np.zeros(futures)
    for k in range(futures):
        future = fork(process, seed, k, landmark, fresh_market=True)
        nothing = np.zeros(len(at))
        future.held = Choosing(at, nothing.copy(), np.zeros((len(at), 5)), nothing.copy())
        for h in range(horizon):
            month = future._month(landmark + 1 + h, record=False)
            told = brought(future, month, at)
            own = discount[h] * np.exp(-future.held.so_far) * sum(told[name] for name in REVENUE_KINDS)
            kept[k] += own @ np.expm1(share * future.held.chosen)
    return kept
