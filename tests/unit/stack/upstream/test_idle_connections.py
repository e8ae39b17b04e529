"""Which connections are kept, and for how long."""

from dataclasses import dataclass

from scalelab.stack.upstream.idle_connections import IdleConnections


@dataclass(eq=False)
class Kept:
    is_open: bool = True
    idle_since_s: float = 0.0

    def close(self):
        self.is_open = False


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def _kept(limit_s=5.0, number=3):
    clock = Clock()
    idle = IdleConnections(limit_s, clock)
    connections = [Kept() for _ in range(number)]
    for connection in connections:
        idle.keep(connection)
        clock.now_s += 1.0
    return idle, connections, clock


def test_the_newest_comes_first():
    """So that those that nobody needs become old."""
    idle, connections, _ = _kept()

    assert [idle.take() for _ in range(4)] == [*reversed(connections), None]


def test_what_was_closed_or_is_too_old_is_not_given():
    """Older than the limit, or closed by the other end meanwhile."""
    idle, (oldest, middle, newest), clock = _kept()
    newest.is_open = False
    clock.now_s += 2.5

    assert (idle.take(), idle.take()) == (middle, None)
    assert not oldest.is_open


def test_old_ones_go_when_another_is_kept():
    """Nobody has to ask for them."""
    idle, (oldest, *_), clock = _kept()
    clock.now_s += 2.5

    idle.keep(Kept())

    assert (oldest.is_open, len(idle)) == (False, 3)


def test_all_are_closed_in_the_end():
    """None is left."""
    idle, connections, _ = _kept()

    idle.close()

    assert (len(idle), [one.is_open for one in connections]) == (0, [False] * 3)
