"""What several answers share is computed once for each snapshot, and forgotten with it."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from insights.data.snapshot import Bank

T = TypeVar("T")

_KEPT: WeakKeyDictionary[Bank, dict[Hashable, object]] = WeakKeyDictionary()


def once(bank: Bank, key: Hashable, compute: Callable[[], T]) -> T:
    """Return ``compute()``, made on the first call for this bank and key and kept as long as the bank is.

    ``key`` names what is computed and every parameter it depends on, for example ``("exit_risks", landmark, lag)``.
    Whoever gets the result must not change it. It must not hold the bank itself, or neither is ever forgotten.
    """
    kept = _KEPT.setdefault(bank, {})
    if key not in kept:
        kept[key] = compute()
    return cast(T, kept[key])
