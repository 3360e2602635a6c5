"""Numbers that reports publish and that are ratios of sums over clients: what each client adds to them.

They are paired client by client between two packs like the measures (``measures``): rates and means over twelve months
only. What follows the market, what a model foretells and what grows with the book would be a change in every pack. A
number here need not be the published one to the last digit: it only says how far chance moves that one.
"""

import ibis
import ibis.expr.types as ir
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.portraits import group_attributes

LEFT_IN_GROUP, REACH, RESOLVED, RATED, SCORE = (
    "clients.groups left_12m",
    "channels.state reach",
    "channels.state resolved",
    "channels.state rated",
    "loyalty.level mean",
)
"""Finding and name of its estimates."""
COUNTS_CLIENTS = (LEFT_IN_GROUP, REACH)
LOYALTY = "loyalty"
Pairs = dict[tuple[str, str], tuple[str, str]]


def of_numbers(bank: Bank, frame: pd.DataFrame, start: object) -> tuple[pd.DataFrame, Pairs]:
    """Return columns with what each client (the index of ``frame``) adds to each sum, and (number, group): its sums.

    ``frame`` has ``left`` and ``there_before`` of the clients; ``start`` is the day from which rows count. A group is
    written as the finding has it: "channel=app", "score=loyalty,what=as_answered".
    """
    parts = [_groups(bank, frame), _channels(bank, frame, start), _scores(bank, start)]
    pairs: Pairs = {}
    for _, own in parts:
        pairs |= own
    told = pd.concat([columns.reindex(frame.index) for columns, _ in parts], axis=1)
    return told.fillna(0.0).astype(float), pairs


def _groups(bank: Bank, frame: pd.DataFrame) -> tuple[pd.DataFrame, Pairs]:
    """Who left, by age, gender, occupation, income and risk tolerance."""
    columns: dict[str, pd.Series] = {}
    pairs: Pairs = {}
    for attribute in group_attributes(bank, frame.index.to_numpy(object)):
        level = attribute.rows.set_index("client_id")["level"].reindex(frame.index)
        for name in sorted(level.dropna().unique()):
            key = f"{attribute.name}={name}"
            inside = (level == name).to_numpy(float)
            columns[f"left {key}"], columns[f"there {key}"] = frame["left"] * inside, frame["there_before"] * inside
            pairs[LEFT_IN_GROUP, key] = (f"left {key}", f"there {key}")
    return pd.DataFrame(columns, index=frame.index), pairs


def _channels(bank: Bank, frame: pd.DataFrame, start: object) -> tuple[pd.DataFrame, Pairs]:
    """Whom each channel reached, what it settled, and how often it was given a mark."""
    if bank.needs("contacts.client_id", "contacts.contacted_on", "contacts.channel"):
        return pd.DataFrame(index=frame.index), {}
    rows = bank.table("contacts")
    rows = rows.filter(rows.contacted_on > ibis.literal(start, "date"))
    sums: dict[str, ir.Value] = {"contacts": rows.count()}
    of: dict[str, tuple[str, str]] = {}
    if bank.has("contacts", "resolved"):
        sums |= {"settled": rows.resolved.cast("float64").sum(), "known": rows.resolved.count()}
        of[RESOLVED] = ("settled", "known")
    if bank.has("contacts", "satisfaction"):
        sums |= {"rated": rows.satisfaction.count()}
        of[RATED] = ("rated", "contacts")
    told = rows.group_by("client_id", "channel").agg(**sums).execute()
    columns: dict[str, pd.Series] = {"here": frame["there_now"]}
    pairs: Pairs = {}
    for channel, own in told.groupby("channel", sort=True):
        own = own.set_index("client_id").reindex(frame.index).fillna(0.0)
        key = f"channel={channel}"
        columns |= {f"{name} {key}": own[name].astype(float) for name in sums}
        columns[f"reached {key}"] = (own["contacts"] > 0).astype(float) * frame["there_now"]
        pairs[REACH, key] = (f"reached {key}", "here")
        pairs |= {(name, key): (f"{top} {key}", f"{bottom} {key}") for name, (top, bottom) in of.items()}
    return pd.DataFrame(columns, index=frame.index), pairs


def _scores(bank: Bank, start: object) -> tuple[pd.DataFrame, Pairs]:
    """Scores of the survey as answered: loyalty and its factors, one for each answer of the last twelve months.

    A score with an item that has a scale of its own is left out: here items are as answered, not on the common scale.
    """
    rules = bank.settings.loyalty
    if bank.needs("surveys.answered_on"):
        return pd.DataFrame(), {}
    rows = bank.table("surveys")
    rows = rows.filter(rows.answered_on > ibis.literal(start, "date"))
    sums: dict[str, ir.Value] = {}
    pairs: Pairs = {}
    for score, items in {LOYALTY: rules.outcome, **rules.factors}.items():
        there = [i for i in items if bank.has("surveys", i)]
        if not there or set(there) & set(rules.scales):
            continue
        marks = [rows[i].cast("float64") * (-1.0 if i in rules.reversed else 1.0) for i in there]
        mean = sum(marks[1:], marks[0]) / len(marks)
        sums |= {f"score {score}": mean.sum(), f"scored {score}": mean.count()}
        pairs[SCORE, f"score={score},what=as_answered"] = (f"score {score}", f"scored {score}")
    if not sums:
        return pd.DataFrame(), {}
    return rows.group_by("client_id").agg(**sums).execute().set_index("client_id").astype(float), pairs
