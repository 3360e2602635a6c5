"""The validator's annex: what each report is for and not for, what it rests on, how it was tested, and what it is not.

It is made from what was published and from the settings, so that nothing can stand in it that no reader sees.
"""

from insights.reports.annex.lineage import Rows, rows_taken_in
from insights.reports.annex.parts import annex
from insights.reports.annex.proofs import Proof, proofs
from insights.reports.annex.told import Told, from_exhibits, from_findings

__all__ = ["Proof", "Rows", "Told", "annex", "from_exhibits", "from_findings", "proofs", "rows_taken_in"]
