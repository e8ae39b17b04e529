"""A stored response of an origin as an entry of the cache."""

from scalelab.stack.api_gateway.sealing import pairs, seal, unseal
from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields

_VERSION = 2


def encode_response(response: Response, key: bytes) -> bytes:
    """The entry for `key`."""
    times_s = [response.request_time_s, response.response_time_s, response.default_lifetime_s]
    head = [response.status, list(response.fields), *times_s]
    return seal(_VERSION, head, response.body, key)


def decode_response(entry: bytes, key: bytes) -> Response | None:
    """The response, or None when the entry is not whole."""
    opened = unseal(_VERSION, entry, key)
    if opened is None:
        return None
    match opened[0]:
        case [int() as status, list() as said, int() | float() as asked_s, int() | float() as arrived_s, lifetime_s]:
            fields = pairs(said)
            if fields is not None and (lifetime_s is None or isinstance(lifetime_s, int | float)):
                return Response(status, Fields(fields), opened[1], asked_s, arrived_s, lifetime_s)
    return None
