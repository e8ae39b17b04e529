"""Processes as the system sees them: here our own."""

import os
import subprocess
import sys

from scalelab.stack.load_balancer.nginx.workers import Workers, workers_of


def test_new_workers_have_taken_over_when_no_old_one_serves():
    """Old ones may still finish; and somebody must be there."""
    before = Workers(frozenset({1, 2}), frozenset())

    assert Workers(frozenset({3}), frozenset({1, 2})).have_taken_over_from(before)
    assert not Workers(frozenset({2, 3}), frozenset({1})).have_taken_over_from(before)
    assert not Workers(frozenset(), frozenset({1, 2})).have_taken_over_from(before)


def test_who_finishes_says_so_in_its_title():
    """As nginx names its workers; a master that is gone has none."""
    code = "import sys; print(flush=True); sys.stdin.read()"
    titles = ("nginx: worker process", "nginx: worker process is shutting down")
    children = [
        subprocess.Popen([sys.executable, "-c", code, title], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for title in titles
    ]
    for child in children:
        child.stdout.readline()

    found = workers_of(os.getpid())
    for child in children:
        child.communicate()

    serving, finishing = (child.pid for child in children)
    assert serving in found.serving
    assert finishing in found.finishing
    assert workers_of(serving) is None
