"""AuditEvent: one entry of the evidence: what was done or refused, when, by what, on what. Holds no person's value.

People are named by hub ids, facts by counts, codes and digests (design.md, Promises 3 and 4). The chain
of digests makes a missing or changed entry visible.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Record, Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.references import Reference

_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AuditEvent(Record):
    """One entry, as it was chained; it is never mended, only followed."""

    SECTION: ClassVar[Section] = "consent"

    resource_type: Annotated[
        Literal["AuditEvent"], Element("Type de ressource", "Resource type", "Always ``AuditEvent``.")
    ] = "AuditEvent"
    sequence: Annotated[
        int,
        Field(ge=1, le=2**53 - 1),
        Element("Rang", "Sequence", "Place in the chain, from 1, without a gap."),
    ]
    kind: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z]{2,30}\.[a-z-]{2,40}$"),
        Element("Genre", "Kind", "Domain and what happened: ``intake.landed``, ``release.refused``."),
    ]
    domain: Annotated[
        Annotated[Coding, InSystem("audit_event_kind")] | None,
        Element(
            "Domaine", "Domain", "The part of the kind before its dot, with its label; absent: not stated."
        ),
    ] = None
    outcome: Annotated[
        Coding, InSystem("audit_outcome"), Element("Issue", "Outcome", "Done, refused or failed.")
    ]
    recorded_at: Annotated[AwareDatetime, Element("Inscrit le", "Recorded at")]
    agent: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9_.@:-]{1,99}$"),
        Element(
            "Auteur", "Agent", "System or role that did it: ``gpi@762000``, ``operator:12``; never a name."
        ),
    ]
    person: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{16,40}$")] | None,
        Element("Personne", "Person", "Hub id of whom it is about; never a code permanent."),
    ] = None
    targets: Annotated[
        tuple[Reference, ...],
        Field(max_length=100),
        Element("Objets", "Targets", "What was read, written or released."),
    ] = ()
    exchange: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:@/-]{1,120}$")] | None,
        Element("Échange", "Exchange", "Id of the exchange that it happened in."),
    ] = None
    purpose: Annotated[
        Annotated[Coding, InSystem("release_purpose")] | None,
        Element("Finalité", "Purpose", "Of a read or a release."),
    ] = None
    facts_digest: Annotated[
        _Digest, Element("Empreinte des faits", "Digest of the facts", "SHA-256, hexadecimal.")
    ]
    previous_digest: Annotated[
        _Digest,
        Element("Empreinte précédente", "Previous digest", "Of the entry before; zeros for the first."),
    ]

    @model_validator(mode="after")
    def _domain_is_that_of_the_kind(self) -> "AuditEvent":
        if self.domain is not None and self.domain.code != self.kind.partition(".")[0]:
            raise PydanticCustomError("domain-disagrees", "the domain is not the first part of the kind")
        return self
