"""What a programme did that was drawn by lot: both arms as they were drawn, adjusted for the year before.

Everybody counts in the arm he was drawn for, whatever he did and whether he left (intention to treat): the money of
those who left counts as it went. Clients of one manager are alike, or were drawn together, and errors allow for it.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.outcomes import (
    LARGEST,
    MARK,
    MONEY,
    NO_TAKERS,
    OUTCOMES,
    SETTLED,
    WAIT,
    Outcome,
    Rollout,
    adjusted,
    complete_months,
    contact_sums,
    held_before,
    scaled,
)
from insights.models.channels.programmes import Reach
from insights.models.loyalty.drawn import used_within_year
from insights.models.loyalty.uses import NEEDS as OF_USE
from insights.models.months import SpellMonths
from insights.stats.effects import complier_effect
from insights.stats.linear import LinearFit, least_squares
from insights.stats.results import Estimate, NotEstimable

MONTHS = 12
LEFT = "left"
TOO_YOUNG = "too_young"
FEWEST_LEAVERS = 10

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def by_lot(bank: Bank, months: SpellMonths, found: Reach) -> Rollout:
    """Return what a programme by lot did within twelve months of the draw."""
    end = complete_months(bank, months)
    drawn = ~np.isnan(found.day) & (found.day + MONTHS <= end) & (found.day > 0)
    head = {"starts": found.starts, "by_manager": found.by_manager, "by_lot": True, "months": MONTHS}
    if not (drawn & np.isfinite(found.start)).any() or not (drawn & np.isinf(found.start)).any():
        return Rollout(found.name, why=TOO_YOUNG, **head)  # type: ignore[arg-type]
    treated, cluster = np.isfinite(found.start[drawn]), found.manager[drawn]
    outcomes = []
    primary = bank.settings.channels.primary
    for name in (*sorted(OUTCOMES, key=lambda o: o != primary), LEFT):
        if name == MONEY:
            took = took_part(bank, months, found, drawn)
            outcomes.append(money(months, found, drawn, bank.settings.bank.currency, took))
        elif name == LEFT:
            gone = months.left[drawn] & (months.last[drawn] < found.day[drawn] + MONTHS)
            outcomes.append(compare(name, gone.astype(float), None, treated, cluster, "share"))
        elif (values := _means(bank, months, found, name)) is not None:
            unit = {MARK: "points", WAIT: "minutes", SETTLED: "share"}[name]
            outcomes.append(compare(name, values[0][drawn], values[1][drawn], treated, cluster, unit))
    clusters = len(set(cluster))
    return Rollout(found.name, adjusted(outcomes, primary), clusters=clusters, **head)  # type: ignore[arg-type]


def compare(
    name: str, after: Floats, before: Floats | None, treated: Bools, cluster: npt.NDArray[np.object_], unit: str
) -> Outcome:
    """Return treated less control of an outcome (n; nan where not known), adjusted for the same before within each arm.

    Lin (2013): the adjustment cannot bias what the lot made fair, and takes away what clients brought with them. Where
    the outcome of before is not known its mean stands, and a flag says so.
    """
    known = ~np.isnan(after)
    y, arm = after[known], treated[known].astype(float)
    sides = int(arm.sum()), int((1 - arm).sum())
    if name == LEFT and y.sum() < FEWEST_LEAVERS:
        return Outcome(name, NotEstimable("too few left in both arms together"), reached=sides[0], others=sides[1])
    columns = {"arm": arm}
    if before is not None and not np.isnan(before[known]).all():
        b = before[known]
        middle = np.where(np.isnan(b), 0.0, b - np.nanmean(b))
        flag = np.isnan(b).astype(float)
        for key, values in (("before", middle), ("unknown", flag - flag.mean())):
            if values.std() > 0:
                columns |= {key: values, f"arm:{key}": arm * values}
    fit = least_squares(y, pd.DataFrame(columns), cluster=cluster[known].astype(str), unit=unit)
    found = _told(name, fit, sides)
    return replace(found, events=float(min(y[arm == 1].sum(), y[arm == 0].sum()))) if name == LEFT else found


def _told(name: str, fit: LinearFit | NotEstimable, sides: tuple[int, int]) -> Outcome:
    if isinstance(fit, NotEstimable):
        return Outcome(name, fit, reached=sides[0], others=sides[1])
    p = float(fit.table.loc[fit.table["name"] == "arm", "p"].iloc[0])
    return Outcome(name, fit.coefficient("arm"), p=p, controls="lot", reached=sides[0], others=sides[1])


def money(months: SpellMonths, found: Reach, drawn: Bools, currency: str, took: Floats | None = None) -> Outcome:
    """Return the effect on net new money of those drawn, those who left with what they took along.

    ``took`` (n): 1 for whoever took part within the months, else 0; then the effect on those whom the lot moved to do
    so is told as well.
    """
    day = np.where(drawn, found.day, 0).astype(np.int64)
    held = np.full(len(day), np.nan)
    for d in np.unique(day[drawn]):
        held = np.where(day == d, held_before(months, int(d)), held)
    used = drawn & (held > 0)
    used &= held <= np.nanquantile(held[used], 1 - LARGEST)
    after, before = (_flows(months, day, *span)[used] for span in ((0, MONTHS), (-MONTHS, 0)))
    held, arm = held[used], np.isfinite(found.start[used]).astype(float)
    columns: dict[str, Floats] = {"arm": arm}
    for key, values in (("held", held), ("before", before)):
        middle = (values - values.mean()) / max(float(values.std()), 1e-9)
        columns |= {key: middle, f"arm:{key}": arm * middle}
    design, cluster = pd.DataFrame(columns), found.manager[used].astype(str)
    fit = least_squares(after, design, cluster=cluster, unit=currency)
    told = _told(MONEY, fit, (int(arm.sum()), int((1 - arm).sum())))
    if not isinstance(told.mean, Estimate):
        return told
    size = np.sort(np.abs(after[arm == 1]))[::-1]
    whole = scaled(told.mean, float(arm.sum()))
    share = scaled(told.mean, 12 / MONTHS / float(held[arm == 1].mean()), "share of assets")
    return Outcome(
        MONEY,
        share,
        whole,
        p=told.p,
        controls="lot",
        reached=told.reached,
        others=told.others,
        held=float(held[arm == 1].sum()),
        took=NO_TAKERS if took is None else complier_effect(after, took[used], design, cluster=cluster, unit=currency),
        sizes=(float(size[0]), float(size[1]) if len(size) > 1 else 0.0, float(size.sum())),
    )


def took_part(bank: Bank, months: SpellMonths, found: Reach, drawn: Bools) -> Floats | None:
    """Return who took part within twelve months of the draw (n; 1 or 0), in whichever arm; None where nothing tells.

    The services, events or rewards that the programme gave are those of [loyalty.drawn].
    """
    group = next((g for g, p in bank.settings.loyalty.drawn.items() if p == found.name), None)
    if group is None or bank.needs(*OF_USE[group]):
        return None
    where = np.flatnonzero(drawn)
    days = [months.month(int(d)) for d in found.day[where]]
    rows = pd.DataFrame({"client_id": months.spells["client_id"].to_numpy()[where], "day": days})
    took = np.zeros(len(drawn))
    took[where] = used_within_year(bank, group, rows).to_numpy(float)
    return took


def _flows(months: SpellMonths, day: npt.NDArray[np.int64], first: int, end: int) -> Floats:
    """Return net new money (n) of the months from ``first`` to before ``end``, counted from each one's own day.

    The month of joining is left out: what a client brings on joining is no change.
    """
    columns = np.arange(months.months)
    opened = np.where(months.tenure > 0, months.first, months.first + 1)
    inside = (columns >= np.maximum(day + first, opened)[:, None]) & (columns < (day + end)[:, None])
    return np.where(inside, np.nan_to_num(months.flows), 0.0).astype(float).sum(axis=1)


def _means(bank: Bank, months: SpellMonths, found: Reach, name: str) -> tuple[Floats, Floats] | None:
    """Return the mean of a contact's measure (n) over the year after the draw and the year before; nan without any."""
    sums = contact_sums(bank, months, name)
    if sums is None:
        return None
    total, count = sums
    columns = np.arange(months.months)
    means = []
    for first, end in ((0, MONTHS), (-MONTHS, 0)):
        inside = (columns >= (found.day + first)[:, None]) & (columns < (found.day + end)[:, None])
        n = (count * inside).sum(axis=1)
        means.append(np.divide((total * inside).sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0))
    return means[0], means[1]
