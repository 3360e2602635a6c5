"""How numbers, money and dates are written in each language, through Babel.

Values of ``percent``, ``bare_percent`` (without its sign) and ``share`` are fractions (0.041 is 4.1 %), ``months`` are
numbers of months and carry their unit, dates are ``datetime.date`` or ISO text, ``money`` is in whole units of the
reporting currency.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent, get_currency_name

_LOCALES = {"en": "en_GB", "zh-CN": "zh_Hans_CN"}

# Steps of compact money, largest first; English counts in thousands, Chinese in ten thousands.
_STEPS = {"en": ((1e9, "bn"), (1e6, "m"), (1.0, "")), "zh-CN": ((1e8, "亿"), (1e4, "万"), (1.0, ""))}
_NBSP = "\u00a0"
_MINUS = "\u2212"


def is_missing(value: Any) -> bool:
    """Return whether a value is None or not a number (which is how suppressed cells arrive)."""
    return value is None or (isinstance(value, float) and math.isnan(value))


@dataclass(frozen=True)
class Scale:
    """One unit and one number of decimals for all values of a column or an axis, so that they compare by eye."""

    divisor: float
    decimals: int
    unit: str


class Formats:
    """Write values of every kind in one language; ``mark`` stands where a value is not shown."""

    def __init__(self, language: str, currency: str, mark: str) -> None:
        self.language, self.currency, self.mark = language, currency, mark
        self.locale = Locale.parse(_LOCALES[language])
        self._writers: dict[str, Callable[[Any], str]] = {
            "count": lambda v: self.decimal(v, 0),
            "percent": lambda v: self._percent(v, 1),
            "bare_percent": lambda v: self._percent(v, 1).removesuffix("%"),
            "share": lambda v: self._percent(v, 0),
            "money": self.money,
            "amount": lambda v: self.decimal(v, 2),
            "months": self.months,
            "points": self.points,
            "basis_points": self.basis_points,
            "date": self.day,
            "month": self.month,
            "number": self.number,
            "tenths": lambda v: self.decimal(v, 1),
            "p": self.p_value,
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that a message or a column may name, besides ``text``."""
        return tuple(self._writers)

    def write(self, value: Any, kind: str) -> str:
        """Return the value as ``kind`` writes it; ValueError for an unknown kind."""
        if is_missing(value):
            return self.mark
        if kind not in self._writers:
            raise ValueError(
                f"no way to write values of kind {kind!r}; expected one of {', '.join(self.kinds)} or text"
            )
        return self._writers[kind](value)

    def money(self, value: float, beside: Iterable[float] = (), *, one_unit: bool = False) -> str:
        """Return money with its currency, compact and to three significant digits: CHF 1.23 bn, 12.3亿瑞士法郎.

        ``beside`` are the amounts of the same sentence: one that is at least a tenth of the largest unit among them is
        written in it, CHF −0.6 m beside CHF 4.2 m; with ``one_unit`` (the ends of one interval) so are smaller ones, if
        two decimals show them. Chinese needs no such rule: its smaller unit is as short.
        """
        divisor, unit = self._step(abs(value))
        decimals = max(0, 2 - _digits(value / divisor)) if divisor > 1 else 0
        if self.language != "zh-CN":
            larger, name = self._step(max((abs(v) for v in beside), default=0.0))
            if larger > divisor and (abs(value) >= larger / 10 or (one_unit and abs(value) >= larger / 200)):
                divisor, unit = larger, name
                decimals = 3 if abs(value) >= larger / 10 else 2
        number = self.decimal(value / divisor, decimals, trim=True)
        if self.language == "zh-CN":
            return f"{number}{unit}{self.currency_name}"
        return _NBSP.join(part for part in (self.currency, number, unit) if part)

    def months(self, value: float) -> str:
        """Return a number of months with its unit, to a tenth of a month where it is not whole."""
        number = self.decimal(value, 0 if round(value, 1) == round(value) else 1)
        if self.language == "zh-CN":
            return f"{number}个月"
        return f"{number}{_NBSP}month{'' if number == '1' else 's'}"

    def points(self, value: float) -> str:
        """Return a difference of two shares in percentage points."""
        unit = "个百分点" if self.language == "zh-CN" else f"{_NBSP}points"
        return self.decimal(100 * value, 1) + unit

    def basis_points(self, value: float) -> str:
        """Return a small share in hundredths of a percent, as bankers tell margins."""
        unit = "个基点" if self.language == "zh-CN" else f"{_NBSP}bp"
        return self.decimal(10_000 * value, 1) + unit

    def day(self, value: date | str) -> str:
        """Return a day in full: 31 October 2026, 2026年10月31日."""
        return format_date(_day(value), "long", locale=self.locale).replace(" ", _NBSP)

    def month(self, value: date | str) -> str:
        """Return a month of a year: Oct 2026, 2026年10月."""
        return format_skeleton("yMMM", _day(value), locale=self.locale).replace(" ", _NBSP)

    def year(self, value: date | str) -> str:
        """Return the year of a day."""
        return format_skeleton("y", _day(value), locale=self.locale)

    def number(self, value: Any) -> str:
        """Return a plain number to about three significant digits, whole ones without decimals."""
        whole = float(value) == int(value)
        return self.decimal(value, 0 if whole else max(0, min(2, 2 - _digits(value))))

    def p_value(self, value: float) -> str:
        """Return a p value to three decimals; smaller ones as less than 0.001."""
        return f"<{_NBSP}{self.decimal(0.001, 3)}" if value < 0.001 else self.decimal(value, 3)

    def listed(self, parts: Sequence[str], *, either: bool = False) -> str:
        """Return several texts as one list: a, b and c (with ``either``: a, b or c)."""
        style: Literal["or", "standard"] = "or" if either else "standard"
        return format_list(list(parts), style=style, locale=self.locale) if parts else ""

    @property
    def currency_name(self) -> str:
        """The currency as the language calls it (its code where the language has no name for it, or in English)."""
        if self.language == "en" or not self.currency:
            return self.currency
        return get_currency_name(self.currency, locale=self.locale)

    def scale(self, values: Iterable[Any], kind: str) -> Scale:
        """Return the common unit and decimals for a column or axis of money, points, months or numbers."""
        shown = [abs(float(v)) for v in values if isinstance(v, int | float) and not is_missing(v)]
        if kind == "money":
            return self._money_scale(shown)
        if kind == "points":
            return Scale(0.01, 1, "个百分点" if self.language == "zh-CN" else "points")
        whole = all(v == int(v) for v in shown)
        decimals = 0 if whole else 1 if kind == "months" else max(0, min(2, 2 - _digits(max(shown))))
        return Scale(1.0, decimals, ("个月" if self.language == "zh-CN" else "months") if kind == "months" else "")

    def _money_scale(self, sizes: Sequence[float]) -> Scale:
        largest, smallest = max(sizes, default=0.0), min((s for s in sizes if s), default=0.0)
        divisor, step = self._step(largest)
        # Where the small amounts would lose their digits, the whole column goes one step finer.
        if divisor > 1 and smallest < divisor / 10:
            finer = [s for s in _STEPS[self.language] if s[0] < divisor]
            divisor, step = finer[0]
        decimals = max(0, min(2, 2 - _digits(largest / divisor))) if divisor > 1 else 0
        if divisor > 1 and decimals == 0 and any(s / divisor < 100 and s % divisor for s in sizes):
            decimals = 1
        names = (step, self.currency_name) if self.language == "zh-CN" else (self.currency, step)
        return Scale(divisor, decimals, ("" if self.language == "zh-CN" else " ").join(n for n in names if n))

    def scaled(self, value: Any, scale: Scale) -> str:
        """Return a value in the unit of its column; one too small to be seen in that unit is not written as zero."""
        if is_missing(value):
            return self.mark
        smallest = 0.5 * 10**-scale.decimals
        number = float(value) / scale.divisor
        if scale.divisor > 1 and 0 < abs(number) < smallest:
            bound = 10**-scale.decimals
            sign = "<" if number > 0 else ">"
            return f"{sign}{_NBSP}{self.decimal(bound if number > 0 else -bound, scale.decimals)}"
        return self.decimal(number, scale.decimals)

    def money_in(self, value: float, scale: Scale) -> str:
        """Return money in the unit of ``scale``, so that amounts beside each other compare: CHF −0.6 m beside 4.4 m."""
        number = self.scaled(value, scale)
        if "." in number and "<" not in number and ">" not in number:
            number = number.rstrip("0").rstrip(".")
        if self.language == "zh-CN":
            return number + scale.unit
        step = scale.unit.removeprefix(self.currency).strip()
        return _NBSP.join(part for part in (self.currency, number, step) if part)

    def _step(self, size: float) -> tuple[float, str]:
        # 999.6 m is 1 bn once rounded, so the comparison is made after rounding to three digits.
        rounded = float(f"{size:.3g}")
        return next((s for s in _STEPS[self.language] if rounded >= s[0]), _STEPS[self.language][-1])

    def decimal(self, value: float, decimals: int, *, trim: bool = False) -> str:
        """Return a number with exactly (``trim``: at most) so many decimals and its thousands set apart."""
        places = ("#" if trim else "0") * decimals
        rounded = round(float(value), decimals) + 0.0  # no minus in front of a zero
        return format_decimal(rounded, format=f"#,##0.{places}", locale=self.locale).replace("-", _MINUS)

    def _percent(self, value: float, decimals: int) -> str:
        smallest = 10 ** -(decimals + 2)
        pattern = f"#,##0.{'0' * decimals}%"
        if 0 < value < smallest / 2:
            return f"<{_NBSP}{format_percent(smallest, format=pattern, locale=self.locale)}"
        value = 0.0 if -smallest / 2 <= value <= 0 else value  # no minus in front of a zero
        return format_percent(float(value) + 0.0, format=pattern, locale=self.locale).replace("-", _MINUS)


def _digits(value: float) -> int:
    """Return the power of ten of the first digit (0 for 1 to 9.99, -1 for 0.5), after rounding to three digits."""
    return math.floor(math.log10(abs(float(f"{value:.3g}")))) if value else 0


def _day(value: date | str) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value[:10] if len(value) > 7 else f"{value}-01")
    return value
