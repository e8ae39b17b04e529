"""One check of one member, by whoever checks itself: the Python engine, and the service on behalf of nginx."""

from collections.abc import Awaitable, Callable

import aiohttp
from yarl import URL

from scalelab.contracts.http_names import READY_PATH
from scalelab.contracts.membership import Member

_OK = 200

Check = Callable[[Member], Awaitable[bool]]


def readiness_check(session: aiohttp.ClientSession, timeout_s: float) -> Check:
    """Whether `GET /health/ready` answers 200 in time, over a connection of its own."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def check(member: Member) -> bool:
        url = member_url(member, READY_PATH)
        try:
            async with session.get(
                url, timeout=timeout, headers={"Connection": "close"}, allow_redirects=False
            ) as answer:
                return answer.status == _OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    return check


def member_url(member: Member, target: str) -> URL:
    """`target` (path and query, as it came) at a member; nothing in it is normalised.

    Raises:
        ValueError: no URL can be made of it.
    """
    host = f"[{member.host}]" if ":" in member.host else member.host
    return URL(f"http://{host}:{member.port}{target}", encoded=True)
