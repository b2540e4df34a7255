"""Reads the bytes of one answer: no more than the limit, counted after decoding; refuses an unknown encoding.

gzip is undone here and not by httpx, whose decoder grows one piece of the wire a thousand times before anyone
may count it.
"""

import zlib
from collections.abc import Callable, Iterator

import httpx

from connectors.kit.errors import TransientError, too_large, wrong_contract

ACCEPTED = "gzip, deflate"
LARGEST_REFUSAL_BYTES = 64 * 1024  # of a refusal only the problem code is read
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def read(place: str, answer: httpx.Response, largest: int, in_time: Callable[[], bool]) -> bytes:
    """The decoded body. Raises ConfigurationError above `largest`, TransientError when it is cut or too slow.

    Of a redirect and of a web page nothing is read, of a refusal its beginning.
    """
    if answer.is_redirect or "html" in answer.headers.get("content-type", "").lower():
        return b""
    if not answer.is_success:
        return _beginning(_decoded(place, answer, LARGEST_REFUSAL_BYTES))
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        raise too_large(place, largest)
    parts, size = [], 0
    for part in _decoded(place, answer, largest):
        size += len(part)
        if size > largest:
            raise too_large(place, largest)
        if not in_time():
            raise TransientError("the answer did not end in time", "la réponse n'a pas fini à temps")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _beginning(parts: Iterator[bytes]) -> bytes:
    read = bytearray()
    for part in parts:
        read += part
        if len(read) > LARGEST_REFUSAL_BYTES:
            break
    return bytes(read)


def _decoded(place: str, answer: httpx.Response, largest: int) -> Iterator[bytes]:
    """The parts of a body without its Content-Encoding; no part is larger than `largest` and a byte."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        yield from answer.iter_raw()
        return
    if encoding not in _WINDOW:
        raise wrong_contract(place, "an encoding that was not asked for", "un encodage non demandé")
    decoder = zlib.decompressobj(_WINDOW[encoding])
    try:
        for raw in answer.iter_raw():
            while raw and not decoder.eof:
                yield decoder.decompress(raw, largest + 1)
                raw = decoder.unconsumed_tail  # noqa: PLW2901 - what is left of the piece
    except zlib.error as error:
        raise TransientError(
            "the compressed answer is damaged", "la réponse compressée est abîmée"
        ) from error
    if not decoder.eof:
        raise TransientError("the answer was cut", "la réponse est coupée")
