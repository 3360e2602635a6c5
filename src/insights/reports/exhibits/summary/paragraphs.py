"""One paragraph per report, with the way to it."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message, Paragraph
from insights.reports.exhibits.rows import dated
from insights.reports.findings import message_from
from insights.reports.wording.labels import REPORTS
from insights.topics.evidence import Answer


def paragraphs(answer: Answer, told: dict[str, list[dict[str, Any]]], bank: Bank) -> Exhibit:
    """Give the first findings of each report's page one."""
    if not told:
        return Exhibit(
            answer.id,
            Message("What the reports say cannot be told: no other report is in this pack"),
            refusals=(Message("not available: make the pack with all reports"),),
        )
    names = [REPORTS.get(report, report) for report in told]
    return Exhibit(
        id=answer.id,
        title=Message("What the {n:count} reports say", {"n": len(told)}),
        paragraphs=tuple(
            Paragraph(name, report, tuple(message_from(title) for title in titles))
            for name, (report, titles) in zip(names, told.items(), strict=True)
        ),
        basis=dated(bank),
    )
