"""What is said of each model: purpose, prohibited use, data, assumption, benchmark, limits; and of its numbers."""

from insights.reports.annex.models import LOGIT, PRECISION, SEGMENT, TREES
from insights.reports.exhibits.base import Message

NAMES = {
    "leaving": Message("Leaving"),
    "curves": Message("Curves of leaving"),
    "stages": Message("Stages of the relationship"),
    "value": Message("Lifetime value"),
    "streams": Message("Bookings without a contract"),
    "segments": Message("Segments"),
    "loyalty": Message("Drivers of loyalty"),
    "needs": Message("Next purchase"),
    "effects": Message("Effects of programmes"),
    "defaults": Message("Default of loans"),
    "alarms": Message("Alarms of complaints and mentions"),
    "market": Message("Losses by markets"),
    "fraud": Message("Suspicion of fraud"),
    "complaints": Message("Complaints expected"),
    "liquidity": Message("Flight of deposits"),
    "collateral": Message("Collateral in scenarios"),
    "changes": Message("Comparison with the last pack"),
}
PURPOSE = {
    "leaving": Message("how many clients and how much money will leave, and whom to talk to first"),
    "curves": Message("which share of clients has left for which reason after how many months"),
    "stages": Message("where clients stand in the relationship, and how long they will stay there"),
    "value": Message("what the book is worth, and where an hour of a manager pays most"),
    "streams": Message("how much will be booked by clients who never say that they stop"),
    "segments": Message("which clients are alike, so that each group gets its own treatment"),
    "loyalty": Message("which improvement goes with the most loyalty"),
    "needs": Message("what clients will buy first, and which suitable offers to make"),
    "effects": Message("what a programme did, and whether it is worth going on with"),
    "defaults": Message("what the loans are expected to cost in a year"),
    "alarms": Message("finding a rise of complaints or bad mentions beyond chance"),
    "market": Message("how much markets may take off client assets, fees and own positions"),
    "fraud": Message("which payments analysts look into first"),
    "complaints": Message(
        "how many clients will complain within three months, and whom to call first where that can be told"
    ),
    "liquidity": Message("how far deposits may fall, and for how long liquid assets last then"),
    "collateral": Message("what loans would lack of cover if markets fell as in a named scenario"),
    "changes": Message("telling a change from chance, number by number"),
}
NEVER = {
    "leaving": Message("refusing a client a service or a price, or judging a relationship manager"),
    "curves": Message("saying of a single client when he will leave"),
    "stages": Message("a decision about a single client, or a cause of leaving"),
    "value": Message("the bank's accounts, or a decision about a single client"),
    "streams": Message("clients under a contract, or the bank's accounts"),
    "segments": Message("a decision on credit, or on a single client"),
    "loyalty": Message("promising an effect: it was not drawn by lot"),
    "needs": Message("an offer that does not suit the risk that a client accepts"),
    "effects": Message("a programme of another kind, or for other clients"),
    "defaults": Message("granting a single loan, or regulatory capital"),
    "alarms": Message("the cause of a rise, or blame for it"),
    "market": Message("regulatory capital, or a forecast of prices"),
    "fraud": Message("proof against a client or a member of staff; blocking a payment without a person"),
    "complaints": Message("a mark for a client or his manager"),
    "liquidity": Message("regulatory liquidity ratios, or a promise of what can be sold at which price"),
    "collateral": Message("calling a single client for collateral, or the lending value of a product"),
    "changes": Message("why something changed, or that it did not: silence is no proof"),
}
DATA = {
    "leaving": Message("months of clients since leavers are completely recorded, as known at the time"),
    "curves": Message("joining and leaving of each client, with the reason, since leavers are completely recorded"),
    "stages": Message("the stage of each client at each month end, by what was known then"),
    "value": Message("margins and assets of each client month by month, and the model of leaving"),
    "streams": Message("number, last day and mean amount of each client's bookings"),
    "segments": Message("assets, stated risk tolerance and experience at a day"),
    "loyalty": Message("answered surveys, weighted to the whole book"),
    "needs": Message("first purchases by category, holdings, offers, contacts and markets, as known at the time"),
    "effects": Message("programmes that came by lot or in steps, bookings and contacts"),
    "defaults": Message("loans month by month with cover, lateness and defaults"),
    "alarms": Message("complaints and mentions by week"),
    "market": Message("returns of the market's series, and what clients and the bank hold now"),
    "fraud": Message("payments, payees, channels, and the outcomes of investigations"),
    "complaints": Message("complaints, contacts, waits and marks by month"),
    "liquidity": Message("month-end deposits, what clients hold by how soon it can be sold, and the bank's positions"),
    "collateral": Message(
        "balances and market changes of clients by category, loans at their last month's end, and indices of markets"
    ),
    "changes": Message("what both packs published, and the sealed replicates of the last run"),
}
ASSUMES = {
    "leaving": Message("what goes with leaving stays as it was, and clients decide independently of each other"),
    "curves": Message("who is no longer followed is like those who still are"),
    "stages": Message("months in a stage count alike however the client came into it"),
    "value": Message("clients who stay grow as such clients did, less and less from year to year"),
    "streams": Message(
        "each client books at a rate of his own until he stops unseen, and rate and stopping are unrelated"
    ),
    "segments": Message("clients fall into groups that do not overlap much"),
    "loyalty": Message("who did not answer is like those who did, given what is known of them"),
    "needs": Message("what goes with a first purchase stays as it was"),
    "effects": Message("those reached and the others would have moved alike without the programme"),
    "defaults": Message("cover stays what it is, and lateness comes and goes as it has"),
    "alarms": Message("the first year on record shows what is normal"),
    "market": Message("shocks come as on record, at the size that markets swing now"),
    "fraud": Message("frauds that are found are like those that are not"),
    "complaints": Message("what goes with complaints stays as it was"),
    "liquidity": Message("flows of months in a row come as on record, and all clients do not leave at once"),
    "collateral": Message(
        "categories and portfolios move with the indices as in the last 24 months, however far these fall"
    ),
    "changes": Message(
        "clients decide independently; packs that share clients are paired only where replicates are kept"
    ),
}
BENCHMARK = {
    "leaving": Message("the same risk for everybody, and boosted trees, which are used where they win"),
    "curves": Message("one minus Kaplan and Meier for each reason, which overstates every one of them"),
    "stages": Message("the share that stays by rates without a past, beside the share that stayed"),
    "value": Message("the last twelve months once more"),
    "streams": Message("the mean rate of all clients, and each client's own rate"),
    "segments": Message("one class only, and the same clients a year ago"),
    "loyalty": Message("the share of each mark among all answers, for everybody"),
    "needs": Message("the most popular kind in the client's segment"),
    "effects": Message("the usual regression with fixed effects of clients and months, shown beside it"),
    "defaults": Message("none; its forecast of an earlier date is held against the defaults that came"),
    "alarms": Message("none; how often a chart is wrong is set before it begins"),
    "market": Message("none; the limit of each day is held against what came the day after"),
    "fraud": Message("a blind order; the drawn sample tells what is missed"),
    "complaints": Message("a blind choice of a tenth of the clients (10%)"),
    "liquidity": Message("none; flows of the past are the only measure, and a run is set beside them as a case"),
    "collateral": Message("none; the same fall of all collateral stands beside it among the loans"),
    "changes": Message("two hundred pairs of packs in which nothing changed"),
}
BREAKS = {
    "leaving": Message("a new competitor, a change of prices, or leavers that are recorded late"),
    "curves": Message("leavers that are recorded late or not at all"),
    "stages": Message("a change of the rules of stages, or of what is recorded"),
    "value": Message("a change of fees, or markets unlike those on record"),
    "streams": Message("a season, a change of fees, or bookings under a contract among them"),
    "segments": Message("another scale of risk tolerance, or missing experience"),
    "loyalty": Message("another scale or wording of the survey, or silence that has to do with loyalty"),
    "needs": Message("a campaign or a product without like in the past"),
    "effects": Message("clients or managers chosen because of what was to come"),
    "defaults": Message("a fall of collateral, or a crisis unlike the years on record"),
    "alarms": Message("a first year that was unusual, or a new way of counting"),
    "market": Message("a market that does not trade, or a shock unlike all on record"),
    "fraud": Message("thieves who pay as the client does, or labels that come later than the waiting time"),
    "complaints": Message("a new way of recording complaints"),
    "liquidity": Message("a run unlike any month on record, or deposits of a few large clients"),
    "collateral": Message(
        "a fall in which portfolios move otherwise than lately, options, or a lending value that the bank lowers"
    ),
    "changes": Message("another delivery: what it changed is named apart"),
}
DID = {
    ("auc", ""): Message("told apart (AUC) {told}"),
    ("slope", ""): Message("slope of calibration {told}"),
    ("ratio", ""): Message("came, of what was foretold {told}"),
    ("ranks", "told"): Message("order of the clients (rank correlation) {told}"),
    ("held", "told"): Message("a client's own interval held in {told}"),
    ("agreement", "resamples"): Message("agreement of segments over resamples {told}"),
    (PRECISION, LOGIT): Message("bought, of those named by the logit {told}"),
    (PRECISION, TREES): Message("bought, of those named by the trees {told}"),
    ("observed_expected", ""): Message("defaults, of those foretold {told}"),
    ("of_known", ""): Message("frauds, of the alerts that were looked into {told}"),
    ("pr_auc", ""): Message("area under the curve of precision and recall {told}"),
}
BESIDE = {
    ("skill", ""): Message("squared error less by {told} than with the same risk for all"),
    ("ranks", "again"): Message("order of the clients by last year again {told}"),
    ("gain", "told"): Message("mean error of a client less by {told}"),
    ("holdout_difference", "mean_rate"): Message("squared error of the mean rate greater by {told}"),
    ("holdout_difference", "own_rate"): Message("squared error of the own rate greater by {told}"),
    ("agreement", "quarters/12"): Message("agreement with the segments of a year ago {told}"),
    ("pr_auc_blind", ""): Message("the same area for a blind order {told}"),
    ("captured", ""): Message("complained among the tenth with the highest risk (blind: a tenth) {told}"),
    ("forecast_skill", ""): Message("squared error of the shares less by {told}"),
    (PRECISION, SEGMENT): Message("by the rule “most popular in the segment” {told}"),
}
