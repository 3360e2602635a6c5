"""Sentences, numbers, money and dates in both languages; a catalogue without gaps."""

import math
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import insights
from insights.errors import ParameterError
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import needed
from insights.reports.wording import Wording, plain
from insights.reports.wording.catalogue import catalogue
from insights.reports.wording.extract import faults, message_ids, unused
from insights.reports.wording.labels import REPORTS, code_label, column_label, table_label
from insights.reports.wording.markdown import prose, translated

LABELS = {"leave_reason": {"surrender": {"en": "Surrender", "zh-CN": "退保"}}}


@pytest.fixture
def en() -> Wording:
    return Wording("en", LABELS, currency="CHF")


@pytest.fixture
def zh() -> Wording:
    return Wording("zh-CN", LABELS, currency="CHF")


@pytest.mark.parametrize(
    ("kind", "value", "english", "chinese"),
    [
        ("count", 21921, "21,921", "21,921"),
        ("percent", 0.04123, "4.1%", "4.1%"),
        ("percent", 0.0002, "< 0.1%", "< 0.1%"),
        ("percent", 0.0, "0.0%", "0.0%"),
        ("percent", -0.052, "−5.2%", "−5.2%"),
        ("share", 0.416, "42%", "42%"),
        ("money", 1.2e9, "CHF 1.2 bn", "12亿瑞士法郎"),
        ("money", 1.23e9, "CHF 1.23 bn", "12.3亿瑞士法郎"),
        ("money", 999.9e6, "CHF 1 bn", "10亿瑞士法郎"),
        ("money", 184e6, "CHF 184 m", "1.84亿瑞士法郎"),
        ("money", 850_000, "CHF 850,000", "85万瑞士法郎"),
        ("money", -3.2e6, "CHF −3.2 m", "−320万瑞士法郎"),
        ("amount", 1234.5, "1,234.50", "1,234.50"),
        ("months", 27.44, "27.4 months", "27.4个月"),
        ("months", 1.0, "1 month", "1个月"),
        ("points", 0.0123, "1.2 points", "1.2个百分点"),
        ("date", "2026-10-31", "31 October 2026", "2026年10月31日"),
        ("date", date(2026, 1, 5), "5 January 2026", "2026年1月5日"),
        ("month", "2026-10", "Oct 2026", "2026年10月"),
        ("number", 2.0, "2", "2"),
        ("number", 27.44, "27.4", "27.4"),
        ("p", 0.0123, "0.012", "0.012"),
        ("p", 0.0001, "< 0.001", "< 0.001"),
    ],
)
def test_a_value_is_written_as_the_language_writes_it(
    en: Wording, zh: Wording, kind: str, value: object, english: str, chinese: str
) -> None:
    message = Message(f"{{v:{kind}}}", {"v": value})
    assert en.text(message).replace("\u00a0", " ") == english
    assert zh.text(message).replace("\u00a0", " ") == chinese


@pytest.mark.parametrize("kind", ["count", "percent", "money", "date", "text", "p"])
@pytest.mark.parametrize("value", [None, math.nan])
def test_a_withheld_value_is_never_written_as_a_number(en: Wording, zh: Wording, kind: str, value: object) -> None:
    message = Message(f"{{v:{kind}}}", {"v": value})
    assert en.text(message) == "withheld"
    assert zh.text(message) == "不公开"
    assert Wording("en", mode="public_data").text(message) == "n/a"


def test_values_may_be_messages_and_lists(zh: Wording) -> None:
    inner = Message("{a} – {b:count}", {"a": Message("region"), "b": 7})
    assert zh.text(Message("{x}", {"x": inner})) == "地区 – 7"
    assert zh.text(Message("{x}", {"x": [Message("region"), Message("gender"), "Zug"]})) == "地区、性别和Zug"


def test_a_small_p_value_reads_as_less_than(en: Wording) -> None:
    text = en.text(Message("Test that all groups leave alike (log-rank): p = {p:p}.", {"p": 1e-9}))
    assert text.endswith("p <\u00a00.001.")


