"""What all parts of the report's model share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of all parts of the model: frozen, and strict about what it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
