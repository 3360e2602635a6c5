"""What each report of the pack found, in a few sentences: the titles of its page one."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.topics.evidence import Answer, Facts
from insights.topics.summary.pack import Pack

ID = "summary.reports"
MOST = 3


def paragraphs(pack: Pack, bank: Bank) -> Answer:
    """Return for each report the titles (as ``findings.json`` has them) of the first findings of its page one."""
    told = {
        report: [pack.now.by_id[id]["title"] for id in pack.leads.get(report, ()) if id in pack.now.by_id][:MOST]
        for report in pack.now.reports
    }
    return Answer(
        id=ID,
        kind=ID,
        evidence={"reports": Facts(pd.DataFrame({"report": list(told)}))},
        estimate=lambda _: told,
        facts={},
    )
