"""What the risk report calls states, risks, reasons and steps, and why it cannot answer."""

from insights.data.snapshot import Bank
from insights.models.risk.charts import COMPLAINTS, MENTIONS
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.untold import in_words
from insights.reports.wording.labels import code_label
from insights.topics.risk.reputation import TOPICS

SERIES = {MENTIONS: Message("bad mentions"), COMPLAINTS: Message("complaints"), TOPICS: Message("topics of complaints")}
PAPERS = {
    "expired": Message("expired"),
    "soon": Message("expire soon"),
    "valid": Message("valid"),
    "not recorded": Message("not recorded"),
}
PROFILES = {
    "stale": Message("stale"),
    "fresh": Message("up to date"),
    "not recorded": Message("not recorded"),
}
LOANS = {
    "performing": Message("as agreed"),
    "near collateral": Message("near the collateral"),
    "over collateral": Message("above the collateral"),
    "late": Message("payment late"),
    "in default": Message("in default"),
    "watch": Message("late, in default or near the collateral"),
}
COVERS = {
    "guarantee": Message("covered by guarantees"),
    "insurance": Message("covered by insurance"),
    "left": Message("left to collateral, or to nothing"),
}
REASONS = {
    "papers_expired": Message("Identity papers have expired"),
    "papers_due": Message("Identity papers expire soon"),
    "profile_stale": Message("Risk profile is stale"),
    "above_tolerance": Message("Holds products above the risk accepted"),
    "loss_above_tolerance": Message("May lose more to markets than accepted"),
    "loan_default": Message("Loan in default"),
    "over_collateral": Message("Loan larger than its collateral"),
    "payment_late": Message("Payment on the loan is late"),
    "near_collateral": Message("Loan close to its collateral"),
    "other": Message("Loans to watch, and what is too rare to be told alone"),
}
CONSEQUENCES = {
    "sanction": Message("sanction by the supervisor"),
    "client_loss": Message("loss of the client's assets, complaint, loss of the client"),
    "credit_loss": Message("credit loss"),
}
STEPS = {
    "renew_papers": Message("Get new papers; no new business until then"),
    "ask_for_papers": Message("Ask for new papers at the next contact"),
    "assess_anew": Message("Assess the risk tolerance anew, in writing"),
    "talk_about_risk": Message("Talk about risk: sell, or assess the tolerance anew in writing"),
    "work_out": Message("Hand over to the workout team"),
    "margin_call": Message("Call for more collateral or repayment"),
    "call_about_payment": Message("Call about the late payment"),
    "review_collateral": Message("Review the collateral"),
    "review_loan": Message("Review the loan and say whether it should be on watch"),
}
WARNINGS = {
    "papers_expired": Message(
        "Your identity papers on file have expired. Until we have new ones we may not do new business."
    ),
    "papers_due": Message("Your identity papers on file expire soon. Please bring the new ones to our next talk."),
    "profile_stale": Message(
        "What you told us about the risk you want to take is long ago. We should go through it again."
    ),
    "above_tolerance": Message(
        "You hold products that are riskier than the risk you told us you want to take. We should sell them, or assess "
        "together whether you want more risk."
    ),
    "loss_above_tolerance": Message(
        "In a bad year your portfolio may lose more than fits the risk you told us you want to take."
    ),
    "loan_default": Message("Your loan is in default. Our workout team will agree the next steps with you."),
    "over_collateral": Message("Your loan is larger than its collateral. We need more collateral or a repayment."),
    "payment_late": Message("A payment on your loan is late. Please tell us when we may expect it."),
    "near_collateral": Message(
        "Your loan is close to the limit of its collateral. If prices fall we must ask for more."
    ),
}
"""The warning that a client is given, by the reason."""
OWNERS = {"manager": Message("relationship manager"), "workout": Message("workout team")}
CHANGES = {
    "new": Message("new within a quarter"),
    "worse": Message("worse than a quarter ago"),
    "same": Message("as a quarter ago"),
    "unknown": Message("not known"),
}
FATES = {
    "came true": Message("warned of then, serious now"),
    "burns on": Message("serious then and now"),
    "without warning": Message("serious now, not warned of then"),
    "smoulders on": Message("open then, a warning now"),
    "new": Message("a new warning"),
    "went out": Message("open then, no longer open"),
}
RISKS = {
    "papers": Message("papers"),
    "profile": Message("risk profile"),
    "suitability": Message("suitability"),
    "credit": Message("credit"),
    "market": Message("markets"),
}
FRAUD_RULES = {
    "payee_known": Message("payee known for fraud"),
    "payee_gathers": Message("several clients began to pay the payee at the same time"),
    "large_new_payee": Message("more than four times the usual amount, to a new payee"),
    "burst": Message("five payments or more within a week"),
}
DRAWN_BY = {"rule": Message("rule"), "score": Message("score"), "lot": Message("lot")}
"""How a client came onto a list."""
LEVELS = {"high": Message("high"), "middle": Message("middle")}
BY = {
    "client_id": Message("By client"),
    "household": Message("By household"),
    "industry": Message("By industry"),
}

