"""Any text as a file of a user's: what it says, or faults in words, each with its place; never a traceback."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.overrides import apply_overrides
from scalelab.deployment.routes_file import parse_routes
from scalelab.deployment.topology_file import read_topology

_SECTIONS = list(Topology.model_fields)
_KEYS = sorted(
    {key for field in Topology.model_fields.values() for key in getattr(field.annotation, "model_fields", ())}
)
_value = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.sampled_from(
        [
            '""',
            '"x"',
            "[]",
            "[1]",
            "{}",
            "{a = 1}",
            "1979-05-27",
            '"redis://u:p@h:1/0"',
            '"sqlite:"',
            '"haproxy"',
            '"é"',
            '"\\u0000"',
        ]
    ),
    st.text(string.printable, max_size=5),
)
_topology_lines = st.one_of(
    st.sampled_from(_SECTIONS).map("[{}]".format),
    st.builds("{} = {}".format, st.sampled_from(_KEYS), _value),
    st.builds("{}.{} = {}".format, st.sampled_from(_SECTIONS), st.sampled_from(_KEYS), _value),
    st.text(max_size=6),
)
_ROUTE_KEYS = [
    "path",
    "upstream",
    "methods",
    "protection",
    "scope",
    "sharing",
    "ttl_s",
    "key",
    "vary",
    "timeout_s",
    "limit",
    "slots",
    "url",
    "x",
]
_route_values = st.sampled_from(
    [
        '"/a"',
        '"/a/"',
        '"a"',
        '"u"',
        '["GET"]',
        '["CONNECT"]',
        '"none"',
        '"http://h:1"',
        '"http://h:99999"',
        '"http://[:1"',
        '"public"',
        '"origin"',
        "{rate_per_s = 1}",
    ]
)
_routes_lines = st.one_of(
    st.sampled_from(["[[routes]]", "[[routes]]", "[upstreams.u]", "[upstreams.v]", "[routes]", "[upstreams]"]),
    st.builds("{} = {}".format, st.sampled_from(_ROUTE_KEYS), _route_values | _value),
    st.text(max_size=6),
)


def texts(lines):
    return st.lists(lines, max_size=12).map("\n".join)


@fuzzed
@given(text=texts(_routes_lines))
def test_a_routes_file_is_a_table_or_faults(text):
    """A table says the same again; a fault is one line."""
    table = parse_routes(text)

    if isinstance(table, RouteTable):
        assert RouteTable.model_validate(table.model_dump(mode="json")) == table
        assert all(route.upstream in table.upstreams for route in table.routes)
    else:
        assert table
        assert all(fault.strip() for fault in table)


def read_or_fault(file, kind="topology"):
    """What the file says, or its faults in words, which name it."""
    try:
        return read_topology(file, kind)
    except ConfigurationError as error:
        return str(error) if str(file) in str(error) else error


@fuzzed
@given(text=texts(_topology_lines))
def test_a_topology_file_is_a_topology_or_faults(text, tmp_path_factory):
    """Likewise, from a real file."""
    file = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    found = read_or_fault(file)

    assert isinstance(found, Topology | str)
    if isinstance(found, Topology):
        assert Topology.model_validate(found.model_dump(mode="json")) == found


@fuzzed
@given(content=st.binary(max_size=30))
def test_bytes_that_are_no_text_are_a_fault_in_words(content, tmp_path_factory):
    """Not UTF-8, or not TOML."""
    file = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    file.write_bytes(content)

    assert isinstance(read_or_fault(file, "experiment"), Topology | str)


@fuzzed
@given(
    overrides=st.lists(
        st.builds("{}.{}={}".format, st.sampled_from(_SECTIONS), st.sampled_from(_KEYS), _value)
        | st.text(max_size=12),
        max_size=3,
    )
)
def test_an_override_is_taken_or_a_fault(overrides):
    """What is not said stays as it was."""
    before = {"api_gateway": {"replicas": 2}}
    document, faults = apply_overrides(before, overrides)

    assert before == {"api_gateway": {"replicas": 2}}
    assert isinstance(document, dict)
    assert len(faults) <= len(overrides)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a" + ".a" * 5000 + " = 1", "a = " + "9" * 5000])
def test_a_file_that_is_made_to_be_deep_is_a_fault(text, tmp_path):
    """Nesting, and numbers, without end."""
    file = tmp_path / "deep.toml"
    file.write_text(text)

    with pytest.raises(ConfigurationError):
        read_topology(file)
    assert isinstance(parse_routes(text), list)
