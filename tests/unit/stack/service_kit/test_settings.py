"""Settings: a JSON file, the environment over it, all faults in one message."""

import json

import pytest

from scalelab.contracts.service_settings import ServiceSettings
from scalelab.stack.service_kit.settings import SettingsError, load_settings

_WHOLE = {"instance": "worker-2", "stack_nonce": "n", "listen": "", "admin_listen": "127.0.0.1:9000"}


@pytest.fixture
def settings_file(tmp_path):
    def write(content):
        path = tmp_path / "settings.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return {"SCALELAB_SETTINGS": str(path)}

    return write


def test_the_file_is_read(settings_file):
    """Values stand in the file; defaults fill the rest."""
    environment = settings_file(_WHOLE)

    settings = load_settings(ServiceSettings, environment)

    assert settings.instance == "worker-2"
    assert settings.graceful_timeout_s == 10.0


def test_the_environment_overrides_a_field(settings_file):
    """SCALELAB_<FIELD> wins over the file; numbers are read as JSON."""
    environment = {**settings_file(_WHOLE), "SCALELAB_GRACEFUL_TIMEOUT_S": "2.5", "SCALELAB_STACK_NONCE": "other"}

    settings = load_settings(ServiceSettings, environment)

    assert (settings.graceful_timeout_s, settings.stack_nonce) == (2.5, "other")


@pytest.mark.parametrize("nonce", ["12345", "0123", "true", "null", "1e5", '"quoted"'])
def test_a_text_that_looks_like_json_stays_a_text(settings_file, nonce):
    """A string field takes the variable as it is, even when it looks like a number."""
    environment = {**settings_file(_WHOLE), "SCALELAB_STACK_NONCE": nonce}

    settings = load_settings(ServiceSettings, environment)

    assert settings.stack_nonce == nonce


def test_where_stacks_are_kept_is_no_field(settings_file):
    """A user may have SCALELAB_HOME set when a service is started by hand."""
    settings = load_settings(ServiceSettings, {**settings_file(_WHOLE), "SCALELAB_HOME": "/tmp/x"})

    assert settings.instance == "worker-2"


def test_all_faults_are_reported_together(settings_file):
    """One message names every unknown field and every impossible value."""
    environment = settings_file({**_WHOLE, "instance": "Bad Name", "colour": "red", "log_level": "loud"})

    with pytest.raises(SettingsError) as caught:
        load_settings(ServiceSettings, environment)

    message = str(caught.value)
    assert "instance: " in message
    assert "colour: " in message
    assert "log_level: " in message
    assert "\n" not in message


@pytest.mark.parametrize("content", ["{", "[1, 2]", "\ufeff"])
def test_a_file_without_a_json_object_is_refused(settings_file, content):
    """A torn or foreign file is named in the message."""
    environment = settings_file(content)

    with pytest.raises(SettingsError, match=r"settings\.json"):
        load_settings(ServiceSettings, environment)


def test_a_missing_file_is_named(tmp_path):
    """The path that cannot be read stands in the message."""
    path = str(tmp_path / "none.json")

    with pytest.raises(SettingsError, match=r"none\.json"):
        load_settings(ServiceSettings, {"SCALELAB_SETTINGS": path})


def test_a_secret_value_is_not_repeated_in_the_message(settings_file):
    """The message says what is wrong with a value without showing the value."""
    environment = settings_file({**_WHOLE, "password": "hunter2"})

    with pytest.raises(SettingsError) as caught:
        load_settings(ServiceSettings, environment)

    assert "hunter2" not in str(caught.value)
