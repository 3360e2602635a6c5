"""Every exhibit of the notebook on banks that lack something: it says what cannot be told and why; nothing crashes."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from insights.data.settings import load_settings
from insights.data.snapshot import Bank, open_bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.codec import from_json
from insights.reports.lists import in_words
from insights.reports.publish import publish
from insights.reports.wording import Wording
from insights.topics import lifecycle
from insights.topics.evidence import NotAvailable

AS_OF = "2026-10-31"
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_lifecycle.ipynb"


def questions() -> tuple[str, ...]:
    """Return the questions that the notebook asks without a grouping, in its order."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return tuple(dict.fromkeys(re.findall(r"show\(lifecycle\.(\w+)\(bank\), bank\)", code)))


@dataclass(frozen=True)
class Lacking:
    """A demo bank of 600 clients from which something was taken."""

    folder: Path

    def without_tables(self, *tables: str) -> None:
        """Take tables out of bank.toml."""
        config = self.folder / "bank.toml"
        kept, inside = [], False
        for line in config.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                inside = bool(re.match(rf"\[tables\.({'|'.join(tables)})[\].]", line))
            if not inside:
                kept.append(line)
        config.write_text("\n".join(kept) + "\n", encoding="utf-8")

    def without_columns(self, *columns: str) -> None:
        """Take columns out of all tables."""
        config = self.folder / "bank.toml"
        lines = config.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.split(" = ")[0].strip() not in columns]
        config.write_text("\n".join(kept) + "\n", encoding="utf-8")

    def change_clients(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Write the client file anew, with the canonical names of its columns while it is being changed."""
        settings = load_settings(self.folder / "bank.toml")
        source = settings.tables["clients"]
        path = self.folder / str(source.path)
        own = {given: name for name, given in source.columns.items()}
        sep = source.delimiter or ","
        rows = pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, encoding_errors="replace")
        back = {name: given for given, name in own.items()}
        change(rows.rename(columns=own)).rename(columns=back).to_csv(path, sep=sep, index=False)


def _no_reasons(bank: Lacking) -> None:
    bank.without_tables("relationships")
    bank.change_clients(lambda rows: rows.assign(leave_reason=""))


def _one_reason(bank: Lacking) -> None:
    bank.without_tables("relationships")
    bank.change_clients(lambda rows: rows.assign(leave_reason=rows["leave_reason"].where(rows["left_on"] == "", "K")))


def _no_prospects(bank: Lacking) -> None:
    bank.without_tables("prospects")


def _no_managers(bank: Lacking) -> None:
    bank.without_tables("managers", "access")
    bank.without_columns("rm_id")


def _stay(rows: pd.DataFrame, who: pd.Series) -> pd.DataFrame:
    return rows.assign(**{c: rows[c].where(~who, "") for c in ("left_on", "left_known_on", "leave_reason")})


def _few_events(bank: Lacking) -> None:
    bank.without_tables("relationships")
    bank.change_clients(lambda rows: _stay(rows, (rows["left_on"] != "").cumsum() > 12))


def _nobody_left(bank: Lacking) -> None:
    bank.without_tables("relationships")
    bank.change_clients(lambda rows: _stay(rows, rows["left_on"] != ""))


def _everyone_left(bank: Lacking) -> None:
    bank.without_tables("relationships")

    def gone(rows: pd.DataFrame) -> pd.DataFrame:
        here = rows["left_on"] == ""
        end = {"left_on": "15.10.2026", "left_known_on": "15.10.2026", "leave_reason": "K"}
        return rows.assign(**{c: rows[c].where(~here, value) for c, value in end.items()})

    bank.change_clients(gone)


CASES = {
    "too few events": _few_events,
    "no reasons recorded": _no_reasons,
    "no prospects": _no_prospects,
    "no managers": _no_managers,
    "one reason only": _one_reason,
    "everyone left": _everyone_left,
    "nobody left": _nobody_left,
}

TITLES = {
    "too few events": {
        "outlook": "Who will leave cannot be told",
        "contact_plan": "Whom to talk to first cannot be told",
        "retention": "What the programme “{name}” was worth cannot be told",
        "last_year": "What became of the clients of twelve months ago",
        "exit_incidence": "{total:percent} of clients leave within {years:number} years of joining",
        "drivers": "What goes with “{event}” cannot be told",
        "driver_checks": "Effects on “{event}” cannot be checked",
        "backtest": "How good the predictions are cannot be told yet",
        "households": "Cannot be shown: too few clients",
    },
    "no reasons recorded": {"naive_incidence": "Cannot be shown: too few clients"},
    "no prospects": {"two_divisions": "{clients:count} clients in the stages; prospects are not recorded"},
    "no managers": {},
    "one reason only": {"censoring": "What those lost to view would have done cannot be told"},
    "everyone left": {
        "outlook": "Who will leave cannot be told",
        "contact_plan": "Whom to talk to first cannot be told",
        "backtest": "How good the predictions are cannot be told yet",
    },
    "nobody left": {},
}
"""What some exhibits say in place of a number."""

NEEDS = {
    "no prospects": {"path": "prospects.aware_on", "conversion": "prospects.acquisition_source"},
    "nobody left": dict.fromkeys(
        ("outlook", "contact_plan", "retention", "last_year", "survival", "exit_incidence", "drivers", "backtest",
         "households", "saves", "censoring"), "clients.left_on",
    ),
    "one reason only": {"returns": "relationships.joined_on"},
}  # fmt: skip
"""Which answers are not available, and what each of them needs."""


def shown(question: str, bank: Bank) -> Exhibit:
    """Return the exhibit of a question as a reader sees it, after asserting that both languages can write it."""
    answer = getattr(lifecycle, question)(bank)
    exhibit = from_json(publish(answer, bank).exhibit)
    for language in ("en", "zh-CN"):
        wording = Wording(language, bank.settings.labels, currency="CHF", mode="bank")
        parts = (exhibit.title, *exhibit.sentences, *exhibit.caveats, *exhibit.basis, *exhibit.refusals)
        said = [wording.text(m) for m in parts]
        assert not any("{" in text or "nan" in text.split() for text in said), said
        assert not wording.missing
    if isinstance(answer, NotAvailable):
        assert exhibit.refusals
    # Whoever is told no number is told why; the list of features has words in place of numbers.
    assert exhibit.estimates or exhibit.refusals or (question == "features" and exhibit.tables), question
    for row in exhibit.estimates:
        low, value, high = row["low"], row["value"], row["high"]
        assert low is None or value is None or high is None or low <= value <= high, row
    return exhibit


def test_the_notebook_asks_all_questions_of_the_report() -> None:
    assert len(questions()) >= 30
    assert {"outlook", "path", "stages", "backtest", "retention", "censoring", "returns"} <= set(questions())


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_every_exhibit_says_what_cannot_be_told_and_why(case: str, demo_bank_small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(demo_bank_small, folder)
    CASES[case](Lacking(folder))
    with open_bank(folder / "bank.toml", as_of=AS_OF) as bank:
        exhibits = {question: shown(question, bank) for question in questions()}
        answers = {question: getattr(lifecycle, question)(bank) for question in NEEDS.get(case, {})}
        for name, frame in lifecycle.lists(bank).items():
            assert len(in_words(name, frame, bank)) == len(frame)
    for question, title in TITLES[case].items():
        assert exhibits[question].title.id == title, question
    for question, needed in NEEDS.get(case, {}).items():
        assert isinstance(answers[question], NotAvailable)
        assert needed in answers[question].needs
    if case == "no managers":
        basis = " ".join(m.id for m in exhibits["outlook"].basis)
        assert "clustered by relationship manager" not in basis
    if case == "no reasons recorded":
        assert str(exhibits["last_year"].title.values["reason"].id) == "reason unknown"
    if case == "one reason only":
        assert {e["group"].get("reason") for e in exhibits["exit_incidence"].estimates} <= {"competitor", "any", None}
