"""The household's view beside the client's: a household leaves with its last member, and one may take others along."""

from datetime import date
from typing import cast

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import add_months, entry_months, exit_months
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence_from_counts
from insights.stats.ratios import difference_of
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import SurvivalCurve, kaplan_meier_from_counts
from insights.topics.evidence import Answer, Evidence, NotAvailable, RiskCounts
from insights.topics.lifecycle.refusals import NO_FAMILY, refused

CLIENT, HOUSEHOLD = "client", "household"
LEAVER, WHOLE = "leaver", "whole"
LEFT = "left"
YEAR = 12


def households(bank: Bank) -> Answer | NotAvailable:
    """Estimate the share still with the bank by months since joining: of clients, and of households."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.households", missing)
    rows = _spells(bank)
    own = rows.select("joined_on", "left_on", group=ibis.literal(CLIENT), unit=rows.client_id)
    together = _in_force(rows).select("joined_on", "left_on", group=ibis.literal(HOUSEHOLD), unit="household")
    counts, units = _counted(bank, own.union(together))
    return Answer(
        id="lifecycle.households",
        kind="lifecycle.households",
        evidence={"exits": RiskCounts(counts, units)},
        estimate=_survival,
        facts={},
    )


def taken_along(bank: Bank) -> Answer | NotAvailable:
    """Estimate how often one who leaves is followed by others of his household within a year."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.taken_along", missing)
    members = _members(bank)
    counted: list[pd.DataFrame] = []
    if len(members):
        departed = _departures(members, bank)
        counted += [_first_follower(departed), _whole_households(members, bank)]
    rows = pd.concat(counted, ignore_index=True) if counted else pd.DataFrame(columns=["group", "unit", "time", "left"])
    if rows.empty or not (rows["group"] == LEAVER).any():
        return refused("lifecycle.taken_along", NO_FAMILY)
    counts = risk_table(
        rows["time"].to_numpy(float), np.where(rows["left"].to_numpy(bool), LEFT, ""), group=rows["group"].to_numpy(str)
    )
    units = rows.groupby("group")["unit"].nunique().rename_axis("group").reset_index(name="units")
    return Answer(
        id="lifecycle.taken_along",
        kind="lifecycle.taken_along",
        evidence={"exits": RiskCounts(counts, units)},
        estimate=_shares,
        facts={"level": 0.95},
    )


def _missing(bank: Bank) -> tuple[str, ...]:
    missing = bank.needs("clients.joined_on", "clients.left_on", "clients.household_id")
    return missing if bank.window_from else (*missing, "[window] complete_from")


def _spells(bank: Bank) -> ir.Table:
    """Return the relationships with the household of the client; who has none is a household of his own."""
    clients = bank.table("clients")
    belongs = clients.select("client_id", household=ibis.coalesce(clients.household_id, clients.client_id))
    rows = spells(bank).inner_join(belongs, "client_id")
    rows = rows.filter(rows.joined_on <= ibis.literal(bank.as_of))
    return rows.select("client_id", "spell", "household", "joined_on", "left_on")


def _in_force(rows: ir.Table) -> ir.Table:
    """Return the stretches of time in which some member of a household was with the bank, without gap."""
    end = ibis.coalesce(rows.left_on, ibis.literal(date.max))
    order = [rows.joined_on, rows.client_id, rows.spell]
    before = ibis.window(group_by="household", order_by=order, preceding=(None, 1))
    rows = rows.mutate(_before=end.max().over(before))
    rows = rows.mutate(_new=(rows["_before"].isnull() | (rows.joined_on > rows["_before"])).cast("int32"))
    so_far = ibis.window(
        group_by="household", order_by=["joined_on", "client_id", "spell"], preceding=None, following=0
    )
    rows = rows.mutate(_stretch=rows["_new"].sum().over(so_far))
    found = rows.group_by("household", "_stretch").agg(
        joined_on=rows.joined_on.min(), last=rows.left_on.max(), stays=rows.left_on.isnull().any()
    )
    return found.mutate(left_on=found.stays.ifelse(ibis.null("date"), found["last"]))


