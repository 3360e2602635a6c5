"""Disclosure control: what may be told about clients, and how, before anything is drawn or written.

``protect`` stands between an answer and its numbers. It changes the counts and sums that the numbers are computed from,
so a table, a figure, an interval and ``findings.json`` cannot tell different things. Against whom: a reader who has all
exhibits of a pack, grouped and not, and the packs of other months; who knows these rules; and who subtracts everything
from everything. What he must not learn is anything about one client, or one household. The least number of clients
(10), the base of rounding (5) and the dominance shares stand in ``[disclosure]`` of ``bank.toml``. Mode ``public_data``
changes nothing and is for public data only.

Households
----------
What is shown are numbers of clients; what is protected are households, and a client without one is a household of his
own. Wherever evidence says which household a client belongs to, "clients" below means households: for the threshold,
for complements and for dominance. A family of ten is one, a family that holds most of a sum dominates it, whoever of
them holds it, and the exits of a whole family are one exit. A household that is in several cells counts in each; where
cells are added up it counts once (at least as many are behind them as behind the largest, or as their shares add up
to). In curves a household is divided among its members at risk, and its exit among its exits, so that groups and
reasons add up to no more than there are: of a couple in two groups each counts half, which errs on the safe side.

What does not know households yet counts clients, as before: results of models (``Estimates``) unless a row says how
many households are behind it; in ``lifecycle`` the household's own curves, the path of prospects, the two divisions,
the backtest, what censoring may hide, arms of programmes and saves; in ``clients`` the leavers behind rates by stage;
in ``channels`` sources and sides of programmes; in ``risk`` the track of warnings, and whose payments rules struck;
``quality``; the changes in ``summary``; and the bands and groups that ``value`` and ``clients`` put together beforehand
(protection still withholds what is too small or dominated for it afterwards).

Rules for all numbers
---------------------
1. *Threshold.* No number is shown that rests on 1 to 9 clients. It is marked as withheld.
2. *Complement.* Where one cell is withheld, others are withheld with it, so that a total less the cells shown is
   never a small cell. For tables this is checked with the strongest attack there is: linear programming over all
   margins, taken as known exactly; what it can say about a withheld cell stays at least 10 wide. Zeros in line with a
   small cell are withheld with it, because they would say that the others are not zero.
3. *Rounding.* Counts are multiples of 5. Numbers that belong together are rounded together, so that the parts add up
   to the whole: where each is rounded on its own, the sum of the parts beside the whole can tell every part exactly.
   The error of a part is below 5, that of a whole at most 2.
4. *No chance.* Rounding is by rule, not by lot. Random rounding would protect better only under a secret key, since a
   reader knows the program; its errors are larger, and a second run would give other figures for the same facts.

Curves (``RiskCounts``)
-----------------------
5. A group with fewer than 10 clients or fewer than 10 exits is withheld, and with it the next smallest, until what is
   withheld is at least two groups with 10 clients and 10 exits together.
6. A curve ends before fewer than 10 clients are at risk. All curves stand on the same grid of months, whether
   anything happened in a month or not; exact days are not shown.
7. A reason with fewer than 10 exits in any group shown is merged into "all other reasons" in all of them, with the
   next rarest if that is still too few; what is merged for all clients is merged in the groups too. Exits of one
   household are one exit here and in rule 5.
8. Exits are counted in fives. Five exits are shown at the time of the third, under the reason and in the group
   furthest ahead of the fives it has been given. So the curve of all clients stays within about half a five over the
   number at risk, that of one group or reason within about a five, and none can drift. The groups add up to all
   clients at every time: subtracting one exhibit from the other gives fives again.
9. The number at risk of a step is that at which its five exits leave the share that the exact curve has after as many
   exits, rounded. It makes up for the rounding of the step before.

Tables (``ClientCounts``, ``MoneySums``)
----------------------------------------
10. *Dominance.* A sum is withheld where the largest client holds more than half of it, or the two largest more than
    three quarters (of the absolute amounts). What is withheld in one line obeys the same rule when added up.
    One who is the largest in several cells is added up where they are told together.
    Where a table has a name for the rest, levels of its first dimension with a cell that may not be shown are merged
    under it with the next smallest instead of being withheld: the total can then be told.
11. Money has at most three significant digits, and fewer where one client would stand out: the unit is at least a
    fifth of the largest contribution, so no contribution can be worked out to within 20 % from two sums.

Rows of extracts (``RowCounts``)
--------------------------------
12. They count records, not clients: rounded, and withheld from 1 to 9, without complements, because no exact total is
    shown. Money beside them is told in one significant digit, since nothing is known of how it is spread. Rows about
    no person (products, market, ledger totals) keep their exact counts.

Results of models (``Estimates``)
---------------------------------
13. Shown only where at least 10 clients and, if the row counts events, 10 events are behind it; a sum of money also
    obeys the rule of dominance. Values and intervals have three significant digits, n and events are rounded.
    p-values have two: from more the counts behind a test can be found by trying. What else a row says in numbers is
    withheld with it. Where rows are parts of a whole (``parts_of``), a part is withheld with at least one other, until
    10 clients and 10 events are behind what is withheld together. Where rows name a group of clients (``named_by``), a
    group of which nothing is shown is not named.

Findings (``Published``)
------------------------
14. What stands in ``findings.json`` passed all of this already and is read from there only. A row that was withheld has
    no value, here too: one that has stops the run.

Two runs
--------
15. One client more or less in a withheld cell of a table changes nothing. A shown number stays as it is four times
    out of five, and otherwise changes by a five, which can stand for one client or for nine.

What remains possible
---------------------
- A cell that passes the threshold appears: from withheld to shown it has most likely grown from 9 to 10.
- A curve is many numbers. If a pack is made again as of the same day with one client removed (after ``insights
  forget``, say), about every fifth of the later numbers moves, and from how many do it can be guessed that it was
  one, and at which tenure. Who publishes the second pack should withdraw the first. From one month to the next every
  client is a month older, so that all numbers at risk move and one client is not seen among them.
- The general ledger does not forget: where clients are missing that were in its totals, ``quality.reconciliation`` says
  how much they had. The totals should be delivered again without them.
- Records (contacts, bookings, answers) are rounded like clients, but one client has many: two packs with and without
  him tell about how many he had.
- Past the end of a group's curve, all clients less the other groups tells the few that are left, to within a five.
- The same data published under two bases of rounding or two thresholds can be set against each other. Do not change
  them between packs.
- A reader who knows all clients but one, from elsewhere, is not held off by rounding.
"""

