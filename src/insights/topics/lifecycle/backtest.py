"""How good the predictions of leaving are: made at past landmarks with what was known then, held against the facts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.hazards import OUTFLOW
from insights.models.exits.outcomes import FOLLOWED
from insights.models.exits.risk import ANY, HORIZONS
from insights.models.exits.trials import LEFT, Choice, Trials, chosen_model, exit_trials, held_out_risks
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.resampled import ResampledScores, unit_of
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable

STAYED = "stayed"
ALL = "all"
MAIN, ASSETS, CHALLENGER, UNSEEN, SEEN = "main", "assets", "challenger", "unseen_managers", "seen_managers"
SIZES = ("largest", "second", "absolute")
COLUMNS = ["test", "score", "group", "value", "low", "high", "unit", "n", "n_events", *SIZES]


def backtest(bank: Bank) -> Answer | NotAvailable:
    """Score the risks of leaving that would have been told at past landmarks, overall and by tenths of risk.

    Evidence: ``landmarks`` and ``tenths`` count clients by what became of them within 12 months (a client counts once
    at every landmark), ``scores`` has one row per test, score and tenth (0: all). Facts: the landmarks, the reasons why
    something is not told, and which model is used.
    """
    if missing := _missing(bank):
        return NotAvailable("lifecycle.backtest", missing)
    trials = exit_trials(bank)
    if isinstance(trials, NotEstimable):
        reason = trials.reason
        return Answer("lifecycle.backtest", "lifecycle.backtest", {}, lambda _: NotEstimable(reason), {})
    choice = chosen_model(bank)
    rows, refused = _scores(bank, trials, choice)
    days = [day.isoformat() for day in trials.landmarks.days]
    return Answer(
        id="lifecycle.backtest",
        kind="lifecycle.backtest",
        evidence={
            "landmarks": ClientCounts(_by_landmark(trials, days), ("landmark", "outcome")),
            "tenths": ClientCounts(_by_tenth(trials), ("group", "outcome")),
            "scores": Estimates(pd.DataFrame(rows, columns=COLUMNS), ("test", "score", "group")),
        },
        estimate=_parts,
        facts={
            "days": days,
            "step": trials.landmarks.step,
            "main": trials.main,
            "model": choice.model,
            "by_manager": trials.by_manager,
            "refused": refused,
        },
    )


def _parts(evidence: dict[str, Evidence]) -> dict[str, pd.DataFrame]:
    counts = {name: cast(ClientCounts, evidence[name]).cells for name in ("landmarks", "tenths")}
    return counts | {"scores": cast(Estimates, evidence["scores"]).rows}


def _missing(bank: Bank) -> tuple[str, ...]:
    missing = bank.needs("clients.joined_on", "clients.left_on")
    return missing if bank.window_from else (*missing, "[window] complete_from")


def _by_landmark(trials: Trials, days: list[str]) -> pd.DataFrame:
    frame = trials.frame
    return _counted(frame, np.array(days, dtype=object)[frame["landmark"]], "landmark")


def _by_tenth(trials: Trials) -> pd.DataFrame:
    """Count by tenth of risk, each landmark's clients ranked among themselves; 10 has the highest risks."""
    return _counted(trials.frame, trials.tenth, "group")


def _counted(frame: pd.DataFrame, level: Any, name: str) -> pd.DataFrame:
    left = (frame["cause"] != "") & (frame["time"] <= FOLLOWED)
    cells = pd.DataFrame({name: level, "outcome": np.where(left, LEFT, STAYED)})
    return cells.groupby([name, "outcome"]).size().rename("clients").reset_index()


