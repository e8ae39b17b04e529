"""Every test that the pages on known failures and security name is there; every line of the former names one."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
DOCS = TESTS.parent / "docs"
TABLE = DOCS / "reference" / "known-failures.md"
NAMING_TESTS = [TABLE, DOCS / "explanation" / "security.md"]
NAMED = re.compile(r"`([\w/.-]+\.py)::(\w+|\*)`")
WITHOUT_A_TEST = {"a binary search for the capacity on noisy outcomes"}
"""What is not offered cannot be wrong."""


@lru_cache
def names_in(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def rows():
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and "---" not in line and "held by" not in line]


@pytest.mark.parametrize("page", NAMING_TESTS, ids=lambda page: page.stem)
def test_every_named_test_is_there(page):
    """A test that was renamed or deleted takes its line along."""
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall(page.read_text(encoding="utf-8"))
        if not (TESTS / file).exists() or (not names_in(file) if name == "*" else name not in names_in(file))
    ]

    assert missing == []


def test_every_line_names_a_test():
    """No fault is only talked about."""
    bare = [row for row in rows() if not NAMED.search(row) and not any(fault in row for fault in WITHOUT_A_TEST)]

    assert len(rows()) > 90
    assert bare == []
