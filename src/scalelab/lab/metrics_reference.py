"""`docs/reference/metrics.md`: every metric of the services, with what its definition says of it.

`python -m scalelab.lab.metrics_reference FILE` brings a file up to date.
"""

import ast
from collections.abc import Iterator
from inspect import getsource
from itertools import pairwise

from scalelab.contracts import metric_names
from scalelab.lab.reference_tables import rewrite_page, with_tables

PREFIX = "scalelab_"


def reference_text() -> str:
    """The table as Markdown, in the order of the definitions."""
    rows = (f"| `{name}` | {meaning} |" for name, meaning in metrics_of(getsource(metric_names)))
    return "\n".join(("| metric | means |", "| --- | --- |", *rows))


def metrics_of(source: str) -> Iterator[tuple[str, str]]:
    """Name and meaning of every constant that is a metric's name; the meaning is the text right below it."""
    body = ast.parse(source).body
    for node, following in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name = str(node.value.value)
            if name.startswith(PREFIX):
                yield name, _text(following).replace("|", "\\|")


def _text(node: ast.stmt) -> str:
    """Of a statement that is nothing but text; empty for any other."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).split())
    return ""


def up_to_date(document: str) -> str:
    """The document with a fresh table between its markers."""
    return with_tables(document, reference_text())


if __name__ == "__main__":
    rewrite_page(up_to_date)
