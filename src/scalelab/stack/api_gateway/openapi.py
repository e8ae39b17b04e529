"""The gateway's HTTP contract as OpenAPI 3.1. Schemas come from the contracts, so that they cannot drift."""

from typing import Any

from pydantic import BaseModel

from scalelab.contracts.http_names import (
    DATA_PATH,
    HEALTH_PATH,
    JWKS_PATH,
    LIVE_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    LONGTASK_PATH,
    OPENAPI_PATH,
    PROBLEM_MEDIA_TYPE,
    PROCESS_PATH,
    READY_PATH,
    REFRESH_PATH,
)
from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView
from scalelab.contracts.processing import ProcessView
from scalelab.contracts.records import Record, RecordUpdate
from scalelab.stack.api_gateway.login import LoginRequest
from scalelab.stack.api_gateway.refresh import RefreshRequest

_Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{model}"
_JSON = "application/json"
_EVENTS = "text/event-stream"
_IDEMPOTENCY_KEY: _Json = {"type": "string", "pattern": "^[!-~]{1,255}$"}
_MODELS: tuple[type[BaseModel], ...] = (
    LoginRequest,
    LongTaskRequest,
    LongTaskView,
    ProcessView,
    Record,
    RecordUpdate,
    RefreshRequest,
)
_STATUS_MEANINGS = {
    400: "The request is not well formed.",
    401: "No token, or one that does not count.",
    403: "The token counts, but not for this: its scope is missing.",
    404: "There is no such thing.",
    409: "It is too late for that.",
    413: "The body is too large.",
    415: "The body has a Content-Encoding.",
    422: "Well formed, but not what can be done: a value out of range, or an idempotency key used before.",
    429: "Too many attempts or requests; see Retry-After.",
    502: "A service behind the gateway failed.",
    503: "Not now; see Retry-After.",
    504: "A service behind the gateway did not answer in time.",
}
_BEHIND = (502, 503, 504)


def api_description() -> _Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "scalelab API gateway", "version": "1"},
        "paths": {**_open_paths(), **_record_paths(), **_long_task_paths()},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _open_paths() -> _Json:
    health = {"get": _operation("Whether this instance answers", {200: _content("Health")})}
    ready = {"get": _operation("Whether it takes traffic", {200: _content("Health"), 503: _content("Health")})}
    login = _operation(
        "Credentials for a token",
        {200: _content("Token")},
        faults=(400, 401, 413, 415, 429, *_BEHIND),
        body="LoginRequest",
    )
    refresh = _operation(
        "The next tokens for a refresh token, which is spent; a spent one ends its session",
        {200: _content("Token")},
        faults=(400, 401, 413, 415, 503),
        body="RefreshRequest",
    )
    logout = _operation(
        "End the session of this token; within a second no gateway lets it in",
        {204: {"description": "Done."}},
        faults=(400, 401, 503),
        is_protected=True,
    )
    keys = _operation("Public keys of the tokens", {200: _content("KeySet")})
    return {
        HEALTH_PATH: health,
        LIVE_PATH: health,
        READY_PATH: ready,
        LOGIN_PATH: {"post": login},
        REFRESH_PATH: {"post": refresh},
        LOGOUT_PATH: {"post": logout},
        JWKS_PATH: {"get": keys},
        OPENAPI_PATH: {"get": _operation("This document", {200: _content("OpenApi")})},
    }


def _record_paths() -> _Json:
    read_faults = (400, 401, 404, 429, *_BEHIND)
    key = {"name": "key", "in": "query", "required": True, "schema": {"$ref": _reference("RecordKey")}}
    conditional = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    known = {304: {"description": "The client knows the answer already."}}

    def reading(summary: str, schema: str) -> _Json:
        answers = {200: _content(schema, headers=_CACHE_HEADERS), **known}
        return _operation(summary, answers, faults=read_faults, parameters=[key, conditional], is_protected=True)

    writing = _operation(
        "Write a record; no read that starts after the answer sees the old value",
        {200: _content("Record")},
        faults=(400, 401, 403, 404, 413, 415, 429, *_BEHIND),
        parameters=[key],
        body="RecordUpdate",
        is_protected=True,
    )
    return {
        DATA_PATH: {"get": reading("A record", "Record"), "put": writing},
        PROCESS_PATH: {"get": reading("What the microservice makes of a record", "ProcessView")},
    }


