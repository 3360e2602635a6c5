"""What a run remembers, and what the runs after it make of that: changes, deliveries, and predictions that came due."""

import signal
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lean_bank import lean_settings
from shown import shown, title

from insights.data.snapshot import Bank, open_bank
from insights.models.memory.compared import COLUMNS, compared
from insights.models.memory.inputs import delivered
from insights.models.memory.measures import COMPLAINTS, LEFT, NET, contributions, measure, measured
from insights.models.memory.shapes import Delivered, Measured
from insights.models.memory.store import VERSION, Memory, Remembered, read_memory, write_memory
from insights.models.memory.targets import ALERT, MARGIN, NEED
from insights.models.needs.rows import need_rows
from insights.models.needs.trials import foretold
from insights.models.risk.register import RISKS, open_risks
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.foretold.warnings import NAMES
from insights.reports.findings import findings_of
from insights.stats.changes import change_between, changed
from insights.stats.drift import stability_index
from insights.stats.paired import Family, normal_p, paired_errors
from insights.stats.proportions import proportion
from insights.stats.results import Estimate, NotEstimable
from insights.topics import lifecycle, needs, risk, summary, value
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.foretold import CHANCE, HOLDS, OPEN, REVERSED, VALUE, verdict
from insights.topics.summary.delivered import delivery_evidence
from insights.topics.summary.delivery import ID, _parts
from insights.topics.summary.pack import Before, Findings, Pack

NOW, THEN, LONG_AGO = "2026-10-31", "2026-09-30", "2025-10-31"


@pytest.fixture(scope="module")
def lean(demo_bank_small: Path) -> Path:
    return lean_settings(demo_bank_small, demo_bank_small.with_name("lean"))


@pytest.fixture(scope="module")
def bank(lean: Path, demo_bank_small: Path) -> Bank:
    return open_bank(lean, as_of=NOW, raw=demo_bank_small)


@pytest.fixture(scope="module")
def before(lean: Path, demo_bank_small: Path) -> Bank:
    return open_bank(lean, as_of=THEN, raw=demo_bank_small)


def remembered(folder: Path, bank: Bank, **changed: object) -> Remembered:
    memory = Memory(VERSION, bank.as_of.isoformat(), "hash", measured(bank), delivered(bank), None)
    path = folder / f"memory-{len(list(folder.iterdir()))}"
    memory = replace(memory, **changed)  # type: ignore[arg-type]
    assert write_memory(path, memory, bank.settings)
    return Remembered(memory.as_of, str(path), "hash")


def findings(bank: Bank, pack: Pack, day: str) -> Findings:
    """Return what the summary of that bank publishes of its measures."""
    exhibit = shown(summary.changes(pack, bank), bank)
    return Findings(day, {exhibit.id: {"report": "summary", "title": {}, "estimates": list(exhibit.estimates)}})


def alone(day: str) -> Pack:
    return Pack(Findings(day, {}), {})


def after(told: Remembered, published: Findings) -> Pack:
    return Pack(Findings(NOW, {}), {}, Before(published, told.file, told.data))


# ---- the measures


def test_measures_are_ratios_of_sums(bank: Bank) -> None:
    clients = bank.table("clients").execute()
    joined, left = (pd.to_datetime(clients[c]).dt.date for c in ("joined_on", "left_on"))
    start, end = date(2025, 10, 31), date(2026, 10, 31)
    there = (joined <= start) & (left.isna() | (left > start))
    gone = there & left.notna() & (left <= end)
    found = measured(bank)
    at = found.labels.set_index(["measure", "group"]).index.get_loc((LEFT, ""))
    # Clients who came back have two relationships: the difference is theirs.
    assert found.replicates.value[at] == pytest.approx(gone.sum() / there.sum(), abs=0.01)
    parts = found.labels[(found.labels["measure"] == LEFT) & (found.labels["group"] != "")]
    assert parts["n_events"].sum() == found.labels["n_events"].iloc[at]
    assert parts["n"].sum() == found.labels["n"].iloc[at]


