"""What a scaffold can map: for each resource, its fields, the names by which columns tell them, invented values.

A resource that is not here begins without a mapping. Guesses only: a person reads every line that is made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CodeMap:
    """``codes/<name>.yaml`` to begin with: `to` a canonical list, the codes by the system's own words."""

    name: str
    to: str
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `words`: names of columns that tell it; `values`: two invented ones, as an ISO system writes them.

    `lines`: what fills it in the mapping, ``{column}`` being the column. `key`: it tells rows apart.
    """

    meaning: str
    words: tuple[str, ...]
    values: tuple[str, str]
    lines: tuple[str, ...]
    required: bool = True
    key: bool = False
    code_map: CodeMap | None = None


_FICHE = Field(
    "fiche", ("fiche", "no_fiche", "num_fiche", "numero_fiche", "student_id", "id_eleve", "no_eleve", "id"),
    ("1001", "1002"),
    ('subject.0.system: {{const: "fiche:$organization"}}',
     'subject.0.value: {{read: {column}, do: [before_underscore, {{digits: "7"}}]}}'),
    key=True,
)  # fmt: skip
_SCHOOL = Field(
    "school", ("ecole", "code_ecole", "no_ecole", "eco_off", "school", "school_id"), ("762001", "762002"),
    ("school: {{read: {column}, do: [trim]}}",),
)  # fmt: skip
_OF_ANY = ("no", "fiche", "date")
_LEVELS = (
    "PRESCHOOL4", "PRESCHOOL5", *(f"PRIMARY{year}" for year in range(1, 7)),
    *(f"SECONDARY{year}" for year in range(1, 6)),
)  # fmt: skip

RESOURCES: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "Student": (
            _FICHE,
            Field(
                "code_permanent", ("code_permanent", "code_perm", "cd_perm", "codeperm"), ("COTE72570905", ""),
                ("subject.1.system: {{const: code-permanent}}",
                 "subject.1.value: {{read: {column}, do: [trim, upper]}}",
                 "code_permanent: {{read: {column}, do: [trim, upper]}}"),
                required=False,
            ),
            Field(
                "family_name",
                ("nom", "nom_famille", "nom_de_famille", "family_name", "last_name", "lastname", "surname"),
                ("Côté", "Lévesque-Tremblay"), ("family_name: {{read: {column}, do: [trim, nfc]}}",),
            ),
            Field(
                "given_name", ("prenom", "pnom", "given_name", "first_name", "firstname"), ("Élodie", "Noé"),
                ("given_name: {{read: {column}, do: [trim, nfc]}}",),
            ),
            Field(
                "birth_date",
                ("date_naissance", "date_naiss", "dt_naiss", "date_de_naissance", "birth_date", "birthdate", "dob"),
                ("2009-07-10", "2021-03-02"),
                ('birth_date: {{read: {column}, do: [date_iso]}}  # or {{date: "dd/mm/yyyy"}}',),
            ),
            Field(
                "sex", ("sexe", "sex", "genre", "gender"), ("F", "M"),
                ("sex: {{read: {column}, do: [trim, upper], code_map: sex}}",),
                code_map=CodeMap("sex", "sex", {"F": "F", "M": "M", "X": "X"}),
            ),
        ),
        "Enrolment": (
            _FICHE,
            _SCHOOL,
            Field(
                "school_year", ("annee", "annee_scolaire", "school_year"), ("2025", "2025"),
                ("school_year: {{read: {column}, do: [integer]}}  # or starting_year, of 2025-2026",),
            ),
            Field(
                "level", ("niveau", "level", "annee_etude", "grade"), ("SECONDARY3", "PRESCHOOL5"),
                ("level: {{read: {column}, do: [trim], code_map: level}}",),
                code_map=CodeMap("level", "school_level", {code: code for code in _LEVELS}),
            ),
            Field(
                "start", ("date_debut", "date_deb", "date_entree", "start_date", "debut"),
                ("2025-08-27", "2025-09-02"),
                ('period.start: {{read: {column}, do: [date_iso]}}  # or {{date: "dd/mm/yyyy"}}',), key=True,
            ),
            Field(
                "end", ("date_fin", "date_depart", "end_date", "fin"), ("", "2026-01-12"),
                ("period.end: {{read: {column}, do: [date_iso]}}  # the first day not attended; else add next_day",),
                required=False,
            ),
            Field(
                "home_group", ("groupe", "groupe_repere", "grp_rep", "foyer", "home_group"), ("301", "001"),
                ("home_group: {{read: {column}, do: [trim]}}",), required=False,
            ),
        ),
        "Absence": (
            _FICHE,
            _SCHOOL,
            Field(
                "day", ("date", "jour", "date_abs", "date_absence", "day"), ("2026-02-10", "2026-02-11"),
                ('day: {{read: {column}, do: [date_iso]}}  # or {{date: "dd/mm/yyyy"}}',), key=True,
            ),
            Field(
                "timetable_period", ("periode", "per", "period"), ("2", ""),
                ("timetable_period: {{read: {column}, do: [integer]}}  # blank: the whole day",), required=False,
            ),
            Field(
                "kind", ("nature", "type_absence", "kind"), ("J", "R"),
                ("kind: {{read: {column}, do: [trim, upper], code_map: absence_kind}}",), required=False,
                code_map=CodeMap("absence_kind", "absence_kind", {"J": "justified", "N": "unjustified", "R": "late"}),
            ),
            Field(
                "reason", ("motif", "raison", "reason"), ("MAL", "RET"), ("reason: {{read: {column}, do: [trim]}}",),
                required=False,
            ),
        ),
    }
)  # fmt: skip

# What no pupil's record needs: left out of the contract unless a person writes it there.
NEVER_READ = frozenset(
    {
        "nas", "no_nas", "num_assurance_sociale", "numero_assurance_sociale", "no_ass_soc", "assurance_sociale",
        "sin", "ssn", "social_insurance_number", "nam", "ramq", "assurance_maladie", "numero_assurance_maladie",
        "mot_de_passe", "motdepasse", "mdp", "password", "nip", "pin",
    }
)  # fmt: skip


def usual(resource: str) -> tuple[str, ...]:
    """The columns of such records when nobody gave an example; those of anything for a resource that is not here."""
    return tuple(field.words[0] for field in RESOURCES.get(resource, ()) if field.required) or _OF_ANY
