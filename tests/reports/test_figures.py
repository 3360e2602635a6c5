"""Figures: text stays text, withheld stays withheld, the same bytes for the same data."""

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from insights.reports.exhibits.base import Exhibit, Figure, Message
from insights.reports.figures import draw
from insights.reports.figures.axes import duration_ticks, round_ticks
from insights.reports.figures.canvas import NARROW, WIDE, fit, spread, text_width
from insights.reports.wording import Wording
from reports import sample

DRAWN = [e for e in sample.all_exhibits() if e.figure]
EVIL = sample.EVIL


def figure_of(exhibit: Exhibit) -> Figure:
    assert exhibit.figure is not None
    return exhibit.figure


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in parsed(svg).iter("text")]


@pytest.fixture
def en() -> Wording:
    return Wording("en", currency="CHF")


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("exhibit", DRAWN, ids=lambda e: e.id)
def test_a_figure_is_one_safe_element(exhibit: Exhibit, narrow: bool, en: Wording) -> None:
    figure = figure_of(exhibit)
    svg = draw(figure, en, name="one", narrow=narrow)
    root = parsed(svg)
    assert root.tag == "svg"
    assert root.get("viewBox", "").split()[2] == str(NARROW if narrow else WIDE)
    assert root.get("role") == "img"
    assert root.get("aria-label") == en.text(figure.alt)
    assert [e.text for e in root.iter("title")] == [en.text(figure.alt)]
    tags = {e.tag for e in root.iter()}
    assert not tags & {"script", "style", "metadata", "foreignObject", "a"}
    for element in root.iter():
        assert "style" not in element.attrib  # the page's policy would ignore it
        assert not [key for key in element.attrib if key.startswith("on")]
        assert not re.search(r"https?:|//", " ".join(v for k, v in element.attrib.items() if k != "href"))
        assert element.get("href", "#").startswith(("#", "data:image/png;base64,"))


@pytest.mark.parametrize("exhibit", DRAWN, ids=lambda e: e.id)
def test_the_same_data_give_the_same_bytes(exhibit: Exhibit, en: Wording) -> None:
    assert draw(figure_of(exhibit), en, name="x") == draw(figure_of(exhibit), en, name="x")


def test_ids_are_those_of_the_figure_and_every_reference_is_kept(en: Wording) -> None:
    for exhibit in DRAWN:
        svg = draw(figure_of(exhibit), en, name="only-here")
        ids = re.findall(r'\bid="([^"]+)"', svg)
        assert all(i.startswith("only-here-") for i in ids)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg)) == set(ids)


def test_colours_survive_the_cleaning(en: Wording) -> None:
    svg = draw(figure_of(sample.incidence()), en)
    strokes = set(re.findall(r'stroke="(#[0-9a-f]{6})"', svg))
    assert {"#1f3f66", "#b8692e", "#3f8f86", "#8c2f45"} <= strokes


def test_labels_are_text_and_are_escaped(en: Wording) -> None:
    labels = (EVIL, "Zürich & <b>Söhne</b>", "$x^2$ & {curly}", "张三", *sample.REGIONS[4:])
    for exhibit in (sample.by_region(labels), sample.bars(labels)):
        for narrow in (False, True):
            svg = draw(figure_of(exhibit), en, narrow=narrow)
            assert "<script" not in svg
            assert "<b>" not in svg
            said = " ".join(texts(svg))
            assert "张三" in said
            assert "$x^2$ & {curly}" in said  # not set as mathematics
            assert EVIL[:8] in said


def test_unprintable_labels_do_not_break_the_figure(en: Wording) -> None:
    labels = ("a\x00b", "new\nline", "\u202eright to left", "\ud800", "", *sample.REGIONS[5:])
    assert "a\ufffdb" in texts(draw(figure_of(sample.bars(labels)), en))


