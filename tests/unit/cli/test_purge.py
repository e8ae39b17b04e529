"""What `scalelab purge` asks for."""

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.purge import wanted_purge


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ((5, None, False), {"key": 5}),
        ((None, "record:5", False), {"tag": "record:5"}),
        ((None, None, True), {"everything": True}),
    ],
)
def test_each_option_is_a_document(said, wanted):
    """As the gateway takes it."""
    key, tag, everything = said

    assert wanted_purge(key, tag, everything=everything) == wanted


@pytest.mark.parametrize("said", [(None, None, False), (5, "t", False), (5, None, True)])
def test_anything_but_one_thing_is_refused(said):
    """Nothing is purged by mistake."""
    key, tag, everything = said

    with pytest.raises(CommandError, match="say what to purge"):
        wanted_purge(key, tag, everything=everything)
