"""How well the survey measures: reliability of each factor, whether factors are distinct, and what each item does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, SurveyAnswers, answers, latest, missing_for_answers
from insights.stats.factors import FactorAnalysis, confirmatory, heterotrait_ratios
from insights.stats.proportions import proportion
from insights.stats.reliability import cronbach_alpha, item_rest_correlations, mcdonald_omega
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.measurement"
ALPHA, OMEGA, EXTRACTED = "alpha", "omega", "variance_extracted"
RELIABLE, ENOUGH_EXTRACTED = 0.7, 0.5
"""Conventional bounds: reliability of a score that groups are compared by, and share of the items' variance that is the
factor's."""

NAN = float("nan")


@dataclass(frozen=True)
class Measurement:
    """How well the survey measures, in rows of ``Estimates``.

    ``factors``: factor, measure (alpha, omega, variance_extracted), value, low, high, n. ``pairs``: one, other, value
    (heterotrait-monotrait ratio), low, high. ``items``: item, factor, measure (mean, sd, floor, ceiling, missing,
    rest, loading), value. ``fit``: measure (cfi, rmsea, srmr), value. ``straight``: the share who gave every item the
    same mark.
    """

    factors: pd.DataFrame
    pairs: pd.DataFrame
    items: pd.DataFrame
    fit: pd.DataFrame
    straight: pd.DataFrame


def measurement(bank: Bank) -> Answer | NotAvailable:
    """Estimate how reliably each factor is measured, from the last answer of every client."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    rows = latest(survey)
    if rows.empty or not survey.factors:
        return refused(ID, "nobody answered" if rows.empty else next(iter(survey.refused.values())))
    factors, reasons = _factors(survey, rows)
    structure = {name: own for name, own in survey.factors.items() if len(own) > 1}
    model = confirmatory(rows, structure) if structure else NotEstimable("no factor has two items")
    if isinstance(model, FactorAnalysis):
        extracted = [(f, EXTRACTED, v, NAN, NAN, model.n) for f, v in model.variance_extracted.items()]
        factors = pd.concat([factors, _frame(extracted, ["factor", "measure"])], ignore_index=True)
    evidence: dict[str, Evidence] = {
        "factors": Estimates(factors, ("factor", "measure")),
        "items": Estimates(_items(survey, rows, model), ("item", "measure")),
        "straight": Estimates(_straight(rows), ("what",)),
    }
    pairs = heterotrait_ratios(rows, structure)
    if not isinstance(pairs, NotEstimable):
        told = [(r.one, r.other, r.ratio, r.low, r.high, len(rows)) for r in pairs.table.itertuples()]
        evidence["pairs"] = Estimates(_frame(told, ["one", "other"]), ("one", "other"))
    if isinstance(model, FactorAnalysis):
        fit = {"cfi": model.robust_cfi, "rmsea": model.robust_rmsea, "srmr": model.srmr}
        evidence["fit"] = Estimates(
            _frame([(k, v, NAN, NAN, model.n) for k, v in fit.items()], ["measure"]), ("measure",)
        )
    facts = {
        "refused": survey.refused,
        "reasons": reasons,
        "model": "" if isinstance(model, FactorAnalysis) else model.reason,
        "sizes": {name: len(own) for name, own in survey.factors.items()} | {LOYALTY: len(survey.outcome)},
        "min_share": bank.settings.loyalty.min_share,
        "outside": sorted(survey.outside),
        "scale": bank.settings.loyalty.scale,
    }
    return Answer(ID, ID, evidence, _measurement, facts)


def _frame(lines: Sequence[tuple[object, ...]], dims: list[str]) -> pd.DataFrame:
    rows = pd.DataFrame(lines, columns=[*dims, "value", "low", "high", "n"])
    return rows.assign(unit="share", n_events=NAN)


def _factors(survey: SurveyAnswers, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    lines: list[tuple[object, ...]] = []
    reasons: dict[str, str] = {}
    for name, own in {**survey.factors, LOYALTY: survey.outcome}.items():
        for measure, of in ((ALPHA, cronbach_alpha), (OMEGA, mcdonald_omega)):
            if len(own) < 2:
                continue
            found = of(rows[list(own)])
            if isinstance(found, Estimate):
                lines.append((name, measure, found.value, found.low, found.high, found.n))
            elif measure == ALPHA or len(own) > 2:
                reasons[name] = found.reason
    return _frame(lines, ["factor", "measure"]), reasons


def _items(survey: SurveyAnswers, rows: pd.DataFrame, model: FactorAnalysis | NotEstimable) -> pd.DataFrame:
    """Return what each item does; shares count the clients who have them."""
    lines: list[dict[str, object]] = []
    loadings = model.table.set_index("item")["loading"] if isinstance(model, FactorAnalysis) else pd.Series(dtype=float)
    for name, own in {**survey.factors, LOYALTY: survey.outcome}.items():
        rest = item_rest_correlations(rows[list(own)]) if len(own) > 1 else pd.Series(NAN, index=list(own))
        for item in own:
            given = rows[item].dropna()
            low, high = given.min(), given.max()
            counts = {
                "floor": (given == low).sum(),
                "ceiling": (given == high).sum(),
                "missing": rows[item].isna().sum(),
            }
            head = {"item": item, "factor": name, "n": float(len(rows))}
            told = {"mean": given.mean(), "sd": given.std(), "rest": rest[item], "loading": loadings.get(item, NAN)}
            lines += [
                {**head, "measure": k, "value": float(v), "n_events": NAN} for k, v in told.items() if not pd.isna(v)
            ]
            for measure, count in counts.items():
                whole = len(rows) if measure == "missing" else len(given)
                events = float(count) if count else NAN  # nobody is no client who could be recognised
                lines.append(head | {"measure": measure, "value": count / whole, "n_events": events})
    return pd.DataFrame(lines).assign(low=NAN, high=NAN, unit="share")


def _straight(rows: pd.DataFrame) -> pd.DataFrame:
    told = rows["straight"].dropna()
    if told.empty:
        return pd.DataFrame(columns=["what", "value", "low", "high", "n", "n_events", "unit"])
    found = proportion(float(told.sum()), len(told))
    line = ("straight", found.value, found.low, found.high, float(len(told)))
    return _frame([line], ["what"]).assign(n_events=float(told.sum()) if told.any() else NAN)


def _measurement(parts: dict[str, Evidence]) -> Measurement:
    def rows(name: str) -> pd.DataFrame:
        return cast(Estimates, parts[name]).rows if name in parts else pd.DataFrame()

    return Measurement(rows("factors"), rows("pairs"), rows("items"), rows("fit"), rows("straight"))
