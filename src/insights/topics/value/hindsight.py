"""How the forecast of a year ago did: what clients were expected to bring, and what they brought."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.hindsight import Hindsight
from insights.models.value.hindsight import hindsight as looked_back
from insights.models.value.lifetime import LEVEL, LifetimeValues
from insights.models.value.totals import giants, sizes_of, summed
from insights.stats.concentration import top_bands
from insights.stats.proportions import proportion
from insights.stats.results import NotEstimable
from insights.stats.scoring.amounts import AmountErrors, amount_errors
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)
from insights.topics.rows import NAN, SIZES, estimates, line, plain, told
from insights.topics.value.cells import tellable, top_cuts
from insights.topics.value.refusals import FEW, NO_VALUE, refused
from insights.topics.value.worth import facts_of, valued

ID = "value.hindsight"
TENTHS = tuple(k / 10 for k in range(1, 10))
TOLD, CAME, AGAIN = "told", "came", "again"
MEASURES = (TOLD, CAME, AGAIN)


@dataclass(frozen=True)
class HindsightRows:
    """What a reader may know.

    ``totals``: measure (``MEASURES``, value in currency; of "told" with the interval of what will come), ``scores``:
    measure (error, gain, ranks, held), of (told, again), value, low, high. ``bands``: band (0: foretold the most),
    clients, and the sums of ``MEASURES``, nan where withheld.
    """

    totals: pd.DataFrame
    scores: pd.DataFrame
    bands: pd.DataFrame

    @property
    def lift(self) -> float:
        """What came of a client of the first band over what came of the average client; nan where it is withheld."""
        own = self.bands[["clients", CAME]].sum(skipna=False)
        if not own[CAME] > 0:
            return NAN
        first = self.bands.iloc[0]
        return float(first[CAME] / first["clients"] * own["clients"] / own[CAME])


def hindsight(bank: Bank) -> Answer | NotAvailable:
    """Set what clients were expected to bring at the earlier date of the bridge against what they have brought since.

    Beside "the last twelve months again". Clients who left since are in it, with what they brought until then.
    """
    values = valued(bank, ID)
    if not isinstance(values, LifetimeValues):
        return values
    found = looked_back(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, NO_VALUE, reason=found.reason)
    rules = bank.settings.disclosure
    # What came beside what was foretold tells the difference too.
    parts = [found.told, found.came, found.again, found.came - found.told, found.came - found.again]
    if not all(tellable(each, rules) for each in parts):
        return refused(ID, FEW)
    cuts = top_cuts(found.told, TENTHS, rules, parts[1:])
    frame = pd.DataFrame({"band": top_bands(found.told, cuts), TOLD: found.told, CAME: found.came, AGAIN: found.again})
    frame["household"] = household_of(bank, found.values.clients["client_id"])
    unit = bank.settings.bank.currency
    errors = amount_errors(
        found.told, found.again, found.came, found.values.clients["client_id"], unit=unit, seed="value_hindsight"
    )
    evidence: dict[str, Evidence] = {
        "totals": estimates(_totals(found, bank, unit), "measure"),
        "scores": estimates(_scores(found, errors), "measure", "of"),
        "clients": client_counts(frame, ("band",)),
        **{name: money_sums(frame, ("band",), name) for name in MEASURES},
    }
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=_rows,
        facts=facts_of(values, bank)
        | {
            "before": found.values.landmark.isoformat(),
            "now": found.until.isoformat(),
            "months": found.values.months,
            "tenths": [round(10 * cut / len(frame)) for cut in cuts],
            "n_events": found.values.n_events,
        },
    )


def _totals(found: Hindsight, bank: Bank, unit: str) -> list[dict[str, Any]]:
    whole = summed(found.values, giants(found.values, bank.settings.disclosure))
    n, lines = len(found.came), []
    head = {"measure": TOLD} | plain(whole.value, unit, n, found.values.n_events)
    lines.append(head | {"low": whole.low, "high": whole.high} | _named(whole.sizes))
    for name, amounts in ((CAME, found.came), (AGAIN, found.again)):
        lines.append({"measure": name} | plain(float(amounts.sum()), unit, n) | _named(sizes_of(amounts)))
    return lines


def _scores(found: Hindsight, errors: AmountErrors) -> list[dict[str, Any]]:
    n = len(found.came)
    lines = [
        {"measure": "error", "of": TOLD} | line(errors.own, n, sizes=sizes_of(errors.errors[:, 0])),
        {"measure": "error", "of": AGAIN} | line(errors.rival, n, sizes=sizes_of(errors.errors[:, 1])),
        {"measure": "gain", "of": TOLD}
        | line(errors.gain, n, sizes=sizes_of(errors.errors[:, 1] - errors.errors[:, 0])),
        {"measure": "ranks", "of": TOLD} | line(errors.ranks, n),
        {"measure": "ranks", "of": AGAIN} | line(errors.rival_ranks, n),
    ]
    inside = proportion(int(found.held.sum()), n, level=LEVEL)
    lines.append(told(inside, measure="held", of=TOLD))
    return lines


def _rows(evidence: dict[str, Evidence]) -> HindsightRows:
    bands = cast(ClientCounts, evidence["clients"]).cells[["band", "clients"]]
    for name in MEASURES:
        sums = cast(MoneySums, evidence[name]).cells[["band", "amount"]].rename(columns={"amount": name})
        bands = bands.merge(sums, on="band", how="left")
    totals, scores = (cast(Estimates, evidence[name]).rows for name in ("totals", "scores"))
    return HindsightRows(totals, scores, bands.sort_values("band", kind="stable").reset_index(drop=True))


def _named(sizes: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(SIZES, sizes, strict=True))