def _scores(bank: Bank, trials: Trials, choice: Choice) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the rows of all tests, and why a score of a test is not told (by test and score)."""
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for test, found in _tests(bank, trials):
        if isinstance(found, NotEstimable):
            refused[test] = found.reason
            continue
        detailed = test in (ALL, ASSETS)
        sizes = _sizes(trials) if test == ASSETS else {}
        for line in found.table.to_dict("records"):
            if line["reason"]:
                refused[f"{test}.{line['score']}"] = line["reason"]
            elif detailed or line["group"] == 0:
                told = {c: line[c] for c in COLUMNS if c in line}
                rows.append({"test": test, "unit": unit_of(line["score"]), **told, **sizes.get(int(line["group"]), {})})
    gap = choice.difference
    if isinstance(gap, Estimate):
        rows.append(_row(CHALLENGER, "brier_difference", gap))
    else:
        refused[CHALLENGER] = gap.reason
    return rows, refused


def _sizes(trials: Trials) -> dict[int, dict[str, float]]:
    """Return by tenth (0: all) what the assets that left are made of: one or two clients may be most of them."""
    frame = trials.frame
    left = ((frame["cause"] != "") & (frame["time"] <= FOLLOWED) & (frame["assets"] > 0)).to_numpy()
    assets, tenth = frame["assets"].to_numpy(float), trials.tenth
    found = {}
    for k in range(11):
        own = np.sort(assets[left & ((tenth == k) | (k == 0))])[::-1]
        padded = np.append(own, (0.0, 0.0))
        found[k] = {"largest": float(padded[0]), "second": float(padded[1]), "absolute": float(own.sum())}
    return found


def _tests(bank: Bank, trials: Trials) -> Iterator[tuple[str, ResampledScores | NotEstimable]]:
    """Yield each test by name: each landmark, all by horizon, the main reason, outflows, by assets, unseen managers."""
    frame, days = trials.frame, trials.landmarks.days
    for k, day in enumerate(days):
        yield day.isoformat(), trials.scores("any_12m", FOLLOWED, rows=frame["landmark"] == k)
    yield ALL, trials.scores("any_12m", FOLLOWED)
    for h in HORIZONS:
        if h != FOLLOWED:
            yield f"{ANY}_{h}m", trials.scores(f"any_{h}m", h)
    if trials.main is not None and (frame["cause"] == trials.main).any():
        yield MAIN, trials.scores("main_12m", FOLLOWED, of=trials.main, usual="usual_main_12m")
    told = frame["outflow_12m"].notna()
    if told.any() and (frame.loc[told, "outflow_cause"] == OUTFLOW).any():
        yield OUTFLOW, trials.scores("outflow_12m", FOLLOWED, of=OUTFLOW, usual="usual_outflow_12m", rows=told)
    if (frame["assets"] > 0).any():
        yield ASSETS, trials.scores("any_12m", FOLLOWED, by_assets=True)
    rows = frame["challenger_12m"].notna()
    if rows.any():
        yield CHALLENGER, trials.scores("challenger_12m", FOLLOWED, rows=rows)
    yield from _managers(bank, trials)


def _managers(bank: Bank, trials: Trials) -> Iterator[tuple[str, ResampledScores | NotEstimable]]:
    """Yield the last landmark's clients of known managers, predicted without and with their managers in the fit."""
    last = len(trials.landmarks.days) - 1
    if not trials.by_manager:
        return
    unseen = held_out_risks(bank, trials.landmarks.days[last])
    if isinstance(unseen, NotEstimable):
        yield UNSEEN, unseen
        return
    frame = trials.frame[trials.frame["landmark"] == last].assign(unseen_12m=unseen)
    both = replace(trials, frame=frame[frame["unseen_12m"].notna()])
    yield UNSEEN, both.scores("unseen_12m", FOLLOWED)
    yield SEEN, both.scores("any_12m", FOLLOWED)


def _row(test: str, score: str, e: Estimate) -> dict[str, Any]:
    numbers = {"value": e.value, "low": e.low, "high": e.high, "unit": e.unit, "n": e.n}
    return {
        "test": test,
        "score": score,
        "group": 0,
        **numbers,
        "n_events": np.nan if e.n_events is None else e.n_events,
    }
