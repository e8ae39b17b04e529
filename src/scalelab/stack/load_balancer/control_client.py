"""Asks another process for the membership over its control socket. The smallest HTTP client that can."""

import asyncio
from pathlib import Path

from scalelab.contracts.membership import MEMBERS_PATH, POLICY_PATH, MemberList, MembersView, PolicyChoice
from scalelab.stack.load_balancer.base import EngineUnavailable

_OK = b"HTTP/1.1 200 "


class ControlClient:
    """A `Membership` that another process holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def view(self) -> MembersView:
        """See `Membership`."""
        return MembersView.model_validate_json(await self._call("GET", MEMBERS_PATH))

    async def change(self, wanted: MemberList) -> MembersView:
        """See `Membership`."""
        return MembersView.model_validate_json(await self._call("PUT", MEMBERS_PATH, wanted.model_dump_json()))

    async def change_policy(self, choice: PolicyChoice) -> PolicyChoice:
        """See `Membership`."""
        return PolicyChoice.model_validate_json(await self._call("PUT", POLICY_PATH, choice.model_dump_json()))

    async def _call(self, method: str, path: str, text: str = "") -> bytes:
        body = text.encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
            try:
                writer.write(head.encode() + body)
                answer = await reader.read()
            finally:
                writer.close()
        except OSError as error:
            raise EngineUnavailable(f"the engine's control socket does not answer: {error}") from error
        _, _, content = answer.partition(b"\r\n\r\n")
        if not answer.startswith(_OK):
            raise EngineUnavailable(f"the engine refused: {content.decode(errors='replace') or 'no answer'}")
        return content
