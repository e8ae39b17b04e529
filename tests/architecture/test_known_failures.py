"""Every test that the table of known failures names is there, and every line names one."""

import ast
import re
from functools import lru_cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS.parent / "docs" / "reference" / "known-failures.md"
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


def test_every_named_test_is_there():
    """A test that was renamed or deleted takes its line along."""
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall(TABLE.read_text(encoding="utf-8"))
        if not (TESTS / file).exists() or (not names_in(file) if name == "*" else name not in names_in(file))
    ]

    assert missing == []


def test_every_line_names_a_test():
    """No fault is only talked about."""
    bare = [row for row in rows() if not NAMED.search(row) and not any(fault in row for fault in WITHOUT_A_TEST)]

    assert len(rows()) > 90
    assert bare == []
