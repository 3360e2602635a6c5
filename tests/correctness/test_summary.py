"""The summary says what the findings of the pack say, and nothing where there is no finding."""

import math
from datetime import date
from typing import Any, get_args

import pytest
from shown import shown, title
from small_bank import CLIENTS, write_bank

from insights.data.settings_targets import Target, TargetName
from insights.data.snapshot import Bank, open_bank
from insights.errors import SettingsError
from insights.reports.exhibits.told import INTERVALS
from insights.topics import summary
from insights.topics.evidence import Answer
from insights.topics.summary.lines import LINES, NAMES, Line, Source, read
from insights.topics.summary.pack import Before, Findings, Pack, Row, row_of
from insights.topics.summary.state import judged

TARGETS = """[targets]
loyalty = { at_least = 7.5 }
attrition = { at_most = 0.05, owner = "desk" }
value = { at_least = 300 }
"""


def estimate(name: str, value: float | None, low: Any = None, high: Any = None, **more: Any) -> dict[str, Any]:
    head = {"name": name, "group": more.pop("group", {}), "months": more.pop("months", None), "unit": "x"}
    status = "shown" if value is not None else "suppressed"
    level = None if low is None else 0.95
    row = head | {"value": value, "low": low, "high": high, "level": level, "n": None, "n_events": None}
    return row | {"status": status} | more


def finding(id: str, *estimates: dict[str, Any], title: str = "Found", **values: Any) -> dict[str, Any]:
    head = {"schema_version": 1, "bank": "demo", "id": id, "report": id.partition(".")[0], "as_of": "2024-06-30"}
    told = {"title": {"id": title, "values": values}, "estimates": list(estimates), "checks": [], "refusals": []}
    return head | told


def stages(*counts: float | None) -> dict[str, Any]:
    names = ("introduction", "growth", "maturity", "decline")
    now = [
        estimate("clients", n, group={"month": "2024-06-30", "stage": s}) for n, s in zip(counts, names, strict=True)
    ]
    old = [estimate("clients", 1000.0, group={"month": "2023-06-30", "stage": s}) for s in names]
    return finding("lifecycle.stages", *old, *now)


def last_year(left: float, stayed: float) -> dict[str, Any]:
    return finding(
        "lifecycle.last_year",
        estimate("clients", stayed, group={"outcome": "in force"}),
        estimate("clients", left, group={"outcome": "competitor"}),
    )


OUTLOOK = finding(
    "lifecycle.outlook",
    estimate("expected_clients", 60.0, 50.0, 72.0, months=12),
    estimate("expected_clients", 40.0, 30.0, 50.0, months=12, group={"reason": "competitor"}),
    estimate("expected_assets", 5e6, 4e6, 6e6, months=12),
    estimate("kept_by_programme_clients", 20.0, 10.0, 30.0, months=12),
    estimate("kept_by_programme_assets", 2e6, 1e6, 3e6, months=12),
)
ASSETS = finding(
    "clients.segments",
    estimate("assets", 6e7, group={"segment": "a"}),
    estimate("assets", 4e7, group={"segment": "b"}),
)
RETENTION = finding(
    "lifecycle.retention", estimate("clients_kept", 100.0, 60.0, 140.0, months=24), name="stay", title="Kept"
)


def pack(*found: dict[str, Any], before: tuple[dict[str, Any], ...] | None = None, **more: Any) -> Pack:
    then = None if before is None else Before(Findings("2024-05-31", {f["id"]: f for f in before}))
    leads = {f["report"]: (f["id"],) for f in found}
    return Pack(Findings("2024-06-30", {f["id"]: f for f in found}), leads, then, **more)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    rows = "".join(f"c{i},2021-01-{1 + i % 28:02},,,A,1970\n" for i in range(40))
    return open_bank(
        write_bank(tmp_path_factory.mktemp("bank"), {"clients": CLIENTS + rows}, more=TARGETS), as_of="2024-06-30"
    )


def lines(answer: Answer) -> dict[str, dict[Any, Any]]:
    return {str(r["line"]): r for r in answer.exact["lines"].to_dict("records")}


def line(name: str) -> Line:
    return next(one for one in LINES if one.name == name)


def test_a_line_is_what_its_finding_says(bank: Bank) -> None:
    found = lines(summary.state(pack(stages(10, 20, 30, 40), OUTLOOK, ASSETS, last_year(10, 90)), bank))
    assert found["clients"]["value"] == 100  # those of the last month only
    assert found["assets"]["value"] == 1e8
    assert (found["leavers"]["value"], found["leavers"]["low"], found["leavers"]["high"]) == (60, 50, 72)
    assert found["attrition"]["value"] == pytest.approx(0.1)
    # Wilson's interval of 10 in 100, from a table of the method
    assert found["attrition"]["low"] == pytest.approx(0.0552, abs=1e-4)
    assert found["attrition"]["high"] == pytest.approx(0.1744, abs=1e-4)


