"""The service put together: seeded before the first request, and clear about why it cannot start."""

import psutil
import pytest

from scalelab.stack.database.app import create_app
from scalelab.stack.service_kit.cannot_start import CannotStartError


async def test_it_is_seeded_once(settings, started, ask, log_lines):
    """A second start keeps the records, with what was written."""
    for value in (b'{"value": "first"}', b'{"value": "second"}'):
        app = create_app(settings)
        async with started(app):
            answer = await ask(app, "PUT", "/records/1", value)

    opened = [line for line in log_lines if line["event"] == "database_open"]
    assert [line["seeded"] for line in opened] == [True, False]
    assert answer.document["version"] == 3


async def test_a_directory_that_is_not_there_stops_the_start(settings, started):
    """The message names the setting and the file."""
    app = create_app(settings.model_copy(update={"url": "sqlite:/nowhere/at/all.sqlite"}))

    with pytest.raises(CannotStartError, match=r"database\.url .*/nowhere/at/all\.sqlite"):
        async with started(app):
            pass


async def test_a_file_that_is_no_database_stops_the_start(settings, started, tmp_path):
    """A foreign file is not overwritten, and not left open."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 200)
    app = create_app(settings.model_copy(update={"url": f"sqlite:{path}"}))

    with pytest.raises(CannotStartError, match="not a database") as caught:
        async with started(app):
            pass
    still_open = [file.path for file in psutil.Process().open_files()]  # what `caught` holds is not collected yet

    assert caught.value is not None
    assert str(path) not in still_open
    assert path.read_text() == "Dear Ada, " * 200
