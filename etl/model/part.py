"""What all parts of the report's model share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Direction = Literal["inbound", "outbound"]


class Part(BaseModel):
    """Base of all parts of the model: frozen, and strict about what it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
