"""`docs/reference/routes-file.md` says what the model says, and the examples in the pages are good routes."""

import re
from pathlib import Path

import pytest

from scalelab.contracts.routes import Route, RouteTable
from scalelab.deployment.route_explanation import explained_routes
from scalelab.deployment.routes_file import parse_routes
from scalelab.lab.routes_reference import reference_text, up_to_date

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = DOCS / "reference" / "routes-file.md"
PAGES = (
    PAGE,
    DOCS / "how_to" / "put-the-gateway-in-front-of-your-service.md",
    DOCS / "how_to" / "cache-in-front-of-your-service.md",
)


def test_the_page_is_up_to_date():
    """Else: python -m scalelab.lab.routes_reference docs/reference/routes-file.md."""
    page = PAGE.read_text(encoding="utf-8")

    assert up_to_date(page) == page


@pytest.mark.parametrize("key", [key for key in Route.model_fields if key != "limit"])
def test_every_key_has_a_row(key):
    """With unit and default; `limit` has a table of its own."""
    assert re.search(rf"^\| `{key}` \|", reference_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_are_good_routes(page):
    """No fault; the paths of the gateway's own are not among them."""
    for example in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        table = parse_routes(example)
        assert isinstance(table, RouteTable), table
        assert not any("itself" in warning for route in explained_routes(table) for warning in route.warnings)
