"""Regression of ordered categories: proportional odds (logit) and ordered probit."""

from insights.stats.ordinal.model import OrderedFit, category_shares, ordered_regression

__all__ = ["OrderedFit", "category_shares", "ordered_regression"]
