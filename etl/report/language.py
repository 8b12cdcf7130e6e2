"""One language of the report: its catalogue, and numbers, shares, dates and sizes by its locale.

Catalogues are Babel's `.po` files in `report_templates/translations/<code>/report.po`; the English texts are the
messages' names, so a third language needs one more file and nothing else. Groups of three digits are always parted by
a narrow no-break space (ISO 80000-1), and so is the percent sign; the decimal sign is the locale's.
"""

from __future__ import annotations

import gettext as plural_rules
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po

from etl.common import languages, periods, program_files
from etl.common.errors import UsageInvalid
from etl.model import numbers
from etl.model.report import Share

DASH = "–"
NARROW = "\u202f"
LOCALES = {"en": "en_GB"}
"""Where a language's dates follow another land's use than Babel's first choice."""


Plural = Callable[[int], int]


@lru_cache
def load(code: str) -> Language:
    """The language `code` (`en`, `sv`); a clear error where there is no catalogue for it."""
    path = program_files.TRANSLATIONS / code / "report.po"
    if code not in languages.available():
        raise UsageInvalid(
            f"There are no report texts in the language '{code}'", f"one of {', '.join(languages.available())}",
            "Add a catalogue report_templates/translations/<language>/report.po, or choose another language",
        )  # fmt: skip
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    messages: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            name = message.id if isinstance(message.id, str) else message.id[0]
            messages[name] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return Language(code, messages, plural_rules.c2py(catalogue.plural_expr))


class Language:
    """Texts and number forms of one language. Made by `load`."""

    def __init__(self, code: str, messages: dict[str, tuple[str, ...]], plural: Plural) -> None:
        self.code = code
        self.locale = Locale.parse(LOCALES.get(code, code))
        self._messages = messages
        self._plural = plural
        self._decimal = str(self.locale.number_symbols["latn"]["decimal"])

    def _(self, message: str, /, **values: str | int) -> str:
        """The text named `message`, with `{name}` filled in. One without a translation is shown in English."""
        found = self._messages.get(message, ("",))[0] or message
        return found.format_map(values) if values else found

    def ngettext(self, one: str, many: str, count: int, /, **values: str | int) -> str:
        """The text for `count` things; `{n}` in it is the count, written out by `number`."""
        forms = self._messages.get(one, ())
        position = self._plural(count)
        found = forms[position] if position < len(forms) and forms[position] else (one if count == 1 else many)
        return found.format_map({"n": self.number(count), **values})

    def pick(self, texts: dict[str, str]) -> str:
        """Of texts that the policy gives per language: this language's, else English, else any."""
        return texts.get(self.code) or texts.get("en") or next(iter(texts.values()), "")

    def number(self, value: int | None) -> str:
        """`211437` as `211 437` with narrow spaces; nothing as an en dash."""
        return DASH if value is None else f"{value:,}".replace(",", NARROW)

    def count(self, value: int | None) -> str:
        """A cell of a table of counts: as `number`, with 0 as an en dash."""
        return self.number(value) if value else DASH

    def signed(self, value: int) -> str:
        """A change: `+100`, `−100`, `±0`."""
        return f"{'+' if value > 0 else '−' if value < 0 else '±'}{self.number(abs(value))}"

    def decimal(self, scaled: int, digits: int) -> str:
        """`scaled / 10**digits` with this locale's decimal sign."""
        whole, rest = divmod(scaled, 10**digits)
        return self.number(whole) + (f"{self._decimal}{rest:0{digits}d}" if digits else "")

    def percent(self, scaled: int, digits: int) -> str:
        """`scaled / 10**digits` percent: `973, 1` is `97.3 %`."""
        return f"{self.decimal(scaled, digits)}{NARROW}%"

    def ratio(self, n: int, total: int, thresholds: Iterable[float] = ()) -> str:
        """`n` of `total` as a percentage that contradicts none of `thresholds`; over nothing, an en dash."""
        if total == 0:
            return DASH
        digits = numbers.percent_digits(n, total, thresholds)
        return self.percent(numbers.rounded(n, total, digits), digits)

    def share(self, share: Share, thresholds: Iterable[float] = ()) -> str:
        """n of N as a percentage, see `ratio`."""
        return self.ratio(share.n, share.total, thresholds)

    def bounds(self, share: Share, thresholds: Iterable[float] = ()) -> str:
        """The least and the most a share can be: `17.3 – 25.8 %`."""
        whole = share.total + share.undecided
        if whole == 0:
            return DASH
        low = self.ratio(share.n, whole, thresholds).removesuffix(f"{NARROW}%")
        return f"{low}{NARROW}–{NARROW}{self.ratio(share.n + share.undecided, whole, thresholds)}"

    def threshold(self, value: float) -> str:
        """A rule's threshold as written in the policy: `0.25` is `25 %`."""
        exact = numbers.as_fraction(value) * 100
        digits = 0
        while digits < numbers.MAX_DIGITS and (exact * 10**digits).denominator != 1:
            digits += 1
        return self.percent(round(exact * 10**digits), digits)

    def tenth(self, n: int, total: int) -> str:
        """A share in percent with one decimal, as it rounds: an en dash for none, `<0.1` and `>99.9` where rounding
        would hide that it is not none and not all."""
        if n == 0 or total == 0:
            return DASH
        tenths = numbers.rounded(n, total, 1)
        if tenths == 0:
            return f"<{self.decimal(1, 1)}"
        return f">{self.decimal(999, 1)}" if tenths == 1000 and n < total else self.decimal(tenths, 1)

    def size(self, value: int | None) -> str:
        """Bytes in powers of 1,000, three digits: `1.24 GB`."""
        if value is None:
            return DASH
        unit, scale = next(
            ((u, s) for u, s in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)) if value >= s), ("B", 1)
        )
        if scale == 1:
            return f"{value}{NARROW}{unit}"
        digits = 2 if value < 10 * scale else 1 if value < 100 * scale else 0
        return f"{self.decimal((value * 10**digits + scale // 2) // scale, digits)}{NARROW}{unit}"

    def day(self, value: date | None, pattern: str = "d MMMM y") -> str:
        """A day by a pattern of Unicode's locale data; nothing as an en dash."""
        return DASH if value is None else str(format_date(value, pattern, locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """A span of days: `Mon 16 – Sun 22 November 2026`, months and years told once."""
        start = "EEE d" if first.month == last.month and first.year == last.year else "EEE d MMM"
        start = start if first.year == last.year else "EEE d MMM y"
        return f"{self.day(first, start)} – {self.day(last, 'EEE d MMMM y')}"

    def instant(self, value: datetime, zone: str) -> str:
        """An instant on the clock of `zone`, with the zone's name: `23 November 2026, 06:00 Europe/Stockholm`."""
        there = periods.local(value, zone)
        return f"{self.day(there.date())}, {format_datetime(there, 'HH:mm', locale=self.locale)} {zone}"

    def listed(self, things: Iterable[Any]) -> str:
        """Things in a row, parted by commas."""
        return ", ".join(str(thing) for thing in things)
