"""Value: what each relationship is worth, why it changed, and where the next hour should go."""

from insights.topics.value.margin import margin

__all__ = ["margin"]
