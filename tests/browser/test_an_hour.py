"""An hour of samples, told in seconds: neither the page nor the dashboard keeps more than it shows."""

import pytest

from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.sampling import NodeSample, Sample, Totals
from scalelab.lab.watch.serving import serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

HOUR_S = 3600
BATCH = 20
"""A viewer may be so far behind."""


def no_stack():
    raise SystemGoneError("there is none")


def sample(second):
    totals = Totals(100.0 + second % 7, 0.0, 0.01, 0.02, 0.05, 0.9, 0.0, 0.0, 0.0, 0.5)
    nodes = tuple(
        NodeSample(f"api_gateway-{number}", "api_gateway", "ready", 1, 10.0 * number, 1.0, 0.1, 1)
        for number in range(1, 2 + second % 4)
    )
    return Sample(1_000_000.0 + second, totals, nodes)


def told(dashboard, page, seconds):
    for first in range(seconds.start, seconds.stop, BATCH):
        for second in range(first, first + BATCH):
            dashboard.board.post(dashboard.board.add_sample, sample(second))
            dashboard.board.post(
                dashboard.board.set_mark,
                {"id": second, "unix_s": second, "text": "x", "state": "done", "trouble": ""},
            )
        page.wait_for_timeout(40)


def size(page):
    """Elements, and the memory of the page's scripts once what is not needed is collected."""
    page.wait_for_timeout(500)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    return page.evaluate("document.querySelectorAll('*').length"), heap


def test_an_hour_open_grows_nothing(screen):
    """After ten minutes the page is as large as after seventy."""
    with serving(no_stack) as dashboard:
        shown = screen().open(dashboard.url)
        told(dashboard, shown.page, range(600))
        elements, heap = size(shown.page)
        told(dashboard, shown.page, range(600, 600 + HOUR_S))
        later_elements, later_heap = size(shown.page)

    assert later_elements == elements
    assert later_heap < 1.25 * heap
