"""What a service is made to suffer for a while, on purpose: the body of `POST /handicap` on its admin listener."""

from typing import Annotated

from pydantic import Field

from scalelab.contracts.model import Contract

HANDICAP_PATH = "/handicap"
"""`POST` with the stack's nonce: from now on so; `DELETE`: no more."""
LONGEST_S = 3600.0


class Handicap(Contract):
    """Takes the place of the one before. Ends by itself, so that it goes away with whoever asked for it."""

    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """What each query, or each request's work, takes longer."""
    fills_pool: bool = False
    """Whether every place of the pool is taken, as those before are given back. Of the database."""
    for_s: Annotated[float, Field(gt=0, le=LONGEST_S)]
