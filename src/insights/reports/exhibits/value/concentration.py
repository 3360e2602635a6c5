"""Where the value is concentrated: the typical client, the few and the many, and what the largest would take along."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.margins import ASSETS
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row
from insights.reports.exhibits.value.words import group_label, told, value_basis
from insights.topics.evidence import Answer
from insights.topics.value.concentration import LOSS, MEDIAN, OTHERS, TOP, TRIMMED, Concentration

MOST_SHOWN = 0.52
"""The table stops at half of the clients (shares are of rounded numbers); the figure has all."""


def concentration(answer: Answer, found: Concentration, bank: Bank) -> Exhibit:
    """Say what share of the value the few bring in, how the typical client differs, and how many cost money."""
    share, part = found.top(0)
    tenth = next((k for k in range(len(found.bands)) if found.top(k)[0] > 0.095), 0)
    values: dict[str, Any] = {"top": share, "part": part, "tenth": found.top(tenth)[0], "of": found.top(tenth)[1]}
    in_assets = answer.facts["basis"] == ASSETS
    whole = not math.isnan(part)
    if not whole:
        title = Message("How the value is spread over the clients cannot be told")
    elif in_assets:
        title = Message("{top:share} of the clients hold {part:share} of the assets", values)
    else:
        title = Message("{top:share} of the clients bring in {part:share} of the margin", values)
    sentences = []
    if whole and tenth:
        sentences.append(
            Message("{tenth:share} of them hold {of:share}.", values)
            if in_assets
            else Message("{tenth:share} of them bring in {of:share}.", values)
        )
    lost = _sign(found, LOSS)
    if lost is not None and not in_assets:
        values |= {"n": lost[0], "amount": -lost[1]}
        sentences.append(Message("{n:count} clients cost more than they bring in, {amount:money} together.", values))
    typical = _typical(found.typical, found.total, "")
    if typical["median"] is not None and typical["mean"] is not None:
        sentences.append(
            Message("The client in the middle stands at {median:money}, the average at {mean:money}.", typical)
        )
    figure = Figure(
        "shares",
        {
            "across": [float(v) for v in found.across],
            "below": [told(float(v)) for v in found.below],
            "x_label": Message("Share of the clients, the least valuable first"),
            "y_label": Message("Share of the assets they hold")
            if in_assets
            else Message("Share of the margin they bring"),
        },
        Message(
            "Lorenz curve: what share of the whole the lowest share of the clients has. {title}.", {"title": title}
        ),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure if whole else None,
        tables=(_bands(found), _middle([("", typical)], None, bank)),
        basis=value_basis(
            bank, answer.facts, Message("Clients in force: {n:count}.", {"n": found.bands["clients"].sum()})
        ),
        caveats=_caveats(in_assets),
        estimates=tuple(_estimates(found, bank)),
    )


def concentration_by(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Set the typical client of each group beside the average one."""
    by = str(answer.facts["by"])
    groups = [str(g) for g in dict.fromkeys(parts["total"]["group"])]
    lines = [(g, _typical(parts["typical"], parts["total"], g)) for g in groups]
    known = [(g, line["median"]) for g, line in lines if line["median"] is not None]
    title = Message("The typical client of each group")
    if len(known) > 1:
        best, least = max(known, key=lambda k: k[1]), min(known, key=lambda k: k[1])
        values = {"best": group_label(by, best[0], bank), "high": best[1]}
        values |= {"least": group_label(by, least[0], bank), "low": least[1]}
        title = Message(
            "The client in the middle stands at {high:money} ({best}), and lowest at {low:money} ({least})", values
        )
    unit = bank.settings.bank.currency
    return Exhibit(
        id=answer.id,
        title=title,
        tables=(_middle(lines, by, bank),),
        basis=value_basis(bank, answer.facts),
        caveats=(
            Message("Groups that are too small, or in which one or two clients have most, are put together."),
            Message("A difference between groups is not the effect of belonging to the group."),
        ),
        estimates=tuple(
            count_row(f"{name}_value", line[name], unit=unit, group={by: g})
            for g, line in lines
            for name in ("mean", TRIMMED, MEDIAN)
        ),
    )


