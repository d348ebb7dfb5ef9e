"""Kubernetes quantities (`500m`, `2Gi`, `1e3`) as numbers. Where they may stand is decided by the shapes."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]*\.?[0-9]+|[0-9]+\.)([eE][+-]?[0-9]{1,3}|[numkKMGTPE]|[KMGTPE]i)?")
_LONGEST = 64  # characters; no quantity is written longer
_UNITS = {
    **{unit: Decimal(1000) ** power for power, unit in zip(range(-3, 7), "num.kMGTPE", strict=True)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
    "K": Decimal(1000),
}


def number_of(amount: str) -> Decimal | None:
    """The number that a quantity stands for; None for a text that is none, such as a template."""
    found = _QUANTITY.fullmatch(amount.strip()) if len(amount) <= _LONGEST else None
    if found is None:
        return None
    number, unit = found.groups()
    scale = Decimal(f"1{unit}") if unit and len(unit) > 1 and unit[-1].isdigit() else _UNITS[unit or "."]
    return Decimal(number) * scale