def test_the_order_of_clients_changes_nothing(bank: Bank) -> None:
    frame, pairs = contributions(bank)
    one, other = measure(frame, pairs), measure(frame.iloc[::-1], pairs)
    np.testing.assert_allclose(one.replicates.values, other.replicates.values, rtol=1e-9)


def test_replicates_of_two_days_are_paired(bank: Bank, before: Bank) -> None:
    now, then = measured(bank), measured(before)
    apart = paired_errors(now.replicates, then.replicates)
    alone = np.hypot(*(np.nanstd(m.replicates.values, axis=0) for m in (now, then)))
    at = now.labels.index[(now.labels["measure"] == NET) & (now.labels["group"] == "")][0]
    assert apart[at] < 0.6 * alone[at]  # eleven of twelve months are the same


def test_a_paired_error_is_that_of_what_differs() -> None:
    """Of 400 units 40 change by one: the error of the change of the mean is sqrt(40) / 400, whatever the values are."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.normal(50, 20, 400), "n": 1.0}, index=[f"c{i}" for i in range(400)])
    moved = frame.assign(a=frame["a"] + (np.arange(400) < 40))
    pairs = {(COMPLAINTS, ""): ("a", "n")}
    one, other = measure(moved, pairs), measure(frame, pairs)
    error = paired_errors(one.replicates, other.replicates)[0]
    share = 0.1
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 400), rel=0.12)


# ---- changes


def test_the_first_pack_says_so(bank: Bank) -> None:
    exhibit = shown(summary.changes(alone(NOW), bank), bank)
    assert title(exhibit) == "The first pack: the next one will be held against it"
    assert {r["name"] for r in exhibit.estimates} == {"measure"}


def test_nothing_changed_is_a_result(bank: Bank, before: Bank, tmp_path: Path) -> None:
    pack = after(remembered(tmp_path, before), findings(before, alone(THEN), THEN))
    exhibit = shown(summary.changes(pack, bank), bank)
    assert title(exhibit) == "Nothing material changed since 30 September 2026"
    assert len(exhibit.checks) >= 6
    told = shown(summary.delivery(pack, bank), bank)
    assert title(told) == "The delivery is as it was on 30 September 2026"


def test_a_change_is_named(bank: Bank, tmp_path: Path) -> None:
    """Twice as many complaints as a month ago: nothing else moved."""
    found = measured(bank)
    at = found.labels["measure"] == COMPLAINTS
    factor = np.where(at, 0.5, 1.0)
    then = replace(
        found,
        replicates=replace(
            found.replicates, value=found.replicates.value * factor, values=found.replicates.values * factor
        ),
    )
    published = findings(bank, alone(NOW), THEN)
    for row in published.by_id["summary.changes"]["estimates"]:
        if row["group"]["measure"] == COMPLAINTS:
            row["value"] = row["value"] / 2
    exhibit = shown(summary.changes(after(remembered(tmp_path, bank, measures=then), published), bank), bank)
    assert title(exhibit) == ("More than chance changed since 30 September 2026: complaints per client, twelve months")


def test_a_measure_whose_table_was_delivered_otherwise_is_not_judged(bank: Bank, tmp_path: Path) -> None:
    """Last time twice as many contacts were delivered for the same months: no change of the clients."""
    then = delivered(bank)
    rows = then.rows.assign(rows=np.where(then.rows["table"] == "contacts", 2 * then.rows["rows"], then.rows["rows"]))
    found = measured(bank)
    twice = np.where(found.labels["measure"] == "contacts_12m", 2.0, 1.0)
    values = replace(found.replicates, value=found.replicates.value * twice, values=found.replicates.values * twice)
    told = remembered(tmp_path, bank, delivered=replace(then, rows=rows), measures=replace(found, replicates=values))
    published = findings(bank, alone(NOW), THEN)
    for row in published.by_id["summary.changes"]["estimates"]:
        row["value"] *= 2 if row["group"]["measure"] == "contacts_12m" else 1
    exhibit = shown(summary.changes(after(told, published), bank), bank)
    assert title(exhibit) == "What was delivered since 30 September 2026 is not as it was: contacts"
    cells = {r["measure"].id: r["clear"] for r in exhibit.tables[0].rows}
    assert cells["contacts per client, twelve months"].id == "delivered otherwise"
    assert cells["complaints per client, twelve months"] == ""  # nothing is different, so there is nothing to judge
    assert not any("contacts" in c["name"] for c in exhibit.checks)


def test_a_memory_that_is_damaged_missing_or_of_another_pack_is_left_out(
    bank: Bank, before: Bank, tmp_path: Path
) -> None:
    told = remembered(tmp_path, before)
    published = findings(before, alone(THEN), THEN)
    data = bytearray(Path(told.file).read_bytes())
    data[len(data) // 2] ^= 1
    bad = tmp_path / "bad"
    bad.write_bytes(data)
    for file, of in ((str(bad), "hash"), (str(tmp_path / "gone"), "hash"), (told.file, "another hash")):
        pack = Pack(Findings(NOW, {}), {}, Before(published, file, of))
        exhibit = shown(summary.changes(pack, bank), bank)
        assert any("missing or damaged" in c.id for c in exhibit.caveats)
        assert not exhibit.checks
        assert isinstance(summary.delivery(pack, bank), NotAvailable)
        waits = shown(lifecycle.foretold(bank, (Remembered("2026-07-31", file, of),)), bank)
        assert not waits.told
        assert title(waits) == "What came of forecasts of leaving cannot be told yet"


def test_memory_is_for_this_user_alone(before: Bank, tmp_path: Path) -> None:
    told = remembered(tmp_path, before)
    assert Path(told.file).stat().st_mode & 0o077 == 0
    assert isinstance(read_memory(told.file, before.settings, told.data), Memory)


# ---- the delivery


def test_half_an_extract_a_lost_column_and_another_scale_are_named(bank: Bank, before: Bank) -> None:
    then = delivered(before)
    rows = then.rows.assign(rows=np.where(then.rows["table"] == "contacts", 2 * then.rows["rows"], then.rows["rows"]))
    columns = pd.concat([then.columns, pd.DataFrame([{"table": "clients", "column": "zodiac"}])], ignore_index=True)
    scale = (then.marks["table"] == "surveys") & (then.marks["column"] == "item_recommend")
    marks = then.marks.assign(mean=np.where(scale, 10 * then.marks["mean"], then.marks["mean"]))
    found = compared(bank, Delivered(rows, columns, marks), date(2026, 9, 30))
    told = set(zip(found["what"], found["table"], found["column"], strict=True))
    assert told == {("fewer", "contacts", ""), ("gone", "clients", "zodiac"), ("restated", "surveys", "item_recommend")}


def test_a_shift_is_told_with_its_interval_and_a_lost_column_by_name(bank: Bank) -> None:
    shifted = {"what": "shifted", "table": "surveys", "column": "item_recommend", "now": 1.5, "low": 1.2, "high": 1.9}
    found = pd.DataFrame([shifted | {"n": 500}, {"what": "gone", "table": "clients", "column": "zodiac"}])
    evidence = delivery_evidence(found.reindex(columns=COLUMNS))
    answer = Answer(ID, ID, evidence, _parts, {"before": THEN, "tables": 12})
    exhibit = shown(answer, bank)
    told = {r["name"]: r for r in exhibit.estimates}
    assert [told["shifted"][k] for k in ("value", "low", "high", "level")] == [1.5, 1.2, 1.9, 0.999]
    assert told["gone"]["group"] == {"table": "clients", "column": "zodiac"}
    cells = {r["name"]: r["now"] for r in exhibit.tables[0].rows}
    assert cells["surveys"].values == {"value": 1.5, "low": 1.2, "high": 1.9}


def test_the_stability_index_of_a_textbook() -> None:
    """Siddiqi's sum of (p - q) ln(p / q), worked out by hand: 0.0629."""
    p, q = np.array([0.3, 0.4, 0.3]), np.array([0.2, 0.5, 0.3])
    by_hand = 0.0405 + 0.0223
    found = stability_index(p * 1e5, q * 1e5)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(by_hand, abs=1e-3)
    assert found.low < by_hand < found.high


