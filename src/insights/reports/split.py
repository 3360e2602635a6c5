"""One pack for each value of a client column: which values, and the bank as the notebooks of one such pack see it.

A notebook does not know that it is about a part: ``open_bank`` gives it a bank that holds only those clients, because
the run says so in the environment of its kernel. Packs of parts are for readers who each get their own: counts are
protected pack by pack, and whoever has all of them and the whole can narrow down what was rounded.
"""

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import ibis.expr.types as ir

from insights.data.intake import Processed, prepare
from insights.data.settings import Settings, load_settings
from insights.data.snapshot import Bank
from insights.errors import RunError
from insights.models.groups import group_of
from insights.models.households import household_of
from insights.reports.disclosure import protect
from insights.topics.evidence import ClientCounts, client_counts

PART_ENV = "INSIGHTS_PART"


@dataclass(frozen=True)
class Part:
    """The clients of one value of a column; ``slug`` names the folder of their pack."""

    column: str
    value: str
    slug: str


def parts(bank: Bank, column: str) -> tuple[Part, ...]:
    """Return the parts that get a pack: values with enough clients, after complementary suppression.

    RunError where no value has enough clients.
    """
    clients = bank.table("clients").mutate(part_=group_of(bank, column))
    rows = clients.select("client_id", "part_").order_by("part_", "client_id").execute()
    counts = client_counts(rows.assign(household=household_of(bank, rows["client_id"])), ("part_",))
    shown = cast(ClientCounts, protect({"clients": counts}, bank.settings.disclosure)["clients"]).cells
    values = sorted(str(value) for value in shown.loc[shown["clients"].notna(), "part_"])
    if not values:
        raise RunError(
            f"no value of {column!r} has enough clients for a pack of its own",
            expected=f"at least {bank.settings.disclosure.min_clients} clients with the same value",
            todo="split by a coarser column, or group the exhibits by it (--by)",
        )
    slugs = _slugs(values)
    return tuple(Part(column, value, slugs[value]) for value in values)


def open_part(config: str | Path, *, as_of: str | date, raw: str | Path | None = None) -> Bank:
    """Open the part of the bank that the environment of this kernel names."""
    part = json.loads(os.environ[PART_ENV])
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    settings = load_settings(Path(config), raw=Path(raw) if raw is not None else None)
    return PartBank(settings, day, prepare(settings, as_of=day), part["column"], part["value"])


class PartBank(Bank):
    """A bank that holds the clients of one value of a column, and of the other tables only the rows about them."""

    def __init__(self, settings: Settings, as_of: date, processed: Processed, column: str, value: str) -> None:
        super().__init__(settings, as_of, processed)
        self._members: ir.Table | None = None
        # The groups are those of the whole bank: a fifth of all clients is not a fifth of this part.
        everybody = self.table("clients").mutate(part_=group_of(self, column))
        chosen = everybody.filter(everybody["part_"] == value).select("client_id")
        self._members = self.con.create_table("clients_of_part", chosen, temp=True)
        self._filled.clear()
        self.part = (column, value)

    def table(self, name: str) -> ir.Table:
        """Return the table as known at the end of the day, rows about clients of this part only."""
        view = super().table(name)
        if self._members is None or "client_id" not in view.columns:
            return view
        return view.semi_join(self._members, "client_id")


def _slugs(values: list[str]) -> dict[str, str]:
    """Return names of folders: letters and digits of any script, different for different values."""
    found: dict[str, str] = {}
    for value in values:
        plain = unicodedata.normalize("NFKC", value).casefold()
        slug = re.sub(r"[^\w]+", "-", plain).strip("-_")[:40] or "value"
        number = 2
        unique = slug
        while unique in found.values():
            unique, number = f"{slug}-{number}", number + 1
        found[value] = unique
    return found
