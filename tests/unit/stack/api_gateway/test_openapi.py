"""The description for machines and the one for people say the same."""

import re
from pathlib import Path

from scalelab.stack.api_gateway.openapi import api_description

REFERENCE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "http.md"
_ROW = re.compile(r"^\| `(GET|PUT|POST|DELETE) (/[^`?]*)(?:\?[^`]*)?` \| ([0-9, ]+) \|", re.MULTILINE)


def test_the_reference_names_every_route_with_its_statuses():
    """Neither has a route or a status that the other lacks."""
    described = {
        (method.upper(), path): sorted(map(int, operation["responses"]))
        for path, operations in api_description()["paths"].items()
        for method, operation in operations.items()
    }

    written = {
        (method, path): sorted(map(int, statuses.split(",")))
        for method, path, statuses in _ROW.findall(REFERENCE.read_text(encoding="utf-8"))
    }

    assert written == described
