"""Parameters of markets, money and the shelf of products. See ``law`` for the units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MarketLaw:
    """Markets: monthly log returns with volatility clustering, one crash, and an interest rate."""

    equity_mean: float = 0.004
    equity_sd: float = 0.030
    arch: float = 0.12
    garch: float = 0.80
    crash: float = -0.20
    crash_at: float = 0.5
    """Log return of the crash month, and where in the window it lies (0 start, 1 end)."""
    bond_mean: float = 0.0012
    bond_sd: float = 0.008
    rate_mean: float = 0.015
    rate_persistence: float = 0.97
    rate_sd: float = 0.0012
    """Yearly policy rate: AR(1), never below zero."""
    fx_sd: float = 0.015
    fx_start: float = 0.95
    """Price of one euro when the window opens, and the spread of its monthly log change."""
    published_after_days: int = 20
    """Macro series are published this late; prices on the month end itself."""


@dataclass(frozen=True)
class WealthLaw:
    """Money: what clients bring, move and take, and what they are charged."""

    exposure_per_tolerance: float = 0.18
    exposure_mandate: float = 0.5
    """Market exposure of funds per step of tolerance (C1 0.18 ... C5 0.90), and of a mandate."""
    inflow: float = 0.05
    inflow_fraction: tuple[float, float] = (0.0, 0.10)
    outflow: float = 0.045
    outflow_fraction: tuple[float, float] = (0.0, 0.12)
    large_outflow: float = 0.003
    large_outflow_intention: float = 1.8
    """Chance of a large outflow, and its log odds ratio while looking elsewhere."""
    large_fraction: tuple[float, float] = (0.25, 0.70)
    in_kind: float = 0.2
    """Share of inflows that arrive as securities."""
    rebalance: float = 0.10
    rebalance_part: float = 0.5
    """Chance of a trade between cash and funds, and the part of the way back to the client's own share of cash."""
    by_app: float = 0.6
    by_phone: float = 0.5
    """Shares of orders by app among digital clients (else online), and by telephone among others (else in a branch)."""
    large_share: float = 0.20
    """An outflow of at least this share of a client's assets in one month is a large one."""
    manager_skill: float = 0.0008
    """Monthly net new money over assets per standard deviation of the manager's skill."""
    programme_start: float = 0.005
    programme_per_month: float = 0.001
    programme_months: tuple[int, ...] = (13, 19, 25)
    programme_cap: int = 12
    """Channel programme: rise of expected monthly net new money over assets, 0.005 + 0.001 min(months since, 12), for
    the clients a manager had when it started; from months 13, 19, 25 of the window or never, better managers first."""
    cash_margin: float = 0.006
    mandate_fee_bps: float = 95.0
    custody_fee_bps: float = 15.0
    """Yearly; funds pay custody plus their product's own fee."""
    cost_fixed: float = 380.0
    """Monthly cost to serve beside contacts: mostly the manager."""


@dataclass(frozen=True)
class Product:
    """One product: what it is, what it costs, who may buy it, and how it is adopted (a monthly logit)."""

    code: str
    category: str
    risk_rating: int
    """R1 to R5, as 1 to 5."""
    fee_bps: float
    """Yearly, of what is held."""
    minimum: float
    """Least assets of a client who may buy it."""
    liquidity_days: int
    green: bool
    taste: tuple[float, ...]
    """Log odds of adoption by client type, added to the common intercept."""
    rate_effect: float
    market_effect: float
    """On the policy rate's distance from its mean (in percentage points), and on the market's return over three months
    (in tenths) times the client's exposure."""
    goes_with: str
    """Code of the product whose holders take this one up more often."""
    online: float
    """1 where clients who use website and app take it up more often, -1 where less often, 0 where it makes no odds."""


@dataclass(frozen=True)
class ProductLaw:
    """The shelf."""

    intercept: float = -4.75
    initial_shift: float = 2.95
    """Products held on joining are drawn with the monthly log odds plus this, whatever the four effects below say."""
    spare_cash: float = 1.1
    cash_kept: tuple[float, ...] = (0.52, 0.45, 0.27, 0.24, 0.16)
    spare_limits: tuple[float, float] = (-2.0, 3.0)
    log_tenure: float = -0.8
    goes_with: float = 0.8
    online: float = 0.6
    """On the log odds of adoption: per tenth of the assets that is in cash beyond what somebody of this tolerance is
    advised to keep (C1 to C5), within limits; on log(1 + years of the relationship); the companion is held; and what
    lies between clients who use website and app and those who do not, half of it either way."""
    drop: float = 0.006
    unsuitable: float = 0.03
    """Chance that tolerance is ignored for one client, product and month."""
    order_fraction: tuple[float, float] = (0.05, 0.30)
    """Part of the cash (for a mandate: of the funds) that an order takes, from and to."""
    shelf: tuple[Product, ...] = (
        Product("MM01", "money_market", 1, 20, 0, 1, False, (1.2, 0.2, -1.0, 0.4), 0.5, -0.3, "BF02", 1.0),
        Product("BF02", "bonds", 2, 45, 0, 2, False, (0.6, 1.2, -0.6, -0.2), 0.3, -0.2, "MM01", 0.0),
        Product("GB03", "bonds", 2, 50, 0, 2, True, (0.2, 0.6, 0.0, -0.4), 0.2, 0.0, "MM01", 1.0),
        Product("MA04", "mandate", 3, 95, 500_000, 5, False, (-1.2, 0.8, 0.2, 1.0), -0.1, 0.3, "EQ05", -1.0),
        Product("EQ05", "equities", 4, 75, 0, 2, False, (-1.5, 0.2, 1.4, 0.6), -0.2, 0.6, "BF02", 1.0),
        Product("SP06", "structured", 4, 110, 100_000, 30, False, (-1.5, -0.2, 0.9, 0.5), 0.1, 0.4, "EQ05", -1.0),
        Product("PE07", "alternatives", 5, 180, 1_000_000, 720, False, (-2.0, -1.0, 0.4, 1.2), -0.1, 0.3, "SP06", 0.0),
        Product("IN08", "insurance", 1, 60, 0, 90, False, (0.8, 0.4, -0.8, -0.6), 0.0, -0.1, "MM01", -1.0),
    )
    """The eight products."""


