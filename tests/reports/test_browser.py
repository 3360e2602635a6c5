"""Reports in a real browser: they fit a telephone, run nothing, show hostile names as text, print on A4."""

import html as html_module
import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser import Browser

from insights.reports.exhibits.base import Message
from insights.reports.html import Link, render_report
from insights.reports.index import PackView, ReportEntry, render_pack_index
from reports import sample

pytestmark = pytest.mark.browser
EVIL = sample.EVIL

# A page that frames the page under test at a given width and writes down what it sees. The report itself allows no
# script; this one looks into it from outside.
LOOK = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre>
<iframe id="frame" src="%s" style="width: %dpx; height: 900px; border: 0"></iframe>
<script>
let alerts = 0;
const frame = document.getElementById("frame");
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const shown = [...page.querySelectorAll("svg.chart")].filter(s => s.getBoundingClientRect().width > 0);
  const cut = [];
  for (const svg of shown) {
    const edge = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (box.right > edge.right + 2 || box.left < edge.left - 2 || box.bottom > edge.bottom + 2)
        cut.push(text.textContent);
    }
  }
  const ink = letter => {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    pen.font = "32px " + view.getComputedStyle(page.querySelector("svg text") || page.body).fontFamily;
    pen.fillText(letter, 2, 40);
    return canvas.toDataURL();
  };
  document.getElementById("seen").textContent = JSON.stringify({
    scroll: root.scrollWidth, client: root.clientWidth,
    scripts: page.scripts.length, images: page.images.length,
    figures: shown.length, wide: shown.filter(s => s.closest(".wide")).length, cut: cut,
    font: Math.min(...shown.map(s => s.querySelector("text").getBoundingClientRect().height)),
    scrolling: [...page.querySelectorAll(".box")].filter(b => b.scrollWidth > b.clientWidth + 1).length,
    sheet: view.getComputedStyle(page.body).overflowWrap,
    boxes: ink("\\u5ba2") === ink("\\u6237"),
    text: page.body.innerText, title: page.title,
  });
};
</script>"""


def look(browser: Browser, folder: Path, page: str, width: int) -> dict[str, Any]:
    """Return what a browser sees of the page in a window of this width."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    frame = folder / "look.html"
    frame.write_text(LOOK % ("page.html", width), encoding="utf-8")
    dom = browser.dom(frame, "--allow-file-access-from-files", f"--window-size={max(width, 800)},1000")
    seen = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.S)
    assert seen
    assert seen[1], "the page did not load"
    found: dict[str, Any] = json.loads(html_module.unescape(seen[1]))
    return found


@cache
def report(language: str = "en", *, evil: bool = False) -> str:
    exhibits = sample.evil_exhibits() if evil else sample.all_exhibits()
    changes: dict[str, Any] = {"bank_name": EVIL, "previous": Link(EVIL, "quality.html")} if evil else {}
    notebook = sample.notebook(exhibits, markdown="# Title\n\n## Client value\n\nLoyalty")
    return render_report(notebook, language=language, context=sample.context(**changes))


Seen = Callable[[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def sees(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What a browser sees of the report in a language, in a window of a width; it looks once."""
    return cache(lambda language, width: look(browser, tmp_path_factory.mktemp("page"), report(language), width))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_telephone_needs_no_sideways_scrolling(sees: Seen, language: str) -> None:
    seen = sees(language, 390)
    assert seen["client"] == 390
    assert seen["scroll"] <= 390
    assert seen["figures"] > 0
    assert seen["wide"] == 0
    assert seen["cut"] == []
    assert seen["font"] >= 11  # pixels on the screen: figures are drawn for the telephone, not scaled down to it


def test_wide_tables_scroll_in_their_own_box(sees: Seen) -> None:
    assert sees("en", 390)["scrolling"] > 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_desk_shows_wide_figures_with_nothing_cut_off(sees: Seen, language: str) -> None:
    seen = sees(language, 1280)
    assert seen["figures"] == seen["wide"] == sum(bool(e.figure) for e in sample.all_exhibits())
    assert seen["cut"] == []
    assert seen["scroll"] <= 1280
    assert seen["sheet"] == "anywhere"  # the style sheet passed its own policy


@pytest.mark.parametrize("width", [390, 1280])
def test_a_script_for_a_name_is_text_on_the_screen(browser: Browser, tmp_path: Path, width: int) -> None:
    seen = look(browser, tmp_path, report(evil=True), width)
    assert seen["scripts"] == 0
    assert seen["images"] == 0
    assert seen["text"].count(EVIL) >= 8
    assert EVIL in seen["title"]
    assert seen["scroll"] <= width


def test_a_script_for_a_name_is_text_in_the_index(browser: Browser, tmp_path: Path) -> None:
    entry = ReportEntry("quality", EVIL, {"en": "quality.html"}, (Message("{c}", {"c": EVIL}),), "failed", EVIL)
    pack = PackView(EVIL, "demo", date(2026, 10, 31), "bank", (entry,), commentary=f"# {EVIL}\n\n{EVIL}")
    seen = look(browser, tmp_path, render_pack_index(pack, "en"), 390)
    assert seen["scripts"] == 0
    assert seen["text"].count(EVIL) >= 5
    assert seen["scroll"] <= 390


def test_the_policy_stops_a_script_that_should_ever_get_in(browser: Browser, tmp_path: Path) -> None:
    planted = "<script>document.body.setAttribute('data-ran', '1')</script><p style='color: red'>x</p></body>"
    page = tmp_path / "planted.html"
    page.write_text(report().replace("</body>", planted), encoding="utf-8")
    assert 'data-ran="1"' not in browser.dom(page)
    free = tmp_path / "free.html"
    free.write_text(re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8")), encoding="utf-8")
    assert 'data-ran="1"' in browser.dom(free)  # it is the policy that stopped it


def test_the_page_breaks_no_rule_of_its_own_policy(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report(), encoding="utf-8")
    assert "Content Security Policy" not in browser.log(page)


def test_chinese_figures_show_characters_not_boxes(sees: Seen, cjk_font: str) -> None:
    assert cjk_font
    seen = sees("zh-CN", 1280)
    assert seen["boxes"] is False
    assert "客户价值" in seen["text"]


def test_a_report_prints_on_a4_with_its_running_title(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report(), encoding="utf-8")
    printed = browser.pdf(page, tmp_path / "report.pdf").read_bytes()
    sizes = set(re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", printed))
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}
