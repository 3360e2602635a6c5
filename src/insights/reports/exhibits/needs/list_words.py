"""The restricted lists about needs in words: headings, kinds of product and reasons in the bank's own language."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.green import HAS, LESS, MORE
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.needs.words import TIMES_OF_DAY, category_label, part_label
from insights.reports.wording import Wording
from insights.reports.wording.labels import code_label

_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "category": Message("Kind of product"),
    "product_id": Message("Product"),
    "risk_rating": Message("Risk of the product (1 to 5)"),
    "risk_tolerance": Message("Risk tolerance of the client (1 to 5)"),
    "least_assets": Message("Assets that the product asks for ({currency})"),
    "assets": Message("Assets ({currency})"),
    "green": Message("Green investments"),
    "because": Message("Why"),
    "channel": Message("Likeliest channel"),
    "time": Message("Likeliest time"),
    "buys_3m_pct": Message("Buys within 3 months (%)"),
    "buys_6m_pct": Message("Buys within 6 months (%)"),
}
_WHY = {
    "segment+": Message("clients like him buy it more often"),
    "risk+": Message("accepts more risk than most"),
    "risk-": Message("accepts less risk than most"),
    "tenure+": Message("long with the bank"),
    "tenure-": Message("new to the bank"),
    "assets+": Message("high assets"),
    "assets-": Message("low assets"),
    "experience+": Message("experienced"),
    "experience-": Message("little experience"),
    "cash+": Message("more cash than clients like him"),
    "cash-": Message("less cash than clients like him"),
    "online+": Message("uses website or app"),
    "online-": Message("does not use website or app"),
    "bought_lately+": Message("bought something new lately"),
    "bought_lately-": Message("bought nothing new lately"),
    "offered+": Message("was offered it lately"),
    "offered-": Message("was not offered it lately"),
    "accepted+": Message("accepted an offer within the year"),
    "accepted-": Message("accepted no offer within the year"),
    "notes+": Message("many talks noted within the year"),
    "notes-": Message("few talks noted within the year"),
    "contacts+": Message("many contacts lately"),
    "contacts-": Message("few contacts lately"),
    "behaviour+": Message("often online lately"),
    "behaviour-": Message("seldom online lately"),
    "complaints+": Message("complained within the year"),
    "complaints-": Message("no complaint within the year"),
}


_GREEN = {
    HAS: Message("holds some"),
    MORE: Message("his segment chooses them more often"),
    LESS: Message("his segment chooses them less often"),
}
_MIX = {
    "client_id": _HEADS["client_id"],
    "rm_id": _HEADS["rm_id"],
    "rank": _HEADS["rank"],
    "risk_tolerance": _HEADS["risk_tolerance"],
    "part": Message("Part of the assets"),
    "now": Message("Now ({currency})"),
    "now_pct": Message("Share now (%)"),
    "suits_pct": Message("Share that suits (%)"),
    "move": Message("Buy (+) or sell (−) ({currency})"),
    "product_id": Message("Product to buy"),
    "because": _HEADS["because"],
}
_WHY_MIX = {
    "above": Message("a product is above his risk"),
    "much": Message("more than suits his risk"),
    "little": Message("less than suits his risk"),
    "barred": Message("nothing of it suits his risk and assets"),
    "fits": Message("near to what suits his risk"),
}
_CHANGED = {
    "client_id": _HEADS["client_id"],
    "rm_id": _HEADS["rm_id"],
    "noted_on": Message("Spoke of it on"),
    "topic": Message("New topic"),
}


def changed_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the clients who speak of something new as their reader sees them."""
    topic = [wording.text(code_label("topic", str(code), bank.settings.labels)) for code in rows["topic"]]
    return rows.assign(topic=topic).rename(columns={name: wording.heading(head) for name, head in _CHANGED.items()})


def offers_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the list of offers as its reader sees it."""
    category = [wording.text(category_label(str(code), bank)) for code in rows["category"]]
    because = [_because(str(codes), bank, wording) for codes in rows["because"]]
    channel = [wording.text(code_label("channel", str(c), bank.settings.labels)) if c else "" for c in rows["channel"]]
    green = [wording.text(_GREEN[str(g)]) if g else "" for g in rows["green"]]
    time = [wording.text(TIMES_OF_DAY[str(t)]) if t else "" for t in rows["time"]]
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _HEADS.items()}
    told = rows.assign(category=category, because=because, channel=channel, time=time, green=green)
    return told.rename(columns=heads)


def allocations_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the list of proposed allocations as its reader sees it."""
    part = [wording.text(part_label(str(code), bank)) for code in rows["part"]]
    why = [
        wording.text(Message("{parts}", {"parts": [wording.text(_WHY_MIX[c]) for c in str(codes).split(";")]}))
        for codes in rows["because"]
    ]
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _MIX.items()}
    return rows.assign(part=part, because=why).rename(columns=heads)


def _because(codes: str, bank: Bank, wording: Wording) -> str:
    told = [_reason(code, bank) for code in codes.split(";") if code]
    words = [wording.text(m) for m in told if m is not None]
    return (
        wording.text(Message("{parts}", {"parts": words}))
        if words
        else wording.text(Message("average of those it suits"))
    )


def _reason(code: str, bank: Bank) -> Message | None:
    """Return a reason in words; None for one that only says what other reasons say better."""
    if code in _WHY:
        return _WHY[code]
    name, sign = code[:-1], code[-1]
    kind, _, value = name.partition(":")
    if kind == "held":
        label = category_label(value, bank)
        return Message("has {kind}", {"kind": label}) if sign == "+" else Message("has no {kind}", {"kind": label})
    return None
