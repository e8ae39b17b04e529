"""Which route a request takes, however its path is written."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.routes import Route
from scalelab.stack.api_gateway.own_routes.path_readings import readings
from scalelab.stack.api_gateway.own_routes.route_choice import Chosen, NoRoute, NotAllowed, RouteChoice


@dataclass(frozen=True)
class Stand:
    """Stands for a route."""

    route: Route


def choice_of(*paths, methods=("GET",)):
    return RouteChoice([Stand(Route(path=path, upstream="u", methods=methods)) for path in paths])


def chosen_path(choice, raw_path, method="GET"):
    chosen = choice.choose(method, raw_path)
    return chosen.by.route.path if isinstance(chosen, Chosen) else chosen


TABLE = choice_of("/", "/public/", "/admin/", "/admin/open/", "/report", "/admin/report")


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        ("/", "/"),
        ("/x", "/"),
        ("/public/x", "/public/"),
        ("/publicity", "/"),
        ("/admin", "/admin/"),
        ("/admin/", "/admin/"),
        ("/admin/open", "/admin/open/"),
        ("/admin/open/x/y", "/admin/open/"),
        ("/report", "/report"),
        ("/report/", "/report"),
        ("/report/x", "/"),
        ("/admin/report", "/admin/report"),
        ("/admin/%C3%A9", "/admin/"),
        ("/admin/a%20b", "/admin/"),
    ],
)
def test_the_exact_path_goes_before_the_longest_prefix(raw_path, path):
    """A prefix is for itself, too; a slash at the end makes no difference; half a name is no prefix."""
    assert chosen_path(TABLE, raw_path) == path


@pytest.mark.parametrize(
    "raw_path",
    [
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "/public/%2E./admin",
        "/public/..%2fadmin/x",
        "/public/..%5cadmin/x",
        "/public\\..\\admin",
        "/public/%252e%252e/admin",
        "/public/..;/admin",
        "/public/;/../admin",
        "/public//../../admin",
        "//admin",
        "/public/..//admin",
        "/./admin/x",
        "/%61dmin/x",
        "/%2561dmin/x",
        "/admin;a=b/x",
        "/admin%2fx",
        "/admin/../public/x",
        "/report%2f",
        "/public/%00/../admin",
        "/public/%zz",
        "/public/%",
        "/public/\xe9",
        "/public/%c0%ae%c0%ae/admin",
        "/public/%e0%80%ae%e0%80%ae/admin",
        "/public/%f0%80%80%af/admin",
        "/public/%25c0%25ae",
        "/public/%25252525252525252561",
        "public/x",
        "*",
        "/public/" + "x" * 5000,
    ],
)
def test_no_spelling_crosses_a_boundary(raw_path):
    """What two servers would read as two routes, and what they would only guess at, is none: 400."""
    outcome = TABLE.choose("GET", raw_path)

    assert outcome == NoRoute(is_ambiguous=True) or chosen_path(TABLE, raw_path) == "/report"


@pytest.mark.parametrize(
    "raw_path",
    [
        "/a//b",
        "/a/../b",
        "/a%2fb",
        "/a;v=1/b",
        "/%61",
        "/public/a//b",
        "/public/a%2Fb",
        "/public/%e9",
        "/public/%c3%a9",
    ],
)
def test_odd_paths_that_lead_to_one_route_pass(raw_path):
    """They may mean something to the service, and nothing is guarded apart."""
    choice = choice_of("/") if not raw_path.startswith("/public") else TABLE

    assert isinstance(choice.choose("GET", raw_path), Chosen)


def test_only_declared_methods_are_allowed():
    """405 names those that are, of all routes of the path; a shorter prefix does not step in."""
    choice = RouteChoice(
        [
            Stand(Route(path="/", upstream="u", methods=("DELETE",))),
            Stand(Route(path="/a/", upstream="u")),
            Stand(Route(path="/a/", upstream="u", methods=("POST",))),
        ]
    )

    assert choice.choose("DELETE", "/a/x") == NotAllowed(("GET", "HEAD", "POST"))
    assert isinstance(choice.choose("HEAD", "/a/x"), Chosen)
    assert isinstance(choice.choose("DELETE", "/b"), Chosen)


def test_where_there_is_no_route_there_is_none():
    """404, not 400."""
    assert choice_of("/a/").choose("GET", "/b") == NoRoute(is_ambiguous=False)
    assert choice_of().choose("GET", "/") == NoRoute(is_ambiguous=False)


SEGMENTS = st.sampled_from(
    [
        "public",
        "admin",
        "report",
        "..",
        ".",
        "",
        "x",
        "%2e%2e",
        "%2f",
        "%5c",
        "..%2f",
        ";a",
        "..;",
        "%61dmin",
        "%252e",
    ]
)


@given(st.lists(SEGMENTS, min_size=1, max_size=6), st.integers(0, 3))
def test_whatever_is_chosen_every_reading_leads_there(segments, decodings):
    """A server that decodes so often, and then resolves and joins, ends at the route that was chosen, or below it."""
    raw_path = "/" + "/".join(segments)
    path = chosen_path(TABLE, raw_path)
    read = raw_path
    for _ in range(decodings):
        read = unquote(read)
    stack = []
    for part in read.replace("\\", "/").split("/"):
        name = part.partition(";")[0]
        if name == "..":
            del stack[-1:]
        elif name not in {"", "."}:
            stack.append(name)
    resolved = "/" + "/".join(quote(name) for name in stack)

    if isinstance(path, str):
        assert chosen_path(TABLE, resolved) in {path, NoRoute(is_ambiguous=True)} or "%" in resolved


@given(st.text(max_size=40))
def test_no_path_breaks_the_reading(text):
    """Any text gives readings or none, and a plain path gives itself."""
    found = readings("/" + text.encode("utf-8", "replace").decode("latin-1"))

    assert all(isinstance(path, str) for path in found)


@given(st.lists(st.from_regex(r"[a-z0-9_~-]{1,8}", fullmatch=True), max_size=5))
def test_a_plain_path_has_one_reading(segments):
    """Nothing is lost for it."""
    path = "/" + "/".join(segments)

    assert readings(path) == {path}
