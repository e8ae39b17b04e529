"""Decides which hits of the long way may be answered from the hot table next time, and puts them there."""

from collections.abc import Callable, Iterable

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import INSTANCE_HEADER, REQUEST_ID_HEADER
from scalelab.stack.api_gateway.hot_path.hot_answer import HotAnswer, fixed_head
from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.hot_path.protocol import KEY_IN_SCOPE
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey
from scalelab.stack.api_gateway.response_store import Place

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
_ID_NAME = REQUEST_ID_HEADER.lower().encode()


class HotOffers:
    """One gateway's table and what all of its answers have in common."""

    def __init__(
        self, table: HotTable, *, instance: str, leeway_s: float, steady_clock_s: Callable[[], float]
    ) -> None:
        self.table = table
        self._ending = f"\r\n{INSTANCE_HEADER.lower()}: {instance}\r\n\r\n".encode()
        self._leeway_s = leeway_s
        self._steady_clock_s = steady_clock_s

    def moment(self) -> tuple[int, float]:
        """To be taken before the token is verified and the cache is asked."""
        return self.table.moment, self._steady_clock_s()

    def offer(
        self,
        request: Request,
        response: Response,
        place: Place,
        *,
        stored_at_s: float,
        ttl_s: float,
        remaining_s: float,
        variant: bytes = b"",
    ) -> None:
        """Keep a 200 from the cache, if this very request may be answered the same way again.

        Args:
            request: verified; it holds the moment at which it began.
            response: as it leaves.
            place: where the cache has it.
            stored_at_s: Unix time, for its age.
            ttl_s: the whole time to live, as `Cache-Status` counts it.
            remaining_s: what was left of it when the cache was asked.
            variant: tells apart what is made of one entry for different requests.
        """
        key: RequestKey | None = request.scope.get(KEY_IN_SCOPE)
        if key is None or request.scope["http_version"] != "1.1":
            return
        if not _is_plain(request.scope["headers"], has_id_at_its_end=bool(key.request_id)):
            return
        moment, began_s = request.state.hot_moment
        token = request.state.token
        answer = HotAnswer(
            self.table.hits_of(request.scope["route"].path),
            request.scope["path"],
            place.tag,
            stored_at_s,
            ttl_s,
            began_s + remaining_s,
            fixed_head(response.raw_headers, len(response.body)),
            self._ending + bytes(response.body),
        )
        self.table.add(
            key.head,
            variant + place.key,
            answer,
            token_id=token.jti,
            token_valid_until_s=token.expires_at_s + self._leeway_s,
            moment=moment,
        )


def _is_plain(headers: Iterable[tuple[bytes, bytes]], *, has_id_at_its_end: bool) -> bool:
    """Whether nothing in the head asks for another answer than the plain one."""
    ids = 0
    for name, value in headers:
        if name in _CHANGES_THE_ANSWER or name.startswith(b"if-"):
            return False
        if name == b"connection" and value.lower() != b"keep-alive":
            return False
        ids += name == _ID_NAME
    return ids == has_id_at_its_end