@pytest.mark.parametrize(
    ("amounts", "english"),
    [
        ((4.2e6, -6e5), "CHF 4.2 m and CHF −0.6 m"),
        ((4.2e6, -85_000), "CHF 4.2 m and CHF −85,000"),  # in millions nothing would be left of it
        ((600_000, 85_000), "CHF 600,000 and CHF 85,000"),
        ((1.2e9, 466e6), "CHF 1.2 bn and CHF 0.466 bn"),
        ((float("nan"), 1e7), "withheld and CHF 10 m"),
    ],
)
def test_amounts_of_one_sentence_have_one_unit(en: Wording, amounts: tuple[float, float], english: str) -> None:
    values = dict(zip(("a", "b"), amounts, strict=True))
    assert en.text(Message("{a:money} and {b:money}", values)).replace("\u00a0", " ") == english


def test_the_ends_of_an_interval_have_one_unit(en: Wording, zh: Wording) -> None:
    message = Message("{value:money} ({low:money} to {high:money})", {"value": 1e6, "low": 37_900, "high": 2.12e6})
    assert en.text(message).replace("\u00a0", " ") == "CHF 1 m (CHF 0.04 m to CHF 2.12 m)"
    assert zh.text(message) == "100万瑞士法郎（3.79万瑞士法郎至212万瑞士法郎）"
    tiny = Message(message.id, {"value": 1e6, "low": -300, "high": 2.12e6})
    assert "CHF −300 to CHF 2.12 m" in en.text(tiny).replace("\u00a0", " ")


def test_alternatives_are_joined_by_or(en: Wording, zh: Wording) -> None:
    needs = needed(["clients.joined_on", ("revenue.amount", "balances.amount")])
    assert en.text(needs) == "not available: needs clients.joined_on and either revenue.amount or balances.amount"
    assert "或" in zh.text(needs)


def test_money_of_one_column_has_one_unit(en: Wording, zh: Wording) -> None:
    amounts = [1.84e9, 412e6, None, 96.4e6, -3.2e6]
    english, chinese = en.formats.scale(amounts, "money"), zh.formats.scale(amounts, "money")
    assert (english.unit, chinese.unit) == ("CHF m", "万瑞士法郎")
    assert [en.formats.scaled(a, english) for a in amounts] == ["1,840.0", "412.0", "withheld", "96.4", "−3.2"]


def test_an_amount_too_small_for_the_unit_of_its_column_is_not_written_as_zero(en: Wording) -> None:
    scale = en.formats.scale([2.5e9, 12.0], "money")
    assert en.formats.scaled(12.0, scale).startswith("<")
    assert en.formats.scaled(0.0, scale).startswith("0")


def test_a_kind_that_writes_its_unit_is_not_followed_by_it() -> None:
    twice = re.compile(
        r":points\} ?(points|个百分点)|:basis_points\} ?(bp|个基点)|percent\} ?%|:months\} ?(months|个月)"
    )
    assert [m for m in message_ids() if twice.search(m)] == []
    assert [m for m in (catalogue("zh-CN") or {}).values() if twice.search(m)] == []


def test_fields_are_plain_names_only(en: Wording) -> None:
    for hostile in ("{v.__class__}", "{v[0]}", "{v!r}", "{0}"):
        with pytest.raises(ValueError, match="field of a message"):
            en.text(Message(hostile, {"v": "x"}))


def test_an_unknown_kind_of_value_is_an_error(en: Wording) -> None:
    with pytest.raises(ValueError, match="percnt"):
        en.text(Message("{v:percnt}", {"v": 1.0}))


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ParameterError, match="'fr'"):
        Wording("fr")


