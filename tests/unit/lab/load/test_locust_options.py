"""One model: options out, options in."""

from argparse import ArgumentParser, Namespace

import pytest
from pydantic import ValidationError

from scalelab.lab.load.locust_options import UserBehaviour, as_arguments, behaviour_of
from scalelab.lab.shipped import shipped_locustfile


def parsed(arguments):
    """As Locust's parser does it, whose `env_var` plain argparse does not know."""
    parser = ArgumentParser()
    for name in UserBehaviour.model_fields:
        parser.add_argument(f"--{name.replace('_', '-')}", default=None)
    given = vars(parser.parse_args(arguments))
    defaults = {name: getattr(UserBehaviour(), name) for name in UserBehaviour.model_fields}
    return Namespace(**{**defaults, **{name: value for name, value in given.items() if value is not None}})


def test_a_behaviour_survives_the_command_line():
    """What the driver writes, the session reads."""
    behaviour = UserBehaviour(
        think_time_min_s=0.25, mix={"/data": 3.0, "/process": 1.5}, keys="hit", records=7, recording_dir="/a b"
    )

    assert behaviour_of(parsed(as_arguments(behaviour))) == behaviour


def test_the_locustfile_explains_every_option():
    """Locust's own --help leaves them out."""
    explained = shipped_locustfile().read_text().split('"""')[1]

    for name, field in UserBehaviour.model_fields.items():
        assert f"--{name.replace('_', '-')} " in explained
        assert (field.description or "").splitlines()[0] in explained


def test_a_mix_is_written_as_pairs():
    """`/data=2,/process` gives two weights, the second of 1."""
    assert UserBehaviour.model_validate({"mix": "/data=2,/process"}).mix == {"/data": 2.0, "/process": 1.0}


@pytest.mark.parametrize(
    "values",
    [
        {"think_time_min_s": 3.0, "think_time_max_s": 2.0},
        {"mix": "/data=0"},
        {"mix": ""},
        {"keys": "sometimes"},
        {"records": 0},
    ],
)
def test_impossible_behaviour_is_refused(values):
    """Nothing starts with it."""
    with pytest.raises(ValidationError):
        UserBehaviour.model_validate(values)
