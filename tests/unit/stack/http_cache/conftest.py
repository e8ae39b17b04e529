"""A small language for stored responses: `stored("max-age=60", age="10")`."""

import pytest

from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.http_dates import format_http_date

START_S = 1_700_000_000.0


@pytest.fixture
def start_s():
    """When every stored response arrived."""
    return START_S


@pytest.fixture
def stored():
    """Makes a response that arrived at `start_s`; keyword arguments are header fields."""

    def make(cache_control=None, status=200, body=b"body", **fields):
        pairs = [("cache-control", cache_control)] if cache_control is not None else []
        for name, value in fields.items():
            values = value if isinstance(value, list) else [value]
            pairs += [(name.replace("_", "-"), line) for line in values]
        return Response(status, Fields(pairs), body, START_S, START_S)

    return make


@pytest.fixture
def asked():
    """Makes a GET; keyword arguments are header fields."""

    def make(method="GET", **fields):
        return Request(method, Fields((name.replace("_", "-"), value) for name, value in fields.items()))

    return make


@pytest.fixture
def date():
    """An HTTP date so many seconds after `start_s`."""
    return lambda offset_s: format_http_date(START_S + offset_s)