def _counted(bank: Bank, rows: ir.Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts at risk and units by group; what ended before the window is not in them."""
    assert bank.window_from is not None
    gone = rows.left_on.notnull()
    rows = rows.filter(~gone | (rows.left_on >= ibis.literal(bank.window_from)))
    clock = bank.settings.window.clock
    until = ibis.coalesce(rows.left_on, ibis.literal(bank.as_of))
    rows = rows.select(
        "group",
        "unit",
        left=rows.left_on.notnull(),
        entry=entry_months(rows.joined_on, bank.window_from, clock),
        exit=exit_months(rows.joined_on, until, rows.left_on.notnull(), clock),
    )
    rows = rows.filter(rows.exit > rows.entry)
    cells = rows.group_by("group", "entry", "exit", "left").agg(n=rows.count()).execute()
    cells = cells.sort_values(["group", "entry", "exit", "left"])
    counts = risk_table(
        cells["exit"].to_numpy(float),
        np.where(cells["left"].to_numpy(bool), LEFT, ""),
        entry=cells["entry"].to_numpy(float),
        weight=cells["n"].to_numpy(float),
        group=cells["group"].to_numpy(str),
    )
    units = rows.group_by("group").agg(units=rows.unit.nunique()).execute()
    return counts, units.sort_values("group", ignore_index=True)


def _members(bank: Bank) -> pd.DataFrame:
    """Return the clients of households with two members or more: household, client, first and last month (numbers).

    ``gone`` is the month of leaving (nan while in force), ``day`` the day, by which two of one month are put in order.
    """
    clients = bank.table("clients")
    told = clients.filter(clients.household_id.notnull() & (clients.joined_on <= ibis.literal(bank.as_of)))
    told = told.select("client_id", "joined_on", "left_on", household=told.household_id).execute()
    told = told[told.groupby("household")["client_id"].transform("size") > 1]
    joined, left = pd.to_datetime(told["joined_on"]), pd.to_datetime(told["left_on"])
    frame = pd.DataFrame(
        {
            "household": pd.factorize(told["household"], sort=True)[0],
            "client": pd.factorize(told["client_id"], sort=True)[0],
            "joined": 12 * joined.dt.year + joined.dt.month,
            "gone": 12 * left.dt.year + left.dt.month,
            "day": left,
        }
    )
    return frame.sort_values(["household", "client"], ignore_index=True)


def _departures(members: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return one row per departure in the window and member who was still there: leaver, other, months until he left.

    Of two who leave on one day, the first by number counts as the one whom the other follows.
    """
    assert bank.window_from is not None
    left = members[members["day"] >= pd.Timestamp(bank.window_from)]
    pairs = left.merge(members, on="household", suffixes=("", "_other"))
    pairs = pairs[pairs["client"] != pairs["client_other"]]
    later = pairs["day_other"].isna() | (pairs["day_other"] > pairs["day"])
    later |= (pairs["day_other"] == pairs["day"]) & (pairs["client_other"] > pairs["client"])
    pairs = pairs[later & (pairs["joined_other"] <= pairs["gone"])]
    now = 12 * bank.as_of.year + bank.as_of.month
    since = pairs["gone_other"].fillna(now) - pairs["gone"]
    followed = pairs["gone_other"].notna() & (since <= YEAR)
    time = since.clip(upper=YEAR).astype(float)
    time = time.where(~(followed & (time == 0)), 0.5)
    return pairs.assign(time=time, left=followed)[["client", "client_other", "time", "left"]]


def _first_follower(departed: pd.DataFrame) -> pd.DataFrame:
    """Return one row per leaver: months until the first of those who stayed followed him, or until nobody had yet."""
    rows = departed.sort_values(["client", "time", "left"], ascending=[True, True, False])
    first = rows.groupby("client", as_index=False).agg(left=("left", "max"), end=("time", "max"))
    at = rows[rows["left"]].groupby("client")["time"].min()
    first["time"] = first["client"].map(at).fillna(first["end"])
    return first.rename(columns={"client": "unit"}).assign(group=LEAVER)[["group", "unit", "time", "left"]]


def _whole_households(members: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return one row per landmark and member of a household that nobody had left within the year before.

    Months until the first of the *other* members left: what would be seen if this member had left and it meant nothing.
    """
    assert bank.window_from is not None
    now = 12 * bank.as_of.year + bank.as_of.month
    opens = 12 * bank.window_from.year + bank.window_from.month
    found, day = [], bank.as_of
    while True:
        day = add_months(day, -YEAR)
        mark = 12 * day.year + day.month
        if mark - YEAR < opens:
            break
        there = (members["joined"] <= mark) & (members["gone"].isna() | (members["gone"] > mark))
        broken = (members["gone"] <= mark) & (members["gone"] > mark - YEAR)
        size = there.groupby(members["household"]).transform("sum")
        some = there & (size > 1) & ~broken.groupby(members["household"]).transform("any")
        own = members[some].assign(end=members["gone"].fillna(np.inf)).sort_values(["household", "end", "client"])
        ends = own.groupby("household")["end"]
        # The first of the others is the first of all, except for the one who is himself the first.
        first = own["end"].where(ends.cumcount() == 0).groupby(own["household"]).transform("min")
        second = own["end"].where(ends.cumcount() == 1).groupby(own["household"]).transform("min")
        other = first.where(ends.cumcount() > 0, second)
        left = other - mark <= YEAR
        time = (other.where(left, now) - mark).clip(upper=YEAR)
        found.append(pd.DataFrame({"group": WHOLE, "unit": own["client"], "time": time.astype(float), "left": left}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["group", "unit", "time", "left"])


def _survival(evidence: dict[str, Evidence]) -> SurvivalCurve:
    exits = cast(RiskCounts, evidence["exits"])
    units = exits.units.dropna(subset=["units"])
    known = {str(g): float(n) for g, n in zip(units["group"], units["units"], strict=True)}
    return kaplan_meier_from_counts(exits.counts, units=known, blur=exits.blur)


def _shares(evidence: dict[str, Evidence]) -> dict[str, Estimate | NotEstimable]:
    """Return within a year: leavers who were followed, and members of whole households of whom another left."""
    exits = cast(RiskCounts, evidence["exits"])
    curve: IncidenceCurve = cumulative_incidence_from_counts(exits.counts, blur=exits.blur)
    shown = set(exits.counts["group"])
    made: dict[str, Estimate | NotEstimable] = {}
    for group in (LEAVER, WHOLE):
        if group not in shown or LEFT not in curve.causes:
            made[group] = NotEstimable("too few, so withheld")
        else:
            made[group] = curve.at([YEAR], group, cause=LEFT)[0]
    one, other = made[LEAVER], made[WHOLE]
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        made["difference"] = difference_of(one, other)
    return made