def test_the_stability_index_covers_and_knows_nothing_new() -> None:
    rng = np.random.default_rng(3)
    p, q = np.array([0.3, 0.4, 0.3]), np.array([0.2, 0.5, 0.3])
    truth = 0.1 * np.log(1.5) + -0.1 * np.log(0.8)
    covered, alarms = 0, 0
    for _ in range(400):
        found = stability_index(rng.multinomial(800, p), rng.multinomial(900, q), level=0.95)
        same = stability_index(rng.multinomial(800, q), rng.multinomial(900, q), level=0.95)
        assert isinstance(found, Estimate)
        assert isinstance(same, Estimate)
        covered += found.low <= truth <= found.high
        alarms += same.low > 0.1
    assert 0.92 <= covered / 400 <= 0.98
    assert alarms == 0
    assert isinstance(stability_index([20, 20], [500, 500]), NotEstimable)


# ---- changes of intervals


def test_a_change_between_intervals_is_that_of_zou_and_donner() -> None:
    """Newcombe (1998), Statistics in Medicine 17, 873, table II: 56/70 less 48/80 is 0.2 (0.0524 to 0.3339)."""
    now, then = proportion(56, 70), proportion(48, 80)
    change = change_between(now, then)
    assert (change.value, change.low, change.high) == (
        pytest.approx(0.2),
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )
    assert (p := changed(change).p_value) is not None
    assert p < 0.05


