"""How one literal becomes a value of one plain type: a table of converters. Generics and validation are in types.py."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from reconciler.flows.durations import seconds
from reconciler.flows.model import Json

_TRUE: Final = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE: Final = frozenset({"false", "no", "off", "0", "n", "f"})
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_LONGEST_EMAIL = 320  # characters
_DIGITS = 400  # longer numbers are an attack or a mistake


def shown(value: Json) -> str:
    """A value as text, the way it stands in a command line: texts as they are, the rest as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def quoted(value: Json) -> str:
    """A value as it is named in a message: short, strings in quotes."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def _int(value: Json) -> int:
    if isinstance(value, int):
        return int(value)  # true is 1, as in the language this one comes from
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= _DIGITS and re.fullmatch(r"\s*[-+]?\d+\s*", value):
        return int(value)
    raise ValueError(f"takes a whole number, not {quoted(value)}")


def _float(value: Json) -> float:
    if isinstance(value, str) and len(value) <= _DIGITS:
        try:
            value = float(value)
        except ValueError:
            raise ValueError(f"takes a number, not {quoted(value)}") from None
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isnan(number):
            return number
    raise ValueError(f"takes a number, not {quoted(value)}")


def _bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"takes true or false, not {quoted(value)}")


def _str(value: Json) -> str:
    if isinstance(value, (str, int, float)):
        return shown(value)
    raise ValueError(f"takes a text, not {quoted(value)}")


def _text_or_dict(value: Json) -> Json:
    return value if isinstance(value, dict) else _str(value)


def _dict(value: Json) -> Json:
    return _from_json(value, dict, "a mapping")


def _list(value: Json) -> Json:
    return _from_json(value, list, "a list")


def _from_json(value: Json, kind: type, named: str) -> Json:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(f"takes {named}, not {quoted(value)}") from None
    if isinstance(value, kind):
        return value
    raise ValueError(f"takes {named}, not {quoted(value)}")


def _date(value: Json) -> str:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise ValueError(f"takes a date such as 2026-01-31, not {quoted(value)}") from None


def _datetime(value: Json) -> str:
    try:
        return datetime.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise ValueError(f"takes a time such as 2026-01-31T08:00:00, not {quoted(value)}") from None


def _timedelta(value: Json) -> float:
    duration = seconds(value)
    if duration is None:
        raise ValueError(f"takes seconds or a duration such as PT30M, not {quoted(value)}")
    return duration


def _uuid(value: Json) -> str:
    try:
        return UUID(str(value)).hex
    except ValueError:
        raise ValueError(f"takes a UUID, not {quoted(value)}") from None


def _email(value: Json) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_EMAIL and _EMAIL.match(value):
        return value
    raise ValueError(f"takes an e-mail address, not {quoted(value)}")


def _anything(value: Json) -> Json:
    return value


CONVERTERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "int": _int,
    "float": _float,
    "str": _str,
    "bool": _bool,
    "dict": _dict,
    "list": _list,
    "path": _str,
    "metric": _float,
    "date": _date,
    "datetime": _datetime,
    "timedelta": _timedelta,
    "uri": _text_or_dict,
    "uuid": _uuid,
    "email": _email,
    "s3": _str,
    "gcs": _str,
    "wasb": _str,
    "image": _text_or_dict,
    "git": _text_or_dict,
    "dockerfile": _text_or_dict,
    "file": _text_or_dict,
    "artifacts": _anything,
    "tensorboard": _text_or_dict,
    "event": _text_or_dict,
    "metadata": _anything,
    "model": _text_or_dict,
    "csv": _text_or_dict,
    "dataframe": _text_or_dict,
    "data": _text_or_dict,
    "auth": _text_or_dict,
}