def test_chinese_figures_hold_chinese_text() -> None:
    zh = Wording("zh-CN", currency="CHF")
    said = " ".join(texts(draw(figure_of(sample.incidence()), zh)))
    assert "转往其他银行" in said
    assert "在险人数" in said
    assert "开户以来的年数" in said
    money = " ".join(texts(draw(figure_of(sample.monthly()), zh)))
    assert "亿瑞士法郎" in money
    assert "2024年" in money


def test_numbers_at_risk_stand_under_the_axis(en: Wording) -> None:
    said = texts(draw(figure_of(sample.incidence()), en))
    counts = sample.at_risk("x", 4870)["counts"]
    assert f"{counts[11]:,.0f}" in said  # at one year: the count of that month, not of the month before
    assert f"{counts[12]:,.0f}" not in said
    assert "Clients at risk" in said


def test_up_to_four_curves_share_a_panel_and_more_get_one_each(en: Wording) -> None:
    together = draw(figure_of(sample.incidence()), en)
    apart = draw(figure_of(sample.by_region()), en)
    assert texts(together).count("Clients at risk") == 1
    assert texts(apart).count("At risk") == len(sample.REGIONS)
    for region in sample.REGIONS:
        assert region in texts(apart)


@pytest.mark.parametrize(("narrow", "columns"), [(True, 2), (False, 4)])
def test_titles_of_axes_stand_whole_and_once_in_each_row_of_a_grid(narrow: bool, columns: int, en: Wording) -> None:
    figure = figure_of(sample.by_region())
    titles = {
        "x_label": Message("Hours since the client asked"),
        "y_label": Message("Share still waiting for an answer"),
    }
    assert text_width(en.text(titles["y_label"])) > NARROW / 2  # more than one panel has room for
    said = texts(draw(replace(figure, data={**figure.data, **titles}), en, narrow=narrow))
    rows = math.ceil(len(sample.REGIONS) / columns)
    assert [said.count(en.text(title)) for title in titles.values()] == [rows, rows]


def test_a_dashed_curve_is_dashed(en: Wording) -> None:
    assert "stroke-dasharray" in draw(figure_of(sample.naive()), en)
    assert "stroke-dasharray" not in draw(figure_of(sample.incidence()), en)


@pytest.mark.parametrize("exhibit", [sample.by_region(), sample.bars(), sample.monthly(), sample.coverage()])
def test_what_is_withheld_looks_withheld(exhibit: Exhibit, en: Wording) -> None:
    svg = draw(figure_of(exhibit), en)
    assert "withheld" in texts(svg)
    hatched = parsed(svg).find(".//pattern") is not None or parsed(svg).find(".//image") is not None
    assert hatched


def test_what_is_not_withheld_does_not_look_so(en: Wording) -> None:
    for exhibit in (sample.incidence(), sample.naive(), sample.stacked()):
        svg = draw(figure_of(exhibit), en)
        assert "withheld" not in texts(svg)
        assert "<pattern" not in svg


def test_a_withheld_bar_is_no_bar_and_comes_last(en: Wording) -> None:
    bars = [{"label": "hidden", "value": None}, {"label": "none", "value": 0.0}, {"label": "some", "value": 0.5}]
    said = texts(draw(Figure("bars", {"bars": bars, "kind": "percent"}, Message("Rows")), en))
    assert [t for t in said if t in ("hidden", "none", "some")] == ["some", "none", "hidden"]
    assert said[said.index("hidden") + 1] == "withheld"
    assert said[said.index("none") + 1] == "0.0%"


def test_bars_below_zero_begin_at_zero(en: Wording) -> None:
    bars = [{"label": "gain", "value": 2e6}, {"label": "loss", "value": -1e6}]
    said = texts(draw(Figure("bars", {"bars": bars, "kind": "money"}, Message("Rows")), en))
    assert "CHF\u00a02\u00a0m" in said
    assert "CHF\u00a0−1\u00a0m" in said


