"""Each command that a page shows is run by a test, or there is a reason why it is not."""

import pytest

from shown_commands import PAGES, ROOT, SHOWN, plans_of_lessons, told_of

RUN_BY_A_TEST_OF_ITS_OWN = {"docs/how_to/put-the-gateway-in-front-of-your-service.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_something_is_said_of_every_command(page):
    """In the page's order, and of no command that is gone."""
    name = str(page.relative_to(ROOT))
    if name not in RUN_BY_A_TEST_OF_ITS_OWN:
        assert [shown.line for shown in SHOWN.get(name, ())] == told_of(page)


def test_no_page_is_gone():
    """Nor are the lessons' plans."""
    assert set(SHOWN) <= {str(page.relative_to(ROOT)) for page in PAGES}
    assert len(plans_of_lessons()) > 20
