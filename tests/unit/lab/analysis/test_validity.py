"""Judging a run: nothing wrong, one thing wrong, several things wrong."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.validity import judge
from scalelab.lab.results.run_record import Books


def test_a_good_run_is_valid_without_caveats(evidence):
    """60 requests a second for a minute, everything answered."""
    assert judge(evidence()) == (("valid",), ())


def test_everything_that_is_wrong_is_listed(evidence):
    """Partial, and the system died; the caveats stand in the same order."""
    validity, caveats = judge(evidence(is_partial=True, system_faults=("api_gateway-1 ended",)))

    assert validity == ("partial", "sut-died")
    assert [caveat.kind for caveat in caveats] == ["partial", "sut-died"]


def test_a_doubt_can_leave_a_run_valid(evidence):
    """A busy machine is said, but does not spoil the result."""
    validity, caveats = judge(evidence(machine_busy_ratio=0.5))

    assert validity == ("valid",)
    assert [caveat.kind for caveat in caveats] == ["machine-busy"]


counts = st.integers(0, 10**6)


@given(counts, counts, counts, counts, counts, counts)
def test_any_books_can_be_judged(evidence, not_sent, completed, failed, timed_out, censored, in_window):
    """No division by zero; every caveat has a text, advice and a kind."""
    sent = completed + failed + timed_out + censored
    books = Books(
        offered=sent + not_sent,
        not_sent=not_sent,
        sent=sent,
        completed=completed,
        failed=failed,
        timed_out=timed_out,
        censored=censored,
        completed_in_drain=0,
    )

    validity, caveats = judge(evidence(books=books, completed_in_window=in_window))

    assert validity
    assert all(caveat.kind and caveat.text and caveat.advice for caveat in caveats)
    assert (validity == ("valid",)) == ("valid" in validity)
