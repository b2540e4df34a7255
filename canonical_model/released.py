"""Decision and Released: why something may leave, and all that a target accepts.

A Decision is made by gateway.consent.decide, which alone may import the seal. A Released carries
nothing its Decision does not name, and is about nobody else.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, InitVar, dataclass, replace
from types import MappingProxyType
from typing import Any

from canonical_model.seal import SEAL


@dataclass(frozen=True, slots=True)
class Decision:
    """These sections of one person may go to one recipient for one purpose; none is a refusal.

    `subject` is the hub's id of the person; `recipient` a six-digit organisation; `fields` the
    permitted sections; `reason` the stable code of why (or why not); `withheld` the reason of each
    section asked and not given; `basis` the legal basis; `agreement` and `consent` the ids it rests
    on; `policy` the version of the rules; `marker` a digest over all of it, checkable later.
    """

    _: KW_ONLY
    subject: str
    recipient: str
    purpose: str
    fields: frozenset[str]
    reason: str
    withheld: tuple[tuple[str, str], ...]
    basis: str | None
    agreement: str | None
    consent: str | None
    policy: str
    marker: str
    seal: InitVar[object]  # not kept: nothing to read off, and `replace` must ask for it again

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            msg = "A Decision is made by gateway.consent.decide only."
            raise PermissionError(msg)

    @property
    def permits(self) -> bool:
        """Whether anything at all may leave."""
        return bool(self.fields)


@dataclass(frozen=True, slots=True)
class Released:
    """Redacted sections of one person, the decision that lets them leave, and the document made of them."""

    decision: Decision
    _: KW_ONLY
    subject: str
    resource: Mapping[str, Any]
    document: bytes | None = None

    def __post_init__(self) -> None:
        if not self.decision.fields:
            msg = f"Refused ({self.decision.reason}): there is nothing to release."
            raise PermissionError(msg)
        if self.subject != self.decision.subject:
            msg = "The decision is about another person. Decide again."
            raise PermissionError(msg)
        if extra := self.resource.keys() - self.decision.fields:
            msg = f"Not named by the decision: {', '.join(sorted(extra))}. Redact first."
            raise PermissionError(msg)
        object.__setattr__(self, "resource", MappingProxyType(dict(self.resource)))

    def with_document(self, document: bytes) -> "Released":
        """The same release, rendered for the wire."""
        return replace(self, document=document)
