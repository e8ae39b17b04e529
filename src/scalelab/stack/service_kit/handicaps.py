"""A service's handicap: set and taken away through its admin listener, gone by itself when its time is over."""

import time
from collections.abc import Callable

from aiohttp import web
from pydantic import ValidationError

from scalelab.contracts.handicap import HANDICAP_PATH, Handicap

OnChange = Callable[[Handicap | None], None]
"""Told of the handicap that is in effect from now on; None: of none."""


class Handicaps:
    """The one that is in effect, if any."""

    def __init__(
        self, *, clock_s: Callable[[], float] = time.monotonic, on_change: OnChange = lambda _now: None
    ) -> None:
        self._clock_s = clock_s
        self._on_change = on_change
        self._handicap: Handicap | None = None
        self._ends_s = 0.0

    @property
    def current(self) -> Handicap | None:
        """None when there is none, or its time is over."""
        if self._handicap is not None and self._clock_s() >= self._ends_s:
            self.change(None)
        return self._handicap

    @property
    def delay_s(self) -> float:
        """What everything takes longer now."""
        current = self.current
        return current.delay_s if current is not None else 0.0

    def change(self, handicap: Handicap | None) -> None:
        """From now on this one, or none."""
        self._handicap = handicap
        self._ends_s = self._clock_s() + handicap.for_s if handicap is not None else 0.0
        self._on_change(handicap)

    def routes(self) -> list[web.RouteDef]:
        """For the admin listener, which demands the stack's nonce."""

        async def impose(request: web.Request) -> web.StreamResponse:
            try:
                handicap = Handicap.model_validate_json(await request.read())
            except ValidationError as error:
                return web.json_response({"fault": error.errors()[0]["msg"]}, status=400)
            self.change(handicap)
            return web.json_response(handicap.model_dump())

        async def lift(_request: web.Request) -> web.StreamResponse:
            self.change(None)
            return web.json_response({})

        return [web.post(HANDICAP_PATH, impose), web.delete(HANDICAP_PATH, lift)]
