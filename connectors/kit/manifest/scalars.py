"""Texts of a manifest that say an amount: a duration, a size, a cron line. Their forms, and what they amount to."""

from datetime import timedelta
from types import MappingProxyType

from connectors.kit.manifest.shapes import Text

_UNITS = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86400})
_SIZES = MappingProxyType({"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30})

ANY = Text()
NAME = Text(r"[a-z][a-z0-9_]*", english="a name in small letters", french="un nom en minuscules")
DURATION = Text(
    r"[1-9][0-9]{0,5}[smhd]",
    english="a duration, as 30s, 10m, 2h, 1d",
    french="une durée, comme 30s, 10m, 2h, 1d",
)
SIZE = Text(
    r"[1-9][0-9]{0,5}(?:B|KB|MB|GB)", english="a size, as 512KB, 64MB", french="une taille, comme 512KB, 64MB"
)
COUNT = Text(
    r"[1-9][0-9]{0,6}",
    number=True,
    english="a whole number above 0",
    french="un nombre entier au-dessus de 0",
)
TRIES = Text(r"[1-9][0-9]?", number=True, english="a number from 1 to 99", french="un nombre de 1 à 99")
WHOLE = Text(r"[0-9]{1,7}", number=True, english="a whole number", french="un nombre entier")
RATE = Text(
    r"(?:0\.[0-9]{0,3}[1-9]|[1-9][0-9]{0,5}(?:\.[0-9]{1,3})?)",
    number=True,
    english="a number above 0, as 10 or 0.5",
    french="un nombre au-dessus de 0, comme 10 ou 0.5",
)
CRON = Text(
    r"[0-9*,/-]+(?: [0-9*,/-]+){2}(?: [0-9A-Za-z*,/#-]+){2}",
    english='five fields of cron, as "0 5 * * *"',
    french="cinq champs de cron, comme « 0 5 * * * »",
)


def duration(text: str) -> timedelta:
    """``10m`` → ten minutes."""
    return timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])


def size(text: str) -> int:
    """``64MB`` → bytes; a KB is 1024 of them."""
    unit = text.lstrip("0123456789")
    return int(text.removesuffix(unit)) * _SIZES[unit]
