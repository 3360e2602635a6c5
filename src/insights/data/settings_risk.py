"""Settings of risks: when papers are due, which loans are watched, how rarely a chart may cry wolf."""

from typing import Annotated

from pydantic import Field

from insights.data.settings_sources import Section


class RiskSection(Section):
    """What the risk report warns of.

    Identity papers that expire within ``papers_days`` are told beforehand. A loan is watched while its payments are
    late or more than the share ``watch_cover`` of its collateral is drawn. Charts of complaints and mentions are
    designed for one false alarm in ``false_alarm_months``, and to find a rise by the factor ``rise`` soonest.
    """

    papers_days: Annotated[int, Field(ge=1, le=366)] = 90
    watch_cover: Annotated[float, Field(gt=0, le=1)] = 0.90
    false_alarm_months: Annotated[int, Field(ge=3, le=240)] = 24
    rise: Annotated[float, Field(gt=1, le=10)] = 1.5