def test_a_sum_with_a_part_withheld_is_not_told(bank: Bank) -> None:
    found = lines(summary.state(pack(stages(10, None, 30, 40)), bank))
    assert math.isnan(found["clients"]["value"])
    assert found["clients"]["status"] == "untold"


def test_an_absent_report_is_named(bank: Bank) -> None:
    exhibit = shown(summary.state(pack(stages(10, 20, 30, 40)), bank), bank)
    rows = {r["line"].id: r for r in exhibit.tables[0].rows}
    assert rows["worth of the clients in force"]["now"].id == "not available: no report “{report}”"
    assert rows["worth of the clients in force"]["now"].values["report"].id == "Client value"
    empty = shown(summary.state(pack(), bank), bank)
    assert title(empty) == "How the book stands cannot be told: the reports that say it are not in this pack"


def test_the_second_source_counts_where_the_first_says_nothing() -> None:
    worth = finding("value.worth", estimate("value", 5.0, 4.0, 6.0, n=95))
    assert read(line("clients"), Findings("x", {"value.worth": worth}), {}).value == 95
    both = Findings("x", {"value.worth": worth, "lifecycle.stages": stages(1, 2, 3, 4)})
    assert read(line("clients"), both, {}).value == 10


def test_every_line_of_the_table_reads_some_finding_or_measure() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(one.sources and all(isinstance(s, Source) for s in one.sources) for one in LINES)
    assert set(get_args(TargetName)) == set(NAMES)


@pytest.mark.parametrize(
    ("low", "high", "target", "stands"),
    [
        (5.0, 6.0, Target(at_least=4.9), "met"),
        (5.0, 6.0, Target(at_least=5.5), "open"),
        (5.0, 6.0, Target(at_least=6.1), "missed"),
        (5.0, 6.0, Target(at_most=6.0), "met"),
        (5.0, 6.0, Target(at_most=5.5), "open"),
        (5.0, 6.0, Target(at_most=4.0), "missed"),
        (5.0, 6.0, None, "none"),
        (None, None, Target(at_least=5.5), "met"),
        (None, None, Target(at_most=5.0), "missed"),
    ],
)
def test_a_goal_is_judged_by_the_whole_interval(low: Any, high: Any, target: Target | None, stands: str) -> None:
    row = row_of("x.y", estimate("v", 5.5, low, high))
    assert judged(row, target) == stands


def test_goals_are_counted(bank: Bank) -> None:
    loyal = finding("loyalty.level", estimate("mean", 8.0, 7.8, 8.2, group={"score": "loyalty", "what": "weighted"}))
    exhibit = shown(summary.goals(pack(loyal, last_year(30, 970)), bank), bank)
    assert title(exhibit) == "2 of 3 goals are on track, 0 off track"
    assert [r["goal"].id for r in exhibit.tables[0].rows] == ["cannot be told", "on track", "on track"]


def test_a_wrong_goal_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    for text, said in (("loyalty = {}", "at_least or at_most"), ("loyality = { at_least = 1 }", "loyality")):
        path = write_bank(tmp_path_factory.mktemp("bad"), {"clients": CLIENTS}, more=f"[targets]\n{text}\n")
        with pytest.raises(SettingsError, match=said):
            open_bank(path, as_of=date(2024, 6, 30))


def test_decisions_follow_from_findings_only(bank: Bank) -> None:
    assert title(shown(summary.decisions(pack(), bank), bank)) == "The findings of this pack support no decision"
    supported = shown(summary.decisions(pack(OUTLOOK, RETENTION), bank), bank)
    assert title(supported) == "One decision is worth taking: Offer the programme “stay” to all clients at risk"
    (row,) = supported.estimates
    assert (row["value"], row["low"], row["high"]) == (2e6, 1e6, 3e6)


def test_a_decision_goes_when_its_finding_no_longer_holds(bank: Bank) -> None:
    nothing = finding("lifecycle.retention", estimate("clients_kept", 20.0, -5.0, 45.0), name="stay")
    assert "no decision" in title(shown(summary.decisions(pack(OUTLOOK, nothing), bank), bank))
    gap = [
        estimate("potential", 9e6, group={"kind": "bonds"}),
        estimate("clients", 50.0, group={"kind": "bonds", "state": "gap"}),
        estimate("share_others", 0.05, 0.03, 0.07, months=12),
    ]
    holds = finding("value.potential", *gap, estimate("share_filled", 0.15, 0.1, 0.2, months=12))
    fails = finding("value.potential", *gap, estimate("share_filled", 0.08, 0.05, 0.12, months=12))
    assert len(shown(summary.decisions(pack(holds), bank), bank).estimates) == 1
    assert not shown(summary.decisions(pack(fails), bank), bank).estimates


