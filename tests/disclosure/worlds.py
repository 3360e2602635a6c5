"""A bank with two very small regions, as it is and without one client who left: two packs beside each other."""

import ibis
import ibis.expr.types as ir

from insights.data.snapshot import Bank

TINY, SMALL = "Tinyland", "Smallville"
MEMBERS = {TINY: 7, SMALL: 4}


class World(Bank):
    """The bank with some clients in regions of their own, and without one client, of whom no table has a row."""

    def __init__(self, whole: Bank, regions: dict[str, list[str]], without: str | None = None) -> None:
        super().__init__(whole.settings, whole.as_of, whole.processed)
        self.regions, self._without = regions, without
        self.part = ("world", without or "all")  # what is computed of it is kept apart from what is of the whole bank

    def table(self, name: str) -> ir.Table:
        """Return the table as known at the end of the day."""
        view = super().table(name)
        if name == "clients":
            region = view.region
            for place, members in self.regions.items():
                region = view.client_id.isin(members).ifelse(place, region)
            view = view.mutate(region=region)
        if self._without is None or "client_id" not in view.columns:
            return view
        return view.filter(view.client_id.isnull() | (view.client_id != self._without))


def two_worlds(whole: Bank) -> tuple[World, World, str]:
    """Return the bank with its small regions, the same without one leaver of the smaller cell, and his id.

    The regions are made of clients of the largest one; one member of each left in the last twelve months.
    """
    clients = whole.table("clients")
    start = ibis.literal(whole.as_of) - ibis.interval(years=1)
    rows = clients.mutate(gone=clients.left_on.notnull() & (clients.left_on > start.cast("date")))
    rows = rows.filter(rows.left_on.isnull() | rows.gone).select("client_id", "region", "gone").execute()
    largest = rows["region"].value_counts().sort_index().idxmax()
    own = rows[rows["region"] == largest].sort_values("client_id")
    gone, stays = own.loc[own["gone"], "client_id"].tolist(), own.loc[~own["gone"], "client_id"].tolist()
    regions, place = {}, 0
    for k, (name, size) in enumerate(MEMBERS.items()):
        regions[name] = [gone[k], *stays[place : place + size - 1]]
        place += size - 1
    return World(whole, regions), World(whole, regions, gone[0]), gone[0]
