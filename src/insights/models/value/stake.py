"""The value that may walk away: what each client is worth times his risk of leaving by choice within twelve months."""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.risk import exit_risks
from insights.models.stages import NEEDS as STAGE_NEEDS
from insights.models.stages import STAGES, assign_stages
from insights.models.value.book import NEEDS, client_book, with_worth
from insights.models.value.tiers import with_tier

WITHIN = "_12m"
UNKNOWN = "not_assigned"


def value_at_stake(bank: Bank) -> pd.DataFrame:
    """Return ``client_book`` with ``tier``, ``risk`` and ``stake``, computed once.

    risk: probability of leaving within twelve months for a reason that is the client's own choice ([lifecycle]
    not_by_choice names the others). ``worth``: see ``with_worth``. stake: risk x worth, or risk x a year's value where
    worth cannot be told; 0 for clients who cost more than they bring in. A client without a risk (not observed for long
    enough) has nan in both. ``stage``: that of ``models.stages``.
    """
    return once(bank, "value_at_stake", lambda: _made(bank))


def missing(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver for a value at stake to be told."""
    needs = bank.needs(*NEEDS)
    return needs if bank.window_from else (*needs, "[window] complete_from")


def _made(bank: Bank) -> pd.DataFrame:
    book = client_book(bank)
    assert book is not None, "whoever asks has checked that there is a book"
    risks = exit_risks(bank)
    others = {"any", "outflow", *bank.settings.lifecycle.not_by_choice}
    chosen = [c for c in risks.columns if c.endswith(WITHIN) and c.removesuffix(WITHIN) not in others]
    told = pd.DataFrame({"client_id": risks["client_id"], "risk": risks[chosen].sum(axis=1)})
    frame = with_worth(bank, book.merge(told.drop_duplicates("client_id"), on="client_id", how="left"))
    frame = with_tier(bank, frame)
    frame["stake"] = frame["risk"] * np.maximum(frame["worth" if "worth" in frame else "value"], 0.0)
    frame["stage"] = _stage(bank, frame["client_id"])
    return frame


def _stage(bank: Bank, client_id: pd.Series) -> np.ndarray:
    if bank.needs(*STAGE_NEEDS):
        return np.full(len(client_id), UNKNOWN, dtype=object)
    found = assign_stages(bank)
    code = found.code[:, -1]
    names = np.array([UNKNOWN, *STAGES, UNKNOWN], dtype=object)
    own = pd.DataFrame({"client_id": found.months.spells["client_id"], "stage": names[code], "code": code})
    own = own[(own["code"] > 0) & (own["code"] <= len(STAGES))].drop_duplicates("client_id", keep="last")
    stage = own.set_index("client_id")["stage"].reindex(client_id)
    return stage.fillna(UNKNOWN).to_numpy(object)
