"""nginx's lines as events."""

import structlog

from scalelab.stack.load_balancer.nginx.log_lines import log_nginx_line


def events_of(*lines):
    with structlog.testing.capture_logs() as events:
        for line in lines:
            log_nginx_line(line)
    return events


def test_an_access_line_is_a_request():
    """nginx writes numbers as they are."""
    [event] = events_of('{"status":502,"duration_s":0.150,"path":"/a"}')

    assert event == {"event": "request", "log_level": "info", "status": 502, "duration_s": 0.15, "path": "/a"}


def test_the_request_is_not_quoted():
    """Its query may hold a secret."""
    [event] = events_of(
        "2026/11/26 15:00:00 [error] 12#12: *7 no live upstreams while connecting to upstream, client: 127.0.0.1, "
        'server: , request: "GET /a?token=secret HTTP/1.1", upstream: "http://gateways/a?token=secret"'
    )

    assert (event["log_level"], event["text"]) == ("error", "no live upstreams while connecting to upstream")


def test_levels():
    """What has none is told all the same."""
    events = events_of("2026/11/26 15:00:00 [warn] 1#1: low", "2026/11/26 15:00:00 [notice] 1#1: hi", "odd", "{odd}")

    assert [event["log_level"] for event in events] == ["warning", "debug", "info", "info"]
