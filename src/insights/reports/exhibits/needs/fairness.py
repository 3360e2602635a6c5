"""Who gets offers, by age, gender and region."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.clients.groups import NAMES
from insights.reports.exhibits.clients.portraits import LEVELS
from insights.reports.exhibits.needs.words import need_basis
from insights.reports.exhibits.rows import check_row, estimate_row, interval, needed
from insights.reports.wording.labels import code_label
from insights.stats.multiplicity import holm
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer
from insights.topics.needs.fairness import OTHERS, Fairness

ALPHA = 0.05
_NAMES = NAMES | {"region": Message("region")}


def fairness(answer: Answer, found: Fairness, bank: Bank) -> Exhibit:
    """Say in which protected attributes offer rates differ by more than chance, and show every group."""
    tested = {n: t.p_value for n, t in found.tests.items() if t.p_value is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True)) if tested else {}
    apart = [n for n in adjusted if adjusted[n] < ALPHA]
    if apart:
        title = Message("Offers go to groups unequally by {names}", {"names": [_NAMES[n] for n in apart]})
    elif adjusted:
        title = Message("Offers go to all groups about equally, by {names}", {"names": [_NAMES[n] for n in adjusted]})
    else:
        title = Message("Whether offers go to all groups equally cannot be told")
    said = [Message("Gender, age and region are not used to choose whom to offer what.")]
    if apart:
        said.append(
            Message("Groups may differ all the same in wealth, risk tolerance or products held, on which offers rest.")
        )
    lacking = answer.facts["lacking"]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(said),
        tables=tuple(_table(n, found, answer.facts, bank) for n in answer.facts["attributes"]),
        basis=need_basis(answer, bank),
        caveats=(
            Message("Groups too small to be told are put together."),
            Message("Equal rates are no proof of fairness, and unequal ones no proof of the contrary."),
        ),
        refusals=(needed(lacking),) if lacking else (),
        estimates=tuple(
            estimate_row("offer_rate", e or NotEstimable("withheld"), group={name: level}, months=3)
            for (name, level), e in found.rates.items()
        ),
        checks=tuple(check_row(t) for t in found.tests.values()),
    )


def _table(name: str, found: Fairness, facts: dict[str, Any], bank: Bank) -> Table:
    rows = []
    own = [(level, e) for (n, level), e in found.rates.items() if n == name]
    for level, e in sorted(
        own, key=lambda t: (t[0] == OTHERS, list(LEVELS).index(t[0]) if t[0] in LEVELS else 99, t[0])
    ):
        label = (
            Message("others, together")
            if level == OTHERS
            else LEVELS[level]
            if level in LEVELS
            else code_label(facts["attributes"][name], level, bank.settings.labels)
        )
        rows.append(
            {
                "group": label,
                "clients": None if e is None else float(e.n),
                "rate": None if e is None else interval(e, "percent"),
            }
        )
    columns = (
        Column("group", Message("Group")),
        Column("clients", Message("Clients"), "count"),
        Column("rate", Message("With an offer (95% interval)")),
    )
    return Table(columns, tuple(rows), Message("By {attribute}", {"attribute": _NAMES[name]}))
