"""Names of segments, from what sets them apart: traits such as high wealth, told as codes that any language can say."""

from collections.abc import Sequence

import numpy as np

from insights.stats.inputs import Floats

LOW, MIDDLE, HIGH = "low", "middle", "high"
APART = 0.5
"""A segment stands out in a variable if its mean is so many standard deviations of all clients from the mean of all."""
TOLD = 2
"""A name tells at most so many traits, unless two segments would share it."""
ALL = "all"
"""The name of the one segment where there is only one."""


def levels(away: Floats) -> list[list[str]]:
    """Return whether each segment (K) is low, middle or high in each variable (v), from standardised means (K, v)."""
    return [[HIGH if z > APART else LOW if z < -APART else MIDDLE for z in row] for row in away]


def segment_codes(away: Floats, variables: Sequence[str]) -> list[str]:
    """Return a code for each segment (K): its traits, such as ``risk-low.experience-low``, the strongest first.

    away (K, v): means of the segments less the mean of all, in standard deviations of all. A segment that stands out in
    nothing is ``middle``. Where two would have the same code further traits are told, and where these do not help, a
    number.
    """
    if len(away) == 1:
        return [ALL]
    found = levels(away)
    traits = []
    for row, z in zip(found, away, strict=True):
        order = sorted(range(len(variables)), key=lambda v: -abs(float(z[v])))
        traits.append([f"{variables[v]}-{row[v]}" for v in order if row[v] != MIDDLE])
    codes = [_code(own, TOLD) for own in traits]
    codes = [_code(own, len(own)) if codes.count(c) > 1 else c for c, own in zip(codes, traits, strict=True)]
    seen: dict[str, int] = {}
    unique = []
    for code in codes:
        seen[code] = seen.get(code, 0) + 1
        unique.append(f"{code}.{seen[code]}" if codes.count(code) > 1 else code)
    return unique


def _code(traits: list[str], most: int) -> str:
    return ".".join(traits[:most]) or MIDDLE


def standardised(values: Floats, label: np.ndarray, segments: int) -> Floats:
    """Return the mean of each segment less that of all, over the standard deviation of all (K); nan values left out."""
    known = ~np.isnan(values) & (label >= 0)
    spread = float(values[known].std()) if known.any() else 0.0
    if not spread > 0:
        return np.zeros(segments)
    means = [
        float(values[known & (label == k)].mean()) if (known & (label == k)).any() else np.nan for k in range(segments)
    ]
    return np.nan_to_num((np.array(means) - float(values[known].mean())) / spread)
