"""Every parameter of the demo bank's process, in one typed place; written out as the ``truth`` beside the extracts.

Rates and probabilities are per month unless a name says otherwise. A "hazard" is the intensity of a cause within a
month: the chance that it strikes in the month, were it alone, is 1 - exp(-hazard) (complementary log-log link).
Money is in the reporting currency. Standardised covariates are (value - centre) / spread with the constants given here,
never with the moments of a sample, so that a law means the same in every bank drawn from it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from insights.demo.law.contacts import ContactLaw
from insights.demo.law.dirt import DirtLaw
from insights.demo.law.money import (
    LoanLaw,
    MarketLaw,
    NullProgrammeLaw,
    OfferLaw,
    PaymentLaw,
    ProductLaw,
    WealthLaw,
)
from insights.demo.law.people import (
    ElsewhereLaw,
    IntentionLaw,
    LeavingLaw,
    ManagerLaw,
    PeopleLaw,
    ProspectLaw,
    RegisterLaw,
)
from insights.demo.law.service import (
    AccessLaw,
    BehaviourLaw,
    EventLaw,
    IncidentLaw,
    MentionLaw,
    NoteLaw,
    PositionLaw,
    RequestLaw,
    ServiceLaw,
    SourceCostLaw,
    SurveyLaw,
)


@dataclass(frozen=True)
class Law:
    """The whole law. ``Law()`` is the default; ``dataclasses.replace`` makes others."""

    burn_in_months: int = 240
    retention_programme_month: int = 12
    retention_programme_share: float = 0.5
    """Month of the window from which the randomised programme works, and the share of the clients in force then that
    are drawn for it."""
    people: PeopleLaw = field(default_factory=PeopleLaw)
    managers: ManagerLaw = field(default_factory=ManagerLaw)
    leaving: LeavingLaw = field(default_factory=LeavingLaw)
    intention: IntentionLaw = field(default_factory=IntentionLaw)
    market: MarketLaw = field(default_factory=MarketLaw)
    wealth: WealthLaw = field(default_factory=WealthLaw)
    products: ProductLaw = field(default_factory=ProductLaw)
    offers: OfferLaw = field(default_factory=OfferLaw)
    payments: PaymentLaw = field(default_factory=PaymentLaw)
    loans: LoanLaw = field(default_factory=LoanLaw)
    null_programme: NullProgrammeLaw = field(default_factory=NullProgrammeLaw)
    contacts: ContactLaw = field(default_factory=ContactLaw)
    register: RegisterLaw = field(default_factory=RegisterLaw)
    elsewhere: ElsewhereLaw = field(default_factory=ElsewhereLaw)
    prospects: ProspectLaw = field(default_factory=ProspectLaw)
    surveys: SurveyLaw = field(default_factory=SurveyLaw)
    notes: NoteLaw = field(default_factory=NoteLaw)
    events: EventLaw = field(default_factory=EventLaw)
    behaviour: BehaviourLaw = field(default_factory=BehaviourLaw)
    services: ServiceLaw = field(default_factory=ServiceLaw)
    requests: RequestLaw = field(default_factory=RequestLaw)
    access: AccessLaw = field(default_factory=AccessLaw)
    positions: PositionLaw = field(default_factory=PositionLaw)
    source_costs: SourceCostLaw = field(default_factory=SourceCostLaw)
    mentions: MentionLaw = field(default_factory=MentionLaw)
    incidents: IncidentLaw = field(default_factory=IncidentLaw)
    dirt: DirtLaw = field(default_factory=DirtLaw)
    """One part each: who the clients and managers are, why clients leave, what money does, what the bank does, and what
    is wrong with its extracts. Each part documents its own parameters."""

    def as_dict(self) -> dict[str, Any]:
        """Return the law as plain values, for the truth file."""
        return asdict(self)


__all__ = ["ContactLaw", "Law", "LeavingLaw", "ManagerLaw", "PaymentLaw", "PeopleLaw", "ProductLaw", "SurveyLaw"]
