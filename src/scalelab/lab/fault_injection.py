"""Does an experiment's faults to the system while the load runs; each is undone, however the load ends."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from scalelab.contracts.faults import Fault, FaultTrace, IsNoticed
from scalelab.lab.preparation import PreparationError, flush_cache
from scalelab.lab.system import SystemGoneError, SystemUnderTest

LOOK_EVERY_S = 0.02


@contextmanager
def injecting(faults: Sequence[Fault], system: SystemUnderTest, file: Path) -> Iterator["Injector"]:
    """Ready to begin; at the end of the block no fault is in effect any more.

    Args:
        faults: in order of their times.
        system: to which they are done.
        file: receives a `FaultTrace` a line.
    """
    injector = Injector(faults, system, file)
    try:
        yield injector
    finally:
        injector.stop()


@dataclass
class Injector:
    """One load's faults."""

    faults: Sequence[Fault]
    system: SystemUnderTest
    file: Path
    traces: list[FaultTrace] = field(default_factory=list)
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def load_began(self, ago_s: float = 0.0) -> None:
        """Time 0 of the faults is now, or so long ago. Calls after the first do nothing."""
        if self.faults and self._thread is None and not self._over.is_set():
            self._thread = Thread(target=self._run, args=(time.monotonic() - ago_s,), name="faults")
            self._thread.start()

    def stop(self) -> None:
        """Undo what is in effect, do nothing more, and wait for both. Idempotent."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, began_s: float) -> None:
        for fault in self.faults:
            if self._over.wait(max(0.0, began_s + fault.at_s - time.monotonic())):
                return
            trace = self._do(fault)
            self.traces.append(trace)
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(trace.model_dump_json() + "\n")

    def _do(self, fault: Fault) -> FaultTrace:
        began_unix_s, watch, trouble = time.time(), _Watch(), ""
        try:
            if fault.kind == "expire_cache":
                flush_cache(self.system.view())
            else:
                with self.system.disturb(fault) as is_noticed:
                    watch.begin(is_noticed)
                    self._over.wait(fault.duration_s)
        except (SystemGoneError, PreparationError) as error:
            trouble = str(error)
        finally:
            watch.end()
        return FaultTrace(
            fault=fault,
            began_unix_s=began_unix_s,
            ended_unix_s=time.time(),
            noticed_unix_s=watch.noticed_unix_s,
            trouble=trouble,
        )


@dataclass
class _Watch:
    """Looks, beside the fault and its roll-back, whether the stack knows of it."""

    noticed_unix_s: float | None = None
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def begin(self, is_noticed: IsNoticed) -> None:
        self._thread = Thread(target=self._look, args=(is_noticed,), name="fault-watch")
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, is_noticed: IsNoticed) -> None:
        while not self._over.is_set():
            if is_noticed():
                self.noticed_unix_s = time.time()
                return
            self._over.wait(LOOK_EVERY_S)
