"""What is said of a client whose fields are known to the last byte: they were parsed once. Pure, and bounded.

Never says that a token is good: that is asked for each request.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.api_gateway.direct_path.bearer import Bearer
from scalelab.stack.api_gateway.hot_path.request_key import id_from, start_of_last_value

MAX_CLIENTS = 10_000
_VERSION = b" HTTP/1.1\r\n"
_KEY = b"?key="
_ZERO, _LINE_FEED = b"0\n"
_MAX_KEY_DIGITS = 18
_ID_NAME = REQUEST_ID_HEADER.lower().encode()
_CHANGES_THE_ANSWER = frozenset(
    {
        b"cache-control",
        b"content-length",
        b"expect",
        b"pragma",
        b"range",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

Fields = Sequence[tuple[bytes, bytes]]


class KnownClient(NamedTuple):
    """The fields of a head, as the server's parser gave them, without the request id."""

    fields: Fields
    bearer: Bearer
    """What it shows; to be asked for each request."""

    def fields_with(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """As the parser would give them."""
        return [*self.fields, (_ID_NAME, request_id)] if request_id else list(self.fields)


class Target(NamedTuple):
    """The request line of a plain read."""

    path: str
    key: bytes
    """The record's: decimal digits, as the service is asked for it."""
    fields: bytes
    """All behind the line."""

    @property
    def query(self) -> bytes:
        """As the scope has it."""
        return b"key=" + self.key


class RequestLines:
    """Tells plain reads by their request line: one of `paths` with one record key, and nothing else."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {f"GET {path}".encode(): path for path in paths}

    def read(self, head: bytes) -> Target | None:
        """What is asked for, or None when this is for the ordinary path."""
        line, _, fields = head.partition(_VERSION)
        start, _, key = line.partition(_KEY)
        path = self._paths.get(start)
        if path is None or not key.isdigit() or key[0] == _ZERO or len(key) > _MAX_KEY_DIGITS:
            return None
        return Target(path, key, fields)


class KnownClients:
    """Clients by the exact bytes of their fields; the one that came first goes first."""

    def __init__(self, bearer_of: Callable[[list[str]], Bearer], max_clients: int = MAX_CLIENTS) -> None:
        """`bearer_of` is given the values of `Authorization`."""
        self._bearer_of = bearer_of
        self._max_clients = max_clients
        self._clients: OrderedDict[bytes, KnownClient] = OrderedDict()
        self._find = self._clients.get

    def __repr__(self) -> str:
        return f"<known clients: {len(self._clients)}>"

    def __len__(self) -> int:
        return len(self._clients)

    def of(self, fields_bytes: bytes) -> tuple[KnownClient, bytes] | None:
        """Whose fields these are, and the request id that they bring, if any; None for a client who is not known.

        Args:
            fields_bytes: all behind a request line, as received in one piece.
        """
        client = self._find(fields_bytes)
        if client is not None and fields_bytes[-1] == _LINE_FEED:  # else it is known as what stands before an id
            return client, b""
        start = start_of_last_value(fields_bytes)
        client = self._find(fields_bytes[:start])
        request_id = b"" if client is None else id_from(fields_bytes, start)
        return (client, request_id) if client is not None and request_id else None

    def learn(self, fields_bytes: bytes, fields: Fields, *, has_id_at_its_end: bool) -> None:
        """Remember what the parser made of these bytes, if it asks for nothing but the plain answer."""
        if not _is_plain(fields, has_id_at_its_end=has_id_at_its_end):
            return
        if len(self._clients) >= self._max_clients:
            self._clients.popitem(last=False)
        kept = fields[:-1] if has_id_at_its_end else fields
        authorization = [value.decode("latin-1") for name, value in fields if name == b"authorization"]
        self._clients[fields_bytes] = KnownClient(tuple(kept), self._bearer_of(authorization))


def _is_plain(fields: Fields, *, has_id_at_its_end: bool) -> bool:
    ids = 0
    for name, value in fields:
        if name in _CHANGES_THE_ANSWER or name.startswith(b"if-"):
            return False
        if name == b"connection" and value.lower() != b"keep-alive":
            return False
        ids += name == _ID_NAME
    return ids == has_id_at_its_end
