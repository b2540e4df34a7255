"""Invents children and their families: names, births, code permanents, guardians, custody.

A social insurance number here always begins with 0, which is never issued to a person.
"""

import random
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from connectors.kit.province import names
from connectors.kit.province.model import Guardian

SIBLING_CHANCE = 0.25
SHARED_CUSTODY_CHANCE = 0.20
SOCIAL_INSURANCE_CHANCE = 0.90
DAYCARE_FAMILY_EVERY = 12  # one family in twelve uses the daycare: about 8 %, at every size


@dataclass(slots=True)
class Family:
    """`children`: births so far. `payers`: number, guardian index, percent; filled by the daycare."""

    family_name: str
    guardians: tuple[Guardian, ...]
    custody: str
    language: str
    uses_daycare: bool
    children: list[date] = field(default_factory=list)
    payers: tuple[tuple[str, int, Decimal], ...] = ()


def plain_letters(text: str) -> str:
    """Capital letters only, accents taken off: ``D'Amours-Lévesque`` gives ``DAMOURSLEVESQUE``."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha()).upper()


def birth_date(rng: random.Random, school_year: int, age: int) -> date:
    """A birth that makes the child `age` years old on 30 September of the school year."""
    first = date(school_year - age - 1, 10, 1)
    return first + timedelta(days=rng.randrange((date(school_year - age, 10, 1) - first).days))


def code_permanent(  # the public rule of facts/quebec-education.md §1.1, written from the facts alone
    rng: random.Random, used: set[str], *, family_name: str, given_name: str, born: date, sex: str
) -> str:
    """A code nobody else has: letters, day (+62 from 2000), month (+50 for a girl), year, two invented."""
    letters = plain_letters(family_name)[:3] + plain_letters(given_name)[0]
    day = born.day + (62 if born.year >= 2000 else 0)
    month = born.month + (50 if sex == "F" else 0)
    stem = f"{letters}{day:02d}{month:02d}{born.year % 100:02d}"
    start = rng.randrange(100)
    for step in range(100):
        code = f"{stem}{(start + step) % 100:02d}"
        if code not in used:
            used.add(code)
            return code
    msg = "province: a hundred children share name, birth and sex. Ask for fewer students."
    raise ValueError(msg)


def social_insurance_number(rng: random.Random, used: set[str]) -> str:
    """Nine digits that pass Luhn and begin with 0: fictitious by construction, never all zeros."""
    while True:
        body = f"0{rng.randrange(1, 10_000_000):07d}"
        doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(body))
        number = f"{body}{-sum(value // 10 + value % 10 for value in doubled) % 10}"
        if number not in used:
            used.add(number)
            return number


def family(rng: random.Random, families: list[Family], used: set[str], *, board: str, born: date) -> Family:
    """A family for a child born that day: sometimes one that is here already, else a new one."""
    if families and rng.random() < SIBLING_CHANCE:
        known = rng.choice(families[-40:])
        if all(abs((born - other).days) > 300 for other in known.children):
            known.children.append(born)
            return known
    new = _new_family(rng, used, board=board, daycare=len(families) % DAYCARE_FAMILY_EVERY == 0)
    new.children.append(born)
    families.append(new)
    return new


def given_name(rng: random.Random, language: str, sex: str) -> str:
    """A first name; a child of sex ``X`` has one of either list."""
    girl = sex == "F" or (sex == "X" and rng.random() < 0.5)
    if language == "fr":
        return rng.choice(names.GIVEN_GIRLS_FRENCH if girl else names.GIVEN_BOYS_FRENCH)
    return rng.choice(names.GIVEN_GIRLS_ENGLISH if girl else names.GIVEN_BOYS_ENGLISH)


def _new_family(rng: random.Random, used: set[str], *, board: str, daycare: bool) -> Family:
    board_language = names.BOARDS[board][1]
    language = board_language if rng.random() < 0.85 else ("en" if board_language == "fr" else "fr")
    own = names.FAMILY_FRENCH if language == "fr" else names.FAMILY_ENGLISH
    mother_name, father_name = (
        rng.choice(names.FAMILY_OTHER if rng.random() < 0.12 else own) for _ in range(2)
    )
    shared = rng.random() < SHARED_CUSTODY_CHANCE
    home = _address(rng, board)
    second_home = _address(rng, board) if shared else home
    shape = rng.random()
    if shape < 0.02 and not shared:
        found = [("tutor", rng.choice("FM"), rng.choice(own), home)]
    elif shape < 0.12 and not shared:
        found = [("mother", "F", mother_name, home)]
    else:
        found = [("mother", "F", mother_name, home), ("father", "M", father_name, second_home)]
    guardians = tuple(
        _guardian(rng, used, relation=relation, family_name=name, sex=sex, language=language, address=address)
        for relation, sex, name, address in found
    )
    child = father_name if len(found) == 2 and rng.random() < 0.7 else found[0][2]
    return Family(child, guardians, "shared" if shared else "together", language, daycare)


def _guardian(
    rng: random.Random,
    used: set[str],
    *,
    relation: str,
    family_name: str,
    sex: str,
    language: str,
    address: tuple[str, str, str],
) -> Guardian:
    name = given_name(rng, language, sex)
    mailbox = f"{plain_letters(name)}.{plain_letters(family_name)}{rng.randrange(1000)}".lower()
    street, city, postal_code = address
    has_number = rng.random() < SOCIAL_INSURANCE_CHANCE
    return Guardian(
        relation=relation,  # type: ignore[arg-type]  # one of the three words of _new_family
        family_name=family_name,
        given_name=name,
        email=f"{mailbox}@example.org",
        street=street,
        city=city,
        postal_code=postal_code,
        social_insurance_number=social_insurance_number(rng, used) if has_number else None,
    )


def _address(rng: random.Random, board: str) -> tuple[str, str, str]:
    _, language, _, city, areas = names.BOARDS[board]
    street = rng.choice(names.STREETS_FRENCH if language == "fr" else names.STREETS_ENGLISH)
    separator = ", " if language == "fr" else " "
    unit = f"{rng.randrange(10)}{rng.choice('ABCEGHJKLMNPRSTVWXYZ')}{rng.randrange(10)}"
    return f"{rng.randrange(1, 9800)}{separator}{street}", city, f"{rng.choice(areas)}{unit}"
