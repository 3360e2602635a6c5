"""Credit: what loans may cost within twelve months, what covers them, and on whom it hangs."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.credit import FALLS, TOP, TRACK, concentration, track
from insights.models.risk.credit import credit as measured
from insights.models.risk.defaults import Defaults
from insights.models.risk.defaults_tested import Tested, observed_expected
from insights.models.risk.loans import DEFAULT, LATE, NEEDS, OVER, PERFORMING, TIGHT, UNCOVERED, loans
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    RowCounts,
    money_sums,
    with_households,
)
from insights.topics.risk.refusals import refused
from insights.topics.rows import estimates, plain, summed, told

ID = "risk.credit"
STATES = (PERFORMING, TIGHT, OVER, LATE, DEFAULT)
CHANCE, LOSS, RATIO, INDEX, TOP_TEN, SHORT = (
    "default_12m",
    "expected_loss",
    "observed_expected",
    "hhi",
    "top_ten",
    "short",
)
P_LEVEL, P_GRADES, FORETOLD, CAME = "p_level", "p_grades", "foretold", "came"
GRADES = "grades"
BY = ("client_id", "household", "industry")
BARE = "uncovered"
OTHER, LEFT, WATCH = "other", "left", "watch"


@dataclass(frozen=True)
class Credit:
    """What the loans may cost, and how good warnings were.

    ``rows``: measure, of, value, low, high. Cells: ``states`` (state, clients), ``cover`` (cover, amount),
    ``industry`` (industry, amount), ``track`` (what, rows), ``grades`` (measure, grade, value, low, high).
    """

    rows: pd.DataFrame
    states: pd.DataFrame
    cover: pd.DataFrame
    industry: pd.DataFrame
    track: pd.DataFrame | None
    grades: pd.DataFrame | None


def credit(bank: Bank) -> Answer | NotAvailable:
    """Tell the expected loss, defaults beside the forecast, what covers the loans, and on whom they hang."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    if measured(bank).today.empty:
        return refused(ID, "nobody has a loan")
    evidence, facts = credit_evidence(bank)
    return Answer(ID, ID, evidence, credit_rows, facts)


