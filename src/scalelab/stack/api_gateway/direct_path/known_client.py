"""What is said of a client whose fields are known to the last byte: they were parsed once. Pure, and bounded.

Never says that a token is good: that is asked for each request.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scalelab.contracts.http_names import REQUEST_ID_HEADER

MAX_CLIENTS = 10_000
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
    authorization: list[str]

    def fields_with(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """As the parser would give them."""
        return [*self.fields, (_ID_NAME, request_id)] if request_id else list(self.fields)


class Target(NamedTuple):
    """The request line of a plain read."""

    path: str
    key: int
    query: bytes
    fields_from: int
    """Where the fields begin."""


class RequestLines:
    """Tells plain reads by their request line: one of `paths` with one record key, and nothing else."""

    def __init__(self, paths: Iterable[str]) -> None:
        choice = "|".join(map(re.escape, paths))
        self._pattern = re.compile(rf"GET ({choice})\?(key=([1-9][0-9]{{0,17}})) HTTP/1\.1\r\n".encode())

    def read(self, head: bytes) -> Target | None:
        """What is asked for, or None when this is for the ordinary path."""
        found = self._pattern.match(head)
        if found is None:
            return None
        path, query, key = found.groups()
        return Target(path.decode(), int(key), query, found.end())


class KnownClients:
    """Clients by the exact bytes of their fields; the one that came first goes first."""

    def __init__(self, max_clients: int = MAX_CLIENTS) -> None:
        self._max_clients = max_clients
        self._clients: OrderedDict[bytes, KnownClient] = OrderedDict()
        self.find = self._clients.get

    def __repr__(self) -> str:
        return f"<known clients: {len(self._clients)}>"

    def __len__(self) -> int:
        return len(self._clients)

    def learn(self, fields_bytes: bytes, fields: Fields, *, has_id_at_its_end: bool) -> None:
        """Remember what the parser made of these bytes, if it asks for nothing but the plain answer."""
        if not _is_plain(fields, has_id_at_its_end=has_id_at_its_end):
            return
        if len(self._clients) >= self._max_clients:
            self._clients.popitem(last=False)
        kept = fields[:-1] if has_id_at_its_end else fields
        authorization = [value.decode("latin-1") for name, value in fields if name == b"authorization"]
        self._clients[fields_bytes] = KnownClient(tuple(kept), authorization)


def _is_plain(fields: Fields, *, has_id_at_its_end: bool) -> bool:
    ids = 0
    for name, value in fields:
        if name in _CHANGES_THE_ANSWER or name.startswith(b"if-"):
            return False
        if name == b"connection" and value.lower() != b"keep-alive":
            return False
        ids += name == _ID_NAME
    return ids == has_id_at_its_end
