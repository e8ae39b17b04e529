"""The Lua scripts of the Valkey engine: read from `lua/`, completed with the table and the names of Python."""

import json
from importlib.resources import files
from typing import Literal, get_args

from scalelab.contracts.long_tasks import ACTOR_NAME, FINAL_STATES, QUEUE_NAME
from scalelab.stack.task_queue.records import DEAD_LETTERS_KEPT, WORKER_LOST
from scalelab.stack.task_queue.transitions import TRANSITIONS

ScriptName = Literal["submit", "cancel", "dead_letters", "retry", "drop", "claim", "renew", "settle", "sweep"]
SCRIPT_NAMES: tuple[ScriptName, ...] = get_args(ScriptName)

_FOLDER = files("scalelab.stack.task_queue") / "lua"


def script_text(name: ScriptName) -> str:
    """The whole script: the shared prelude, then its own part."""
    return _prelude() + (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def _prelude() -> str:
    text = (_FOLDER / "prelude.lua").read_text(encoding="utf-8")
    values = {
        "TRANSITIONS": json.dumps(TRANSITIONS),
        "FINAL": json.dumps(dict.fromkeys(sorted(FINAL_STATES), True)),
        "DEAD_LETTERS_KEPT": str(DEAD_LETTERS_KEPT),
        "WORKER_LOST": WORKER_LOST,
        "QUEUE_NAME": QUEUE_NAME,
        "ACTOR_NAME": ACTOR_NAME,
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
