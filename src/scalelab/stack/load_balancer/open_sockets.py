"""What a process has to do with the network, as the system sees it."""

from collections.abc import Iterable

import psutil

from scalelab.contracts.membership import Member


def listens(process: int) -> bool:
    """Whether it takes connections; not when it is gone."""
    try:
        return any(each.status == psutil.CONN_LISTEN for each in psutil.Process(process).net_connections("tcp"))
    except psutil.Error:
        return False


def connected_with(processes: Iterable[int], members: Iterable[Member]) -> frozenset[int]:
    """Which of the processes have a connection to one of the members."""
    ends = {(member.host, member.port) for member in members}
    return frozenset(pid for pid in processes if ends & _remote_ends(pid))


def _remote_ends(pid: int) -> set[tuple[str, int]]:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
        return {(str(each.raddr[0]), int(each.raddr[1])) for each in connections if each.raddr}
    except psutil.Error:
        return set()
