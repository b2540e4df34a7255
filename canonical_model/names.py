"""HumanName: a person's name, letter by letter, and the form it is searched by. Corrects nothing.

Accents, hyphens and apostrophes are part of a name and are kept; two ways to write one name meet in
`search_form` only, which is for finding and never for showing.
"""

import unicodedata
from typing import Annotated

from canonical_model.base import Model, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element

_APOSTROPHES = "'’‘ʼ`´"  # before decomposition: U+00B4 would become a space
_WITHOUT_ACCENT = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "æ": "ae"})


def search_form(text: str) -> str:
    """Small letters without accents or apostrophes; every other sign is one space.

    ``Élie-Anne D’Amours`` gives ``elie anne damours``. Applied twice, it gives the same.
    """
    kept = "".join(letter for letter in text if letter not in _APOSTROPHES)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", kept).casefold())
    letters = "".join(
        letter if letter.isalnum() else " "
        for letter in plain.translate(_WITHOUT_ACCENT)
        if not unicodedata.combining(letter) and letter not in _APOSTROPHES
    )
    return " ".join(letters.split())


def code_permanent_letters(family: str, given: str | None) -> str | None:
    """The four letters that a code permanent takes from a name, or None where no public rule says them.

    How short and compound names give theirs is not public: only a family name that begins with three letters does.
    """
    last, first = search_form(family)[:3], search_form(given or "")[:1]
    letters = f"{last}{first}"
    return letters.upper() if len(last) == 3 and first and letters.isalpha() else None


class HumanName(Model):
    """One name of a person. Some people have a single name: it is the family name."""

    family: Annotated[Text, Element("Nom de famille", "Family name", "As it is written, accents kept.")]
    given: Annotated[
        Text | None, Element("Prénom", "Given name", "As it is written; absent for a person with one name.")
    ] = None
    use: Annotated[Coding, InSystem("name_use"), Element("Usage du nom", "Use", "Official, usual or former.")]

    def search_form(self) -> str:
        """Family then given name, as `search_form` folds them."""
        return search_form(f"{self.family} {self.given or ''}")
