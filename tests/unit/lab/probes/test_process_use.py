"""What processes use, asked of the operating system about ourselves."""

import os

from scalelab.lab.probes.process_use import TREE_AGE_LIMIT_S, ProcessTrees


def test_we_use_something():
    """This process has CPU time, memory, threads."""
    use = ProcessTrees().use_of(os.getpid())

    assert use.cpu_s > 0
    assert use.rss_bytes > 1_000_000
    assert use.threads >= 1


def test_a_process_that_is_gone_is_none():
    """Not zero: unknown."""
    assert ProcessTrees().use_of(2**22 + 1) is None


def test_children_are_looked_for_again_after_a_while():
    """A tree that was found empty is looked at again when it is old enough."""
    now_s = [0.0]
    trees = ProcessTrees(lambda: now_s[0])
    trees.use_of(os.getpid())
    trees._trees[os.getpid()] = (0.0, [])

    at_once = trees.use_of(os.getpid())
    now_s[0] = TREE_AGE_LIMIT_S
    later = trees.use_of(os.getpid())

    assert at_once is None
    assert later is not None
