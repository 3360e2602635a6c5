"""Effects of a treatment that starts at different times, from a panel: by cohort and period, and their means."""

from insights.stats.effects.group_time import EffectCurve, GroupTimeEffects, att_gt
from insights.stats.effects.pretrend import pretrend_test
from insights.stats.effects.two_way import negative_weights, two_way_fixed_effects

__all__ = [
    "EffectCurve",
    "GroupTimeEffects",
    "att_gt",
    "negative_weights",
    "pretrend_test",
    "two_way_fixed_effects",
]
