"""Serving: bad settings end the process with one line. Everything else is shown by the integration tests."""

import json

import pytest

from scalelab.contracts.service_settings import ServiceSettings
from scalelab.stack.service_kit.serving import load_settings_or_exit

_WHOLE = {"instance": "worker-2", "stack_nonce": "n", "listen": "", "admin_listen": "127.0.0.1:9000"}


def test_good_settings_are_returned(monkeypatch, tmp_path):
    """Read from the file that the environment names."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(_WHOLE))
    monkeypatch.setenv("SCALELAB_SETTINGS", str(path))

    settings = load_settings_or_exit(ServiceSettings)

    assert settings.instance == "worker-2"


def test_bad_settings_are_one_line_and_exit_code_2(monkeypatch, tmp_path, capsys):
    """Every fault in one line on standard error."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({**_WHOLE, "instance": "?", "colour": "red"}))
    monkeypatch.setenv("SCALELAB_SETTINGS", str(path))

    with pytest.raises(SystemExit) as caught:
        load_settings_or_exit(ServiceSettings)

    (line,) = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2
    assert "instance: " in line
    assert "colour: " in line
