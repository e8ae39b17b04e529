"""What a table of routes may say, and what it is told that it may not."""

import pytest
from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.routes import RouteTable

SHOP = {"shop": {"url": "http://127.0.0.1:8000"}}


def table(*routes, upstreams=None):
    return {
        "upstreams": upstreams or SHOP,
        "routes": [{"path": "/", "upstream": "shop", **route} for route in routes],
    }


def faults_of(document):
    with pytest.raises(ValidationError) as caught:
        RouteTable.model_validate(document)
    return validation_faults(caught.value, document, RouteTable)


def test_what_is_left_out_is_the_careful_choice():
    """A token first, reads alone, each user's answers apart, no field of the request's to the service."""
    route = RouteTable.model_validate(table({})).routes[0]

    assert (route.protection, route.shared_with, route.vary) == ("token", "per_subject", ())
    assert route.allowed_methods == {"GET", "HEAD"}


def test_without_a_token_answers_are_for_everybody():
    """Nobody is known there, so there is nobody to keep them apart for."""
    assert RouteTable.model_validate(table({"protection": "none"})).routes[0].shared_with == "public"


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ({"path": "/a//b"}, "routes.0.path = '/a//b': write it from '/'"),
        ({"path": "/a/../b"}, "routes.0.path"),
        ({"path": "a"}, "routes.0.path"),
        ({"path": "/%61"}, "routes.0.path"),
        ({"path": "/a?b"}, "routes.0.path"),
        ({"upstream": "shp"}, "routes.0.upstream = 'shp': there is no such upstream (did you mean shop?)"),
        ({"methods": ["get"]}, "routes.0.methods = ['get']: write methods in capitals"),
        ({"methods": ["CONNECT"]}, "routes.0.methods"),
        ({"methods": []}, "routes.0.methods"),
        ({"ttl": 3}, "routes.0.ttl: there is no such key (did you mean ttl_s?)"),
        ({"ttl_s": -1}, "routes.0.ttl_s = -1"),
        ({"vary": "accept"}, "routes.0.vary = 'accept': write a list"),
        ({"vary": ["a b"]}, "routes.0.vary = ['a b']: write a list"),
        (
            {"limit": {"bursts": 1, "rate_per_s": 1}},
            "routes.0.limit.bursts: there is no such key (did you mean burst?)",
        ),
        ({"protection": "none", "scope": "a"}, "routes.0.scope = 'a', but protection = 'none'"),
        ({"protection": "none", "limit": {"rate_per_s": 1}}, "routes.0.limit counts users"),
        ({"protection": "none", "sharing": "per_scope"}, "routes.0.sharing = 'per_scope'"),
    ],
)
def test_each_fault_names_key_and_value(route, told):
    """One line for it, which begins with where it stands."""
    faults = faults_of(table(route))

    assert len(faults) == 1
    assert faults[0].startswith(told)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop",
        "https://shop/path",
        "http://shop/path",
        "http://u@shop",
        "http://shop:99999",
        "http://:80",
        "shop",
        "http://a b",
    ],
)
def test_an_upstream_is_an_address(url):
    """Anything else could not be asked, or would have to be rewritten."""
    faults = faults_of({"upstreams": {"shop": {"url": url}}})

    assert len(faults) == 1
    assert faults[0].startswith(f"upstreams.shop.url = {url!r}: write http://host:port")


@pytest.mark.parametrize(
    ("upstream", "told"),
    [
        ({"url": "http://shop", "ca_file": "ca.pem"}, "ca_file: there is no certificate at http://shop"),
        ({"url": "http://shop", "certificate": "any"}, "certificate: there is no certificate at http://shop"),
        ({"url": "https://shop", "ca_pem": "x", "certificate": "any"}, "ca_pem and certificate say different things"),
        ({"url": "https://shop", "ca_pem": "x", "ca_file": "y"}, "ca_file and ca_pem say different things"),
    ],
)
def test_what_is_said_of_certificates_means_something(upstream, told):
    """Whoever believes to be protected is."""
    faults = faults_of({"upstreams": {"shop": upstream}})

    assert len(faults) == 1
    assert told in faults[0]


def test_a_request_has_one_route_at_most():
    """The same path may have several, but not for one method; HEAD goes with GET."""
    good = RouteTable.model_validate(table({"methods": ["GET"]}, {"methods": ["POST"]}))
    faults = faults_of(table({"methods": ["GET"]}, {"methods": ["HEAD"]}, {"methods": ["POST", "GET"]}))

    assert len(good.routes) == 2
    assert [fault.partition(":")[0] for fault in faults] == ["routes.1.path = '/'", "routes.2.path = '/'"]


def test_a_table_outlives_its_journey():
    """As JSON between processes, with all that was left out written out."""
    wanted = RouteTable.model_validate(
        table({"protection": "none", "vary": "origin", "ttl_s": 3, "key": ["a"]}, {"path": "/a", "slots": 2})
    )

    assert RouteTable.model_validate_json(wanted.model_dump_json()) == wanted
