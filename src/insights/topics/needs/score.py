"""How good earlier predictions were at the managers' capacity, beside two simple rules, and whether the level held."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.settings import DisclosureSection
from insights.data.snapshot import Bank
from insights.models.needs.expected import at_horizon
from insights.models.needs.rows import NeedRows
from insights.models.needs.suitable import Floats
from insights.models.needs.trials import AREA, HORIZONS, MAP, PRECISION, Trials, trials
from insights.stats.calibration import risk_groups
from insights.stats.proportions import proportion
from insights.stats.ratios import ratio_of_sums
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.needs.shared import need_facts, rows_of
from insights.topics.rows import estimates, line, plain

ID = "needs.score"
DIMS = ("measure", "way", "less")
LEVELS = ("months", "group", "what")
GROUPS = 5
EXPECTED, HAPPENED = "expected", "happened"


@dataclass(frozen=True)
class ScoreRows:
    """``scores``: measure ("precision", "pr_auc", "map3"), way, less (the way it is above, ""), value, low, high, n.

    ``levels``: months, group (fifth of the probability, 1 the lowest; 0 for all), what ("expected", "happened"), value
    (share), low, high. ``lifts``: way, and how many times as many of those chosen by the model in use bought.
    ``dates``: date (ISO), way, and the share of those chosen then that bought. ``months``: date (ISO), what
    ("expected", "happened"), and the share of all asked then who bought within three months.
    """

    scores: pd.DataFrame
    levels: pd.DataFrame
    lifts: pd.DataFrame
    dates: pd.DataFrame
    months: pd.DataFrame


def score(bank: Bank) -> Answer | NotAvailable:
    """Tell what came of predictions made at past dates from what was known then."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    tried = cast(Trials, trials(bank))
    evidence: dict[str, Evidence] = {
        "scores": score_rows(tried, (PRECISION, AREA, MAP)),
        "levels": _levels(tried),
        "lifts": _lifts(tried),
        "dates": _dates(tried, rows, bank.settings.disclosure),
        "months": _months(tried, rows),
    }
    return Answer(ID, ID, evidence, _rows, need_facts(bank, rows, tried))


def score_rows(found: Trials, measures: tuple[str, ...]) -> Estimates:
    """Return the scores of every way, and by how much the model in use is above the others."""
    came = found.frame["came_3m"].to_numpy()
    lines = []
    for measure in measures:
        for way, rows in found.chosen.items():
            events = came[rows].sum() if measure == PRECISION else came.sum()
            clients = found.frame["client"][rows].nunique()
            lines.append(
                {"measure": measure, "way": way, "less": ""} | line(found.score(measure, way), clients, events)
            )
            if way != found.used:
                less = found.score(measure, found.used, way)
                lines.append({"measure": measure, "way": found.used, "less": way} | line(less, clients, events))
    return estimates(lines, *DIMS)


def _lifts(found: Trials) -> Estimates:
    """Return how many times as many bought of those chosen by the model in use as of those chosen another way."""
    came = found.frame["came_3m"].to_numpy()
    lines = []
    for way, rows in found.chosen.items():
        if way != found.used:
            clients = found.frame["client"][rows].nunique()
            lines.append({"way": way} | line(found.lift(found.used, way), clients, came[rows].sum()))
    return estimates(lines, "way")


def _dates(found: Trials, rows: NeedRows, rules: DisclosureSection) -> Estimates:
    """Return the share of those chosen at each past date that bought.

    All dates of a way are told, or none: with its total, one that is withheld could be worked out from the others.
    """
    least = rules.min_clients if rules.mode == "bank" else 0
    column = found.frame["column"].to_numpy()
    lines = []
    for way, chosen in found.chosen.items():
        own = found.frame[chosen].groupby("column")["came_3m"].agg(["sum", "size"]).astype(float)
        if (np.minimum(own["sum"], own["size"] - own["sum"]) < least).any():
            continue
        for c, events, n in own.itertuples():
            date = month_end(rows.months.month(int(c))).isoformat()
            clients = found.frame["client"][chosen & (column == c)].nunique()
            lines.append({"date": date, "way": way} | line(proportion(events, n), clients, events))
    return estimates(lines, "date", "way")


def _months(found: Trials, rows: NeedRows) -> Estimates:
    """Return what was expected and what happened within three months of each past date, of all who were asked."""
    lines: list[dict[str, Any]] = []
    for c, own in found.frame.groupby("column"):
        date = month_end(rows.months.month(int(str(c)))).isoformat()
        client, came = own["client"].to_numpy(), own["came_3m"].to_numpy()
        p = at_horizon(own[found.used].to_numpy(), HORIZONS[0])
        lines += _both({"date": date}, p, came, client)
    return estimates(lines, "date", "what")


def _both(head: dict[str, Any], p: Floats, came: Floats, client: Floats) -> list[dict[str, Any]]:
    """Return the lines of the share that bought, with its interval by client, and of the share that was expected."""
    share = ratio_of_sums(came, np.ones(len(came)), cluster=client, unit="share", positive=True)
    n, events = len(np.unique(client)), came.sum()
    return [
        head | {"what": HAPPENED} | line(share, n, events),
        head | {"what": EXPECTED} | plain(p.mean(), "share", n, events),
    ]


def _levels(found: Trials) -> Estimates:
    """Return what was expected and what happened, in all and by fifth of the probability at each date."""
    lines: list[dict[str, Any]] = []
    for months in HORIZONS:
        frame = found.frame.dropna(subset=[f"came_{months}m"])
        if frame.empty:
            continue
        p, came = at_horizon(frame[found.used].to_numpy(), months), frame[f"came_{months}m"].to_numpy()
        fifth = risk_groups(p, GROUPS)
        client = frame["client"].to_numpy()
        for group in (0, *range(1, GROUPS + 1)):
            own = np.ones(len(p), dtype=bool) if group == 0 else fifth == group
            if not own.any():
                continue
            lines += _both({"months": months, "group": group}, p[own], came[own], client[own])
    return estimates(lines, *LEVELS)


def _rows(parts: dict[str, Evidence]) -> ScoreRows:
    return ScoreRows(*(cast(Estimates, parts[name]).rows for name in ("scores", "levels", "lifts", "dates", "months")))
