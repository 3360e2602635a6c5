"""``insights watch``: what is new since the last time, between packs, for a daily schedule.

The same rules as in the reports, and the same restrictions: what is new about clients goes into the lists of those who
receive that list anyway, and into nothing else; the terminal is told numbers of rows and names of channels only. What
was open the last time is kept beside the other memories of runs, sealed with the bank's key and for this user only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from insights.data.kept import read_sealed, write_sealed
from insights.data.pseudonyms import Key
from insights.data.settings import Settings
from insights.data.snapshot import Bank, open_bank
from insights.data.store import PRIVATE_FOLDER, folder_lock
from insights.errors import ParameterError, RunError
from insights.models.watched import KINDS, Watched, watched
from insights.reports.lists import CHANGED, check_lists, write_list
from insights.topics import risk
from insights.topics.risk.fraud import LIST as PAYMENTS

NAME, VERSION = "watch", 1
NEAR = "near-real-time batch: it knows what the extracts held when it ran, no more"
_MEASURES = {"wait": "clients wait longer", "unsettled": "less is settled at once"}


@dataclass(frozen=True)
class Seen:
    """What was open the last time: the day, the keys by kind, and how often it was watched on that day."""

    version: int
    as_of: str
    keys: dict[str, list[str]]
    times: int


def watch(config: Path, as_of: date, raw: Path | None = None, since: date | None = None) -> list[str]:
    """Write what is new into the restricted lists, remember what is open, and return lines for the terminal.

    New is what was not open the last time, or on the day ``since``, as it was known then. The first time without
    ``since`` nothing is new: what is open is only written down. ParameterError for a day that is not after ``since`` or
    lies before the last time.
    """
    with open_bank(config, as_of=as_of, raw=raw) as bank:
        settings = bank.settings
        check_lists(settings)
        settings.state.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        path = settings.state / NAME
        with folder_lock(path):
            last = _last(path, settings)
            _check_days(as_of, since, last)
            now = watched(bank)
            before = _before(config, raw, since) if since else _told(last)
            times = last.times + 1 if last and last.as_of == as_of.isoformat() else 1
            lines = list(_lines(now, before, bank, times)) if before is not None else list(_begun(now))
            keys = {kind: sorted(own) for kind, own in now.keys().items()}
            if not write_sealed(path, _secret(settings), NAME, Seen(VERSION, as_of.isoformat(), keys, times)):
                raise RunError(
                    f"{path} cannot be written, so the next watch would tell the same again",
                    expected="a state folder that this user may write to",
                    todo="change [paths] state or its permissions",
                )
    return [*lines, NEAR]


def _last(path: Path, settings: Settings) -> Seen | None:
    found = read_sealed(path, _secret(settings), NAME)
    if found is None or not isinstance(found[0], Seen) or found[0].version != VERSION:
        return None
    return found[0]


def _secret(settings: Settings) -> bytes:
    return Key.load(settings).results_secret()


def _check_days(as_of: date, since: date | None, last: Seen | None) -> None:
    if since is not None and since >= as_of:
        raise ParameterError(
            f"since {since.isoformat()} is not before {as_of.isoformat()}",
            expected="an earlier day",
            todo="name the day of the last watch or pack, or leave --since out",
        )
    if since is None and last is not None and last.as_of > as_of.isoformat():
        raise ParameterError(
            f"the last watch was of {last.as_of}, later than {as_of.isoformat()}",
            expected="that day or a later one",
            todo="name a later day, or compare with an earlier one by --since",
        )


def _before(config: Path, raw: Path | None, since: date) -> dict[str, set[str]]:
    with open_bank(config, as_of=since, raw=raw) as bank:
        return {kind: set(own) for kind, own in watched(bank).keys().items()}


def _told(last: Seen | None) -> dict[str, set[str]] | None:
    return None if last is None else {kind: set(own) for kind, own in last.keys.items()}


def _begun(now: Watched) -> Iterator[str]:
    number = sum(len(getattr(now, kind)) for kind in KINDS)
    yield f"nothing to compare with yet: {number:,} open alerts are written down; the next watch tells what is new"
    yield from _lacking(now)


def _lines(now: Watched, before: Mapping[str, set[str]], bank: Bank, times: int) -> Iterator[str]:
    new = {kind: (rows := getattr(now, kind))[~rows["key"].isin(before.get(kind, set()))] for kind in KINDS}
    said = False
    for name, rows in _lists(new, bank):
        for recipient, may in sorted(bank.settings.lists.recipients.items()):
            if name in may.lists:
                about = "new" if times == 1 else f"new-{times}"
                write_list(name, rows, bank, recipient=recipient, attempt="watch", about=about)
                yield f"list {name} for {recipient}: {len(rows):,} new"
                said = True
    for row in new["troubles"].to_dict("records"):
        yield f"channel {row['channel']}: {_MEASURES[row['measure']]} than in any of the 52 weeks before"
        said = True
    for row in new["outbreaks"].to_dict("records"):
        yield f"{row['series']}: more than usual beyond chance, since the week to {row['began']}"
        said = True
    if not said:
        yield "nothing new"
    gone = sum(len(before.get(kind, set()) - own) for kind, own in now.keys().items())
    if gone:
        yield f"{gone:,} alerts of the last time are no longer open"
    yield from _lacking(now)


def _lists(new: Mapping[str, pd.DataFrame], bank: Bank) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the lists that hold something new, in the form that the reports make: only the rows that are new."""
    made: Mapping[str, Callable[[], pd.DataFrame]] = {
        "risk_register": lambda: _among(risk.lists(bank)["risk_register"], "client_id", new["risks"]),
        PAYMENTS: lambda: _among(risk.lists(bank)[PAYMENTS], "transactions_id", new["payments"]),
        CHANGED: lambda: new["needs"].drop(columns="key").reset_index(drop=True),
    }
    for (name, make), kind in zip(made.items(), ("risks", "payments", "needs"), strict=True):
        if len(new[kind]):
            yield name, make()


def _among(rows: pd.DataFrame, column: str, new: pd.DataFrame) -> pd.DataFrame:
    return rows[rows[column].isin(new[column])].reset_index(drop=True)


def _lacking(now: Watched) -> Iterator[str]:
    if now.lacking:
        yield f"not watched, for want of tables: {', '.join(now.lacking)}"
