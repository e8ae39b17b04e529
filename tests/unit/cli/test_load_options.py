"""Options of `scalelab load` as a plan; what cannot be is refused in one line."""

from pathlib import Path

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load_options import LoadOptions, plan_of
from scalelab.cli.load_texts import TOKEN_VARIABLE, read_schedule, read_tokens

URL = "http://somewhere/"


def options(**fields):
    return LoadOptions(**{"urls": (URL,), "environment": {}, **fields})


def test_a_rate_makes_an_open_load():
    """With the defaults that the help names."""
    plan = plan_of(options(rate_per_s=500.0, duration_s=3.0))

    assert (plan.load.kind, plan.load.rate_per_s, plan.duration_s) == ("open", 500.0, 3.0)
    assert (plan.connections, plan.processes, plan.requests[0].url) == (200, 1, URL)


def test_users_make_a_closed_load_with_a_connection_each():
    """Think time as a range."""
    plan = plan_of(options(users=1000, think="1-2"))

    assert (plan.load.users, plan.load.think_time_min_s, plan.load.think_time_max_s) == (1000, 1.0, 2.0)
    assert plan.connections == 1000


def test_several_urls_are_a_mix():
    """Of equal weights, with the same method, headers and body."""
    plan = plan_of(options(urls=(URL, "http://b/"), rate_per_s=1.0, method="post", headers=("X-A: b",), body="hello"))

    assert [(request.method, request.headers, request.body) for request in plan.requests] == [
        ("POST", (("X-A", "b"),), "hello")
    ] * 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "--rate R (requests/s), or --closed USERS"),
        ({"rate_per_s": 0.0}, "--rate must be above 0 requests/s, not 0"),
        ({"rate_per_s": -1.0}, "--rate must be above 0 requests/s, not -1"),
        ({"rate_per_s": float("nan")}, "--rate must be above 0"),
        ({"rate_per_s": 1e9}, "--rate: Input should be less"),
        ({"rate_per_s": 5.0, "duration_s": 0.0}, "--duration must be above 0 s, not 0"),
        ({"rate_per_s": 5.0, "duration_s": float("inf")}, "--duration: Input should be a finite"),
        ({"rate_per_s": 5.0, "warm_up_s": 10.0}, "the warm-up of 10 s is as long as the duration"),
        ({"rate_per_s": 5.0, "users": 3}, "exclude each other"),
        ({"users": 0}, "--closed must be at least 1 user"),
        ({"users": 3, "think": "2-1"}, "shortest think time"),
        ({"rate_per_s": 5.0, "urls": ()}, "a URL, or --requests FILE"),
        ({"rate_per_s": 5.0, "urls": ("ftp://a/",)}, "only http and https"),
        ({"rate_per_s": 5.0, "method": "A B"}, "no method"),
        ({"rate_per_s": 5.0, "headers": ("nonsense",)}, "write 'Name: value'"),
        ({"rate_per_s": 5.0, "arrivals": "ramp:0", "duration_s": 0.0}, "--duration"),
        ({"rate_per_s": 5.0, "timeout_s": 0.0}, "--timeout: Input should be greater than 0"),
        ({"rate_per_s": 5.0, "think": "1-2"}, "give --closed USERS"),
        ({"users": 5, "arrivals": "poisson"}, "exclude each other"),
        ({"rate_per_s": 5.0, "keys": "zipf:5"}, "write {key} where it belongs"),
        ({"rate_per_s": 5.0, "request_file": Path("x.toml"), "body": "b"}, "write them into x.toml"),
        ({"rate_per_s": 5.0, "request_file": Path("x.toml"), "urls": (URL, URL)}, "at most one URL"),
        ({"rate_per_s": 5.0, "request_file": Path("/no/such.toml")}, "cannot read /no/such.toml"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(fields, message):
    """Nothing starts."""
    with pytest.raises(CommandError) as refusal:
        plan_of(options(**fields))

    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.code == ExitCode.USAGE


def test_tokens_come_from_a_file_or_the_environment(tmp_path):
    """One a line; the file wins; neither is shown."""
    file = tmp_path / "tokens"
    file.write_text("one\n\ntwo\n")

    assert read_tokens(file, {TOKEN_VARIABLE: "three"}) == ("one", "two")
    assert read_tokens(None, {TOKEN_VARIABLE: "three"}) == ("three",)
    assert read_tokens(None, {}) == ()
    assert "three" not in repr(options(environment={TOKEN_VARIABLE: "three"}))


def test_a_schedule_is_one_offset_a_line(tmp_path):
    """A heading is passed over; nonsense names its line."""
    file = tmp_path / "schedule.csv"
    file.write_text("start_s\n0.0\n0.25\n")
    torn = tmp_path / "torn.csv"
    torn.write_text("0.0\nsoon\n")

    plan = plan_of(options(arrivals=f"replay:{file}"))

    assert read_schedule(file) == plan.load.offsets_s == (0.0, 0.25)
    assert plan.duration_s == pytest.approx(0.26)
    with pytest.raises(CommandError, match="line 2"):
        read_schedule(torn)
