"""Routes in words, and what is probably not meant."""

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.deployment.route_explanation import explained_routes, unused_upstreams


def explained(*routes):
    table = RouteTable.model_validate(
        {
            "upstreams": {"shop": {"url": "http://127.0.0.1:8000/"}},
            "routes": [{"path": "/", "upstream": "shop", **route} for route in routes],
        }
    )
    return explained_routes(table)


def test_a_route_says_all_that_it_does():
    """A sentence for each question, with units."""
    (route,) = explained(
        {
            "path": "/reports/",
            "scope": "reports:read",
            "sharing": "per_scope",
            "ttl_s": 30,
            "key": ["page"],
            "vary": ["Accept"],
            "retries": 2,
            "limit": {"rate_per_s": 5},
            "slots": 8,
            "deadline_s": 2,
        }
    )

    assert route.request == "GET, HEAD /reports/ and below"
    assert route.goes_to == "shop (http://127.0.0.1:8000)"
    assert route.who_may == "who has a token with scope reports:read"
    assert route.answers == (
        "kept 30 s unless the service says, for all who have the same scopes; by query parameters page; by Accept"
    )
    assert (
        route.bounds
        == "10 s; answered within 2 s, whatever it takes; 2 retries of reads; 5/s for each user, 10 at once; "
        "8 open at a time for each gateway"
    )
    assert route.warnings == ()


def test_the_most_special_path_comes_first():
    """The order in which they are looked for."""
    routes = explained({}, {"path": "/a/"}, {"path": "/a/b/"}, {"path": "/x"})

    assert [route.request.split()[2] for route in routes] == ["/x", "/a/b/", "/a/", "/"]


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ({"path": "/login"}, "the gateway answers /login itself"),
        ({"path": "/data/"}, "in a stack with the laboratory's services the gateway answers /data itself"),
        ({"protection": "none", "methods": ["GET", "PUT"]}, "anybody may PUT"),
        ({"sharing": "public"}, "sharing = 'public': whoever has a token"),
        ({"retries": 1, "methods": ["GET", "POST"]}, "retries repeat GET and HEAD only, never POST"),
        ({"ttl_s": 5, "methods": ["POST"]}, "ttl_s without effect: nothing is kept, since GET is not among"),
        ({"ttl_s": 0, "vary": ["accept"]}, "vary without effect: nothing is kept, since ttl_s = 0"),
        ({"protection": "none", "vary": "origin"}, "vary = 'origin': an answer is shared though"),
        ({"vary": ["Cookie"]}, "vary by cookie: hardly"),
    ],
)
def test_what_is_probably_not_meant_is_said(route, told):
    """One warning, and the right one."""
    (shown,) = explained(route)

    assert len(shown.warnings) == 1
    assert shown.warnings[0].startswith(told)


def test_an_upstream_to_which_nothing_leads_is_named():
    """It may be a route that was forgotten."""
    table = RouteTable.model_validate({"upstreams": {"a": {"url": "http://a:1"}, "b": {"url": "http://b:1"}}})

    assert unused_upstreams(table) == ("a", "b")


def test_a_certificate_that_nobody_looks_at_is_warned_of():
    """For each route that leads there."""
    upstreams = {"shop": {"url": "https://shop", "certificate": "any"}}
    (shown,) = explained_routes(
        RouteTable.model_validate({"upstreams": upstreams, "routes": [{"path": "/a", "upstream": "shop"}]})
    )

    assert shown.warnings == (
        "certificate = 'any': whoever answers at that address is believed, and whoever stands between",
    )
