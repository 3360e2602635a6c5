"""The demo bank's ``bank.toml``: one template, filled in for a language and a window."""

import re
from datetime import date
from importlib import resources

from insights.demo.service.surveys import PULSE

TEMPLATE = "bank.template.toml"
OWN = {
    "en": {
        "name": "Demo Private Bank",
        "currency": "CHF",
        "time_zone": "Europe/Zurich",
        "languages": '["en", "zh-CN"]',
        "old_encoding": "cp1252",
    },
    "zh-CN": {
        "name": "示范私人银行",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "languages": '["zh-CN", "en"]',
        "old_encoding": "gb18030",
    },
}


def bank_toml(language: str, complete_from: date, raw: str, *, pulse: bool = False) -> str:
    """Return the settings file of the demo bank; ``raw`` is the folder of the extracts relative to it.

    With ``pulse`` it maps the monthly question about satisfaction, which a switch of the law lets the bank ask.
    """
    text = resources.files("insights.demo.extracts").joinpath(TEMPLATE).read_text(encoding="utf-8")
    values = {**OWN[language], "language": language, "complete_from": complete_from.isoformat(), "raw": raw}
    values["pulse"] = f'\n    "{PULSE}",' if pulse else ""
    return re.sub(r"@(\w+)@", lambda match: values[match.group(1)], text)
