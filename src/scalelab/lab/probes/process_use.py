"""What a process and its children use: CPU, memory, threads, descriptors. Asks the operating system only."""

import time
from collections.abc import Callable

import psutil

from scalelab.contracts.model import Contract

TREE_AGE_LIMIT_S = 5.0
"""Children are looked for so often; in between the known ones are asked."""


class ProcessUse(Contract):
    """Sums over a process and its children. Shared memory counts once for each."""

    cpu_s: float
    """Since each process began."""
    rss_bytes: int
    threads: int
    descriptors: int | None
    """Unknown on systems without them."""


class ProcessTrees:
    """Processes by their root's id. Not safe for several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._trees: dict[int, tuple[float, list[psutil.Process]]] = {}

    def use_of(self, pid: int) -> ProcessUse | None:
        """What the process and its children use; None when it is gone or not ours to look at."""
        uses = [use for process in self._tree(pid) if (use := _use(process)) is not None]
        if not uses:
            return None
        descriptors = [use.descriptors for use in uses if use.descriptors is not None]
        return ProcessUse(
            cpu_s=sum(use.cpu_s for use in uses),
            rss_bytes=sum(use.rss_bytes for use in uses),
            threads=sum(use.threads for use in uses),
            descriptors=sum(descriptors) if descriptors else None,
        )

    def _tree(self, pid: int) -> list[psutil.Process]:
        looked_s, tree = self._trees.get(pid, (float("-inf"), []))
        if self._monotonic() - looked_s >= TREE_AGE_LIMIT_S:
            try:
                root = psutil.Process(pid)
                tree = [root, *root.children(recursive=True)]
            except psutil.Error:
                tree = []
            self._trees[pid] = (self._monotonic(), tree)
        return tree


def _use(process: psutil.Process) -> ProcessUse | None:
    try:
        with process.oneshot():
            cpu = process.cpu_times()
            return ProcessUse(
                cpu_s=cpu.user + cpu.system,
                rss_bytes=process.memory_info().rss,
                threads=process.num_threads(),
                descriptors=process.num_fds() if hasattr(process, "num_fds") else None,
            )
    except psutil.Error:
        return None
