"""What came of the first purchases that past runs foretold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from insights.data.months import add_months, month_number
from insights.data.snapshot import Bank
from insights.models.memory.came import NOTHING_DUE, due, told_by
from insights.models.memory.scored import Scored, score
from insights.models.memory.store import Memory
from insights.models.memory.targets import NEED
from insights.models.needs.rows import STEP, missing, need_rows
from insights.stats.results import NotEstimable


def came_of_needs(bank: Bank, memories: Sequence[Memory]) -> Scored | NotEstimable:
    """Score the first purchases that past runs foretold within three months, over categories and runs.

    ``frame``: day, client_id, kind (category), risk, time, came. Clients are told apart within each run and category.
    Who is no longer in the data, and categories that are no longer delivered, are left out.
    """
    memories = [m for m in memories if due(m, STEP) <= bank.as_of]
    if not memories or missing(bank):
        return NOTHING_DUE
    rows = need_rows(bank)
    if rows is None:
        return NotEstimable("nobody holds a product")
    here = month_number(add_months(rows.months.opens, rows.last))
    place = pd.Index(rows.months.client_id.astype(str))
    kinds = {NEED + name: k for k, name in enumerate(rows.products.categories)}
    parts = []
    for memory in memories:
        told = told_by(memory, lambda t: t.isin(list(kinds)))
        if told.empty:
            continue
        column = rows.last - (here - month_number(pd.Timestamp(str(told["since"].iloc[0]))))
        if column < 0 or column + STEP > rows.last:
            continue
        client = place.get_indexer(pd.Index(told["client_id"]))
        told, client = told[client >= 0], client[client >= 0]
        kind = told["target"].map(kinds).to_numpy(np.int64)
        came = rows.came(column, STEP)[client, kind]
        head = {"day": memory.as_of, "client_id": told["client_id"], "kind": told["target"].str.removeprefix(NEED)}
        parts.append(
            pd.DataFrame(head | {"risk": told["value"], "time": np.where(came, STEP, STEP + 1.0), "came": came})
        )
    if not parts:
        return NOTHING_DUE
    frame = pd.concat(parts, ignore_index=True)
    strata = frame["day"] + " " + frame["kind"]
    by_day = {str(d): score(f, STEP, f["kind"]) for d, f in frame.groupby("day")}
    return Scored(STEP, frame, score(frame, STEP, strata), by_day)
