"""Client analytics for a private bank. A notebook needs three names: ``open_bank``, ``show`` and ``headline``.

Reports that foretell something need ``remembered`` besides, what earlier runs remember, and the summary ``published``,
what the other reports of the pack found. They are fetched when they are asked for, so that ``import insights`` alone
loads no engine.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from insights.data.snapshot import open_bank
    from insights.reports.publish import headline, show
    from insights.reports.published import published, remembered

__all__ = ["headline", "open_bank", "published", "remembered", "show"]


def __getattr__(name: str) -> Any:
    """Fetch one of them; in a run that makes packs of parts, ``open_bank`` opens the part."""
    if name == "open_bank":
        if "INSIGHTS_PART" in os.environ:
            from insights.reports.split import open_part

            return open_part
        from insights.data.snapshot import open_bank

        return open_bank
    if name in ("headline", "show"):
        from insights.reports import publish

        return getattr(publish, name)
    if name in ("published", "remembered"):
        from insights.reports import published as module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
