"""HTTP dates: the three formats of RFC 9110 section 5.6.7, read strictly. A date that is not one is None."""

import calendar
import re
import time

_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMATS = (
    re.compile(rf"{_DAYS}, (?P<day>\d\d) (?P<month>\w{{3}}) (?P<year>\d{{4}}) {_CLOCK} GMT", re.ASCII),
    re.compile(
        r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), "
        rf"(?P<day>\d\d)-(?P<month>\w{{3}})-(?P<year>\d\d) {_CLOCK} GMT",
        re.ASCII,
    ),
    re.compile(rf"{_DAYS} (?P<month>\w{{3}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})", re.ASCII),
)
_CENTURY = 100
_FUTURE_YEARS = 50


def parse_http_date(text: str, now_s: float | None = None) -> int | None:
    """Unix time of an HTTP date, or None when it is not one.

    Args:
        text: the field's value.
        now_s: what "now" is for a two-digit year (more than 50 years ahead means the past century).
    """
    for pattern in _FORMATS:
        match = pattern.fullmatch(text.strip())
        if match is not None and match["month"] in _MONTHS:
            return _unix_time(match, time.time() if now_s is None else now_s)
    return None


def format_http_date(unix_time_s: float) -> str:
    """The preferred format."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(unix_time_s))


def _unix_time(match: re.Match[str], now_s: float) -> int | None:
    year = int(match["year"])
    if len(match["year"]) == 2:  # noqa: PLR2004  the obsolete format has two digits
        current = time.gmtime(now_s).tm_year
        year += current - current % _CENTURY
        if year > current + _FUTURE_YEARS:
            year -= _CENTURY
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    month = _MONTHS[match["month"]]
    if year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004  limits of a clock
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