def test_the_better_founded_decision_comes_first(bank: Bank) -> None:
    risk = finding(
        "clients.risk",
        estimate("amount_above", 9e7, group={"stated": "1"}),
        estimate("clients_with_product_above", 40.0, group={"stated": "1"}),
    )
    lever = finding(
        "loyalty.levers",
        estimate("lifetime_value_kept", 3e6, 1e6, 5e6, months=12, group={"factor": "quality"}),
        estimate("lifetime_value_kept", 4e6, -1e6, 9e6, months=12, group={"factor": "brand"}),
        estimate("fewer_lost_exits", 9.0, 4.0, 14.0, months=12, group={"factor": "quality"}),
    )
    exhibit = shown(summary.decisions(pack(lever, risk, OUTLOOK, RETENTION), bank), bank)
    assert [r["group"]["decision"] for r in exhibit.estimates] == ["programme", "above_risk", "lever"]
    assert exhibit.estimates[2]["group"]["of"] == "quality"  # brand has more, and its interval reaches zero


def test_offers_are_a_decision_only_where_they_beat_the_usual_guess(bank: Bank) -> None:
    """40 offers, bought by one in ten, of a kind of which 50 clients lack 1,000,000: 4 x 20,000."""
    ready = finding(
        "needs.offers",
        estimate("offers", 40.0, group={"category": "bonds"}),
        estimate("offers", 10.0, group={"category": "mandate"}),  # nobody tells what these hold
        estimate("offer_bought", 0.1, months=3, group={"category": "bonds"}),
    )
    gap = finding(
        "value.potential",
        estimate("potential", 1e6, group={"kind": "bonds"}),
        estimate("clients", 50.0, group={"kind": "bonds", "state": "gap"}),
    )

    def score(low: float) -> dict[str, Any]:
        return finding("needs.score", estimate("precision", 0.03, low, 0.05, group={"way": "logit", "less": "same"}))

    (row,) = shown(summary.decisions(pack(ready, gap, score(0.01)), bank), bank).estimates
    assert (row["group"]["decision"], row["group"]["strength"]) == ("offers", "tested")
    assert row["value"] == pytest.approx(80_000)
    assert not shown(summary.decisions(pack(ready, gap, score(-0.01)), bank), bank).estimates


def test_a_goal_names_who_answers_for_it(bank: Bank) -> None:
    exhibit = shown(summary.goals(pack(last_year(10, 90)), bank), bank)
    assert [c.key for c in exhibit.tables[0].columns][-1] == "owner"
    assert [r["owner"] for r in exhibit.tables[0].rows] == ["", "desk", ""]


def test_changes_are_told_against_chance(bank: Bank) -> None:
    then = (stages(10, 20, 30, 30), last_year(10, 990), ASSETS)
    found = lines(summary.state(pack(stages(10, 20, 30, 40), last_year(60, 940), before=then), bank))
    assert (found["clients"]["change"], found["clients"]["moved"]) == (10, "count")
    assert found["attrition"]["moved"] == "more"
    assert found["attrition"]["change"] == pytest.approx(0.05)
    same = lines(summary.state(pack(last_year(60, 940), before=(last_year(55, 945),)), bank))
    assert same["attrition"]["moved"] == "chance"
    assert found["assets"]["moved"] == ""  # told then, not now


def test_gaps_between_packs_are_named(bank: Bank) -> None:
    told = pack(stages(1, 2, 3, 4), before=(), gaps=(("2024-05-31", "damaged"), ("2024-04-30", "removed")))
    exhibit = shown(summary.state(told, bank), bank)
    said = [c for c in exhibit.caveats if "left out" in c.id]
    assert [c.values["name"] for c in said] == ["2024-05-31", "2024-04-30"]


def test_each_report_has_a_paragraph(bank: Bank) -> None:
    exhibit = shown(summary.paragraphs(pack(OUTLOOK, ASSETS), bank), bank)
    assert [p.report for p in exhibit.paragraphs] == ["lifecycle", "clients"]
    assert all(p.sentences for p in exhibit.paragraphs)
    assert not shown(summary.paragraphs(pack(), bank), bank).told


def test_a_row_without_a_value_is_none() -> None:
    row = row_of("x.y", estimate("v", None))
    assert isinstance(row, Row)
    assert not row.told
    assert not row.interval


def effect(programme: str, outcome: str, value: float, half: float) -> dict[str, Any]:
    group = {"programme": programme, "outcome": outcome}
    return estimate("change_effect", value, value - half, value + half, months=12, group=group, unit="share")


