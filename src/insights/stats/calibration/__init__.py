"""Do predicted probabilities mean what they say? Observed against expected, by group of risk; the share captured."""

from insights.stats.calibration.groups import calibration, capture, risk_groups

__all__ = ["calibration", "capture", "risk_groups"]
