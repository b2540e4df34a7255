"""How operations say what they are doing: two sentences, for whoever shows them. Nothing is printed here."""

from typing import Protocol


class Progress(Protocol):
    """Called with each step; the door decides whether, where and in which language it is shown."""

    def __call__(self, english: str, french: str) -> None: ...


def silent(english: str, french: str) -> None:
    """Show nothing."""
