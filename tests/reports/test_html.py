"""Pages: only what is sealed, everything escaped, nothing from outside, headings in order."""

import base64
import hashlib
import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from insights.errors import DisclosureError
from insights.reports.exhibits.base import Column, Exhibit, Message, Paragraph, Table
from insights.reports.exporter import ReportExporter
from insights.reports.html import Link, lead_ids, render_report
from insights.reports.index import (
    AllPacksView,
    FailedAttempt,
    PackEntry,
    PackView,
    ReportEntry,
    render_all_packs,
    render_pack_index,
)
from insights.reports.template import anchor
from insights.reports.template.views import table_view
from insights.reports.wording import Wording
from reports import sample

EVIL = sample.EVIL
INTRO = "# Client lifecycle\n\nLoyalty\n\n## Client value\n\nRisk"


class Page(HTMLParser):
    """What a test wants to know of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def report(exhibits: list[Exhibit] | None = None, *, language: str = "en", **changes: Any) -> str:
    notebook = sample.notebook(sample.all_exhibits() if exhibits is None else exhibits, markdown=INTRO)
    return render_report(notebook, language=language, context=sample.context(**changes))


def pages() -> dict[str, str]:
    entries = (
        ReportEntry("quality", Message("Data quality"), {"en": "quality.html", "zh-CN": "quality.zh-CN.html"}),
        ReportEntry("lifecycle", Message("Client lifecycle"), {}, (), "failed", "timed out after 600 s"),
    )
    pack = PackView("Bank & Cie", "demo", date(2026, 10, 31), "bank", entries, commentary="A *good* year.")
    every = AllPacksView((PackEntry("Bank & Cie", date(2026, 10, 31), "bank", "demo/2026-10-31/index.html"),))
    return {
        "report": report(),
        "report zh": report(language="zh-CN"),
        "report public": report(mode="public_data"),
        "pack": render_pack_index(pack, "en"),
        "pack zh": render_pack_index(pack, "zh-CN"),
        "all": render_all_packs(every, "en"),
    }


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def test_a_page_holds_no_script_and_no_address_outside_itself(made: dict[str, str]) -> None:
    for html in made.values():
        page = Page(html)
        names = {tag for tag, _ in page.tags}
        assert not names & {"script", "iframe", "object", "embed", "link", "form", "base", "img", "video", "audio"}
        for _, attrs in page.tags:
            assert not [a for a in attrs if a.startswith("on") or a in ("style", "src", "srcset", "action")]
            href = attrs.get("href")
            assert href is None or re.fullmatch(r"#[\w-]+|[\w./-]+\.html|data:image/png;base64,.*", href, re.S), href
        style = re.search(r"<style>(.*?)</style>", html, re.S)
        assert style
        assert "url(" not in style[1]
        assert "@import" not in style[1]


def test_the_policy_allows_the_page_s_own_style_and_nothing_else(made: dict[str, str]) -> None:
    for html in made.values():
        policy = next(a["content"] for a in Page(html).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        style = re.search(r"<style>(.*?)</style>", html, re.S)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "script-src" not in policy


def test_headings_never_skip_a_level_and_there_is_one_title(made: dict[str, str]) -> None:
    for html in made.values():
        levels = Page(html).headings
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_every_anchor_has_its_target(made: dict[str, str]) -> None:
    for html in made.values():
        page = Page(html)
        ids = [a["id"] for _, a in page.tags if a.get("id")]
        assert len(ids) == len(set(ids))
        targets = {str(a["href"])[1:] for a in page.all("a") if str(a.get("href")).startswith("#")}
        assert targets <= set(ids)
        labelled = {a["aria-labelledby"] for _, a in page.tags if a.get("aria-labelledby")}
        assert labelled <= set(ids)


def test_every_figure_has_alternative_text_and_every_page_its_language(made: dict[str, str]) -> None:
    for name, html in made.items():
        page = Page(html)
        assert page.all("html")[0]["lang"] == ("zh-CN" if name.endswith("zh") else "en")
        for svg in page.all("svg"):
            assert svg["role"] == "img"
            assert svg["aria-label"]
    assert len(Page(made["report"]).all("svg")) == 2 * sum(bool(e.figure) for e in sample.all_exhibits())


def test_a_report_is_less_than_a_megabyte(made: dict[str, str]) -> None:
    assert max(len(html.encode()) for html in made.values()) < 1_000_000


def test_the_same_notebook_gives_the_same_bytes() -> None:
    assert report() == report()


def summary_of(html: str) -> str:
    return html.split('<section class="summary"')[1].split("</section>")[0]


def test_the_summary_says_what_is_not_told(made: dict[str, str]) -> None:
    assert "41.2% of clients leave within 5 years" in summary_of(made["report"])
    assert "Cannot be shown: too few clients" in summary_of(made["report"]).split("Not told here:")[1]


def test_what_is_not_told_under_one_title_is_one_line() -> None:
    told = summary_of(report([sample.refused(), sample.incidence(), sample.refused()])).split("Not told here:")[1]
    assert told.count("Cannot be shown: too few clients") == 1
    assert re.findall(r'<a href="#([^"]+)">(\d)</a>', told) == [
        ("lifecycle-tenure-by-region", "1"), ("lifecycle-tenure-by-region-2", "3")
    ]  # fmt: skip


def test_the_summary_has_the_first_finding_of_each_section_and_without_sections_all() -> None:
    first, second, third = sample.incidence(), sample.naive(), sample.monthly()
    sectioned = sample.notebook([])
    for heading, exhibits in (("Why", [sample.refused(), first, second]), ("When", [third])):
        sectioned.cells += sample.notebook(exhibits, markdown=f"## {heading}").cells
    html = render_report(sectioned, language="en", context=sample.context())
    assert re.findall(r'<li><a href="#([^"]+)"', summary_of(html)) == [anchor(e.id, set()) for e in (first, third)]
    plain = render_report(sample.notebook([first, second, third]), language="en", context=sample.context())
    assert summary_of(plain).count("<li>") == 3


def test_a_chinese_report_has_no_english_word_of_its_own() -> None:
    exhibits = [sample.plain_words(), sample.plain_words(withheld=True)]
    for mode in ("bank", "public_data"):
        html = report(exhibits, language="zh-CN", bank_name="华夏私人银行", stamp=(), languages={}, mode=mode)
        text = " ".join(Page(html.split("<body>")[1]).text)
        assert "客户价值" in text
        assert "不公开" in text or "无数据" in text
        assert re.findall(r"[A-Za-z]{2,}", text) == ["backtest", "past", "predictions"]  # names of seeds are data


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_script_for_a_name_is_text_everywhere(language: str) -> None:
    html = report(
        sample.evil_exhibits(),
        language=language,
        bank_name=EVIL,
        status=EVIL,
        labels={"leave_reason": {"x": {"en": EVIL}}},
        stamp=((EVIL, EVIL),),
        previous=Link(EVIL, "quality.html"),
    )
    assert "<script" not in html
    assert "alert(1)</script" not in html
    page = Page(html)
    assert not page.all("script")
    assert " ".join(page.text).count(EVIL) >= 12
    assert any(EVIL in str(svg["aria-label"]) for svg in page.all("svg"))


def test_a_script_for_a_name_is_text_in_both_indexes() -> None:
    entry = ReportEntry("quality", EVIL, {"en": "quality.html"}, (Message("{c}", {"c": EVIL}),), "failed", EVIL)
    pack = PackView(EVIL, "demo", date(2026, 10, 31), "bank", (entry,), EVIL, f"{EVIL}\n\n**{EVIL}**", ((EVIL, EVIL),))
    failure = FailedAttempt(EVIL, date(2026, 10, 31), EVIL, (EVIL,), EVIL)
    every = AllPacksView((PackEntry(EVIL, date(2026, 10, 31), "bank", "x/index.html", EVIL),), (failure,))
    for html in (render_pack_index(pack, "en"), render_all_packs(every, "en")):
        assert "<script" not in html
        assert EVIL in " ".join(Page(html).text)


def test_a_name_cannot_end_the_style_sheet() -> None:
    html = report([], bank_name='"; } body { display: none } </style><b>')
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style
    assert "display: none }" not in style[1].split("@page {")[-1]
    assert len(re.findall("</style>", html)) == 1


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (new_output("stream", name="stdout", text="12 clients"), "stdout"),
        (new_output("stream", name="stderr", text="warning"), "stderr"),
        (new_output("execute_result", data={"text/plain": "42"}), "execute_result"),
        (new_output("display_data", data={"text/html": "<table>"}), "display_data"),
        (new_output("error", ename="KeyError", evalue="'c_ab12'", traceback=[]), "error"),
    ],
)
def test_any_other_output_fails_the_report_and_names_the_cell(output: Any, kind: str) -> None:
    extra = (new_code_cell("x", outputs=[output]),)
    notebook = sample.notebook([sample.money_table()], markdown="# Title", extra=extra)
    with pytest.raises(DisclosureError, match=rf"cell 2 .*\({kind}\)") as caught:
        render_report(notebook, language="en", context=sample.context())
    assert "12 clients" not in str(caught.value)
    assert "c_ab12" not in str(caught.value)


def test_an_exhibit_under_another_seal_fails_the_report_and_names_the_cell() -> None:
    outputs = [new_output("display_data", data=sample.sealed(sample.money_table(), "another secret"))]
    notebook = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    with pytest.raises(DisclosureError, match=r"cell 0 .*seal"):
        render_report(notebook, language="en", context=sample.context())


def test_a_cell_may_show_several_exhibits_and_only_the_sealed_form_is_used() -> None:
    outputs = [new_output("display_data", data=sample.sealed(e)) for e in (sample.money_table(), sample.refused())]
    html = render_report(
        new_notebook(cells=[new_code_cell("x", outputs=outputs)]), language="en", context=sample.context()
    )
    assert html.count('class="kicker"') == 2
    assert "for the screen" not in html


def test_the_notebook_s_text_is_escaped_and_its_code_is_not_shown() -> None:
    cells = [
        new_markdown_cell(
            f"# Title\n\n{EVIL}\n\n## {EVIL}\n\n[link](https://example.org) <img src=x onerror=alert(1)>"
        ),
        new_code_cell("secret_parameter = 1"),
    ]
    html = render_report(new_notebook(cells=cells), language="en", context=sample.context())
    page = Page(html)
    assert not page.all("script")
    assert not page.all("img")
    assert "example.org" not in html
    assert "secret_parameter" not in html
    assert EVIL in " ".join(page.text)


def test_headings_of_a_notebook_are_put_in_order() -> None:
    cells = [new_markdown_cell("# Title\n\n#### Deep first\n\ntext\n\n### Then this\n\n## And this\n\n###### Deepest")]
    levels = Page(render_report(new_notebook(cells=cells), language="en", context=sample.context())).headings
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_two_exhibits_of_one_name_have_two_anchors() -> None:
    html = report([sample.refused(), sample.refused()])
    assert 'id="lifecycle-tenure-by-region"' in html
    assert 'id="lifecycle-tenure-by-region-2"' in html


def test_withheld_cells_are_marked_and_explained(made: dict[str, str]) -> None:
    table = report([sample.money_table()])
    assert table.count('class="n withheld">withheld</td>') == 3
    assert "too few clients to be shown" in table
    assert "too few clients to be shown" not in report([sample.incidence()]).split("<footer>")[0]


def test_every_page_says_under_which_rules_its_figures_stand(made: dict[str, str]) -> None:
    said = "public data: exact figures, no disclosure control"
    assert said in made["report public"]
    assert said not in made["report"]
    assert "rounded to multiples of 5" in made["report"]
    assert "fewer than 10 clients" in made["report"]
    assert "rounded to multiples" not in made["report public"]
    # On paper too: the running line of every page, in which spaces are written as codes.
    assert "public\\000020data\\00003a\\000020exact" in made["report public"]


def test_draft_and_approval_are_stated() -> None:
    assert "Draft" in report([])
    assert "Approved by A. Muster" in report([], status="A. Muster")


def test_links_stay_inside_the_pack() -> None:
    for outside in ("https://example.org/x.html", "//example.org", "javascript:alert(1)", "/etc/passwd"):
        with pytest.raises(DisclosureError, match="outside its pack"):
            report([], previous=Link("x", outside))


def test_the_pack_s_index_tells_what_is_complete_and_what_failed(made: dict[str, str]) -> None:
    html = made["pack"]
    assert "Incomplete" in html
    assert 'href="quality.html"' in html
    assert 'href="quality.zh-CN.html"' in html
    assert "timed out after 600 s" in html
    assert "<em>good</em>" in html
    assert 'href="quality.zh-CN.html"' in made["pack zh"]
    assert "不完整" in made["pack zh"]


def test_the_index_of_all_packs_shows_failed_attempts() -> None:
    failure = FailedAttempt("Bank", date(2026, 9, 30), "0003", ("lifecycle",), "timed out", ".runs/0003/index.html")
    html = render_all_packs(AllPacksView((), (failure,)), "en")
    assert "There is no complete pack yet." in html
    assert "Client lifecycle: timed out" in html
    assert 'href=".runs/0003/index.html"' in html


def test_the_exporter_of_nbconvert_gives_the_same_page() -> None:
    notebook = sample.notebook([sample.money_table()], markdown=INTRO)
    html, resources = ReportExporter("en", sample.context()).from_notebook_node(notebook)
    assert html == render_report(notebook, language="en", context=sample.context())
    assert resources["output_extension"] == ".html"


def test_page_one_and_the_index_name_the_first_finding_of_each_section() -> None:
    first, second, third = sample.incidence(), sample.monthly(), sample.naive()
    # What only leads to other reports finds nothing.
    guide = Exhibit("summary.reports", Message("Where to read on"), paragraphs=(Paragraph("Risk", "risk", ()),))
    cells = [
        new_markdown_cell("# Client lifecycle\n\nLoyalty"),
        new_markdown_cell("## Client value"),
        *sample.notebook([sample.refused(), first, second]).cells,
        new_markdown_cell("## Risk"),
        *sample.notebook([guide, third]).cells,
    ]
    notebook = new_notebook(cells=cells)
    assert lead_ids(notebook, sample.SECRET) == [first.id, third.id]
    page = Page(render_report(notebook, language="en", context=sample.context()))
    anchors = {a["href"] for a in page.all("a") if (a["href"] or "").startswith("#")}
    assert {f"#{anchor(i, set())}" for i in (first.id, third.id)} <= anchors
    # Without sections every finding that tells something is one.
    plain = sample.notebook([sample.refused(), first, second])
    assert lead_ids(plain, sample.SECRET) == [first.id, second.id]


def test_a_sentence_with_a_number_is_text_and_a_number_with_a_few_words_is_one() -> None:
    sentence = Message("{n:count} clients with products above the risk they accept", {"n": 410})
    number = Message("{v:tenths} h ({low:tenths} or more)", {"v": 3.5, "low": 2.1})
    columns = (Column("what", Message("What")), Column("time", Message("Times")))
    view = table_view(Table(columns, ({"what": sentence, "time": number},)), Wording("en"))
    assert [cell.numeric for cell in view.head] == [False, True]
    assert [cell.numeric for cell in view.rows[0]] == [False, True]
