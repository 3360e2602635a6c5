"""What several answers share is computed once for each snapshot, and by one kernel for all."""

from collections.abc import Callable, Hashable
from datetime import date
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from insights.data.kept import kept
from insights.data.snapshot import Bank

T = TypeVar("T")

_KEPT: WeakKeyDictionary[Bank, dict[Hashable, object]] = WeakKeyDictionary()


def once(bank: Bank, key: Hashable, compute: Callable[[], T], *, on_disk: bool = False) -> T:
    """Return ``compute()``, made on the first call for this bank and key and kept as long as the bank is.

    ``key`` names what is computed and every parameter it depends on, for example ``("exit_risks", landmark, lag)``.
    Whoever gets the result must not change it. It must not hold the bank itself, or neither is ever forgotten.

    ``on_disk``: the result is also kept beside the processed data (see ``insights.data.kept``), for other processes and
    for later runs. It must follow from the bank and the key alone, be made of plain values, arrays, frames and
    dataclasses of this package, and cost more than reading it: a few tenths of a second at least. ``compute`` must not
    be counted on to run: what else it does, such as a table that it makes in the engine, is not there from disk.
    """
    own = _KEPT.setdefault(bank, {})
    if key not in own:
        own[key] = kept(bank, _text(key), compute) if on_disk else compute()
    return cast(T, own[key])


def _text(key: Hashable) -> str:
    """Return the key as text, different for different keys and the same in every process."""
    if isinstance(key, tuple):
        return f"({','.join(_text(part) for part in key)})"
    if isinstance(key, frozenset):
        return f"{{{','.join(sorted(_text(part) for part in key))}}}"
    if isinstance(key, date):
        return key.isoformat()
    if key is None or isinstance(key, str | int | float):
        return repr(key)
    raise TypeError(f"a key holds {type(key).__name__}; expected text, numbers, dates, or tuples and sets of them")
