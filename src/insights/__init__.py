"""Client analytics for a private bank. A notebook needs three names: ``open_bank``, ``show`` and ``headline``.

They are fetched when they are asked for, so that ``import insights`` alone loads no engine.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from insights.data.snapshot import open_bank
    from insights.reports.publish import headline, show

__all__ = ["headline", "open_bank", "show"]


def __getattr__(name: str) -> Any:
    """Fetch one of the three; in a run that makes packs of parts, ``open_bank`` opens the part."""
    if name == "open_bank":
        if "INSIGHTS_PART" in os.environ:
            from insights.reports.split import open_part

            return open_part
        from insights.data.snapshot import open_bank

        return open_bank
    if name in ("headline", "show"):
        from insights.reports import publish

        return getattr(publish, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
