"""Cox's proportional hazards: what moves the hazard of an event, whatever its course over time."""

from insights.stats.cox.model import CoxModel, cox

__all__ = ["CoxModel", "cox"]
