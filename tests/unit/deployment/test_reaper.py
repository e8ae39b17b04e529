import os
import sys

import pytest

from scalelab.deployment.reaper import groups_after, signal_group, start_mark


def test_groups_that_ended_are_not_looked_for():
    """What began and did not end is left; lines torn by a crash are ignored."""
    groups = groups_after([b"+4000001\n", b"+4000002\n", b"-4000001\n", b"nonsense\n", b"+", b"-4000009\n"])

    assert list(groups) == [4000002]


def test_start_mark_tells_processes_apart():
    """A living process has one, and keeps it; an id without a process has none."""
    assert start_mark(os.getpid()) == start_mark(os.getpid()) != ""
    assert start_mark(2**22 + 1) == ""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_without_proc_the_mark_is_the_same_in_every_time_zone(monkeypatch, zone):
    """Asked of `ps`, as on macOS: another shell must not take the process for a stranger."""
    monkeypatch.setattr(sys, "platform", "darwin")
    mark = start_mark(os.getpid())
    monkeypatch.setenv("TZ", zone)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    assert start_mark(os.getpid()) == mark != ""
    assert start_mark(2**22 + 1) == ""


def test_stranger_with_a_reused_id_is_left_alone():
    """The id alone is not enough to be signalled."""
    assert not signal_group(os.getpid(), "the mark of a process that ended", 0)
