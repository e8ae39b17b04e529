"""The drivers that a scenario can be measured with, behind one call."""

from scalelab.lab.load.driving import LoadEnd, LoadFollower
from scalelab.lab.load.locust_driver import LocustLoad, run_locust
from scalelab.lab.load.own_driver import OwnLoad, run_own

Load = LocustLoad | OwnLoad


def run_driver(load: Load, follower: LoadFollower | None = None) -> LoadEnd:
    """Run one load to its end with the driver that it is for; files and balance are the same for all."""
    return run_locust(load, follower) if isinstance(load, LocustLoad) else run_own(load, follower)