def largest(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say what would go if the most valuable clients left."""
    number, in_assets = answer.facts["number"], answer.facts["basis"] == ASSETS
    amount = {name: parts[name].set_index("group")["amount"] for name in ("value", "worth", "assets") if name in parts}
    share = {name: float(a.get(TOP, math.nan)) / float(a.sum(skipna=False)) for name, a in amount.items()}
    values: dict[str, Any] = {"n": number, "value": told(share["value"]), "assets": told(share["assets"])}
    values |= {"amount": told(float(amount["value"].get(TOP, math.nan)))}
    if values["value"] is None:
        title = Message("What the most valuable clients would take along cannot be told")
    elif in_assets:
        title = Message("If the {n:count} most valuable clients left, {assets:share} of the assets would go", values)
    else:
        title = Message("If the {n:count} most valuable clients left, {value:share} of the margin would go", values)
    sentences = []
    if values["value"] is not None and not in_assets and values["assets"] is not None:
        sentences.append(Message("That is {amount:money} a year, with {assets:share} of the assets.", values))
    if not math.isnan(share.get("worth", math.nan)):
        values |= {"worth": float(amount["worth"][TOP]), "part": share["worth"]}
        sentences.append(
            Message("Over all years counted they are worth {worth:money} today, {part:share} of the whole.", values)
        )
    if number > answer.facts["asked"]:
        sentences.append(
            Message("Fewer than {n:count} are not told together: one or two of them would be recognised.", values)
        )
    columns = (
        Column("group", Message("Clients in force")),
        Column("clients", Message("Clients"), "count"),
        Column("assets", Message("Average assets"), "money"),
        *(() if in_assets else (Column("value", Message("Margin of twelve months"), "money"),)),
        *((Column("worth", Message("Worth today, all years"), "money"),) if "worth" in amount else ()),
    )
    clients = parts["clients"].set_index("group")["clients"]
    rows = tuple(
        {
            "group": Message("The {n:count} most valuable", values) if g == TOP else Message("All others"),
            "clients": told(float(clients.get(g, math.nan))),
            **{name: told(float(amount[name].get(g, math.nan))) for name in amount},
        }
        for g in (TOP, OTHERS)
    )
    unit = bank.settings.bank.currency
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(Table(columns, rows, Message("What hangs on the most valuable clients")),),
        basis=value_basis(bank, answer.facts),
        caveats=(Message("What they cost would go too: it is taken off already."),) if not in_assets else (),
        estimates=tuple(
            count_row(name, amount[name].get(g, math.nan), unit=unit, group={"clients": g})
            for name in amount
            for g in (TOP, OTHERS)
        ),
    )


def _sign(found: Concentration, sign: str) -> tuple[float, float] | None:
    row = found.signs[found.signs["sign"] == sign]
    if row.empty or row[["clients", "amount"]].isna().any(axis=None):
        return None
    return float(row["clients"].iloc[0]), float(row["amount"].iloc[0])


def _typical(typical: pd.DataFrame, total: pd.DataFrame, group: str) -> dict[str, float | None]:
    own = typical[typical["group"] == group].set_index("measure")["value"]
    whole = total[total["group"] == group]
    mean = float(f"{whole['amount'].iloc[0] / whole['clients'].iloc[0]:.3g}") if len(whole) else math.nan
    return {"mean": told(mean)} | {name: told(float(own.get(name, math.nan))) for name in (TRIMMED, MEDIAN)}


def _bands(found: Concentration) -> Table:
    rows: list[dict[str, Any]] = []
    for band in range(len(found.bands)):
        share, part = found.top(band)
        if band == len(found.bands) - 1 or share > MOST_SHOWN:
            break
        rows.append({"top": Message("the highest {share:share}", {"share": share}), "part": told(part)})
    columns = (
        Column("top", Message("Clients in force, by value")),
        Column("part", Message("Their share of the whole"), "percent"),
    )
    return Table(columns, tuple(rows), Message("What the most valuable clients bring in, added up from the top"))


def _middle(lines: list[tuple[str, dict[str, float | None]]], by: str | None, bank: Bank) -> Table:
    columns = (
        *((Column("group", Message("Group")),) if by else ()),
        Column(MEDIAN, Message("Client in the middle"), "money"),
        Column(TRIMMED, Message("Average without the highest and lowest 5%"), "money"),
        Column("mean", Message("Average of all"), "money"),
    )
    rows = tuple(line | ({"group": group_label(by, g, bank)} if by else {}) for g, line in lines)
    return Table(columns, rows, Message("A year's value per client"))


def _caveats(in_assets: bool) -> tuple[Message, ...]:
    lines = [Message("A few large clients pull the average up: for most questions the client in the middle says more.")]
    if not in_assets:
        lines.append(Message("Where clients cost more than they bring in, the curve dips below zero before it rises."))
    return tuple(lines)


def _estimates(found: Concentration, bank: Bank) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for band in range(len(found.bands) - 1):
        share, part = found.top(band)
        rows.append(count_row("share_of_value", part, unit="share", group={"top": f"{share:.3f}"}))
    for row in found.signs.to_dict("records"):
        rows.append(count_row("clients", row["clients"], unit="clients", group={"sign": str(row["sign"])}))
        rows.append(count_row("value", row["amount"], unit=unit, group={"sign": str(row["sign"])}))
    for name, value in _typical(found.typical, found.total, "").items():
        rows.append(count_row(f"{name}_value", value, unit=unit))
    return rows