def test_a_family_flags_as_holm_does() -> None:
    assert Family(np.array([0.004, 0.02, np.nan, 0.03]), 0.05).found.tolist() == [True, True, False, True]
    assert Family(np.array([0.01, 0.04, 0.03]), 0.05).found.tolist() == [True, False, False]
    np.testing.assert_allclose(normal_p([1.959964, 1.0], [1.0, 0.0]), [0.05, np.nan], atol=1e-6)


# ---- predictions that came due


def predictions(bank: Bank, day: str, sign: float) -> pd.DataFrame:
    """Return made-up risks that know a little (sign 1) of who left in the year after, or the reverse (-1)."""
    clients = bank.table("clients").execute()
    joined, left = (pd.to_datetime(clients[c]) for c in ("joined_on", "left_on"))
    then = pd.Timestamp(day)
    there = (joined <= then) & (left.isna() | (left > then))
    gone = (left[there] <= then + pd.DateOffset(years=1)).to_numpy(float)
    rng = np.random.default_rng(8)
    score = sign * (0.8 * gone + rng.normal(0, 1, len(gone)))
    risk = gone.mean() * np.exp(0.5 * score) / np.exp(0.5 * score).mean()
    rows = {"client_id": clients.loc[there, "client_id"].astype(str).to_numpy(), "target": "leaving", "months": 12}
    return pd.DataFrame(rows | {"value": np.clip(risk, 0, 1)})


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        (1.0, "Forecasts of leaving came true: "),
        (-1.0, "Forecasts of leaving failed: they put clients in the wrong order"),
    ],
)
def test_a_model_that_lost_its_skill_says_so(bank: Bank, tmp_path: Path, sign: float, said: str) -> None:
    told = predictions(bank, LONG_AGO, sign)
    memory = remembered(tmp_path, bank, as_of=LONG_AGO, predictions=told, model="made up")
    exhibit = shown(lifecycle.foretold(bank, (memory,)), bank)
    assert title(exhibit).startswith(said)
    pack = after_it(bank, exhibit)
    page_one = shown(summary.state(pack, bank), bank)
    assert any(s.id.startswith("Warning: what earlier packs foretold") for s in page_one.sentences) == (sign < 1)
    every = shown(summary.past(pack, bank), bank)
    assert title(every) == f"Forecasts of earlier packs {'still work' if sign == 1 else 'failed'}: leaving"
    line = every.tables[0].rows[0]
    assert line["stands"].id == ("still works" if sign == 1 else "failed")
    assert every.tables[0].rows[1]["stands"].id == "not available: no report “{report}”"