def credit_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the loans as evidence; check that somebody has one first."""
    found, rules = measured(bank), bank.settings.value
    today = found.today
    rows: list[dict[str, Any]] = []
    why: dict[str, str] = {}
    if isinstance(found.chance, Estimate) and isinstance(found.loss, Estimate):
        sizes = summed(today["loss"].fillna(0.0))
        kept = {name: sizes[name] for name in ("largest", "second", "absolute")}
        rows += [told(found.chance, measure=CHANCE, of=""), told(found.loss, measure=LOSS, of="") | kept]
    else:
        why[LOSS] = cast(NotEstimable, found.loss).reason
    tested = observed_expected(bank)
    grades: list[dict[str, Any]] = []
    if isinstance(tested, Tested):
        rows += _tests(tested)
        grades = _grades(tested)
        if not grades:
            why[GRADES] = "all loans have one chance"
    elif LOSS not in why:
        why[RATIO] = tested.reason
    for by in BY:
        index, top, sums = concentration(today, by)
        if by == "industry" and len(sums) < 2:
            continue
        sizes = summed(today["drawn"])
        kept = {name: sizes[name] for name in ("largest", "second", "absolute")}
        n = len(today) if by == "industry" else len(sums)
        rows.append(plain(index, "index", n, measure=INDEX, of=by) | kept)
        if by != "industry" and len(sums) > TOP:
            rows.append(plain(top, "share", TOP, measure=TOP_TEN, of=by) | kept)
    for fall, short in found.shortfalls.items():
        rows.append(summed(short, measure=SHORT, of=f"{fall:.0%}"))
    rows.append(summed(today[f"cover_{UNCOVERED}"], measure=BARE, of=""))
    states = pd.DataFrame({"state": STATES, "clients": [int((today["state"] == s).sum()) for s in STATES]})
    covers = pd.concat(
        [
            today[["client_id", "household"]].assign(cover=name, amount=amount)
            for name, amount in (
                ("guarantee", today["cover_guarantee"]),
                ("insurance", today["cover_insurance"]),
                (LEFT, today["cover_collateral"] + today[f"cover_{UNCOVERED}"]),
            )
        ],
        ignore_index=True,
    )
    evidence: dict[str, Evidence] = {
        "rows": estimates(rows, "measure", "of"),
        "states": with_households(states, today, ("state",), rest=WATCH),
        "cover": money_sums(covers, ("cover",), "amount"),
        "industry": money_sums(today.rename(columns={"drawn": "amount"}), ("industry",), "amount", rest=OTHER),
    }
    if grades:
        evidence["grades"] = estimates(grades, "measure", "grade", parts_of=("measure",))
    facts: dict[str, Any] = {"why": why, "years": tested.years if isinstance(tested, Tested) else 0}
    facts |= {"month": _month(loans(bank).last), "falls": [f"{f:.0%}" for f in FALLS]}
    facts |= {"lgd": rules.loss_given_default, "lgd_covered": rules.loss_given_default_covered}
    facts["one_rate"] = isinstance(found.learned, Defaults) and isinstance(found.learned.model, NotEstimable)
    return evidence | track_evidence(bank), facts | {"track": TRACK, "cover": bank.settings.risk.watch_cover}


def _tests(tested: Tested) -> list[dict[str, Any]]:
    """Return observed by expected, and the p-values of the tests of level and of grades."""
    rows = [told(tested.ratio, measure=RATIO, of="")]
    n, events = float(tested.ratio.n), float(tested.ratio.n_events or 0)
    several = len(tested.grades.table) > 1
    for measure, test in ((P_LEVEL, tested.level), (P_GRADES, tested.grades.checks[0])):
        if test.p_value is not None and (measure == P_LEVEL or several):
            rows.append(plain(test.p_value, "p", n, events, measure=measure, of=""))
    return rows


def _grades(tested: Tested) -> list[dict[str, Any]]:
    """Return what was foretold and what came by grade; none where there is one grade only."""
    table = tested.grades.table
    if len(table) < 2:
        return []
    rows = []
    for grade, row in enumerate(table.to_dict("records"), 1):
        rest = {"grade": str(grade)}
        rows.append(plain(row["expected"], "share", row["n"], row["n_events"], measure=FORETOLD) | rest)
        came = plain(row["observed"], "share", row["n"], row["n_events"], measure=CAME) | rest
        rows.append(came | {"low": row["low"], "high": row["high"]})
    return rows


def _month(number: int) -> str:
    return date(number // 12, number % 12 + 1, 1).isoformat()


def track_evidence(bank: Bank) -> dict[str, Evidence]:
    """Return how good past warnings of loans were as evidence; empty where defaults are not recorded."""
    found = track(bank)
    if found is None:
        return {}
    warned = {"hits": found.hits, "false_alarms": found.false_alarms}
    seen = {"warned": found.warned, "unwarned": found.defaults - found.warned}
    evidence: dict[str, Evidence] = {
        # Each pair adds up to its total: where one is withheld, so is the other.
        "track.warnings": ClientCounts(
            pd.DataFrame({"what": list(warned), "clients": list(warned.values())}), ("what",)
        ),
        "track.defaults": ClientCounts(pd.DataFrame({"what": list(seen), "clients": list(seen.values())}), ("what",)),
        "track.totals": RowCounts(
            pd.DataFrame({"what": ["warnings", "defaults"], "rows": [found.warnings, found.defaults]}),
            ("what",),
            ("rows",),
        ),
    }
    if len(found.lead):
        lead = plain(float(pd.Series(found.lead).median()), "months", len(found.lead), len(found.lead), measure="lead")
        evidence["track.lead"] = estimates([lead], "measure")
    return evidence


def track_rows(parts: dict[str, Evidence]) -> pd.DataFrame | None:
    """Return what, rows (nan: withheld) from (protected) evidence; None where there is none."""
    if "track.totals" not in parts:
        return None
    tables = [cast(RowCounts, parts["track.totals"]).cells]
    for name in ("track.warnings", "track.defaults"):
        tables.append(cast(ClientCounts, parts[name]).cells.rename(columns={"clients": "rows"}))
    if "track.lead" in parts:
        lead = cast(Estimates, parts["track.lead"]).rows
        tables.append(pd.DataFrame({"what": ["lead"], "rows": [lead["value"].iloc[0]]}))
    return pd.concat([table[["what", "rows"]] for table in tables], ignore_index=True)


def credit_rows(parts: dict[str, Evidence]) -> Credit:
    """Return the loans from (protected) evidence."""
    return Credit(
        cast(Estimates, parts["rows"]).rows,
        cast(ClientCounts, parts["states"]).cells,
        cast(MoneySums, parts["cover"]).cells,
        cast(MoneySums, parts["industry"]).cells,
        track_rows(parts),
        cast(Estimates, parts["grades"]).rows if "grades" in parts else None,
    )
