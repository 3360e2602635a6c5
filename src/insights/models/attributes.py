"""Attributes of clients as the bank knew them at a past month: with history, or declared never to change."""

import ibis
import ibis.expr.types as ir

from insights.data.snapshot import Bank

CATEGORIES = ("gender", "region", "occupation", "income_band", "acquisition_source")
NUMBERS = ("birth_year", "risk_tolerance", "experience_years")
ANSWERS = {"satisfaction": ("item_satisfaction", 3), "recommendation": ("item_recommend", 12)}
"""Survey items that are features, and for how many months an answer speaks for the client."""
OWN = "own_"
"""Prefix of the measures that only this bank has."""

CONTROL = "control"


def own_measures(bank: Bank) -> tuple[str, ...]:
    """Return the measures of clients that only this bank has, whatever table they come from."""
    tables = [bank.table(t) for t in ("clients", "client_history") if bank.has(t)]
    return tuple(sorted({c for t in tables for c in t.columns if c.startswith(OWN)}))


def attach_attributes(bank: Bank, rows: ir.Table, lag: int) -> tuple[ir.Table, dict[str, str]]:
    """Add the attributes, ``manager`` and ``manager_since`` known ``lag`` months before; say which are refused and why.

    ``manager`` is null for everybody where the bank has no history of it.
    """
    rows = rows.mutate(_then=(rows.month - ibis.interval(months=lag - 1) - ibis.interval(days=1)).cast("date"))
    refused: dict[str, str] = {}
    fixed, told = [], []
    for name in (*NUMBERS, *CATEGORIES, *own_measures(bank), "rm_id"):
        if bank.has("client_history", name):
            told.append(name)
        elif not bank.has("clients", name):
            refused[name] = f"needs clients.{name}"
        elif name in bank.settings.tables["clients"].static:
            fixed.append(name)
        else:
            refused[name] = "has one current value only: deliver client_history, or declare the column static"
    if told:
        rows = _from_history(bank, rows, told)
    if fixed:
        clients = bank.table("clients").select("client_id", *fixed)
        rows = rows.left_join(clients, "client_id").drop("client_id_right")
    rows = rows.rename(manager="rm_id") if "rm_id" in rows.columns else rows.mutate(manager=ibis.null("string"))
    if "rm_id" not in refused and bank.has("managers", "experience_since"):
        managers = bank.table("managers").select(manager="rm_id", manager_since="experience_since")
        rows = rows.left_join(managers, "manager").drop("manager_right")
    return rows.drop("_then"), refused


def attach_answer(bank: Bank, rows: ir.Table, lag: int) -> ir.Table:
    """Add the latest survey answers known ``lag`` months before and not too old (see ``ANSWERS``)."""
    rows = rows.mutate(_then=(rows.month - ibis.interval(months=lag - 1) - ibis.interval(days=1)).cast("date"))
    for name, (item, months) in ANSWERS.items():
        if not bank.has("surveys", item):
            continue
        surveys = bank.table("surveys")
        told = surveys.filter(surveys[item].notnull() & surveys.answered_on.notnull())
        told = told.group_by("client_id", _since=ibis.greatest(told.answered_on, told.known_on)).agg(
            _value=told[item].mean()
        )
        rows = rows.asof_join(told, on=rows["_then"] >= told["_since"], predicates="client_id")
        fresh = rows["_since"] > (rows["_then"] - ibis.interval(months=months)).cast("date")
        rows = rows.mutate(**{name: fresh.ifelse(rows["_value"], ibis.null("float64"))})
        rows = rows.drop("client_id_right", "_since", "_value")
    return rows.drop("_then")


def attach_programmes(bank: Bank, rows: ir.Table, prefix: str) -> tuple[ir.Table, tuple[str, ...]]:
    """Add, for each randomised programme of clients, whether the client is in a treated arm that has started.

    Clients who were never drawn count as not treated, like those of the control arm; whoever wants the effect of the
    programme alone compares the arms.
    """
    if bank.needs("programmes.client_id", "programmes.arm", "programmes.randomised"):
        return rows, ()
    drawn = bank.table("programmes")
    drawn = drawn.filter(drawn.client_id.notnull() & drawn.randomised)
    names = sorted(str(n) for n in drawn.select("programme").distinct().execute()["programme"])
    for name in names:
        treated = drawn.filter((drawn.programme == name) & (drawn.arm != CONTROL))
        treated = treated.group_by("client_id").agg(_from=treated.started_on.min())
        rows = rows.left_join(treated, "client_id").drop("client_id_right")
        inside = ibis.coalesce(rows["_from"] <= rows.month, False)
        rows = rows.mutate(**{prefix + name: inside.cast("float64")}).drop("_from")
    return rows, tuple(prefix + name for name in names)


def _from_history(bank: Bank, rows: ir.Table, names: list[str]) -> ir.Table:
    """Add attributes as the client's history had them by ``_then``: each as it was recorded last, in one join for all.

    Of what became known on one day the latest in force counts; an entry that leaves an attribute empty does not change
    it.
    """
    history = bank.table("client_history")
    day = ibis.greatest(history.valid_from, history.known_on)
    last = {n: history[n].argmax(history.valid_from, where=history[n].notnull()) for n in names}
    told = history.group_by("client_id", _since=day).agg(**last)
    so_far = ibis.window(group_by="client_id", order_by="_since", preceding=None, following=0)
    told = told.select("client_id", "_since", **{n: told[n].last().over(so_far) for n in names})
    rows = rows.asof_join(told, on=rows["_then"] >= told["_since"], predicates="client_id")
    return rows.drop("client_id_right", "_since")
