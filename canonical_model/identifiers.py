"""What can be said of an identifier from its text alone; never more than a public rule says.

Two strengths (facts/quebec-education.md §1.4): a *fault* refuses the value; a *warning* never does.
The last two characters of a code permanent are opaque. `check` serves `passerelle identifier check`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

# Used with fullmatch, for `$` alone lets a line break through; [0-9], for `\d` takes Arabic-Indic digits.
CODE_PERMANENT = re.compile(r"^[A-Z]{4}[0-9]{8}$")
POSTAL_CODE = re.compile(r"^[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z][0-9][ABCEGHJ-NPRSTV-Z][0-9]$")
NINE_DIGITS = re.compile(r"[0-9]{9}")
QST_NUMBER = re.compile(r"([0-9]{9})([0-9])TQ([0-9]{4})")
TELEPHONE = re.compile(r"\+?[0-9]{10,15}(x[0-9]{1,6})?")
LOCAL_TELEPHONE = re.compile(r"[2-9][0-9]{2}-[0-9]{4}")  # the area code stands in another field
NORTH_AMERICAN = re.compile(r"(\+?1)?[2-9][0-9]{2}[2-9][0-9]{6}(x[0-9]{1,6})?")
COLLEGE_PROGRAM = r"[0-9A-Z]{3}\.[0-9A-Z]{1,2}"
FICHE = re.compile(r"([0-9]{1,7})(_[0-9A-Za-z]{1,10})?")


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one value: `faults` refuse it, `warnings` do not. Codes, never the value."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    decoded: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _shape(pattern: str) -> Callable[[str], Finding]:
    compiled = re.compile(pattern)
    return lambda value: Finding() if compiled.fullmatch(value) else Finding(faults=("wrong-shape",))


def code_permanent(value: str, *, today: date | None = None) -> Finding:
    """Four letters, then day (+62 for births from 2000), month (+50 for girls), year, two opaque digits.

    Source: public description by concordia.ca; the +62 has a single source, so it only warns.
    """
    if not CODE_PERMANENT.fullmatch(value):
        return Finding(faults=("wrong-shape",))
    day, month, year = int(value[4:6]), int(value[6:8]), int(value[8:10])
    after_1999 = 63 <= day <= 93
    female = 51 <= month <= 62
    day, month = day - 62 * after_1999, month - 50 * female
    try:
        born = date((2000 if after_1999 else 1900) + year, month, day)
    except ValueError:
        return Finding(warnings=("impossible-date",))
    decoded = {"birth_date": born.isoformat(), "sex": "F" if female else "M"}
    late = today is not None and born > today
    old = today is not None and not after_1999 and today.year - born.year > 90
    warnings = ("implausible-age",) if late or old else ()
    return Finding(warnings=warnings, decoded=MappingProxyType(decoded))


def agreement(
    value: str, *, birth_date: date | None = None, sex: str | None = None, letters: str | None = None
) -> tuple[str, ...]:
    """Warnings where a code permanent disagrees with what is on file; never a reason to refuse.

    `sex`: only ``F`` and ``M`` are compared, for how a third marker is written is not public. `letters`: the
    four that the name would give; how compound and short names give them is not public either.
    Empty for a value that is not a code permanent: that is `code_permanent`'s to say.
    """
    found = code_permanent(value)
    if found.faults:
        return ()
    born, coded = found.decoded.get("birth_date"), found.decoded.get("sex")
    checks = (
        ("birth-date-disagrees", born and birth_date and birth_date.isoformat() != born),
        ("sex-disagrees", coded and sex in ("F", "M") and sex != coded),
        ("letters-disagree", letters and letters != value[:4]),
    )
    return tuple(warning for warning, wrong in checks if wrong)


def ramq(value: str) -> Finding:
    """Health-insurance number: the shape of a code permanent, but year, month (+50 for a woman), day.

    Nothing in the text tells one from the other: the type comes from the column, never from the shape.
    The order of the date is inferred (facts/quebec-education.md §1.3), so it only warns.
    """
    if not CODE_PERMANENT.fullmatch(value):
        return Finding(faults=("wrong-shape",))
    year, month, day = int(value[4:6]), int(value[6:8]), int(value[8:10])
    month -= 50 * (51 <= month <= 62)
    for century in (1900, 2000):  # two digits of the year: 29 February must exist in one of the two
        try:
            date(century + year, month, day)
        except ValueError:
            continue
        return Finding()
    return Finding(warnings=("impossible-date",))


def same_value_under_two_types(identifiers: Iterable[tuple[str, str]]) -> bool:
    """Whether one person's (system, value) pairs hold one value as code permanent and as RAMQ number.

    One of the two columns was read as the other: the pair is refused, for nobody can tell which is right.
    """
    held: dict[str, set[str]] = {"code-permanent": set(), "ramq": set()}
    for system, value in identifiers:
        if system in held:
            held[system].add(value)
    return not held["code-permanent"].isdisjoint(held["ramq"])


def telephone(value: str) -> Finding:
    """Ten to fifteen digits, ``+`` before, ``x`` and extension after; or ``NNN-NNNN`` without area code (a warning).

    The one rule of a telephone number: `Telecom` asks here as well. What is not of the North American plan (area
    code and exchange start with 2 to 9) and has no ``+`` only warns: it may be of another country.
    """
    if LOCAL_TELEPHONE.fullmatch(value):
        return Finding(warnings=("no-area-code",))
    if not TELEPHONE.fullmatch(value):
        return Finding(faults=("wrong-shape",))
    known = value.startswith("+") or NORTH_AMERICAN.fullmatch(value)
    return Finding() if known else Finding(warnings=("not-north-american",))


def fiche(text: str) -> str | None:
    """A file number as the hub keys it: the part before ``_``, seven digits; None when it is not one.

    ``123`` and ``0000123_1`` both give ``0000123``. A number with a suffix is of an adult database: it is the
    same pupil only where the code permanent agrees (facts/legacy-systems.md §16, 4).
    """
    found = FICHE.fullmatch(text)
    return found[1].zfill(7) if found else None


def nas(value: str) -> Finding:
    """Nine digits, Luhn; all zeros pass Luhn and are refused. First digit 0 or 8 only warns."""
    if not NINE_DIGITS.fullmatch(value):
        return Finding(faults=("wrong-shape",))
    if value == "000000000":
        return Finding(faults=("all-zeros",))
    from stdnum import luhn  # noqa: PLC0415 - it loads ssl, which the rest of the model never needs

    if not luhn.is_valid(value):
        return Finding(faults=("wrong-check-digit",))
    return Finding(warnings=("unusual-first-digit",) if value[0] in "08" else ())


def tvq(value: str) -> Finding:
    """Ten digits, ``TQ``, four digits not all zero; the tenth is (11 − Σ w·d mod 11) mod 10."""
    if not (found := QST_NUMBER.fullmatch(value)):
        return Finding(faults=("wrong-shape",))
    body, check_digit, file = found.groups()
    if file == "0000":
        return Finding(faults=("file-zero",))
    total = sum(int(d) * w for d, w in zip(body, (4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True))
    right = str((11 - total % 11) % 10)
    return Finding() if check_digit == right else Finding(faults=("wrong-check-digit",))


def releve_24_check_digit(number: int) -> int:
    """Series number (eight digits) modulo 7."""
    return number % 7


def releve_24(value: str) -> Finding:
    """Nine digits: eight of the series and their remainder by 7."""
    if not NINE_DIGITS.fullmatch(value):
        return Finding(faults=("wrong-shape",))
    right = releve_24_check_digit(int(value[:8]))
    return Finding() if int(value[8]) == right else Finding(faults=("wrong-check-digit",))


CHECKS: Mapping[str, Callable[[str], Finding]] = MappingProxyType(
    {
        "code-permanent": code_permanent,
        "nas": nas,
        "tvq": tvq,
        "releve-24": releve_24,
        "code-postal": _shape(POSTAL_CODE.pattern),
        "organisme": _shape(r"[0-9]{6}"),
        "code-cours": _shape(r"[0-9]{6}|[A-Z]{3}[0-9]{3}|[0-9]{3}-[0-9A-Z]{3}-[A-Z]{2}"),
        "demande-admission": _shape(r"[0-9]{9}"),
        "code-programme": _shape(rf"{COLLEGE_PROGRAM}|[0-9A-Z]{{1,10}}"),  # those of other orders are opaque
        "ramq": ramq,
        "telephone": telephone,
        "fiche": _shape(r"[0-9]{7}"),
        "matricule": _shape(r"[0-9A-Za-z][!-~]{0,39}"),  # opaque, each college's own: no space in it
    }
)


# Kinds whose shape is all that can refuse them: most values are good, and need no Finding to pass.
_SHAPE_ALONE = MappingProxyType({"code-permanent": CODE_PERMANENT, "code-postal": POSTAL_CODE})


def _refuse_faults(kind: str) -> AfterValidator:
    shape = _SHAPE_ALONE.get(kind)

    def check(value: str) -> str:
        if shape is not None and shape.fullmatch(value):
            return value
        if faults := CHECKS[kind](value).faults:
            raise PydanticCustomError(f"{kind}-{faults[0]}", "the identifier is not well formed")
        return value

    return AfterValidator(check)


CodePermanent = Annotated[str, _refuse_faults("code-permanent")]
SocialInsuranceNumber = Annotated[str, _refuse_faults("nas")]
PostalCode = Annotated[str, _refuse_faults("code-postal")]
OrganizationCode = Annotated[str, _refuse_faults("organisme")]
CourseCode = Annotated[str, _refuse_faults("code-cours")]
ProgramCode = Annotated[str, _refuse_faults("code-programme")]
"""Of any order of teaching; a college's or an opaque one."""
CollegeProgramCode = Annotated[str, StringConstraints(pattern=rf"^{COLLEGE_PROGRAM}$")]
"""200.B0; an attestation's starts with letters. Not a ProgramCode: a dot that was lost must not pass."""
SlipNumber = Annotated[str, _refuse_faults("releve-24")]
