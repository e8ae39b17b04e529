"""Requests made from the description that a running stack serves: every answer is one that it tells of, none is 5xx.

The tool is Schemathesis, with every check on but one: `DELETE` cancels a task, and what became of it can be asked for
until it expires, which the tool takes for a deleted thing in use.
"""

import http.client
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
RULES = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("API_EXAMPLES", "3")
"""For each operation, in each phase of making them up; more finds more."""


def token_of(view):
    connection = http.client.HTTPConnection(urlsplit(view["url"]).netloc, timeout=20)
    try:
        connection.request("POST", "/login", json.dumps(view["login"]))
        return json.loads(connection.getresponse().read())["access_token"]
    finally:
        connection.close()


def run_tool(folder, url, token, *options):
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(RULES), "run", f"{url}/openapi.json"]
    header = f"Authorization: Bearer {token}"
    said = [
        "--checks",
        "all",
        "--exclude-checks",
        "use_after_free",
        "--seed",
        "1",
        "--max-examples",
        EXAMPLES,
        "--no-color",
        "-H",
        header,
    ]
    command += [*said, *options]  # it keeps what it found in a folder where it is
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)


def test_every_answer_is_one_of_the_description(home, tmp_path):
    """All routes with a good token, and the one that ends it by itself."""
    assert home.scalelab("up", "--detach").returncode == 0
    view = home.status()

    most = run_tool(tmp_path, view["url"], token_of(view), "--exclude-path", "/logout")
    logout = run_tool(tmp_path, view["url"], token_of(view), "--include-path", "/logout", "--phases", "fuzzing")

    for outcome in (most, logout):
        assert outcome.returncode == 0, outcome.stdout[-8000:] + outcome.stderr[-2000:]
    made = int(re.search(r"(\d+) generated", most.stdout)[1])
    assert made > 200
    assert "401 Unauthorized" not in most.stdout
