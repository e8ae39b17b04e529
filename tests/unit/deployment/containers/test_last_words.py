"""Why containers did not come up, in one line."""

import pytest

from scalelab.deployment.containers.last_words import last_words
from scalelab.deployment.state_directory import StackDirectory


@pytest.fixture
def directory(tmp_path):
    made = StackDirectory("lab", tmp_path)
    made.logs.mkdir()
    return made


def test_the_engines_words_come_before_the_log(directory):
    """Who has said nothing is not named."""
    directory.log_file("database-1").write_text("first\nthe disk is full\n\n")

    words = last_words(directory, {"cache-1": "No such image: x", "database-1": "", "worker-1": ""})

    assert words == "cache-1 was not healthy: No such image: x; database-1 was not healthy: the disk is full"


def test_an_error_after_the_last_start_is_the_reason(directory):
    """Not an older one, and not the farewell."""
    old, start, why = (
        '{"level": "error", "event": "old"}',
        '{"event": "Starting gunicorn"}',
        '{"level": "error", "event": "why"}',
    )
    directory.log_file("api_gateway-1").write_text(f"{old}\n{start}\n{why}\nbye")

    assert last_words(directory, {"api_gateway-1": ""}) == f"api_gateway-1 was not healthy: {why}"


def test_nothing_is_known(directory):
    """An empty text: whoever asks has a reason of his own."""
    assert last_words(directory, {"api_gateway-1": ""}) == ""
