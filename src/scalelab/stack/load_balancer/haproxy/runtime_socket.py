"""HAProxy's runtime commands: one connection each. Trouble is one of the engine's two exceptions."""

import asyncio
from pathlib import Path

from scalelab.stack.load_balancer.base import EngineRefused, EngineUnavailable

_ANSWER_LIMIT_S = 5.0


class RuntimeSocket:
    """Commands to a running HAProxy."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ask(self, command: str) -> str:
        """The answer to one command.

        Raises:
            EngineUnavailable: nobody answers.
        """
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                return await self._exchange(command)
        except OSError as error:  # a timeout is one too
            raise EngineUnavailable(f"HAProxy's runtime socket does not answer {command!r}: {error}") from error

    async def tell(self, command: str, expected: str = "") -> None:
        """A command whose answer is known beforehand.

        Raises:
            EngineRefused: another answer came.
            EngineUnavailable: none came.
        """
        answer = (await self.ask(command)).strip()
        if answer != expected:
            raise EngineRefused(f"HAProxy refused {command!r}: {answer}")

    async def _exchange(self, command: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(command.encode() + b"\n")
            answer = await reader.read()
        finally:
            writer.close()
        if not answer:
            raise ConnectionError("it closed the connection")
        return answer.decode()
