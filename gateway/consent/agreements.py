"""Agreements as data: who may send what to whom, why, on which legal basis, from when to when.

Read from `<site>/agreements/*.yaml`; the door gives the text. Refuses an unknown word, a section
that no agreement may carry, a period that ends before it starts. What is well written and yet not
usable on a day is a finding of `check`, and such an agreement is not in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, cast

from canonical_model import codings, strict_yaml
from canonical_model.base import SENSITIVITY
from canonical_model.errors import ConfigurationError
from canonical_model.identifiers import CHECKS
from canonical_model.periods import Period
from gateway.consent.policy import Policy

Basis = Literal["consent_53_1", "law", "agreement_68", "mandate_67_2"]
SectionClass = Literal["mandatory", "refusable", "forbidden"]

BASES: Mapping[str, str] = MappingProxyType(
    {
        "consent_53_1": "A-2.1, s. 53.1: consent of the person",
        "law": "A-2.1, s. 67: application of an Act; `law` names it",
        "agreement_68": "A-2.1, s. 68: written agreement, PIA, 30 days after receipt by the CAI",
        "mandate_67_2": "A-2.1, s. 67.2: mandate or service contract",
    }
)
CLASSES = ("mandatory", "refusable", "forbidden")
_REQUIRED = frozenset(
    {"agreement", "version", "from", "to", "purpose", "basis", "sections", "period", "outside_quebec",
     "transport"}
)  # fmt: skip
_OPTIONAL = frozenset({"law", "pia", "cai_received_on", "outside_quebec_pia"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """`id` is ``<agreement>@<version>``. `senders` and `recipients` are six-digit organisations that
    joined it. `sections`: each with its class. `period` is half-open. `law`: the Act, for that basis.
    """

    id: str
    senders: frozenset[str]
    recipients: frozenset[str]
    purpose: str
    basis: Basis
    sections: Mapping[str, SectionClass]
    period: Period
    transport: str
    law: str | None = None
    pia: str | None = None
    cai_received_on: date | None = None
    outside_quebec: bool = False
    outside_quebec_pia: str | None = None

    def first_day(self, policy: Policy) -> date | None:
        """The first day on which it may serve; None while the CAI's receipt that it needs is absent."""
        if self.basis != "agreement_68":
            return self.period.start
        if self.cai_received_on is None:
            return None
        waited = self.cai_received_on + timedelta(days=policy.days_after_cai_receipt)
        return max(self.period.start, waited)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an agreement is not in force on a day. `code` is stable; words for people beside it."""

    code: str
    french: str
    english: str


def check(agreement: Agreement, day: date, policy: Policy) -> tuple[Finding, ...]:
    """Everything that keeps `agreement` from serving on `day`; nothing: it is in force."""
    found = []
    first = agreement.first_day(policy)
    if first is None:
        found.append(
            Finding(
                "cai-receipt-missing",
                "La date de réception par la CAI manque : inscrivez `cai_received_on`.",
                "The day the CAI received it is missing: write `cai_received_on`.",
            )
        )
    elif day < first:
        found.append(
            Finding(
                "not-yet-in-force",
                f"Elle n'entre en vigueur que le {first.isoformat()}.",
                f"It comes into force on {first.isoformat()} only.",
            )
        )
    if agreement.period.end is not None and day >= agreement.period.end:
        found.append(
            Finding(
                "ended",
                f"Elle a pris fin le {agreement.period.end.isoformat()}.",
                f"It ended on {agreement.period.end.isoformat()}.",
            )
        )
    if agreement.pia is None and agreement.basis in ("agreement_68", "mandate_67_2"):
        found.append(
            Finding(
                "pia-missing",
                "La référence de l'évaluation (EFVP) manque : inscrivez `pia`.",
                "The reference of the privacy impact assessment is missing: write `pia`.",
            )
        )
    if agreement.outside_quebec and agreement.outside_quebec_pia is None:
        found.append(
            Finding(
                "outside-quebec-pia-missing",
                "Un envoi hors du Québec exige sa propre évaluation : inscrivez `outside_quebec_pia`.",
                "Sending outside Québec needs its own assessment: write `outside_quebec_pia`.",
            )
        )
    return tuple(found)


def parse(text: str, name: str) -> Agreement:
    """The agreement of one file's text; `name` is the file, for messages. Raises ConfigurationError."""
    return _Reader(name).agreement(strict_yaml.load(text, name))


