"""Structured logs: one JSON object a line on standard error, with the request id of the request in hand."""

import logging
import sys
import zlib

import structlog

from scalelab.contracts.service_settings import ServiceSettings

_LIBRARIES_THAT_CHATTER = ("uvicorn.access", "aiohttp.access", "asyncio")


def configure_logs(settings: ServiceSettings) -> None:
    """Send our own and the libraries' log lines to standard error as JSON, named after the instance."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _naming(settings.instance),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _LIBRARIES_THAT_CHATTER:
        logging.getLogger(name).setLevel(logging.WARNING)


def sampling_bound(ratio: float) -> float:
    """The access line of a request is written where the CRC-32 of its id lies under this: every hop agrees."""
    return ratio * 2**32


def is_sampled(request_id: bytes, bound: float) -> bool:
    """Whether this request's access line is written, under this `sampling_bound`: hangs on the id alone."""
    return zlib.crc32(request_id) < bound


def write_access_line(method: str, path: str, status: int, duration_s: float, request_id: str) -> None:
    """One line for one answer; `duration_s` from first byte in to last byte out."""
    structlog.get_logger().info(
        "request", method=method, path=path, status=status, duration_s=round(duration_s, 6), request_id=request_id
    )


def _naming(instance: str) -> structlog.typing.Processor:
    def name_instance(
        _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["instance"] = instance
        return event

    return name_instance
