"""A mix as TOML."""

import pytest

from scalelab.lab.load.request_file import RequestFileError, parse_requests, read_request_file

MIX = """
[keys]
distribution = "zipf"
count = 500

[[request]]
name = "read"
path = "/data?key={key}"
weight = 9

[[request]]
url = "http://elsewhere/longtask"
method = "POST"
headers = { "Content-Type" = "application/json" }
body = '{"key": {key}}'
takes_token = false
"""


def test_a_mix_is_read(tmp_path):
    """Paths stand below the URL of the command line; other URLs stay."""
    file = tmp_path / "mix.toml"
    file.write_text(MIX)

    mix = read_request_file(file, "http://here:8000/some/where")

    assert [template.url for template in mix.requests] == [
        "http://here:8000/data?key={key}",
        "http://elsewhere/longtask",
    ]
    assert [template.weight for template in mix.requests] == [9, 1]
    assert mix.requests[1].headers == (("Content-Type", "application/json"),)
    assert (mix.keys.distribution, mix.keys.count) == ("zipf", 500)


def test_all_faults_are_reported_together_with_their_keys():
    """One message for everything that is wrong."""
    document = {"request": [{"path": "/a"}, {"url": "ftp://b/"}, {"url": "http://c/", "method": "N O"}, {}]}

    with pytest.raises(RequestFileError) as refusal:
        parse_requests(document, "mix.toml", None)

    assert all(
        part in str(refusal.value)
        for part in (
            "mix.toml",
            "request.0: has a path",
            "request.1.url",
            "request.2.method",
            "request.3: needs either",
        )
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "request: Field required"),
        ({"request": []}, "at least 1 item"),
        ({"request": [{"url": "http://a/", "colour": 1}]}, r"request\.0\.colour"),
        ({"request": [{"url": "http://a/"}], "keys": {"count": 0}}, r"keys\.count"),
    ],
)
def test_unknown_and_missing_keys_are_refused(document, message):
    """With the key's path."""
    with pytest.raises(RequestFileError, match=message):
        parse_requests(document, "mix.toml", None)


def test_a_secret_in_a_faulty_file_is_not_repeated():
    """Values are left out of messages."""
    document = {"request": [{"url": "http://a/", "headers": {"Authorization": "hush\nhush"}}]}

    with pytest.raises(RequestFileError) as refusal:
        parse_requests(document, "mix.toml", None)

    assert "hush" not in str(refusal.value)


def test_files_that_cannot_be_read_say_why(tmp_path):
    """Absent, or no TOML."""
    torn = tmp_path / "torn.toml"
    torn.write_text("[[request")

    with pytest.raises(RequestFileError, match="No such file"):
        read_request_file(tmp_path / "none.toml", None)
    with pytest.raises(RequestFileError, match="is no TOML"):
        read_request_file(torn, None)
