"""Gunicorn's lines go to the root logger and nowhere else."""

import logging

from gunicorn.config import Config

from scalelab.stack.service_kit.gunicorn_logs import QuietLogger


def test_lines_reach_the_root_logger_once(caplog):
    """No handler of Gunicorn's own is left to write a line a second time, in another form."""
    caplog.set_level(logging.INFO)

    logger = QuietLogger(Config())
    logger.info("Booting worker with pid: %s", 7)
    logger.reopen_files()

    assert [record.getMessage() for record in caplog.records] == ["Booting worker with pid: 7"]
    assert (logger.error_log.handlers, logger.access_log.handlers) == ([], [])