def parse_all(texts: Mapping[str, str]) -> tuple[Agreement, ...]:
    """Agreements of several files (name → text), ordered by id. Raises when one id comes twice."""
    found = sorted((parse(text, name) for name, text in texts.items()), key=lambda item: item.id)
    for one, two in pairwise(found):
        if one.id == two.id:
            raise ConfigurationError(
                f"agreements: {one.id} is written in two files. Remove one, or give it a new version.",
                f"ententes : {one.id} est écrite dans deux fichiers. Retirez-en un, ou changez sa version.",
            )
    return tuple(found)


class _Reader:
    """Turns the file's words into an Agreement; each fault says the file, what, and what to do."""

    def __init__(self, name: str) -> None:
        self._name = name

    def agreement(self, data: Any) -> Agreement:
        if not isinstance(data, dict) or not data.keys() >= _REQUIRED:
            missing = sorted(_REQUIRED - data.keys()) if isinstance(data, dict) else sorted(_REQUIRED)
            raise self._wrong(f"{', '.join(missing)} missing", f"{', '.join(missing)} manquant")
        if unknown := sorted(data.keys() - _REQUIRED - _OPTIONAL):
            raise self._wrong(f"unknown key {unknown[0]!r}", f"clé inconnue {unknown[0]!r}")
        basis = self._one_of("basis", data["basis"], tuple(BASES))
        if (basis == "law") != ("law" in data):
            raise self._wrong(
                "`law` names the Act when the basis is law, and only then",
                "`law` nomme la loi quand le fondement est law, et alors seulement",
            )
        return Agreement(
            id=f"{data['agreement']}@{data['version']}",
            senders=self._organizations("from", data["from"]),
            recipients=self._organizations("to", data["to"]),
            purpose=self._one_of(
                "purpose", data["purpose"], tuple(codings.versions("release_purpose")[-1].codes)
            ),
            basis=cast("Basis", basis),
            sections=self._sections(data["sections"]),
            period=self._period(data["period"]),
            transport=data["transport"],
            law=data.get("law"),
            pia=data.get("pia"),
            cai_received_on=self._day("cai_received_on", data["cai_received_on"])
            if "cai_received_on" in data
            else None,
            outside_quebec=self._one_of("outside_quebec", data["outside_quebec"], ("yes", "no")) == "yes",
            outside_quebec_pia=data.get("outside_quebec_pia"),
        )

    def _organizations(self, key: str, value: Any) -> frozenset[str]:
        codes = value if isinstance(value, list) else []
        if not codes or any(not isinstance(code, str) or CHECKS["organisme"](code).faults for code in codes):
            raise self._wrong(
                f"`{key}` is a list of six-digit organisations",
                f"`{key}` est une liste d'organismes à six chiffres",
            )
        return frozenset(codes)

    def _sections(self, value: Any) -> Mapping[str, SectionClass]:
        if not isinstance(value, dict) or not value:
            raise self._wrong(
                "`sections` gives each section its class", "`sections` donne à chacune sa classe"
            )
        for section, kind in value.items():
            self._one_of(f"sections.{section}", kind, CLASSES)
            if section not in SENSITIVITY or section == "consent":
                raise self._wrong(
                    f"{section!r} is not a section that can be released",
                    f"{section!r} n'est pas une section communicable",
                )
            if SENSITIVITY[section] == "restricted" and kind != "forbidden":
                raise self._wrong(
                    f"{section} is restricted: a general agreement can only forbid it",
                    f"{section} est à accès restreint : une entente générale ne peut que l'interdire",
                )
        return MappingProxyType(dict(value))

    def _period(self, value: Any) -> Period:
        if not isinstance(value, dict) or not {"start"} <= value.keys() <= {"start", "end"}:
            raise self._wrong(
                "`period` has a start and may have an end", "`period` a un début et peut avoir une fin"
            )
        start = self._day("period.start", value["start"])
        end = self._day("period.end", value["end"]) if "end" in value else None
        if end is not None and end <= start:
            raise self._wrong("the period ends before it starts", "la période finit avant de commencer")
        return Period(start=start, end=end)

    def _day(self, key: str, value: Any) -> date:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._wrong(
                f"`{key}` is a day, as 2026-02-16", f"`{key}` est un jour, comme 2026-02-16"
            ) from None

    def _one_of(self, key: str, value: Any, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self._wrong(
                f"`{key}` is one of {', '.join(allowed)}", f"`{key}` est l'un de {', '.join(allowed)}"
            )
        return cast("str", value)

    def _wrong(self, english: str, french: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._name}: {english}. Correct the file.",
            f"{self._name} : {french}. Corrigez le fichier.",
        )
