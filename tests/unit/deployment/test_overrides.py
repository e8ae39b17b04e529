import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.deployment.overrides import OverrideError, apply_overrides, parse_override


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=3", 3),
        ("a.b = 0.5", 0.5),
        ("a.b=true", True),
        ("a.b='quoted'", "quoted"),
        ("a.b=python", "python"),
        ("a.b=sqlite:", "sqlite:"),
        ("a.b=postgresql://me@host/name?x=1", "postgresql://me@host/name?x=1"),
        ("a.b={ kind = 'constant', mean_s = 0.1 }", {"kind": "constant", "mean_s": 0.1}),
        ("a.b=", ""),
        ("a.b=[1", "[1"),
        ("a.b=1\nc=2", "1\nc=2"),
    ],
)
def test_value_is_toml_and_else_a_string(text, value):
    """What reads as TOML has TOML's type; anything else is taken as it stands."""
    path, parsed = parse_override(text)

    assert path == ("a", "b")
    assert parsed == value


@pytest.mark.parametrize("text", ["", "a.b", "=1", "a..b=1", ".a=1"])
def test_text_without_path_or_value_is_refused_with_an_example(text):
    """A text that is no override says how one is written."""
    with pytest.raises(OverrideError, match=r"api_gateway\.replicas=3"):
        parse_override(text)


def test_later_override_wins_and_the_document_stays_as_it_was():
    """Overrides are applied in order, to a copy."""
    document = {"a": {"b": 1, "c": 2}}

    changed, faults = apply_overrides(document, ["a.b=5", "a.b=6", "d.e.f=7"])

    assert changed == {"a": {"b": 6, "c": 2}, "d": {"e": {"f": 7}}}
    assert document == {"a": {"b": 1, "c": 2}}
    assert faults == []


def test_every_fault_is_told():
    """One bad override does not hide the next."""
    changed, faults = apply_overrides({"a": 1}, ["a.b=2", "nonsense", "c=3"])

    assert changed == {"a": 1, "c": 3}
    assert faults == [
        "--set a.b: a is a value, not a table",
        "--set nonsense: no '=' in it; write path=value, for example api_gateway.replicas=3",
    ]


@given(st.text(), st.text())
def test_any_text_parses_or_is_refused(path, value):
    """No text raises anything but our own error."""
    try:
        parts, _parsed = parse_override(f"{path}={value}")
    except OverrideError:
        return

    assert all(parts)