_KNOWN: tuple[tuple[str, Message], ...] = (
    (r"defaults are not recorded", Message("Dates of default are not recorded.")),
    (r"0 defaults.*", Message("No default is on record: its chance cannot be learned from none.")),
    (
        r"\d+ defaults in the years tested; 10 are needed",
        Message("Fewer than ten defaults in the years that could be foretold: too few to test it."),
    ),
    (r"all loans have one chance", Message("All loans are given the same chance: there are no grades to compare.")),
    (r"\d+ defaults; 10 are needed", Message("Fewer than ten defaults are on record.")),
    (r"no series of the market table.*", Message("The market table holds no price index.")),
    (r"\d+ periods of returns; 36 are needed", Message("The market table holds fewer than 36 months of returns.")),
    (r"a series does not vary", Message("A price index never moves.")),
    (r"fewer than twelve months of the book.*", Message("The book and the indices share fewer than twelve months.")),
    (
        r"the indices explain less than half.*",
        Message("The indices explain less than half of the ups and downs of the book: they do not tell its losses."),
    ),
    (r"\d+ losses are known; 20 are needed", Message("Fewer than twenty losses are known.")),
    (r"the losses do not vary", Message("All known losses are the same.")),
    (r"no incident names a manager.*", Message("No incident names a manager who has clients.")),
    (
        r"\d+ incidents of \d+ managers: fewer than one each",
        Message("Fewer incidents name a manager than there are managers: how far they differ cannot be told."),
    ),
    (
        r"\d+ groups are too few to tell how much they differ.*",
        Message("Fewer than twenty managers have clients: how far they differ cannot be told."),
    ),
    (r"nobody looked at client data", Message("Nobody looked at client data.")),
    (
        r"\d+ counts of \d+ units; .*",
        Message("Fewer than a hundred months of members of staff, or only one of them: nothing to compare with."),
    ),
    (r"nobody has deposits", Message("No balance is of a category that the settings call deposits.")),
    (
        r"\d+ periods are too few to tell how far it may fall.*",
        Message("Fewer than two years of deposits are on record: too few to tell how far they may fall."),
    ),
    (r"\d+ months of changes; .*", Message("Two years show what is normal; there is nothing after them yet.")),
    (r"the values before the watch do not vary", Message("Deposits never moved in the first two years.")),
    (
        r"complaints do not go back.*",
        Message("Complaints do not go back far enough: three years are needed."),
    ),
    (
        r"\d+ clients who complained to learn from.*",
        Message("Fewer than seventy clients have complained: too few to learn from."),
    ),
    (r"\d+ clients who complained in the test.*", Message("Fewer than fifty clients complained in the last year.")),
    (r"the register of a part.*", Message("The register of a part of the bank is not looked back on.")),
    (r"some risks could not be told.*", Message("Some risks could not be told a quarter ago.")),
    (r"nobody was a client a quarter ago", Message("Nobody was a client a quarter ago.")),
    (r"nobody was a client a year ago", Message("Nobody was a client a year ago, or no risk could be told then.")),
    (r"no payments to screen", Message("There are no payments to screen.")),
    (r"no payment is labelled.*", Message("No payment is labelled as a fraud.")),
    (
        r"labels are immature.*",
        Message("Labels are immature: payments do not go back far enough for their outcomes to be known."),
    ),
    (
        r"\d+ frauds among the payments of the test.*",
        Message("Fewer than ten frauds were found among the payments of the test."),
    ),
    (r"no payment of the test raised.*", Message("No payment of the test raised an alert.")),
    (r"no alert was looked into", Message("No alert was looked into.")),
    (r"\d+ frauds to learn from.*", Message("Fewer than seventy frauds with a known outcome: too few to learn from.")),
    (
        r"\d+ of \d+ payments drawn below.*",
        Message("Less than four fifths of the payments drawn below the threshold were looked into."),
    ),
    (r"no scenario is set", Message("The settings name no scenario (risk.market.scenarios).")),
    (r"no scenario names an index on record", Message("No scenario names an index of the market table.")),
    (r"no loan performs", Message("No loan is as agreed.")),
    (r"nobody has a loan", Message("Nobody has a loan.")),
    (r"\d+ reported events; 20 are needed.*", Message("Fewer than twenty incidents have been reported.")),
    (r"\d+ periods on record.*", Message("The record is shorter than twelve months, or than the time to be told.")),
    (r"less than a tenth.*", Message("Less than a tenth of what happened can be reported yet.")),
    (r"\d+ weeks on record; two years are needed", Message("Fewer than two years are on record.")),
    (
        r"fewer than one a week.*",
        Message("Fewer than one a week in the first year: too few to tell a rise from chance."),
    ),
)


def why_not(reason: str) -> Message:
    """Return the words for a reason of a statistic; those it does not know are told as they are."""
    return in_words(reason, _KNOWN)


def kind_label(code: str, bank: Bank) -> Message | str:
    """Return what a kind of incident is called."""
    return Message("other processes") if code == "other" else code_label("kind", code, bank.settings.labels)


def topic_label(code: str, bank: Bank) -> Message | str:
    """Return what a topic of complaints is called."""
    return Message("not recorded") if code == "not recorded" else code_label("topic", code, bank.settings.labels)


def item_label(code: str, bank: Bank) -> Message | str:
    """Return what an item of the bank's own books is called."""
    return code_label("item", code, bank.settings.labels)


def industry_label(code: str, bank: Bank) -> Message | str:
    """Return what an industry is called."""
    return Message("other industries") if code == "other" else code_label("industry", code, bank.settings.labels)
