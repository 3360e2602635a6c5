"""What is said of each model: its purpose and prohibited use, its data, its assumption, and what breaks that."""

from insights.models.needs.trials import LOGIT, PRECISION, SEGMENT, TREES
from insights.reports.exhibits.base import Message

NAMES = {
    "leaving": Message("Leaving"),
    "value": Message("Lifetime value"),
    "segments": Message("Segments"),
    "loyalty": Message("Drivers of loyalty"),
    "needs": Message("Next purchase"),
    "effects": Message("Effects of programmes"),
    "defaults": Message("Default of loans"),
    "alarms": Message("Alarms of complaints and mentions"),
}
PURPOSE = {
    "leaving": Message("how many clients and how much money will leave, and whom to talk to first"),
    "value": Message("what the book is worth, and where an hour of a manager pays most"),
    "segments": Message("which clients are alike, so that each group gets its own treatment"),
    "loyalty": Message("which improvement goes with the most loyalty"),
    "needs": Message("what clients will buy first, and which suitable offers to make"),
    "effects": Message("what a programme did, and whether it is worth going on with"),
    "defaults": Message("what the loans are expected to cost in a year"),
    "alarms": Message("finding a rise of complaints or bad mentions beyond chance"),
}
NEVER = {
    "leaving": Message("refusing a client a service or a price, or judging a relationship manager"),
    "value": Message("the bank's accounts, or a decision about a single client"),
    "segments": Message("a decision on credit, or on a single client"),
    "loyalty": Message("promising an effect: it was not drawn by lot"),
    "needs": Message("an offer that does not suit the risk that a client accepts"),
    "effects": Message("a programme of another kind, or for other clients"),
    "defaults": Message("granting a single loan, or regulatory capital"),
    "alarms": Message("the cause of a rise, or blame for it"),
}
DATA = {
    "leaving": Message("months of clients since leavers are completely recorded, as known at the time"),
    "value": Message("margins and assets of each client month by month, and the model of leaving"),
    "segments": Message("assets, stated risk tolerance and experience at a day"),
    "loyalty": Message("answered surveys, weighted to the whole book"),
    "needs": Message("first purchases by category, holdings, offers, contacts and markets, as known at the time"),
    "effects": Message("programmes that came by lot or in steps, bookings and contacts"),
    "defaults": Message("loans month by month with cover, lateness and defaults"),
    "alarms": Message("complaints and mentions by week"),
}
ASSUMES = {
    "leaving": Message("what goes with leaving stays as it was, and clients decide independently of each other"),
    "value": Message("clients who stay grow as such clients did, less and less from year to year"),
    "segments": Message("clients fall into groups that do not overlap much"),
    "loyalty": Message("who did not answer is like those who did, given what is known of them"),
    "needs": Message("what goes with a first purchase stays as it was"),
    "effects": Message("those reached and the others would have moved alike without the programme"),
    "defaults": Message("cover stays what it is, and lateness comes and goes as it has"),
    "alarms": Message("the first year on record shows what is normal"),
}
BREAKS = {
    "leaving": Message("a new competitor, a change of prices, or leavers that are recorded late"),
    "value": Message("a change of fees, or markets unlike those on record"),
    "segments": Message("another scale of risk tolerance, or missing experience"),
    "loyalty": Message("another scale or wording of the survey, or silence that has to do with loyalty"),
    "needs": Message("a campaign or a product without like in the past"),
    "effects": Message("clients or managers chosen because of what was to come"),
    "defaults": Message("a fall of collateral, or a crisis unlike the years on record"),
    "alarms": Message("a first year that was unusual, or a new way of counting"),
}
MEASURES = {
    ("auc", ""): Message("told apart (AUC) {told}"),
    ("slope", ""): Message("slope of calibration {told}"),
    ("ratio", ""): Message("came, of what was foretold {told}"),
    ("ranks", ""): Message("order of the clients (rank correlation) {told}"),
    ("forecast_skill", ""): Message("better than the mean by {told}"),
    (PRECISION, LOGIT): Message("bought, of those named by the logit {told}"),
    (PRECISION, TREES): Message("bought, of those named by the trees {told}"),
    (PRECISION, SEGMENT): Message("by the rule “most popular in the segment” {told}"),
    ("observed_expected", ""): Message("defaults, of those foretold {told}"),
}
