"""Topics of complaints: the one that rose is named, more clients alone are no rise, and ratios of rates are exact."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import open_bank
from insights.models.risk.complaint_topics import complaint_topics
from insights.reports.wording import Wording
from insights.stats.rate_ratio import rate_ratio
from insights.topics import risk


def test_ratios_of_rates_are_exact_given_their_sum() -> None:
    found, test = rate_ratio(15, 1.0, 5, 1.0)
    # Of 20 events 15 or more fall on one of two equal times with chance 0.0207; Clopper-Pearson of 15/20: 0.509, 0.913.
    assert test.p_value == pytest.approx(2 * 0.020695, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((0.50895 / 0.49105, 0.91343 / 0.08657), rel=1e-3)
    assert found.value == 3.0
    twice, same = rate_ratio(20, 2.0, 10, 1.0)
    assert twice.value == pytest.approx(1.0)
    assert same.p_value == pytest.approx(1.0)
    none, _ = rate_ratio(0, 1.0, 12, 1.0)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high < 0.5
    endless, _ = rate_ratio(12, 1.0, 0, 1.0)
    assert endless.high == float("inf")
    with pytest.raises(ValueError, match="not both 0"):
        rate_ratio(0, 1.0, 0, 1.0)
    rng = np.random.default_rng(3)
    drawn = [rate_ratio(*(float(rng.poisson(m)) for m in (12,)), 1.0, float(rng.poisson(12)), 1.0) for _ in range(300)]
    assert np.mean([(t.p_value or 1.0) < 0.05 for _, t in drawn]) <= 0.07
    assert np.mean([e.low <= 1 <= e.high for e, _ in drawn]) >= 0.93


def test_the_topic_that_rose_is_named(tmp_path: Path) -> None:
    # The number of clients doubles with the last year, and so do complaints about waiting: no rise. Fees rise sixfold.
    clients = "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(50))
    clients += "".join(f"{i},2022-01-01\n" for i in range(50, 100))
    rows = "client_id,filed_on,topic\n"
    for year, fees, waiting in ((2019, 30, 60), (2020, 30, 60), (2021, 20, 60), (2022, 120, 120)):
        for topic, n in (("fees", fees), ("waiting", waiting)):
            rows += "".join(f"{k % 50},{year}-{k % 12 + 1:02d}-{k % 27 + 1:02d},{topic}\n" for k in range(n))
    more = "[labels.topic]\nfees = { en = 'fees', zh-CN = '费用' }\nwaiting = { en = 'waiting', zh-CN = '等候' }\n"
    files = {"clients": clients, "complaints": rows}
    config = write_bank(tmp_path / "topics", files, more=more, options={"complaints": "unique = false"})
    bank = open_bank(config, as_of="2022-12-31")
    told = complaint_topics(bank)
    assert told.whole
    counts = told.counts.set_index(["topic", "period"])["complaints"]
    assert counts["fees", "now"] == 120
    assert counts["waiting", "before"] == 60
    assert told.clients["now"] == pytest.approx(2 * told.clients["before"], rel=0.05)
    exhibit = shown(risk.reputation(bank), bank)
    words = Wording("en", bank.settings.labels, currency="CHF")
    said = [words.text(m) for m in exhibit.sentences]
    assert any(s.startswith("Topics of complaints that rose beyond chance") and "fees" in s for s in said)
    assert not any("rose beyond chance" in s and "waiting" in s for s in said)
    topicless = {name: text.replace(",topic\n", ",other\n") for name, text in files.items()}
    bare = open_bank(write_bank(tmp_path / "bare", topicless), as_of="2022-12-31")
    refused = [words.text(r) for r in shown(risk.reputation(bare), bare).refusals]
    assert any(r.startswith("topics of complaints: not available: needs complaints.topic") for r in refused)


def test_an_empty_first_year_of_complaints_is_refused(tmp_path: Path) -> None:
    clients = "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(50))
    rows = "client_id,filed_on\n0,2020-01-05\n"
    rows += "".join(f"{k % 50},2022-{k % 12 + 1:02d}-{k % 27 + 1:02d}\n" for k in range(120))
    bank = open_bank(write_bank(tmp_path, {"clients": clients, "complaints": rows}), as_of="2022-12-31")
    assert [r.id for r in shown(risk.reputation(bank), bank).refusals] == [
        "Fewer than one a week in the first year: too few to tell a rise from chance."
    ]
