"""What is known of everybody asked, as the columns from which the weights of those who answered are made."""

import numpy as np
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable
from insights.stats.survey import ResponseWeights, response_weights

FRAME = ("log2_assets", "tenure", "complaint_6m", "manager_decades", "log2_contacts_6m", "online_3m", "net_share_3m")
"""What may decide whether somebody answers, in the order of ``features_before``; those that the bank delivers."""

MISSING = ":missing"
MANAGER, WAVE = "manager=", "wave="
FEWEST_KNOWN = 50
FEWEST_ANSWERS, FEWEST_ASKED = 20, 60
"""Managers and waves with so many answers and invitations have an indicator of their own; the others share one."""


def frame_weights(rows: pd.DataFrame) -> ResponseWeights | NotEstimable:
    """Return response weights of the invitations (see ``read_invitations``) from all of the frame they can bear.

    With too few answers for an indicator of every manager, and then of every wave, these are left out.
    """
    if rows.empty:
        return NotEstimable("nobody was asked")
    found: ResponseWeights | NotEstimable = NotEstimable("nothing is known of those who were asked")
    columns = frame_columns(rows)
    for prefixes in ((), (MANAGER,), (MANAGER, WAVE)):
        kept = columns[[c for c in columns if not str(c).startswith(prefixes)]]
        if kept.shape[1]:
            found = response_weights(rows["answered"], kept)
            if isinstance(found, ResponseWeights):
                return found
    return found


def frame_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns (n, p) of the invitations: numbers, flags for what is not known, managers and waves.

    A number that is not known is the mean of the others, with a flag that says so where at least ``FEWEST_KNOWN`` are
    not known. Columns that say nothing of their own are left out.
    """
    made: dict[str, Floats] = {}
    for name in (n for n in FRAME if n in rows):
        values = rows[name].to_numpy(float)
        known = np.isfinite(values)
        if known.sum() >= FEWEST_KNOWN:
            made[name] = np.where(known, values, values[known].mean())
            if (~known).sum() >= FEWEST_KNOWN:
                made[name + MISSING] = (~known).astype(float)
    for prefix, labels in ((WAVE, rows["wave"]), (MANAGER, rows.get("manager"))):
        if labels is not None:
            made |= _indicators(prefix, labels, rows["answered"].to_numpy(bool))
    columns = pd.DataFrame(made, index=rows.index)
    return columns.loc[:, _independent(columns.to_numpy(float))]


def _indicators(prefix: str, labels: pd.Series, answered: np.ndarray) -> dict[str, Floats]:
    """Return an indicator of every level with enough answers, the largest left out where none shares the rest."""
    told = labels.fillna("").astype(str).to_numpy()
    counts = pd.DataFrame({"level": told, "answered": answered}).groupby("level")["answered"].agg(["sum", "size"])
    silent = counts["size"] - counts["sum"]
    own = counts[(counts["sum"] >= FEWEST_ANSWERS) & (silent >= FEWEST_ANSWERS) & (counts["size"] >= FEWEST_ASKED)]
    own = own[own.index != ""]
    if len(own) == len(counts) and len(own):
        own = own.drop(index=own["size"].idxmax())
    return {f"{prefix}{level}": (told == level).astype(float) for level in sorted(own.index)}


def _independent(values: Floats) -> list[bool]:
    """Return which columns add something to those before them and to a constant (Gram-Schmidt)."""
    away = values - values.mean(axis=0) if len(values) else values
    size = np.sqrt((away**2).sum(axis=0))
    kept: list[Floats] = []
    found = []
    for j in range(values.shape[1]):
        rest = away[:, j] / (size[j] or 1.0)
        for basis in kept:
            rest = rest - basis * float(basis @ rest)
        left = float(np.sqrt(rest @ rest))
        found.append(left > 1e-5)
        if left > 1e-5:
            kept.append(rest / left)
    return found