from insights.data.settings import DisclosureSection
from insights.errors import DisclosureError
from insights.reports.disclosure.curves import protect_curves
from insights.reports.disclosure.estimates import protect_estimates
from insights.reports.disclosure.published import protect_published
from insights.reports.disclosure.tables import protect_clients, protect_money, protect_rows
from insights.topics.evidence import (
    ClientCounts,
    Estimates,
    Evidence,
    Facts,
    MoneySums,
    Published,
    RiskCounts,
    RowCounts,
)

__all__ = ["protect"]


def protect(evidence: dict[str, Evidence], rules: DisclosureSection) -> dict[str, Evidence]:
    """Return the evidence as a reader may know it, in the same shapes; what is withheld is nan.

    Tables gain a column ``status`` ("shown", "suppressed"). The same evidence and rules give the same result. Raises
    DisclosureError for evidence of an unknown kind: what cannot be protected is not shown.
    """
    if rules.mode == "public_data":
        return dict(evidence)
    return {name: _protected(name, part, rules) for name, part in evidence.items()}


def _protected(name: str, evidence: Evidence, rules: DisclosureSection) -> Evidence:
    match evidence:
        case RiskCounts():
            return protect_curves(evidence, rules)
        case ClientCounts():
            return protect_clients(evidence, rules)
        case MoneySums():
            return protect_money(evidence, rules)
        case RowCounts():
            return protect_rows(evidence, rules)
        case Estimates():
            return protect_estimates(evidence, rules)
        case Published():
            return protect_published(evidence)
        case Facts():
            return evidence
    raise DisclosureError(
        f"evidence {name!r} is of a kind that disclosure control does not know ({type(evidence).__name__})",
        expected="RiskCounts, ClientCounts, MoneySums, RowCounts, Estimates, Published or Facts",
        todo="give the answer's numbers in one of these shapes, or write the rule for the new one",
    )