def test_effects_are_those_of_programmes_judged_together(bank: Bank) -> None:
    changes = finding(
        "channels.changes",
        effect("club", "left", -0.03, 0.01),
        effect("club", "mark", 0.05, 0.0499),  # just clear by itself, and not among three
        effect("desk", "left", 0.0, 0.02),
        effect("desk", "wait", -9.0, 1.0),  # no outcome of this table
        effect("desk", "income", 0.0001, 0.0002),
    )
    exhibit = shown(summary.effects(pack(changes), bank), bank)
    assert title(exhibit) == "“club” moved leaving"
    assert len(exhibit.estimates) == 4
    assert [r["clear"].id for r in exhibit.tables[0].rows] == ["no", "yes", "no", "no"]
    assert INTERVALS["basis_points"].id in {r["effect"].id for r in exhibit.tables[0].rows}
    (untold,) = exhibit.sentences
    assert {m.id for m in untold.values["names"]} >= {
        "share of months with activity",
        "brand image",
    }
    assert not shown(summary.effects(pack(), bank), bank).told


def test_the_way_from_data_to_action_is_read_from_the_pack(bank: Bank) -> None:
    intake = finding("quality.intake", title="Set aside", kept=90.0, total=100.0)
    books = finding("quality.reconciliation", title="Books", n=1.0, all=12.0)
    important = [
        estimate("importance", value, value - 0.1, value + 0.1, group={"factor": name, "segment": "all"})
        for name, value in (("brand", 0.2), ("quality", 0.4))
    ]
    does = estimate("performance", 0.7, 0.6, 0.8, group={"factor": "quality", "segment": "all"})
    buyers = estimate("first_buyers", 30.0, 20.0, 40.0, months=3, group={"category": "bonds"})
    told = (intake, books, finding("loyalty.priorities", *important, does), finding("needs.overview", buyers))
    exhibit = shown(summary.framework(pack(*told), bank), bank)
    assert title(exhibit) == "First of all clients need product and service quality; most wanted next: bonds"
    steps = {tuple(r["group"].values()): r["value"] for r in exhibit.estimates if r["name"] == "step"}
    assert steps["process", "ledger"] == 11
    assert (steps["present", "reports"], steps["analyse", "questions"]) == (3, 4)
    needs = [(r["group"]["name"], r["value"]) for r in exhibit.estimates if r["name"] == "need"]
    assert needs == [("quality", 0.4), ("brand", 0.2), ("bonds", 30.0)]
    assert not [s for s in exhibit.sentences if "Questions without" in s.id]


def test_new_lines_are_read_off_needs_risk_and_value(bank: Bank) -> None:
    buyers = finding(
        "needs.overview",
        estimate("first_buyers", 30.0, 20.0, 45.0, months=3, group={"category": "bonds"}),
        estimate("first_buyers", 10.0, 5.0, 20.0, months=3, group={"category": "equities"}),
        estimate("first_buyers", 99.0, 5.0, 200.0, months=6, group={"category": "bonds"}),
    )
    margin = finding(
        "value.margin",
        estimate("margin", 60.0, group={"component": "fee", "period": "now"}),
        estimate("margin", -10.0, group={"component": "capital", "period": "now"}),
        estimate("average_assets", 10_000.0, group={"period": "now"}),
    )
    risks = [estimate("clients", n, group={"risks": r}) for r, n in (("one", 9.0), ("several", 2.0))]
    credit = (estimate("expected_loss", 5e5, 4e5, 6e5, months=12), estimate("loans", 20.0, group={"state": "watch"}))
    held = finding("risk.credit", *credit, estimate("observed_expected", 1.1, 0.8, 1.4))
    told = pack(buyers, margin, finding("risk.register", *risks), held)
    found = lines(summary.state(told, bank))
    assert (found["needs"]["value"], found["needs"]["low"], found["needs"]["high"]) == (40, 25, 65)
    assert found["profitability"]["value"] == pytest.approx(0.005)
    assert found["open_risks"]["value"] == 11
    assert (found["credit_loss"]["value"], found["credit_loss"]["low"]) == (5e5, 4e5)
    (row,) = shown(summary.decisions(told, bank), bank).estimates
    assert (row["group"]["decision"], row["group"]["strength"], row["value"]) == ("loans", "tested", 5e5)
    missed = finding("risk.credit", *credit, estimate("observed_expected", 1.6, 1.2, 2.1))
    assert not shown(summary.decisions(pack(missed), bank), bank).estimates


def test_numbers_that_follow_the_market_or_a_refit_are_no_change(bank: Bank) -> None:
    def risk(value: float) -> dict[str, Any]:
        volatility = estimate("mean_volatility", value, value - 0.001, value + 0.001, group={"stated": "1"})
        return finding("clients.risk", volatility, estimate("share_above", value, value - 0.001, value + 0.001))

    exhibit = shown(summary.changes(pack(risk(0.10), before=(risk(0.05),)), bank), bank)
    assert title(exhibit) == "One number changed by more than chance since 31 May 2024"
    assert [r["name"] for r in exhibit.tables[-1].rows] == ["share_above"]
