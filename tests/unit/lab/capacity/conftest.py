"""The result of a load at 100 requests/s, for tests to change one thing in."""

import pytest

from scalelab.lab.load.percentiles import LatencyFigures
from scalelab.lab.load.result import LoadResult
from scalelab.lab.results.run_record import Caveat

_UNKNOWN = dict.fromkeys(LatencyFigures.model_fields)


@pytest.fixture
def a_result():
    """Makes one; only the figures that a trial is judged by are in it."""

    def make(rate_per_s=100.0, p50=0.1, validities=("valid",), error_share=0.0):
        caveats = () if validities == ("valid",) else (Caveat(kind="k", text="it fell behind", advice=""),)
        return LoadResult.model_construct(
            rate_per_s=rate_per_s,
            error_share=error_share,
            validities=validities,
            caveats=caveats,
            latency_at_least_s=LatencyFigures.model_construct(**{**_UNKNOWN, "count": 1000, "p50": p50}),
        )

    return make
