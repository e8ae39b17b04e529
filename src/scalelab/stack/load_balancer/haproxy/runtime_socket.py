"""HAProxy's runtime commands: one connection each. Trouble is one of the engine's two exceptions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from scalelab.stack.load_balancer.base import EngineRefused, EngineUnavailable

_ANSWER_LIMIT_S = 5.0
_ANSWER_BYTES = 1 << 20
_PROMPT = b"\n> "


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

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
        """One connection for several commands. It still answers when HAProxy finishes and takes no others.

        Raises:
            EngineUnavailable: nobody answers, now or in between.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=_ANSWER_BYTES)
        except OSError as error:
            raise EngineUnavailable(f"HAProxy's runtime socket does not answer: {error}") from error

        async def ask(command: str) -> str:
            try:
                writer.write(command.encode() + b"\n")
                async with asyncio.timeout(_ANSWER_LIMIT_S):
                    return (await reader.readuntil(_PROMPT)).removesuffix(_PROMPT).decode()
            except (OSError, EOFError) as error:
                raise EngineUnavailable(f"HAProxy does not answer {command!r} any longer: {error!r}") from error

        try:
            await ask("prompt")
            yield ask
        finally:
            writer.close()

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
