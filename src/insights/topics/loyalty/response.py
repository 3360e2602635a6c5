"""Who answered the survey, and how the answers were weighted so that they stand for everybody asked."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.loyalty.answers import SurveyAnswers, answers, missing_for_answers, wave_months
from insights.models.loyalty.invitations import THIRDS, thirds
from insights.models.loyalty.weights import FRAME, MANAGER, WAVE
from insights.stats.proportions import proportion
from insights.stats.results import NotEstimable
from insights.stats.survey import ResponseWeights
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, with_households
from insights.topics.loyalty.refusals import refused

ID = "loyalty.response"
ANSWERED, SILENT = "answered", "silent"
FLAGS = ("complaint_6m", "online_3m")
GROUPS = {"log2_assets": THIRDS, "tenure": THIRDS, "complaint_6m": ("no", "yes")}
"""By what the response is told, and the levels in their order."""

NAN = float("nan")


@dataclass(frozen=True)
class Response:
    """Who answered.

    ``waves`` and ``groups``: share of the invited who answered: wave (or by, group), rate, low, high, invited,
    answered; nan where withheld. ``frame``: variable, everybody, answered, weighted (means). ``size``: rows "answers"
    and "effective" with value.
    """

    waves: pd.DataFrame
    groups: pd.DataFrame
    frame: pd.DataFrame
    size: pd.DataFrame


def response(bank: Bank) -> Answer | NotAvailable:
    """Count who answered, by wave and by what was known before; show what the weights make of it."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    rows = survey.invitations
    if not rows["answered"].any():
        return refused(ID, "nobody answered")
    weights = survey.weights
    evidence: dict[str, Evidence] = {
        "waves": _counts(bank, rows, "wave"),
        "size": Estimates(_size(survey), ("what",)),
    }
    latest = rows.drop_duplicates("client_id", keep="last")
    for name, levels in GROUPS.items():
        if name in rows and latest[name].nunique() >= len(levels):
            own = latest.assign(group=_levels(latest[name], levels)).dropna(subset=["group"])
            evidence[f"by_{name}"] = _counts(bank, own, "group", levels)
    if isinstance(weights, ResponseWeights):
        evidence["frame"] = Estimates(_frame(weights, rows), ("variable", "who"))
    names = list(weights.table["variable"]) if isinstance(weights, ResponseWeights) else []
    facts = {
        "waves": int(rows["wave_number"].max()) + 1,
        "months": wave_months(rows),
        "first": rows["invited_on"].min().date().isoformat(),
        "last": rows["invited_on"].max().date().isoformat(),
        "managers": sum(n.startswith(MANAGER) for n in names),
        "by_wave": any(n.startswith(WAVE) for n in names),
        "reason": weights.reason if isinstance(weights, NotEstimable) else None,
        "cut": weights.trimmed > 0 if isinstance(weights, ResponseWeights) else False,
        "all_answered": bool(rows["answered"].all()),
    }
    return Answer(ID, ID, evidence, _response, facts)


def _counts(bank: Bank, rows: pd.DataFrame, column: str, levels: tuple[str, ...] = ()) -> ClientCounts:
    reply = np.where(rows["answered"], ANSWERED, SILENT)
    every = pd.DataFrame({column: rows[column].to_numpy(), "reply": reply})
    cells = every.value_counts().rename("clients")
    order = list(levels) or list(rows.drop_duplicates(column)[column])
    grid = pd.MultiIndex.from_product([order, [ANSWERED, SILENT]], names=[column, "reply"])
    every["household"] = household_of(bank, rows["client_id"])
    return with_households(cells.reindex(grid, fill_value=0).reset_index(), every, (column, "reply"))


def _levels(values: pd.Series, levels: tuple[str, ...]) -> pd.Series:
    if levels == THIRDS:
        told = thirds(values)
        return told.where(told.isin(THIRDS))
    place = (values > 0).astype(int)
    return pd.Series(np.array(levels, dtype=object)[place], index=values.index).where(values.notna())


def _size(survey: SurveyAnswers) -> pd.DataFrame:
    n = len(survey.answers)
    effective = survey.weights.effective_n if isinstance(survey.weights, ResponseWeights) else float(n)
    rows = pd.DataFrame([("effective", effective, "answers")], columns=["what", "value", "unit"])
    return rows.assign(low=NAN, high=NAN, n=float(survey.answers["client_id"].nunique()), n_events=float(n))


def _frame(weights: ResponseWeights, rows: pd.DataFrame) -> pd.DataFrame:
    table = weights.table[weights.table["variable"].isin(FRAME)]
    clients = {"everybody": rows["client_id"].nunique(), ANSWERED: rows.loc[rows["answered"], "client_id"].nunique()}
    clients["weighted"] = clients[ANSWERED]
    lines = []
    for row in table.to_dict("records"):
        name = str(row["variable"])
        # A share rests on those who have it and on those who do not.
        own = rows[name] > 0
        behind = {"everybody": own, ANSWERED: own & rows["answered"], "weighted": own & rows["answered"]}
        for who, n in clients.items():
            events = float(rows.loc[behind[who], "client_id"].nunique()) if name in FLAGS else NAN
            lines.append({"variable": name, "who": who, "value": float(row[who]), "n": float(n), "n_events": events})
    return pd.DataFrame(lines).assign(low=NAN, high=NAN, unit="mean")


def _response(parts: dict[str, Evidence]) -> Response:
    waves = _rates(cast(ClientCounts, parts["waves"]).cells, "wave")
    groups = [
        _rates(cast(ClientCounts, part).cells, "group").assign(by=name.removeprefix("by_"))
        for name, part in parts.items()
        if name.startswith("by_")
    ]
    frame = pd.DataFrame(columns=["variable", "everybody", ANSWERED, "weighted"])
    if "frame" in parts:
        wide = cast(Estimates, parts["frame"]).rows.pivot(index="variable", columns="who", values="value")
        frame = wide.reindex([v for v in FRAME if v in wide.index]).reset_index()[list(frame.columns)]
    size = cast(Estimates, parts["size"]).rows
    return Response(waves, pd.concat(groups, ignore_index=True) if groups else pd.DataFrame(), frame, size)


def _rates(cells: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = cells.pivot(index=column, columns="reply", values="clients").reindex(cells[column].drop_duplicates())
    lines = []
    for level, row in wide.iterrows():
        told, asked = float(row[ANSWERED]), float(row[ANSWERED] + row[SILENT])
        share = proportion(told, asked) if np.isfinite(asked) and asked > 0 else None
        ends = (share.value, share.low, share.high) if share else (NAN, NAN, NAN)
        lines.append((str(level), *ends, asked, told))
    return pd.DataFrame(lines, columns=[column, "rate", "low", "high", "invited", "answered"])