@dataclass(frozen=True)
class OfferLaw:
    """Campaigns: each offers one product to a share of those who could buy it, by lot; some offers are limited."""

    every_months: int = 3
    share: float = 0.25
    products: tuple[str, ...] = ("GB03", "EQ05", "BF02", "SP06", "MM01", "IN08")
    """The products of the campaigns, in turn."""
    limited: float = 0.5
    """Share of a campaign's offers that are limited, by lot."""
    without_effect_every: int = 3
    """Every third campaign does nothing to adoption."""
    effects: tuple[float, ...] = (0.0, 0.6, 1.2, 0.0)
    """On the monthly log odds of adopting the product: no offer, an unlimited one, a limited one, one of a campaign
    without effect. They last ``months`` months, the one of the offer included."""
    months: int = 3
    declines: float = 0.3
    follow_up_days: int = 10
    """Share of those who do not buy that decline when asked in the days after the offer ended; the others never answer.
    """
    cost: float = 12.0
    """Of one offer."""


@dataclass(frozen=True)
class PaymentLaw:
    """Payments abroad, a service that the bank opens when the window opens.

    The beta-geometric law (BG/NBD) in months: each client pays at a rate from gamma(r, alpha), and after each repeated
    payment stops for good with a chance from beta(a, b). Amounts are gamma(shape, rate), the rate from gamma(q, gamma)
    of each client (gamma-gamma).
    """

    take_up: float = 0.04
    """Hazard of the first payment, which starts the client's clock."""
    r: float = 0.6
    alpha: float = 6.0
    a: float = 0.8
    b: float = 2.5
    spend_shape: float = 6.0
    spend_q: float = 4.0
    spend_gamma: float = 2_000.0
    """Mean amount: shape * gamma / (q - 1) = 4,000 currency units."""
    fee_share: float = 0.004
    fee_least: float = 15.0
    payees: tuple[float, ...] = (0.7, 0.2, 0.1)
    """A client's payments go to his own payees, with these shares."""
    by_app: float = 0.5
    by_phone: float = 0.5
    """Shares of payments by app among digital clients (else online), and by telephone among others (else in a branch).
    """
    fraud: float = 0.001
    """Share of all payments that a thief made, beside the client's own."""
    fraud_log_amount: float = 9.2
    fraud_log_sd: float = 0.6
    fraud_payees: int = 40
    """Frauds go to a few payees, online or by app."""
    investigated_fraud: float = 0.75
    investigated: float = 0.002
    investigated_large: float = 0.06
    large: float = 12_000.0
    """Chance that a fraud, an ordinary payment and a large one is looked into; the others never get a label."""
    label_days: float = 50.0
    """Mean days until the outcome is known (gamma of shape 2)."""


@dataclass(frozen=True)
class LoanLaw:
    """Loans: secured by the client's own portfolio (Lombard) or by property.

    Proceeds and service run outside the bank; nothing here moves the client's assets.
    """

    initial: float = 0.22
    start: float = 0.003
    repaid: float = 0.008
    amortised: float = 0.003
    drawn_again: float = 0.03
    drawn_again_share: float = 0.3
    """Paid down a month, chance that a Lombard loan below the central ltv is drawn on, and at most this part of what
    the limit leaves."""
    least_assets: float = 100_000.0
    least_drawn: float = 10_000.0
    lombard: float = 0.55
    lending_value: float = 0.65
    """Share of loans that are Lombard loans, and the lending value of their portfolio (funds and mandate)."""
    utilisation: tuple[float, float] = (0.25, 0.80)
    limit: float = 0.9
    """First drawing over lending value, and the limit of a Lombard loan over it."""
    property_wealth: tuple[float, float] = (0.4, 1.2)
    """Lending value of a property over the client's assets when the loan starts."""
    property_drift: float = 0.0015
    property_sd: float = 0.008
    """Monthly log change of property values: one shock for all."""
    margin_call: float = 0.6
    margin_call_to: float = 0.9
    """Chance that a client whose loan exceeds its collateral pays it down to this share of it the month after."""
    guaranteed: float = 0.15
    guarantee_share: float = 0.4
    insured: float = 0.10
    insured_share: float = 0.5
    late: float = 0.006
    still_late: float = 0.45
    """Chance that a payment is missed, and that a late one is still late a month on."""
    default_base: float = 0.0008
    default_ltv: float = 0.55
    default_past_due: float = 1.6
    ltv_centre: float = 0.55
    ltv_spread: float = 0.20
    ltv_cap: float = 1.5
    """Monthly hazard of default: base * exp(default_ltv (ltv - centre) / spread + default_past_due past_due), with
    ltv = drawn / collateral (at most the cap) and whether a payment was late, both at the end of the month before."""
    workout_months: int = 9
    margin: float = 0.011
    industries: tuple[float, ...] = (0.30, 0.20, 0.16, 0.14, 0.10, 0.10)
    """Of business owners: real estate, manufacturing, trade, health, technology, hospitality."""


@dataclass(frozen=True)
class NullProgrammeLaw:
    """A programme that does nothing: half of the managers, by lot, start in the same month of the window."""

    month: int = 16
    share: float = 0.5
    """Month of the window in which it starts (1 is the first), and share of the managers in it."""
