"""What a reader is shown of an answer, in both languages, with nothing left untranslated."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.codec import from_json
from insights.reports.publish import publish
from insights.reports.template.views import exhibit_view
from insights.reports.wording import Wording
from insights.topics.evidence import Answer, NotAvailable


def shown(answer: Answer | NotAvailable, bank: Bank) -> Exhibit:
    """Return the published exhibit, after writing it in English and Chinese with figure and tables."""
    exhibit = from_json(publish(answer, bank).exhibit)
    for language in ("en", "zh-CN"):
        wording = Wording(language, bank.settings.labels, currency="CHF", mode=bank.settings.disclosure.mode)
        exhibit_view(exhibit, wording, anchor="here", number=1, level=2)
        assert not wording.missing, wording.missing
    return exhibit


def title(exhibit: Exhibit) -> str:
    """Return the title in English."""
    return Wording("en", {}, currency="CHF").text(exhibit.title).replace("\u00a0", " ")
