"""The generator processes of one load: started, listened to, told what to do, and ended. Judges nothing."""

import os
import selectors
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO

from scalelab.lab.load.connector import resolve
from scalelab.lab.load.generator_messages import Order, Report
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow

_STOP_GRACE_S = 3.0
_ERROR_BYTES = 4096
_READ_BYTES = 1 << 20


@dataclass(eq=False)
class Generator:
    part: int
    process: "subprocess.Popen[bytes]"
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
            if report.kind != "ready":
                self.last = report if report.tally is not None else self.last
                self.is_final = report.kind == "final"
                if report.row is not None:
                    self.rows.append(report.row)
        return bool(lines)

    def tell(self, line: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except BrokenPipeError:
            return


class Crew:
    """The generators of one load."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        addresses = tuple(resolve({template.target.origin for template in plan.requests}).items())
        self._selector = selectors.DefaultSelector()
        self.generators: list[Generator] = []
        try:
            for part in range(plan.processes):
                self._start(Order(plan=plan, addresses=addresses, part=part))
        except BaseException:
            self.close()
            raise

    def _start(self, order: Order) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "scalelab.lab.load.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches us alone, and we end them in order
        )
        generator = Generator(order.part, process)
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
