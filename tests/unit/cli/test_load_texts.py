"""The texts of a load's options, one by one; what cannot be is refused in one line."""

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.load_texts import (
    parse_arrivals,
    parse_header,
    parse_keys,
    parse_think,
    read_tokens,
)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("constant", {"is_poisson": False}),
        ("poisson", {"is_poisson": True}),
        ("ramp:500", {"shape": "ramp", "rates_per_s": (500.0,), "is_poisson": False}),
        ("poisson+ramp:500", {"shape": "ramp", "rates_per_s": (500.0,), "is_poisson": True}),
        ("steps:20,30", {"shape": "steps", "rates_per_s": (20.0, 30.0), "is_poisson": False}),
        (
            "spike:900@3+2.5",
            {
                "shape": "spike",
                "rates_per_s": (900.0,),
                "spike_start_s": 3.0,
                "spike_length_s": 2.5,
                "is_poisson": False,
            },
        ),
    ],
)
def test_shapes_of_arrivals(text, fields):
    """As the help writes them."""
    assert parse_arrivals(text) == fields


@pytest.mark.parametrize("text", ["", "sawtooth", "ramp", "ramp:x", "steps:1,,2", "spike:9", "replay:/no/such/file"])
def test_shapes_that_are_none(text):
    """One line each."""
    with pytest.raises(CommandError):
        parse_arrivals(text)


def test_think_times():
    """A range or a number."""
    assert parse_think("1-2") == (1.0, 2.0)
    assert parse_think("0.5") == (0.5, 0.5)
    with pytest.raises(CommandError, match="MIN-MAX"):
        parse_think("soon")


def test_keys():
    """Distribution and its numbers."""
    assert parse_keys("zipf:500:1.2").exponent == 1.2
    assert parse_keys("hot-set:1000:20:0.95").hot_share == 0.95
    for wrong in ("gauss:5", "uniform:0", "unique:5:6", "zipf:x"):
        with pytest.raises(CommandError):
            parse_keys(wrong)


def test_secrets_stay_off_the_command_line(tmp_path):
    """A header that carries one is refused in plain sight, and read from a file."""
    file = tmp_path / "secret"
    file.write_text("Bearer hush\n")

    with pytest.raises(CommandError) as refusal:
        parse_header("Authorization: Bearer hush")

    assert "hush" not in str(refusal.value)
    assert parse_header(f"Authorization: @{file}") == ("Authorization", "Bearer hush")


@pytest.mark.parametrize(("text", "message"), [("", "no token"), ("ok\nnot ok\n", "token 2 holds a blank")])
def test_files_without_tokens_are_refused(tmp_path, text, message):
    """Without repeating what is in them."""
    file = tmp_path / "tokens"
    file.write_text(text)

    with pytest.raises(CommandError, match=message) as refusal:
        read_tokens(file, {})

    assert "not ok" not in str(refusal.value)