def _long_task_paths() -> _Json:
    idempotency = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": _IDEMPOTENCY_KEY}
    task_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    location = {"Location": {"schema": {"type": "string"}, "description": "Where the task can be asked for."}}
    submit = _operation(
        "Have a long task done",
        {202: _content("LongTaskView", headers=location)},
        faults=(400, 401, 413, 415, 422, 503),
        parameters=[idempotency],
        body="LongTaskRequest",
        is_protected=True,
    )
    view = _operation(
        "State, progress and result",
        {200: _content("LongTaskView"), 304: {"description": "The client knows the answer already."}},
        faults=(401, 404, 503),
        parameters=[task_id],
        is_protected=True,
    )
    cancel = _operation(
        "Cancel",
        {200: _content("LongTaskView"), 202: _content("LongTaskView")},
        faults=(401, 404, 409, 503),
        parameters=[task_id],
        is_protected=True,
    )
    state = {"name": "state", "in": "query", "required": True, "schema": {"const": "dead"}}
    dead = _operation(
        "Tasks of the caller that were given up, newest first",
        {200: _content("LongTaskList")},
        faults=(400, 401, 503),
        parameters=[state],
        is_protected=True,
    )
    last_event = {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}}
    stream = {"description": "Server-sent events; the data of each is a LongTaskView.", "content": {_EVENTS: {}}}
    events = _operation(
        "What becomes of the task, as it happens, up to its final state",
        {200: stream, 204: {"description": "The client knows the final state already."}},
        faults=(401, 404, 429, 503),
        parameters=[task_id, last_event],
        is_protected=True,
    )
    task_path = f"{LONGTASK_PATH}/{{id}}"
    return {
        LONGTASK_PATH: {"post": submit, "get": dead},
        task_path: {"get": view, "delete": cancel},
        f"{task_path}/events": {"get": events},
    }


_CACHE_HEADERS: _Json = {
    "ETag": {"schema": {"type": "string"}},
    "X-Cache": {"schema": {"enum": ["HIT", "MISS", "BYPASS"]}},
    "Cache-Status": {"schema": {"type": "string"}, "description": "RFC 9211."},
    "Age": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds in the cache; on a hit."},
}


def _operation(
    summary: str,
    answers: dict[int, _Json],
    *,
    faults: tuple[int, ...] = (),
    parameters: list[_Json] | None = None,
    body: str | None = None,
    is_protected: bool = False,
) -> _Json:
    operation: _Json = {"summary": summary, "responses": {str(status): answer for status, answer in answers.items()}}
    operation["responses"] |= {str(status): _fault(status) for status in faults}
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": {"$ref": _reference(body)}}}}
    if is_protected:
        operation["security"] = [{"token": []}]
    return operation


def _content(schema: str, *, headers: _Json | None = None) -> _Json:
    answer: _Json = {"description": schema, "content": {_JSON: {"schema": {"$ref": _reference(schema)}}}}
    return answer if headers is None else {**answer, "headers": headers}


def _fault(status: int) -> _Json:
    schema = {"schema": {"$ref": _reference("Problem")}}
    return {"description": _STATUS_MEANINGS[status], "content": {PROBLEM_MEDIA_TYPE: schema}}


def _reference(schema: str) -> str:
    return _REFERENCE.format(model=schema)


def _schemas() -> _Json:
    schemas: _Json = {}
    for model in _MODELS:
        schema = model.model_json_schema(
            ref_template=_REFERENCE, mode="serialization" if model in _ANSWERS else "validation"
        )
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return {**schemas, **_OWN_SCHEMAS}


_ANSWERS = frozenset({LongTaskView, ProcessView, Record})


def _object(**properties: _Json) -> _Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT: _Json = {"type": "string"}
_OWN_SCHEMAS: _Json = {
    "Health": _object(status=_TEXT, instance=_TEXT, stack=_TEXT),
    "Token": {
        "type": "object",
        "properties": {
            "access_token": _TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds."},
            "refresh_token": {**_TEXT, "description": "Missing when the session could not be remembered."},
        },
        "required": ["access_token", "token_type", "expires_in"],
    },
    "KeySet": _object(keys={"type": "array", "items": {"type": "object"}}),
    "LongTaskList": _object(tasks={"type": "array", "items": {"$ref": _reference("LongTaskView")}}),
    "OpenApi": {"type": "object"},
    "RecordKey": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "Problem": {
        **_object(type=_TEXT, title=_TEXT, status={"type": "integer"}, request_id=_TEXT),
        "description": "RFC 9457.",
    },
}
