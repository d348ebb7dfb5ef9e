"""How one literal becomes a value of one plain type: a table of converters. Generics and validation are in types.py."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from reconciler.flows.durations import seconds
from reconciler.flows.model import Json

TRUE_WORDS: Final = frozenset({"true", "yes", "on", "1", "y", "t"})
FALSE_WORDS: Final = frozenset({"false", "no", "off", "0", "n", "f"})
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
DOCKERFILE_KEYS: Final = (
    *("image", "env", "path", "copy", "postRunCopy", "run", "langEnv", "uid", "gid", "username", "filename"),
    *("workdir", "workdirPath", "shell", "lang_env", "post_run_copy", "workdir_path"),
)
_LONGEST_EMAIL = 320  # characters
_EPOCH = datetime(1970, 1, 1)
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
    if isinstance(value, str) and len(value) <= _DIGITS and re.fullmatch(r"\s*[-+]?\d+(?:_\d+)*\s*", value):
        return int(value)
    if value in ("true", "false"):
        return int(value == "true")
    raise ValueError(f"takes a whole number, not {quoted(value)}")


def _float(value: Json) -> float:
    if isinstance(value, str) and len(value) <= _DIGITS and value not in ("true", "false"):
        try:
            value = float(value)
        except ValueError:
            raise ValueError(f"takes a number, not {quoted(value)}") from None
    if isinstance(value, (int, float)) or value in ("true", "false"):
        try:
            number = float(value == "true" if isinstance(value, str) else value)
        except OverflowError:
            number = math.inf
        if not math.isnan(number):
            return number
    raise ValueError(f"takes a number, not {quoted(value)}")


def _bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    whole = int(value) if isinstance(value, float) and value in (0, 1) else value
    word = str(whole).strip().lower() if isinstance(whole, (str, int)) else ""
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise ValueError(f"takes true or false, not {quoted(value)}")


def _path(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"takes a path, not {quoted(value)}")


def _address(*schemes: str) -> Callable[[Json], Json]:
    """The converter of addresses with one of these schemes, or with any."""
    words = f"an address that starts with {schemes[0]}://" if schemes else "an address such as https://host/path"

    def convert(value: Json) -> Json:
        scheme, colon, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        known = scheme in schemes and len(rest) > 2 if schemes else scheme.isidentifier()
        if colon and rest and known:
            return value
        raise ValueError(f"takes {words}, not {quoted(value)}")

    return convert


def _record(named: str, *keys: str, required: str | None = None) -> Callable[[Json], Json]:
    """The converter of a mapping with some of these keys; a text is the place of what another op left."""

    def convert(value: Json) -> Json:
        if isinstance(value, str):
            return value
        known = isinstance(value, dict) and set(value) <= set(keys)
        if known and (required is None or required in value):
            return value
        words = f"a mapping with {required}" if required else f"a mapping with any of {', '.join(keys)}"
        raise ValueError(f"takes {named}: {words}, not {quoted(value)}")

    return convert


def _image(value: Json) -> Json:
    named = value.get("name") if isinstance(value, dict) else value
    if isinstance(named, str) and named and (" " not in named or "{{" in named):
        return value
    raise ValueError(f"takes an image such as org/name:tag, not {quoted(value)}")


def _text_or_dict(value: Json) -> Json:
    return value if isinstance(value, dict) else shown(value)


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
    moment = moment_of(value)
    if moment is None or not moment.endswith("T00:00:00"):
        raise ValueError(f"takes a date such as 2026-01-31, not {quoted(value)}")
    return moment.removesuffix("T00:00:00")


def _datetime(value: Json) -> str:
    moment = moment_of(value)
    if moment is None:
        raise ValueError(f"takes a time such as 2026-01-31T08:00:00, not {quoted(value)}")
    return moment


def moment_of(value: Json) -> str | None:
    """A time as ISO 8601: from such a text, or from seconds since 1970 in UTC; None for what is no time."""
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    try:
        if re.fullmatch(r"-?\d{1,7}|-?\d{9,11}", text):
            return (_EPOCH + timedelta(seconds=int(text))).isoformat()
        return datetime.fromisoformat(text).isoformat()
    except (ValueError, OverflowError):
        return None


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
    "str": shown,
    "bool": _bool,
    "dict": _dict,
    "list": _list,
    "path": _path,
    "metric": _float,
    "date": _date,
    "datetime": _datetime,
    "timedelta": _timedelta,
    "uri": _address(),
    "uuid": _uuid,
    "email": _email,
    "s3": _address("s3"),
    "gcs": _address("gs", "gcs"),
    "wasb": _address("wasb", "wasbs"),
    "image": _image,
    "git": _record("a git repository", "url", "revision", "flags"),
    "dockerfile": _record("a dockerfile", *DOCKERFILE_KEYS, required="image"),
    "file": _record("a file", "kind", "content", "filename", "chmod", required="content"),
    "artifacts": _record("artifacts", "files", "dirs", "workers"),
    "tensorboard": _record("a tensorboard", "port", "uuids", "useNames", "pathPrefix", "plugins"),
    "event": _record("an event", "name", "kind"),
    "metadata": _anything,
    "model": _text_or_dict,
    "csv": _text_or_dict,
    "dataframe": _text_or_dict,
    "data": _text_or_dict,
    "auth": _text_or_dict,
}
