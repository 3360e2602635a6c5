"""Effects of a treatment that starts at different times, from a panel: by cohort and period, and their means."""

from insights.stats.effects.complier import ComplierEffect, complier_effect
from insights.stats.effects.group_time import EffectCurve, GroupTimeEffects, att_gt
from insights.stats.effects.overlap import OverlapComparison, e_value, overlap_comparison
from insights.stats.effects.pretrend import pretrend_test
from insights.stats.effects.totals import total_effect, without_trend
from insights.stats.effects.two_way import negative_weights, two_way_fixed_effects

__all__ = [
    "ComplierEffect",
    "EffectCurve",
    "GroupTimeEffects",
    "OverlapComparison",
    "att_gt",
    "complier_effect",
    "e_value",
    "negative_weights",
    "overlap_comparison",
    "pretrend_test",
    "total_effect",
    "two_way_fixed_effects",
    "without_trend",
]
