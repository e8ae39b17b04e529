"""docs/reference/conformance.md is what the suite of the balancers finds: no case is missing, none of it failed."""

import ast
from pathlib import Path

from engines.load_balancer.conformance_page import FRAMING, conformance_page, results_of
from engines.load_balancer.framing_corpus import CASES, EXCEPTIONS
from engines.load_balancer.offers import ENGINES, NOT_OFFERED

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests" / "engines" / "load_balancer"
PAGE = (ROOT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")
ROWS = [row.strip("| ").split(" | ") for row in PAGE.splitlines() if row.startswith("| ") and "---" not in row]
FIXTURES_OF_AN_ENGINE = {"engine", "use_balancer", "start_balancer"}


def cases_of_the_suite():
    """Functions that run once for each engine."""
    for path in sorted(SUITE.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_test = isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
            if is_test and FIXTURES_OF_AN_ENGINE & {argument.arg for argument in node.args.args}:
                yield node.name


def test_every_case_is_on_the_page():
    """After a new case: make conformance."""
    told = {row[0].partition(" (")[0] for row in ROWS}
    wanted = {name.removeprefix("test_").replace("_", " ") for name in cases_of_the_suite() if name != FRAMING}
    wanted |= {case.name.replace("_", " ") for case in CASES}

    assert wanted - told == set()
    assert told - wanted == {"case"}


def test_no_case_fails_through_any_engine():
    """And the columns are the engines that there are."""
    assert {tuple(row[1:]) for row in ROWS if row[0] == "case"} == {ENGINES}
    assert [row for row in ROWS if any(cell.startswith("fail") for cell in row[1:])] == []


def test_what_is_not_offered_or_otherwise_has_its_reason_there():
    """In the notes."""
    reasons = {*NOT_OFFERED.values(), *(known.reason for known in EXCEPTIONS.values())}

    assert {reason for reason in reasons if reason not in PAGE} == set()


def test_a_failure_would_be_told():
    """The page says fail where a test failed, and which case of the corpus it was."""
    found = [
        *results_of("tests/engines/load_balancer/test_faults.py::test_a_b[envoy-GET]", "failed", "", []),
        *results_of(
            f"tests/engines/load_balancer/test_framing.py::{FRAMING}[envoy]", "failed", "", [("A01_x", "fail")]
        ),
    ]

    page = conformance_page(found, ["envoy", "nginx"], {"Envoy": "1"})

    assert "| a b (GET) | fail | - |" in page
    assert "| A01 x | fail | - |" in page
