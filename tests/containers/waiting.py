"""Waits for what another process does."""

import time


def done(is_true, limit_s=20.0):
    """Whether it became true in time."""
    deadline_s = time.monotonic() + limit_s
    while not is_true() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return is_true()
