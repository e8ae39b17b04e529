"""Envoy's administration over its Unix socket. Trouble is one of the engine's two exceptions."""

from http import HTTPStatus
from pathlib import Path

import aiohttp

from scalelab.stack.load_balancer.base import EngineRefused, EngineUnavailable

_ANSWER_LIMIT_S = 5.0


class Administration:
    """Questions and orders to a running Envoy, a connection each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ask(self, target: str) -> str:
        """The answer to GET `target`.

        Raises:
            EngineUnavailable: nobody answers.
            EngineRefused: another status than 200.
        """
        return await self._exchange("GET", target)

    async def order(self, target: str) -> None:
        """POST `target`. Raises as `ask`."""
        await self._exchange("POST", target)

    async def _exchange(self, method: str, target: str) -> str:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_LIMIT_S)
        try:
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self._path)), timeout=timeout) as session,
                session.request(method, f"http://envoy{target}") as response,
            ):
                text = await response.text()
        except (aiohttp.ClientError, OSError) as error:  # a timeout is one too
            raise EngineUnavailable(f"Envoy's administration does not answer {target}: {error}") from error
        if response.status != HTTPStatus.OK:
            raise EngineRefused(f"Envoy answered {response.status} to {method} {target}: {text[:200]}")
        return text