def test_a_model_has_failed_only_where_nothing_of_use_is_left() -> None:
    def score(low: float, high: float) -> Estimate:
        return Estimate((low + high) / 2, low, high, "share", 100)

    assert verdict(None) == OPEN
    assert verdict(score(0.52, 0.58)) == HOLDS
    assert verdict(score(0.45, 0.56)) == CHANCE
    assert verdict(score(0.49, 0.63)) == OPEN  # three months after a good model with few leavers
    assert verdict(score(0.40, 0.48)) == REVERSED
    assert verdict(score(0.08, 0.15), VALUE) == CHANCE
    assert verdict(score(0.08, 0.30), VALUE) == OPEN


def test_forecasts_wait_until_they_are_due_and_say_until_when(bank: Bank, tmp_path: Path) -> None:
    told = predictions(bank, "2026-09-30", 1.0)
    memory = remembered(tmp_path, bank, as_of="2026-09-30", predictions=told)
    waits = shown(lifecycle.foretold(bank, (memory,)), bank)
    assert not waits.told
    assert title(waits) == "What came of forecasts of leaving is told from 30 December 2026 on"
    # Where no pack came before it is told three months after this one.
    for what, topic in {"first purchases": needs, "margins": value, "warnings": risk}.items():
        alone = shown(topic.foretold(bank, ()), bank)
        assert not alone.told
        assert title(alone) == f"What came of forecasts of {what} is told from 31 January 2027 on"
        assert alone.refusals[0].id.startswith("This pack writes down")
    # A pack of some of the clients has no memory of its own.
    assert isinstance(lifecycle.foretold(bank, None), NotAvailable)
    page = shown(summary.past(after_it(bank, waits), bank), bank)
    assert not page.told


def test_only_ratios_of_known_measures_are_kept(bank: Bank) -> None:
    found = measured(bank)
    assert isinstance(found, Measured)
    assert set(found.labels["unit"]) <= {"share", "points", "per client"}


