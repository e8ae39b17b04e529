"""What a case says when the machine has too much to do, or the case cannot be measured."""

import pytest

from scalelab.lab.load.processes import GeneratorFailedError
from scalelab.lab.load.result import GeneratorResult, LoadResult
from scalelab.lab.selftest import cases
from scalelab.lab.selftest.cases import Case, Measured
from scalelab.lab.selftest.lines import equal
from scalelab.lab.selftest.running import run_case, run_cases


def result(machine=0.3, lag_s=0.001):
    generator = GeneratorResult.model_construct(machine_cpu_share=machine, lag_p99_s=lag_s)
    return LoadResult.model_construct(generator=generator)


@pytest.fixture
def case(monkeypatch):
    """`case(measured)` makes it the only case."""

    def make(run):
        monkeypatch.setattr(cases, "CASES", {"one": Case("something", run, load_s=1.0)})
        monkeypatch.setattr("scalelab.lab.selftest.running.CASES", cases.CASES)

    return make


@pytest.mark.parametrize(
    ("results", "verdict", "remark"),
    [
        ((result(),), "fail", ""),
        ((result(), result(machine=0.99)), "cannot tell", "the machine was 99% busy"),
        ((result(lag_s=0.2),), "cannot tell", "schedule lag p99 was 200 ms"),
        ((result(machine=None, lag_s=None),), "fail", ""),
    ],
)
def test_a_failure_counts_only_where_the_machine_was_free(case, results, verdict, remark):
    """A busy machine excuses nothing that passed, and condemns nothing that failed."""
    case(lambda _scale: Measured((equal("x", 1, 2), equal("y", 1, 1)), results))

    outcome = run_case("one", 1.0)

    assert outcome.verdict == verdict
    assert remark in outcome.remark
    assert outcome.lines[1].verdict == "pass"


def test_a_case_that_cannot_be_measured_has_not_passed(case):
    """It says why."""

    def fail(_scale):
        raise GeneratorFailedError("no more processes")

    case(fail)
    begun = []

    outcomes = list(run_cases(["one"], 1.0, begun.append))

    assert begun == ["one"]
    assert (outcomes[0].verdict, outcomes[0].remark) == ("cannot tell", "not measured: no more processes")