def test_text_from_outside_is_one_visible_line() -> None:
    assert plain("a\u202eb\x00c\u200b") == "a\ufffdb\ufffdc\ufffd"
    assert plain("two\nlines\tand  more") == "two lines and more"
    assert plain("张\n三") == "张 三"
    assert len(plain("x" * 10_000)) == 400


def test_codes_have_labels_of_the_bank_or_of_the_package(en: Wording, zh: Wording) -> None:
    own = code_label("leave_reason", "surrender", LABELS)
    assert (en.text(own), zh.text(own)) == ("Surrender", "退保")
    assert zh.text(code_label("leave_reason", "competitor", LABELS)) == "转往其他银行"
    assert zh.text(code_label("gender", "female")) == "女"
    assert zh.text(code_label("region", "not recorded")) == "未登记"
    assert zh.text(code_label("birth_year", "1960s")) == "1960年代出生"
    assert zh.text(code_label("external_wealth", "1 of 5")) == "第1五分位组（共5组）"
    assert zh.text(code_label("rule", "unreadable_date:left_on")) == "退出日期：日期无法识别"
    assert code_label("region", "Zürich") == "Zürich"


def test_the_bank_may_rename_a_code_of_the_package(en: Wording) -> None:
    labels = {"leave_reason": {"death": {"en": "Deceased"}}}
    label = code_label("leave_reason", "death", labels)
    assert Wording("en", labels).text(label) == "Deceased"
    assert Wording("zh-CN", labels).text(label) == "Deceased"  # better the bank's own word than a code


def test_tables_and_columns_have_labels_and_others_keep_their_names(zh: Wording) -> None:
    assert zh.text(table_label("balances")) == "月末余额"
    assert zh.text(column_label("clients", "leave_reason")) == "退出原因"
    assert column_label("clients", "tier_2025") == "tier_2025"
    assert table_label("crm_export") == "crm_export"


def test_every_sentence_has_a_translation_with_the_same_fields() -> None:
    assert faults("zh-CN") == []


def test_no_translation_is_left_over() -> None:
    assert unused("zh-CN") == []


def test_no_sentence_has_two_translations() -> None:
    """The second would take the place of the first, wherever that is said."""
    text = (Path(insights.__file__).parent / "reports" / "wording" / "zh_CN.po").read_text(encoding="utf-8")
    found = Counter(re.findall(r'^msgid ("[^"]+.*)$', text, re.MULTILINE))
    assert [said for said, times in found.items() if times > 1] == []


def test_the_extraction_sees_every_kind_of_source() -> None:
    places = " ".join(message_ids().values())
    for source in ("exhibits/", "report.html.j2", "table", "column of clients", "rule of intake", "labels.py"):
        assert source in places
    assert {message.id for message in REPORTS.values()} <= set(message_ids())


def test_a_sentence_without_translation_is_noted(zh: Wording) -> None:
    assert zh.text(Message("A sentence that nobody translated")) == "A sentence that nobody translated"
    assert zh.missing == {"A sentence that nobody translated"}


def test_the_extraction_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "insights.reports.wording.extract"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "every message is translated"
    assert done.returncode == 0


def test_notebook_prose_is_translated_piece_by_piece() -> None:
    said = {"Why clients leave": "客户为何退出", "one two": "一 二", "point": "要点"}
    source = "## Why clients leave\n\none\ntwo\n\n- point\n- other"
    assert translated(source, lambda text: said.get(text, text)) == "## 客户为何退出\n\n一 二\n\n- 要点\n- other"


def test_prose_has_no_markup_of_its_own_no_link_and_no_picture() -> None:
    html = prose(
        "# Big\n\n<script>alert(1)</script>\n\n*soft* [here](https://example.org) ![pic](x.png) <b onclick=x>b</b>\n\n"
        "<div>\nblock\n</div>"
    )
    for absent in ("<script", "<b ", "<div", "href", "<img", "example.org", "<h1"):
        assert absent not in html
    assert "&lt;script&gt;" in html
    assert "<em>soft</em>" in html
    assert "here" in html