def test_money_of_one_figure_has_one_unit(en: Wording) -> None:
    bars = [{"label": "gain", "value": 4.4e6}, {"label": "loss", "value": -6e5}]
    said = texts(draw(Figure("bars", {"bars": bars, "kind": "money"}, Message("Rows")), en))
    assert "CHF\u00a04.4\u00a0m" in said
    assert "CHF\u00a0−0.6\u00a0m" in said
    chinese = texts(
        draw(Figure("bars", {"bars": bars, "kind": "money"}, Message("Rows")), Wording("zh-CN", currency="CHF"))
    )
    assert "440万瑞士法郎" in chinese
    assert "−60万瑞士法郎" in chinese


@pytest.mark.parametrize("narrow", [False, True])
def test_a_long_label_of_a_bar_takes_two_lines_and_loses_no_word(narrow: bool, en: Wording) -> None:
    for long in (
        "Without those who gave each and every item of the page the same mark",
        "剔除所有题项打分完全相同的客户以及没有作答的客户之后的平均得分",
    ):
        bars = [{"label": long, "value": 0.5}, {"label": "short", "value": 0.4}]
        figure = Figure("bars", {"bars": bars, "kind": "percent"}, Message("Rows"))
        said = texts(draw(figure, en, narrow=narrow))
        assert not any("…" in t for t in said)
        lines = [t for t in said if t in long]
        assert len(lines) == 2
        assert "".join(lines).replace(" ", "") == long.replace(" ", "")


def test_many_marks_become_pixels_and_few_do_not(en: Wording) -> None:
    many = figure_of(sample.coverage())
    few = replace(many, data=many.data | {"rows": many.data["rows"][:5], "values": many.data["values"][:5]})
    assert "data:image/png;base64," in draw(many, en)
    assert "data:image/png;base64," not in draw(few, en)
    assert "Clients" in texts(draw(many, en))  # its labels are text all the same


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("curves", {"panels": [], "y_kind": "percent"}),
        ("curves", {"panels": [{"title": "", "series": []}], "y_kind": "percent"}),
        ("bars", {"bars": [], "kind": "count"}),
        ("bars", {"bars": [{"label": "a", "value": None}], "kind": "count"}),
        ("heat", {"rows": [], "columns": [], "values": [], "kind": "percent"}),
        ("lines", {"series": [{"label": "a", "dates": ["2026-01-01"], "values": [3.0]}], "y_kind": "count"}),
        ("lines", {"series": [{"label": "a", "dates": ["2026-01-01", "2026-02-01"], "values": [None, None]}]}),
        ("stacked", {"dates": ["2026-01"], "series": [{"label": "a", "values": [1.0]}], "y_kind": "count"}),
    ],
)
def test_empty_and_single_data_are_drawn(kind: str, data: dict[str, object], en: Wording) -> None:
    for narrow in (False, True):
        assert parsed(draw(Figure(kind, data, Message("Rows")), en, narrow=narrow)).tag == "svg"


def test_an_unknown_kind_is_an_error(en: Wording) -> None:
    with pytest.raises(ValueError, match="pie"):
        draw(Figure("pie", {}, Message("Rows")), en)


def test_text_that_is_too_long_is_cut_to_its_place() -> None:
    long = "An uncommonly long name of a region " * 5
    assert text_width(fit(long, 120)) <= 120
    assert fit(long, 120).endswith("…")
    assert fit("Zug", 120) == "Zug"
    assert text_width("客户") > text_width("ab")


def test_labels_are_moved_apart_no_further_than_needed() -> None:
    assert spread([10, 100], 15, 0, 200) == [10, 100]
    moved = spread([50, 52, 51], 15, 0, 200)
    assert sorted(moved) == [50, 65, 80]
    assert moved[0] < moved[2] < moved[1]
    assert spread([190, 195], 15, 0, 195) == [180, 195]


def test_ticks_are_round_and_cover_the_values() -> None:
    assert round_ticks(0, 0.23, 6) == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
    assert round_ticks(-3, 17, 5)[0] <= -3
    assert round_ticks(-3, 17, 5)[-1] >= 17
    assert duration_ticks(60, 11) == [0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60]
    assert duration_ticks(5, 6) == [0, 1, 2, 3, 4, 5]
