"""JSON as it was written: a number keeps its digits (82.50 stays "82.50"), for a mark is not a float.

Refused: bytes that are not UTF-8 unless their charset is declared, NaN, text after the end, and nesting that no
record has.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from connectors.kit.errors import TransientError, wrong_contract

_DECODER = msgspec.json.Decoder(float_hook=msgspec.Raw)  # a Raw is written out again byte for byte
_MINUS_ZERO = re.compile(rb"-0[,\s\]}]")  # msgspec reads the integer -0 as 0
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parsed(place: str, body: bytes, content_type: str = "") -> Any:
    """The value of a body: integers, text, lists, mappings, and `msgspec.Raw` for a number with a fraction.

    Raises TransientError when it is cut or not JSON, ConfigurationError when it is not UTF-8.
    """
    return _read(place, body, content_type, _exactly)


def plain(place: str, body: bytes, content_type: str = "") -> Any:
    """The same as the standard library reads it, for an answer without measured numbers. Raises as `parsed`."""
    return _read(place, body, content_type, json.loads)


def _read(place: str, body: bytes, content_type: str, decode: Callable[[bytes], Any]) -> Any:
    declared = _CHARSET.search(content_type)
    if declared and declared[1].lower() not in ("utf-8", "utf8"):
        body = _recoded(place, body, declared[1])
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        return decode(body)
    except (msgspec.DecodeError, ValueError) as error:
        if _is_other_than_utf_8(body):
            raise wrong_contract(place, "not UTF-8, as JSON must be", "pas de l'UTF-8 valide") from None
        raise TransientError(
            "the answer was cut or is not JSON", "réponse coupée ou qui n'est pas du JSON"
        ) from error
    except RecursionError:
        raise wrong_contract(place, "nested too deeply", "trop profondément imbriquée") from None


def _exactly(body: bytes) -> Any:
    if _MINUS_ZERO.search(body):
        return _slowly(body)
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:
        return _slowly(body)  # an integer longer than msgspec takes


def text(value: Any) -> str | None:
    """A value as a column holds it: text as it is, null as None, anything else as its JSON text."""
    if value is None or value.__class__ is str:
        return value
    if value.__class__ is msgspec.Raw:
        return str(value, "ascii")
    if value.__class__ is int:
        return str(value)
    if value.__class__ is bool:
        return "true" if value else "false"
    return msgspec.json.encode(value).decode()


def pointer(path: str) -> Callable[[Any], Any]:
    """Reads the place of a JSON Pointer (RFC 6901) in a value; None when it is not there."""
    keys = tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])
    if len(keys) == 1:
        (only,) = keys
        return lambda value: value.get(only) if value.__class__ is dict else _step(value, only)

    def read(value: Any) -> Any:
        for key in keys:
            value = _step(value, key)
            if value is None:
                return None
        return value

    return read


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def _slowly(body: bytes) -> Any:
    """The standard library keeps every digit of every number, at half the speed."""
    return json.loads(body, parse_float=msgspec.Raw, parse_int=_integer, parse_constant=_no_constant)


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) < 19 and digits != "-0" else msgspec.Raw(digits)


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _recoded(place: str, body: bytes, charset: str) -> bytes:
    try:
        return body.decode(charset).encode()
    except (LookupError, UnicodeError) as error:
        raise wrong_contract(
            place, "its charset is not what it says", "son jeu de caractères ment"
        ) from error


def _is_other_than_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return error.end < len(body)  # at the very end it is a cut character
    return False
