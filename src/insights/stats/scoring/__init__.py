"""How good predictions were: Brier score and its skill, under censoring and competing risks."""

from insights.stats.scoring.brier import (
    BrierScores,
    brier_score,
    known_mean,
    read_horizons,
    read_predictions,
    read_weight,
)

__all__ = ["BrierScores", "brier_score", "known_mean", "read_horizons", "read_predictions", "read_weight"]
