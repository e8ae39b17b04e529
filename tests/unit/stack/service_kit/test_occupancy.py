"""The integral of a gauge: who is inside counts for as long as it is inside."""

from scalelab.stack.service_kit.occupancy import Occupancy


class Clock:
    """Stands still until the test moves it."""

    def __init__(self, now_s):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


def test_seconds_of_all_together():
    """One for 3 s and another for 1 s of them are 4 s; who is still inside counts until now."""
    clock = Clock(1_000_000.0)
    occupancy = Occupancy(clock)

    occupancy.enter()
    clock.now_s += 2.0
    occupancy.enter()
    clock.now_s += 1.0
    while_inside = occupancy.seconds_total
    occupancy.leave()
    occupancy.leave()
    clock.now_s += 10.0

    assert (while_inside, occupancy.seconds_total, occupancy.count) == (4.0, 4.0, 0)
