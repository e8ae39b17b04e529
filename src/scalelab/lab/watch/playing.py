"""Does what viewers ask for, each act in a thread of its own, and says when it began and how it ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from threading import Lock, Thread
from typing import Literal, Protocol, get_args

from scalelab.contracts.faults import Fault
from scalelab.lab.preparation import PreparationError, flush_cache
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import (
    Act,
    ActFailedError,
    ActKind,
    Change,
    ChangePolicy,
    Flush,
    Hold,
    Kill,
    PlayableSystem,
    Release,
    Scale,
    StartLoad,
    StopLoad,
)

MOST_AT_A_TIME = 4


@dataclass(frozen=True)
class Mark:
    """One act, for the time axis."""

    id: int
    unix_s: float
    text: str
    state: Literal["under way", "done", "failed"]
    trouble: str = ""


class PlayedLoad(Protocol):
    """The load that viewers start and stop."""

    def start(self, system: PlayableSystem, wanted: StartLoad) -> None:
        """In place of one that is under way.

        Raises:
            ActFailedError: it did not begin.
        """

    def stop(self) -> None:
        """Returns when it has ended.

        Raises:
            ActFailedError: none is under way.
        """


class Player:
    """Plays one system."""

    def __init__(
        self, find: Callable[[], PlayableSystem], load: PlayedLoad, time_unix_s: Callable[[], float] = time.time
    ) -> None:
        """Does nothing yet.

        Args:
            find: the system as it is now. Raises SystemGoneError when there is none.
            load: what makes the load.
            time_unix_s: the clock of the marks.
        """
        self._find, self._load, self._time_unix_s = find, load, time_unix_s
        self._numbers = count(1)
        self._under_way = 0
        self._counting = Lock()

    def begin(self, act: Act, tell: Callable[[Mark], None]) -> Thread:
        """Begin an act; returns its thread at once.

        Args:
            act: what to do.
            tell: hears of its beginning here, and of its end from the thread.

        Raises:
            ActFailedError: too many are under way, or it is not offered.
        """
        refusal = self._refusal(act.kind)
        if refusal:
            raise ActFailedError(refusal)
        with self._counting:
            if self._under_way >= MOST_AT_A_TIME:
                raise ActFailedError(f"{MOST_AT_A_TIME} acts are under way: wait until one is over")
            self._under_way += 1
            mark = Mark(next(self._numbers), self._time_unix_s(), str(act), "under way")
        tell(mark)
        thread = Thread(target=self._run, args=(act, mark, tell), name=f"act-{mark.id}", daemon=True)
        thread.start()
        return thread

    def _refusal(self, kind: ActKind) -> str:
        try:
            return self._find().not_offered().get(kind, "")
        except SystemGoneError as error:
            return str(error)

    def _run(self, act: Act, mark: Mark, tell: Callable[[Mark], None]) -> None:
        trouble = ""
        try:
            self._do(act, self._find())
        except (ActFailedError, SystemGoneError, PreparationError) as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001  the thread's outermost frame: a viewer waits for the outcome
            trouble = f"unexpected {type(error).__name__}: {error}"
        finally:
            with self._counting:
                self._under_way -= 1
        tell(Mark(mark.id, mark.unix_s, mark.text, "failed" if trouble else "done", trouble))

    def _do(self, act: Act, system: PlayableSystem) -> None:
        match act:
            case Scale():
                system.scale(act.service, act.replicas)
            case Kill():
                system.begin_fault(Fault(kind="kill", target=act.target, at_s=0))
            case Hold():
                system.begin_fault(Fault(kind=act.kind, target=act.target, at_s=0, duration_s=act.duration_s))
            case Release():
                system.end_fault(act.target)
            case Flush():
                flush_cache(system.view())
            case Change():
                system.change(act.setting, act.value)
            case ChangePolicy():
                system.change_policy(act.policy)
            case StartLoad():
                self._load.start(system, act)
            case StopLoad():
                self._load.stop()


def offers(refused: Mapping[ActKind, str]) -> dict[str, str]:
    """For viewers: each kind of act, with the reason why it is not offered; empty: it is."""
    return {kind: refused.get(kind, "") for kind in get_args(ActKind)}
