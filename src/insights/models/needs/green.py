"""Who prefers green and social investments: what clients hold of kinds in which they have the choice."""

from dataclasses import dataclass, field

import numpy as np

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.allocation import held_amounts
from insights.models.needs.rows import Ints, NeedRows
from insights.models.needs.suitable import Bools, suitable
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.models.segments.variables import present
from insights.stats.multiplicity import holm
from insights.stats.proportions import same_shares

NEEDS = ("products.green", "holdings.amount")
HAS, MORE, LESS, NONE = "has", "more", "less", ""
"""He holds something green; clients of his segment do so more, or less, often than others, by more than chance."""
CHANCE = 0.05


@dataclass(frozen=True)
class Green:
    """Clients in force (m) who hold something of a kind of which there is a green product and another one.

    Both suit their risk and assets. ``kinds``: where there is such a choice. ``client`` (m): places in ``NeedRows``;
    ``chose`` (m): who holds something green.
    """

    kinds: tuple[str, ...]
    client: Ints = field(repr=False)
    chose: Bools = field(repr=False)


def green_choices(bank: Bank, rows: NeedRows) -> Green:
    """Return who chose green, made once per bank; check ``NEEDS`` first."""
    return once(bank, "need_green", lambda: _made(bank, rows))


def green_leaning(bank: Bank, rows: NeedRows) -> np.ndarray:
    """Return of each client (n) whether he holds something green (HAS) or is of a segment that leans to it or away.

    A segment leans if its share among those who have the choice differs from that of all others, by Holm over all
    segments at 5 %. NONE for the others, and for all where no product is said to be green.
    """
    found = np.full(len(rows.months.client_id), NONE, dtype=object)
    if bank.needs(*NEEDS):
        return found
    told = green_choices(bank, rows)
    segments = None if segment_needs(bank) else client_segments(bank)
    if isinstance(segments, Segments) and len(told.client):
        label = segments.labels(segments.last)
        lean = segments_that_lean(label[told.client], told.chose)
        found = np.array([lean.get(str(name), NONE) for name in label], dtype=object)
    found[told.client[told.chose]] = HAS
    return found


def segments_that_lean(label: np.ndarray, chose: Bools) -> dict[str, str]:
    """Return MORE or LESS by segment, of those that differ from all others by more than chance."""
    names = sorted({str(name) for name in label} - {""})
    known = label != ""
    has, n = int(chose[known].sum()), int(known.sum())
    counted = [(int(chose[label == name].sum()), int((label == name).sum())) for name in names]
    tests = [same_shares((a, has - a), (m, n - m)).p_value for a, m in counted]
    adjusted = holm(np.array([np.nan if p is None else p for p in tests], dtype=float))
    return {
        name: MORE if a * (n - m) > (has - a) * m else LESS
        for name, (a, m), p in zip(names, counted, adjusted, strict=True)
        if p < CHANCE
    }


def _made(bank: Bank, rows: NeedRows) -> Green:
    column, products = rows.last, rows.products
    told = bank.table("products").select("product_id", "green").execute().set_index("product_id")["green"]
    told = told.reindex(products.codes).astype("boolean")
    known, green = told.notna().to_numpy(), told.fillna(False).to_numpy(bool)
    fits = suitable(products.rating, products.minimum, rows.tolerance[:, column], rows.assets[:, column])
    held = held_amounts(bank, rows, column) > 0
    chose, has = (np.zeros(len(held), dtype=bool) for _ in range(2))
    kinds = []
    for k, name in enumerate(products.categories):
        yes, no = ((products.category == k) & known & (green == side) for side in (True, False))
        if yes.any() and no.any():
            kinds.append(name)
            choice = fits[:, yes].any(axis=1) & fits[:, no].any(axis=1)
            has |= choice & held[:, yes | no].any(axis=1)
            chose |= choice & held[:, yes].any(axis=1)
    client = np.flatnonzero(has & present(rows.months)[:, column] & rows.months.in_force)
    return Green(tuple(kinds), client, chose[client])
