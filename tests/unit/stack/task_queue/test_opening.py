"""What cannot be opened says so by the name of the setting."""

import pytest

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.task_queue import open_task_queue, read_password


async def test_a_url_of_no_known_form_is_refused():
    """Before the first request."""
    settings = GatewaySettings.model_construct(
        queue_url="http://localhost", cache_password_file=None, task_result_ttl_s=1
    )

    with pytest.raises(CannotStartError, match="queue_url"):
        async with open_task_queue(settings):
            pass


def test_a_password_is_the_content_of_its_file(tmp_path):
    """Without the line's end."""
    file = tmp_path / "secret"
    file.write_text("s3cret\n")

    assert read_password(file) == "s3cret"
    assert read_password(None) is None
    with pytest.raises(CannotStartError, match="nothing-here"):
        read_password(tmp_path / "nothing-here")
