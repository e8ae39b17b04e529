"""Asks one gateway of a running stack to purge the cache of all of them."""

import http.client
from collections.abc import Mapping
from http import HTTPStatus

from scalelab.contracts.http_names import CACHE_PURGE_PATH
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.admin_calls import ask_admin


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
            status, answer = ask_admin(service.admin_url, view.nonce, "POST", CACHE_PURGE_PATH, wanted)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = f"{service.instance} does not answer ({type(error).__name__})"
            continue
        if status == HTTPStatus.OK:
            return None
        fault = f"{service.instance} says: {answer.get('fault', status)}"
    return fault
