"""Turns what Envoy writes on standard error into structured log events."""

import json
import logging
import re

import structlog

LOG_FORMAT = "[%l] %v"
_LINE = re.compile(r"^\[(?P<level>[a-z]+)\] (?P<text>.*)$")
_LEVELS = {"debug": logging.DEBUG, "info": logging.DEBUG, "warning": logging.WARNING}


def log_envoy_line(line: str) -> None:
    """An access line (our JSON) becomes a `request` event; anything else is Envoy's own voice."""
    log = structlog.get_logger()
    if line.startswith("{") and (fields := _request(line)) is not None:
        log.info("request", **fields)
    elif match := _LINE.match(line):
        log.log(_LEVELS.get(match["level"], logging.ERROR), "envoy", text=match["text"])
    else:
        log.info("envoy", text=line)


def _request(line: str) -> dict[str, object] | None:
    try:
        fields: dict[str, object] = json.loads(line)
        fields["duration_s"] = float(str(fields.pop("duration_ms"))) / 1000
    except (ValueError, KeyError):
        return None
    return fields
