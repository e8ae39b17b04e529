"""What viewers see: the newest sample, the last minutes, what was done meanwhile. One for all of them, bounded.

Belongs to one event loop; other threads go through `post`.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from threading import Event as ThreadEvent
from typing import Any

from scalelab.lab.watch.sampling import Sample

HISTORY_SAMPLES = 300
"""Five minutes."""
MARKS_KEPT = 60
_BEHIND_LIMIT = 30
"""A viewer who is so many events behind is let go; its browser comes again, and then sees the whole."""

Event = tuple[str, str]
"""Name and JSON text of a server-sent event."""


class Board:
    """What is told to all viewers."""

    def __init__(self) -> None:
        self._boot = secrets.token_hex(4)
        """A page that comes back to another one forgets what it was told before."""
        self.is_open = ThreadEvent()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._samples: deque[Sample] = deque(maxlen=HISTORY_SAMPLES)
        self._marks: dict[int, Mapping[str, Any]] = {}
        self._states: dict[str, Any] = {}
        self._viewers: set[asyncio.Queue[Event | None]] = set()

    def open(self) -> None:
        """From now on this event loop's."""
        self._loop = asyncio.get_running_loop()
        self.is_open.set()

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Call a method of this board from any thread; nothing once the loop has ended."""
        assert self._loop is not None, "the board is not open"
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def add_sample(self, sample: Sample) -> None:
        """A moment is over."""
        self._samples.append(sample)
        self._tell("sample", asdict(sample))

    def set_mark(self, mark: Mapping[str, Any]) -> None:
        """Something is done, or is over: `id` says which."""
        self._marks[mark["id"]] = mark
        if len(self._marks) > MARKS_KEPT:
            del self._marks[min(self._marks)]
        self._tell("mark", mark)

    def set_state(self, name: str, value: Any) -> None:
        """What holds from now on: told when it changes, and to whoever comes later."""
        if name not in self._states or self._states[name] != value:
            self._states[name] = value
            self._tell(name, value)

    def close(self) -> None:
        """Let every viewer go."""
        for viewer in self._viewers:
            _let_go(viewer)

    async def events(self) -> AsyncIterator[Event]:
        """For one viewer: everything so far, then what happens, until it is let go."""
        viewer: asyncio.Queue[Event | None] = asyncio.Queue(_BEHIND_LIMIT)
        self._viewers.add(viewer)
        try:
            yield "hello", _text(self._everything())
            while (event := await viewer.get()) is not None:
                yield event
        finally:
            self._viewers.discard(viewer)

    def _everything(self) -> dict[str, Any]:
        history = [{"unix_s": sample.unix_s, **asdict(sample.totals)} for sample in self._samples]
        latest = asdict(self._samples[-1]) if self._samples else None
        marks = list(self._marks.values())
        return {"boot": self._boot, "states": self._states, "history": history, "latest": latest, "marks": marks}

    def _tell(self, name: str, value: Any) -> None:
        event = (name, _text(value))
        for viewer in list(self._viewers):
            if viewer.full():
                self._viewers.discard(viewer)
                _let_go(viewer)
            else:
                viewer.put_nowait(event)


def _let_go(viewer: "asyncio.Queue[Event | None]") -> None:
    if viewer.full():
        viewer.get_nowait()
    viewer.put_nowait(None)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
