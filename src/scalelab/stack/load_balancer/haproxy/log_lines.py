"""Turns what HAProxy writes on standard error into structured log events."""

import json
import logging
import re

import structlog

_LEVEL = re.compile(r"^\[(?P<level>[A-Z]+)\]\s+\(\d+\) : (?P<text>.*)$")
_LEVELS = {"NOTICE": logging.DEBUG, "WARNING": logging.WARNING, "ALERT": logging.ERROR}


def log_haproxy_line(line: str) -> None:
    """An access line (our JSON) becomes a `request` event; anything else is HAProxy's own voice."""
    log = structlog.get_logger()
    request = _request(line)
    if request is not None:
        log.info("request", **request)
        return
    match = _LEVEL.match(line)
    level = _LEVELS.get(match["level"], logging.INFO) if match else logging.INFO
    log.log(level, "haproxy", text=match["text"] if match else line)


def _request(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or "duration_ms" not in fields:
        return None
    fields["duration_s"] = fields.pop("duration_ms") / 1000
    return fields
