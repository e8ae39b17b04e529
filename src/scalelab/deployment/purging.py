"""Asks one gateway of a running stack to purge the cache of all of them."""

import http.client
import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from scalelab.contracts.http_names import CACHE_PURGE_PATH, STACK_NONCE_HEADER
from scalelab.contracts.stack_view import StackView

LIMIT_S = 10.0


def purge_cache(view: StackView, wanted: Mapping[str, object]) -> str | None:
    """None when it is done everywhere, or why it is not; a gateway that does not answer is passed over.

    Args:
        view: of the stack.
        wanted: `{"key": 5}`, `{"tag": "record:5"}` or `{"everything": true}`.
    """
    fault = "the stack has no gateway that is ready"
    for service in view.services:
        if service.name != "api_gateway" or service.state != "ready":
            continue
        try:
            status, answer = _ask(service.admin_url, view.nonce, wanted)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = f"{service.instance} does not answer ({type(error).__name__})"
            continue
        if status == HTTPStatus.OK:
            return None
        fault = f"{service.instance} says: {answer.get('fault', status)}"
    return fault


def _ask(admin_url: str, nonce: str, wanted: Mapping[str, object]) -> tuple[int, dict[str, object]]:
    address = urlsplit(admin_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LIMIT_S)
    try:
        connection.request("POST", CACHE_PURGE_PATH, json.dumps(wanted).encode(), {STACK_NONCE_HEADER: nonce})
        response = connection.getresponse()
        document = json.loads(response.read())
    finally:
        connection.close()
    return response.status, document if isinstance(document, dict) else {}
