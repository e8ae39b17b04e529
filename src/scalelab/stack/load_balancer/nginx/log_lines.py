"""Turns what nginx writes on standard error into structured log events."""

import json
import logging
import re

import structlog

_LINE = re.compile(r"^[\d/]+ [\d:]+ \[(?P<level>[a-z]+)\] \d+#\d+: (?:\*\d+ )?(?P<text>.*)$")
_LEVELS = {"debug": logging.DEBUG, "info": logging.DEBUG, "notice": logging.DEBUG, "warn": logging.WARNING}
_REQUEST_QUOTED = ", client: "
"""From there on nginx quotes the request, with its query."""


def log_nginx_line(line: str) -> None:
    """An access line (our JSON) becomes a `request` event; anything else is nginx's own voice, less the request."""
    log = structlog.get_logger()
    if line.startswith("{") and (fields := _request(line)) is not None:
        log.info("request", **fields)
    elif match := _LINE.match(line):
        text = match["text"].partition(_REQUEST_QUOTED)[0]
        log.log(_LEVELS.get(match["level"], logging.ERROR), "nginx", text=text)
    else:
        log.info("nginx", text=line.partition(_REQUEST_QUOTED)[0])


def _request(line: str) -> dict[str, object] | None:
    try:
        fields: dict[str, object] = json.loads(line)
        return {**fields, "status": int(str(fields["status"])), "duration_s": float(str(fields["duration_s"]))}
    except (ValueError, KeyError):
        return None
