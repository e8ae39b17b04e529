"""The tables of `docs/reference/routes-file.md`, from the model alone. Touches nothing outside their markers.

`python -m scalelab.lab.routes_reference FILE` brings a file up to date.
"""

from scalelab.contracts.routes import Route, RouteLimit, Upstream
from scalelab.lab.reference_tables import model_table, rewrite_page, with_tables


def reference_text() -> str:
    """Every table as Markdown."""
    tables = (("upstreams.NAME", Upstream), ("[routes]", Route), ("routes.limit", RouteLimit))
    return "\n".join(model_table(name, model) for name, model in tables)


def up_to_date(document: str) -> str:
    """The document with fresh tables between its markers."""
    return with_tables(document, reference_text())


if __name__ == "__main__":
    rewrite_page(up_to_date)