def remembers(day: str, rows: pd.DataFrame) -> Memory:
    """Return the memory of a run that foretold these rows, and nothing else."""
    nothing = Delivered(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    return Memory(VERSION, day, "hash", None, nothing, rows.assign(since=day))


def asked(bank: Bank, tmp_path: Path, *told: Memory) -> tuple[Remembered, ...]:
    """Return what earlier packs remember, as a pack of now finds it."""
    files = []
    for memory in told:
        path = tmp_path / f"of-{memory.as_of}"
        assert write_memory(path, memory, bank.settings)
        files.append(Remembered(memory.as_of, str(path), "hash"))
    return tuple(files)


def after_it(bank: Bank, *told: Exhibit) -> Pack:
    """Return a pack that published these exhibits."""
    found = [f for e in told for f in findings_of(e.id.partition(".")[0], [e], bank)]
    return Pack(Findings(NOW, {f["id"]: f for f in found}), {})


def purchases(bank: Bank, day: str, sign: float) -> pd.DataFrame:
    """Return chances of first purchases that know a little of what was bought within three months after, or nothing."""
    rows = need_rows(bank)
    assert rows is not None
    then = date.fromisoformat(day)
    column = (then.year - rows.months.opens.year) * 12 + then.month - rows.months.opens.month
    client, kind = np.nonzero(rows.eligible(column))
    came = rows.came(column, 3)[client, kind].astype(float)
    noise = np.random.default_rng(4).normal(0, 1, len(came))
    score = np.exp(0.7 * (sign * 2 * came + noise))
    names = np.array([NEED + c for c in rows.products.categories], dtype=object)
    chance = np.clip(came.mean() * score / score.mean(), 0, 1)
    ids = rows.months.client_id[client].astype(str)
    return pd.DataFrame({"client_id": ids, "target": names[kind], "months": 3, "value": chance})


@pytest.mark.parametrize(("sign", "holds"), [(1.0, True), (0.0, False)])
def test_first_purchases_are_scored_by_kind_and_over_packs(
    bank: Bank, tmp_path: Path, sign: float, holds: bool
) -> None:
    days = ("2026-06-30", "2026-03-31", "2025-12-31", "2025-09-30")
    memories = asked(bank, tmp_path, *(remembers(day, purchases(bank, day, sign)) for day in days))
    exhibit = shown(needs.foretold(bank, memories), bank)
    assert title(exhibit).startswith("Forecasts of first purchases failed") != holds
    told = {(r["name"], r["group"].get("pack")): r for r in exhibit.estimates if "pack" in r["group"]}
    # By hand: what came over what was foretold, of all packs.
    rows = [purchases(bank, day, sign) for day in days]
    came = sum(_bought(bank, day) for day in days)
    assert told["came_for_each_foretold", "all"]["value"] == pytest.approx(
        came / sum(r["value"].sum() for r in rows), rel=5e-3
    )
    assert {r["group"]["category"] for r in exhibit.estimates if "category" in r["group"]}
    (line,) = [r for r in shown(summary.past(after_it(bank, exhibit), bank), bank).tables[0].rows if r["packs"]]
    assert (line["what"].id, line["packs"]) == ("first purchases", len(days))
    page_one = shown(summary.state(after_it(bank, exhibit), bank), bank)
    assert any("first purchases" in m.id and m.id.startswith("Warning") for m in page_one.sentences) != holds


def _bought(bank: Bank, day: str) -> int:
    rows = need_rows(bank)
    assert rows is not None
    then = date.fromisoformat(day)
    column = (then.year - rows.months.opens.year) * 12 + then.month - rows.months.opens.month
    return int((rows.came(column, 3) & rows.eligible(column)).sum())


def brought(bank: Bank, day: str) -> pd.Series:
    """Return what each client of that day brought in the twelve months after, straight from the extract."""
    rows = bank.table("revenue").execute()
    month = pd.to_datetime(rows["month"])
    start = pd.Timestamp(day).replace(day=1)
    inside = (month > start) & (month <= start + pd.DateOffset(months=12))
    # What the bank books: income and the cost of service; the model also charges credit and capital.
    return rows[inside].groupby(rows["client_id"].astype(str))["amount"].sum().astype(float)


def test_what_clients_bring_is_held_against_what_was_foretold(bank: Bank, tmp_path: Path) -> None:
    came = brought(bank, LONG_AGO)
    noise = np.exp(np.random.default_rng(2).normal(0, 0.3, len(came)))
    rows = pd.DataFrame({"client_id": came.index, "target": MARGIN, "months": 12, "value": came.to_numpy() * noise})
    exhibit = shown(value.foretold(bank, asked(bank, tmp_path, remembers(LONG_AGO, rows))), bank)
    told = {(r["name"], r["group"]["pack"]): r for r in exhibit.estimates}
    ratio = told["came_for_each_foretold", "all"]
    # Credit and capital, which the model charges and the extract does not hold, are a small part of it.
    assert 0.85 < ratio["value"] * rows["value"].sum() / came.sum() < 1.0
    assert told["told_apart", "all"]["low"] > 0.15
    assert told["came_for_each_foretold", LONG_AGO]["value"] == ratio["value"]
    ranked = rows["value"].sort_values()
    mixed = rows.assign(value=pd.Series(ranked.to_numpy()[::-1], index=ranked.index))
    blind = shown(value.foretold(bank, asked(bank, tmp_path, remembers("2025-10-30", mixed))), bank)
    assert title(blind).startswith("Forecasts of margins failed")
    assert any(
        "each client is worth" in m.id for m in shown(summary.state(after_it(bank, blind), bank), bank).sentences
    )


def test_warnings_are_followed_up(bank: Bank, tmp_path: Path) -> None:
    """Warned of: twenty who left within the year, twenty who stayed; and fifteen whose papers were about to expire."""
    clients = bank.table("clients").execute()
    joined, left = (pd.to_datetime(clients[c]) for c in ("joined_on", "left_on"))
    then = pd.Timestamp(LONG_AGO)
    there = clients[(joined <= then) & (left.isna() | (left > then))].assign(left=left)
    gone = there.loc[there["left"] <= then + pd.DateOffset(years=1), "client_id"].astype(str)
    stayed = there.loc[there["left"].isna(), "client_id"].astype(str)
    still = set(open_risks(bank).query("risk == 'suitability'")["client_id"].astype(str))
    # Of a few of those warned of the risk is still open, of most not.
    stayed = pd.concat([stayed[stayed.isin(still)][:3], stayed[~stayed.isin(still)]])
    warned = [*gone[:20], *stayed[:20]]
    targets = [ALERT + "above_tolerance"] * 40 + [ALERT + "papers_due"] * 15
    rows = pd.DataFrame({"client_id": [*warned, *stayed[20:35]], "target": targets, "months": 0, "value": 1.0})
    memories = asked(bank, tmp_path, remembers(LONG_AGO, rows))
    exhibit = shown(risk.foretold(bank, memories), bank)
    told = {tuple(r["group"].values()): r for r in exhibit.estimates}
    assert told["suitability", "warned"]["value"] == pytest.approx(0.5, abs=0.01)
    assert told["suitability", "warned"]["n"] == 40
    others = (len(gone) - 20) / (len(there) - 40)
    assert told["suitability", "others"]["value"] == pytest.approx(others, abs=0.012)
    assert any("{b:percent} of the others." in m.id for m in exhibit.sentences)
    counted = risk.foretold(bank, memories)
    assert isinstance(counted, Answer)
    unsettled = len(still & set(warned))
    assert counted.exact.settled["suitability"].value == pytest.approx(1 - unsettled / 40)
    assert 0 < unsettled < 10  # so few that a reader is not told
    assert told[("suitability",)]["value"] is None


def test_every_risk_of_the_register_has_a_name_where_warnings_are_followed_up() -> None:
    assert set(NAMES) == set(RISKS)


def test_nothing_is_scored_before_it_is_due(bank: Bank, tmp_path: Path) -> None:
    rows = pd.DataFrame({"client_id": ["c1"], "target": MARGIN, "months": 3, "value": 1.0})
    memories = asked(bank, tmp_path, remembers("2026-09-30", rows))
    for topic in (needs, value, risk):
        assert not shown(topic.foretold(bank, memories), bank).told


def test_marks_of_columns_are_those_of_their_values(bank: Bank) -> None:
    told = delivered(bank).marks.set_index(["table", "column"])
    rows = bank.table("contacts").execute()
    day = pd.to_datetime(rows["contacted_on"])
    own = rows.loc[(day >= "2025-11-01") & (day < "2026-11-01"), "satisfaction"].dropna().astype(float)
    found = told.loc[("contacts", "satisfaction")]
    assert found["filled"] == len(own)
    assert (found["mean"], found["sd"]) == (pytest.approx(own.mean()), pytest.approx(own.std(ddof=0)))


def test_what_is_foretold_of_needs_is_made_with_nothing_on_disk(bank: Bank) -> None:
    """Each result kept on disk has a lock: asked for in a ring they would wait for each other for ever."""
    signal.alarm(120)
    try:
        told = foretold(bank)
    finally:
        signal.alarm(0)
    assert set(told.columns) == {"client_id", "category", "value", "since"}
    assert (told["since"] == "2026-10-01").all()
