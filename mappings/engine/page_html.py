"""The small pieces of HTML of which a mapping's page is made. Everything that they are given as text is escaped."""

import re
from collections.abc import Sequence
from functools import partial
from html import escape

e = partial(escape, quote=True)


def section(place: str, french: str, english: str, body: str) -> str:
    """A part of the page with its heading; `body` is HTML."""
    return f'<section aria-labelledby="{place}"><h2 id="{place}">{two(french, english)}</h2>{body}</section>'


def span(names: Sequence[str]) -> str:
    """All of a few names; the first and the last of many."""
    if len(names) > 4:
        return f"{code(names[0])} … {code(names[-1])}"
    return ", ".join(map(code, names))


def both(french: str, english: str) -> str:
    """Two pieces of HTML, one below the other."""
    return f'{french}<br><span lang="en" class="soft">{english}</span>'


def marked(text: str) -> str:
    """Escaped, and what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", e(text).replace("« ", "«\u00a0").replace(" »", "\u00a0»"))


def two(french: str, english: str) -> str:
    """Two texts beside each other; once when they are the same."""
    if french == english:
        return e(french)
    return f'{e(french)} · <span lang="en" class="soft">{e(english)}</span>'


def code(text: str) -> str:
    """A word of a file."""
    return f"<code>{e(text)}</code>"
