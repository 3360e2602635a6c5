"""Parameters of a run: typed, strict, and refused with everything that is wrong named at once."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_bank import CLIENTS, settings_of

from insights.errors import ParameterError
from insights.reports.parameters import check_against_bank, check_parameters, groupable_columns

REPORTS = ("quality", "lifecycle")
GOOD: dict[str, Any] = {"config": "bank.toml", "as_of": "2026-10-31"}


def test_good_parameters_come_out_typed() -> None:
    p = check_parameters(**GOOD, reports=("lifecycle", "lifecycle"), languages=("zh-CN",), by="region", raw=None)
    assert p.as_of == date(2026, 10, 31)
    assert p.config == Path("bank.toml").resolve()
    assert (p.reports, p.by, p.raw, p.split) == (("lifecycle",), "region", None, None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"as_of": "2026-02-30"}, "'2026-02-30' is not a day of the calendar"),
        ({"as_of": "31.10.2026"}, "is not written as a day, such as 2026-10-31"),
        ({"as_of": "2026-10-31T10:00"}, "is not written as a day"),
        ({"as_of": 20261031}, "as_of is a int"),
        ({"by": 3}, "by is a int"),
        ({"by": ["region"]}, "by is a list"),
        ({"reports": "quality"}, "reports is a str"),
        ({"languages": ["fr"]}, "there is no wording in 'fr', expected one of en, zh-CN"),
        ({"asof": "2026-10-31"}, "there is no parameter 'asof' (did you mean 'as_of'?)"),
        ({"config": None}, "config is missing"),
        ({"config": ""}, "config is a str"),
    ],
)
def test_a_wrong_parameter_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as error:
        check_parameters(**{**GOOD, **wrong})
    assert said in str(error.value)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(ParameterError) as error:
        check_parameters(as_of="2026-13-01", region="north", by=1)
    for part in ("config is missing", "2026-13-01", "'region'", "by is a int", "nothing has run"):
        assert part in str(error.value)


def test_only_mapped_columns_that_group_clients(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + "1,2020-01-01,,,north,1960\n"})
    assert groupable_columns(settings) == ("joined_on", "birth_year", "region")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"by": "regio"}, "clients have no column 'regio' (did you mean 'region'?)"),
        ({"by": "occupation"}, "bank.toml does not map 'occupation' of clients, expected one of joined_on"),
        ({"split": "rm_id"}, "results by it go into restricted lists"),
        ({"by": "client_id"}, "identifies one person"),
        ({"by": "leave_reason"}, "tells how a relationship ends"),
        ({"by": "region", "split": "region"}, "the same column 'region'"),
        ({"reports": ("lifecicle",)}, "there is no report 'lifecicle' (did you mean 'lifecycle'?)"),
    ],
)
def test_what_this_bank_cannot_do(tmp_path: Path, wanted: dict[str, Any], said: str) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + "1,2020-01-01,,,north,1960\n"})
    with pytest.raises(ParameterError) as error:
        check_against_bank(check_parameters(**GOOD, **wanted), settings, REPORTS)
    assert said in str(error.value)


def test_a_possible_run_is_let_through(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + "1,2020-01-01,,,north,1960\n"})
    check_against_bank(check_parameters(**GOOD, by="region", split="birth_year", reports=REPORTS), settings, REPORTS)


def test_languages_always_begin_with_the_banks_own(tmp_path: Path) -> None:
    more = '[reports]\nlanguages = ["zh-CN"]'
    settings = settings_of(tmp_path, {"clients": CLIENTS + "1,2020-01-01,,,north,1960\n"}, more=more)
    assert check_parameters(**GOOD).languages_for(settings) == ("en", "zh-CN")
    assert check_parameters(**GOOD, languages=["en"]).languages_for(settings) == ("en",)
