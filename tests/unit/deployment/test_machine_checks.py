import sys

from scalelab.deployment.machine_checks import Check, check_machine


def test_every_check_names_what_it_found():
    """Engines with path and version, limits as numbers; what is needed comes first."""
    checks = check_machine()

    names = [check.name for check in checks]
    assert {"python", "haproxy", "valkey", "file descriptors", "state directory", "loopback port"} <= set(names)
    assert {"cores", "memory", "asyncpg", "postgres", "docker"} <= set(names)
    assert all(check.found for check in checks)
    needed = [check.is_needed for check in checks]
    assert needed == sorted(needed, reverse=True)


def test_advice_is_given_where_something_is_missing_only():
    """What is there needs none."""
    missing = Check("x", is_ok=False, is_needed=True, found="no", advice="type this")
    there = Check("x", is_ok=True, is_needed=True, found="yes", advice="type this")

    assert missing.as_json()["advice"] == "type this"
    assert there.as_json()["advice"] == ""


def test_on_macos_a_balancer_of_linux_is_not_asked_for(monkeypatch):
    """Nobody is told to install what would be refused; HAProxy comes from where macOS has it."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("scalelab.deployment.machine_checks.find_haproxy", lambda: None)

    checks = {check.name: check for check in check_machine()}

    for name in ("envoy", "nginx"):
        assert (checks[name].is_ok, checks[name].is_needed, checks[name].found) == (False, False, "not on darwin")
        assert "pip install" not in checks[name].advice
    assert "brew install haproxy" in checks["haproxy"].advice
