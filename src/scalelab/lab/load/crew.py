"""The generator processes of one load: started, listened to, told what to do, and ended. Judges nothing.

For one on another machine stands a process here that speaks for it (`workers/link.py`), so that all are the same.
"""

import os
import secrets
import selectors
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO

from scalelab.lab.load.connector import resolve
from scalelab.lab.load.generator_messages import Order, Report
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.workers.addresses import Workers
from scalelab.lab.load.workers.messages import Assignment, LinkOrder

_STOP_GRACE_S = 3.0
_ERROR_BYTES = 4096
_READ_BYTES = 1 << 20
_GENERATOR = "scalelab.lab.load.generator"
_LINK = "scalelab.lab.load.workers.link"


THIS_MACHINE = "this machine"


@dataclass(eq=False)
class Generator:
    part: int
    process: "subprocess.Popen[bytes]"
    """Its own, or the one that stands for it here."""
    machine: str = THIS_MACHINE
    clock_uncertainty_s: float | None = None
    buffer: bytes = b""
    last_words: bytes = b""
    last: Report | None = None
    rows: list[SecondRow] = field(default_factory=list)
    is_ready: bool = False
    is_final: bool = False
    open_pipes: int = 2

    def take(self, data: bytes) -> bool:
        """Whole lines as reports; whether there was one."""
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            report = Report.model_validate_json(line)
            self.is_ready = True
            if report.kind == "ready":
                self.clock_uncertainty_s = report.clock_uncertainty_s
            else:
                self.last = report if report.tally is not None else self.last
                self.is_final = report.kind == "final"
                if report.row is not None:
                    self.rows.append(report.row)
        return bool(lines)

    def reason(self) -> str:
        """Its last words."""
        lines = self.last_words.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no reason given"

    def tell(self, line: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return


class Crew:
    """The generators of one load: processes of this machine, or of the workers' machines in turn."""

    def __init__(self, plan: LoadPlan, workers: Workers | None = None) -> None:
        self.plan = plan
        self._selector = selectors.DefaultSelector()
        self.generators: list[Generator] = []
        try:
            if workers is None:
                self._start_here()
            else:
                self._start_there(workers)
        except BaseException:
            self.close()
            raise

    def _start_here(self) -> None:
        addresses = tuple(resolve({template.target.origin for template in self.plan.requests}).items())
        for part in range(self.plan.processes):
            order = Order(plan=self.plan, addresses=addresses, part=part)
            self._start(part, THIS_MACHINE, _GENERATOR, order)

    def _start_there(self, workers: Workers) -> None:
        load_id = secrets.token_hex(8)
        for part in range(self.plan.processes):
            address = workers.addresses[part % len(workers.addresses)]
            assignment = Assignment(load_id=load_id, plan=self.plan, part=part)
            order = LinkOrder(address=address, secret=workers.secret, assignment=assignment)
            self._start(part, str(address), _LINK, order)

    def _start(self, part: int, machine: str, module: str, order: Order | LinkOrder) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches us alone, and we end them in order
        )
        generator = Generator(part, process, machine)
        self.generators.append(generator)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, generator)
        generator.tell(order.model_dump_json().encode() + b"\n")

    def tell(self, line: bytes) -> None:
        for generator in self.generators:
            generator.tell(line)

    def look(self, timeout_s: float) -> bool:
        """Take what they said; whether there was a report."""
        is_news = False
        for key, _ in self._selector.select(timeout_s):
            generator, pipe = key.data, key.fileobj
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                self._selector.unregister(pipe)
                generator.open_pipes -= 1
            elif pipe is generator.process.stderr:
                generator.last_words = (generator.last_words + data)[-_ERROR_BYTES:]
            else:
                is_news |= generator.take(data)
        return is_news

    @property
    def is_at_work(self) -> bool:
        return any(generator.open_pipes for generator in self.generators)

    def close(self) -> None:
        """End whoever is left, and every pipe."""
        for generator in self.generators:
            if generator.process.poll() is None and not generator.is_final:
                generator.process.kill()
        for generator in self.generators:
            process = generator.process
            pipes: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout, process.stderr)
            for pipe in pipes:
                _close(pipe)
            try:
                process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._selector.close()


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:  # what stood in its buffer has no reader any more
            return
