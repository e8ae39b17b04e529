"""What a coordinator and a load worker say to each other, one JSON text a message.

Reports of a generator travel as it wrote them, as binary messages; everything else is text.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from scalelab.contracts.model import Contract
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.workers.addresses import WorkerAddress

PATH = "/load"
NONCE_HEADER = "X-Scalelab-Nonce"
PROOF_HEADER = "X-Scalelab-Proof"
MOST_BYTES = 64 * 1024 * 1024
"""Of one message: a recorded schedule of a million requests takes a third of it."""
HEARTBEAT_S = 4.0
"""How often each side asks whether the other is there; half of it later it is taken for lost."""


class Assignment(Contract):
    """One generator process of a load. Holds secrets: sent only to a worker that has proven who it is."""

    load_id: str
    """Of all processes of one load; a worker serves one load at a time."""
    plan: LoadPlan
    part: int
    """Which one of `plan.processes` it is, from 0."""


class LinkOrder(Contract):
    """The first line that a link reads: whom to connect to, and what for. Through a pipe only."""

    address: WorkerAddress
    secret: str = Field(repr=False)
    assignment: Assignment


class Ping(Contract):
    """What does your clock say?"""

    kind: Literal["ping"] = "ping"


class Begin(Contract):
    """The load starts then, by the worker's own `time.monotonic`."""

    kind: Literal["begin"] = "begin"
    start_s: float


class Stop(Contract):
    """End now, and tell what there is."""

    kind: Literal["stop"] = "stop"


class Welcome(Contract):
    """The worker's first words: who it is."""

    kind: Literal["welcome"] = "welcome"
    version: str
    proof: str


class Pong(Contract):
    """What its clock says."""

    kind: Literal["pong"] = "pong"
    clock_s: float


class Refusal(Contract):
    """Why there is no load, or no more of it."""

    kind: Literal["refusal"] = "refusal"
    reason: str


Instruction = Ping | Begin | Stop
INSTRUCTIONS: TypeAdapter[Instruction] = TypeAdapter(Annotated[Instruction, Field(discriminator="kind")])
Answer = Welcome | Pong | Refusal
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
