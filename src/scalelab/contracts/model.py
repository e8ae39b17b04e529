"""The base of every model that crosses a process border: frozen, unknown keys refused, finite numbers only.

Only the keys of JSON documents are cached: values hardly ever come twice, and a cache of them fills for an hour.
"""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen value. Unknown keys are refused; all faults of one document are reported together."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        cache_strings="keys",
        use_attribute_docstrings=True,
        validate_default=True,
    )
