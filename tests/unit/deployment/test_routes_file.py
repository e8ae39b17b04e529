"""A routes file as its author reads it: lines, keys, values."""

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.routes_file import parse_routes, read_routes

GOOD = """
[upstreams.shop]
url = "http://127.0.0.1:8000"

[[routes]]
path = "/"
upstream = "shop"
limit = { rate_per_s = 5 }
"""


def test_a_good_file_is_a_table():
    """With what it says and what it leaves out."""
    table = parse_routes(GOOD)

    assert isinstance(table, RouteTable)
    assert table.routes[0].limit.burst == 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace('path = "/"', 'path = "x"'), "line 6: routes.0.path = 'x': "),
        (GOOD.replace("rate_per_s", "rate"), "line 8: routes.0.limit.rate_per_s: it is missing"),
        (GOOD.replace('upstream = "shop"', ""), "line 5: routes.0.upstream: it is missing"),
        (
            GOOD.replace('"shop"\nlimit', '"shp"\nlimit'),
            "line 7: routes.0.upstream = 'shp': there is no such upstream",
        ),
        (GOOD.replace("http:", "ftp:"), "line 3: upstreams.shop.url = 'ftp://127.0.0.1:8000': write http://"),
        (GOOD + GOOD[GOOD.index("[[") :], "line 10: routes.1.path = '/': routes.0 takes GET of this path already"),
        (GOOD + "[other]\n", "other: there is no such key"),
        ("x = ", "it is not TOML: "),
    ],
)
def test_each_fault_has_its_line(text, told):
    """The key's, or the table's where the key is missing."""
    faults = parse_routes(text)

    assert isinstance(faults, list)
    assert faults[0].startswith(told)


def test_all_faults_are_told_together(tmp_path):
    """One message, one line for each."""
    file = tmp_path / "routes.toml"
    file.write_text(GOOD.replace('"/"', '"x"').replace("http:", "ftp:"))

    with pytest.raises(ConfigurationError) as caught:
        read_routes(file)

    first, *others = str(caught.value).split("\n")
    assert first == f"{file} is not valid; 2 faults:"
    assert len(others) == 2


def test_a_file_that_is_not_there_is_named(tmp_path):
    """And why."""
    with pytest.raises(ConfigurationError, match=r"none\.toml cannot be read: No such file"):
        read_routes(tmp_path / "none.toml")


def test_certificates_reach_the_gateways_as_text(tmp_path):
    """From beside the routes file; one that is not there is named."""
    file = tmp_path / "routes.toml"
    file.write_text(GOOD.replace("http:", "https:").replace(':8000"', ':8000"\nca_file = "ca.pem"'))
    with pytest.raises(ConfigurationError, match=r"ca\.pem cannot be read"):
        read_routes(file)
    (tmp_path / "ca.pem").write_text("certificates")

    upstream = read_routes(file).upstreams["shop"]

    assert (upstream.ca_file, upstream.ca_pem) == ("", "certificates")
