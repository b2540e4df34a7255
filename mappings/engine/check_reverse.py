"""The part of the checker about `reverse`: every column that would not come back must be declared lossy.

Asked only of a mapping that has no other finding.
"""

from collections.abc import Iterator

from mappings.engine import reverse_ways
from mappings.engine.language import Mapping
from mappings.engine.reading import near
from mappings.engine.result import Finding, Line
from mappings.engine.reverse_ways import SLOT, Reason

NOT_REVERSIBLE = "not-reversible"
_SOME = ("`when` leaves out some of its cells", "`when` écarte certaines de ses cases")
_UNSEEN = (
    "a slot without what `present` names is no record",
    "une case sans ce que nomme `present` n'est pas un enregistrement",
)


def findings(mapping: Mapping) -> Iterator[Finding]:
    """Every fault of what `reverse` promises; none when the mapping does not promise anything."""
    if mapping.reversal is None or not mapping.reversal.reversible:
        return
    lossy = {column for column, _ in mapping.reversal.lossy}
    restored = reverse_ways.restored(mapping)
    yield from _declared(mapping)
    for column, line in _read(mapping).items():
        if column not in restored | lossy:
            english, french = _reason(mapping, column)
            yield Line(mapping.file, _line(mapping, column) or line).finding(
                NOT_REVERSIBLE,
                f"{column} would not come back: {english}. Declare it in `reverse: {{lossy: …}}`, or write "
                "`reverse: no`.",
                f"{column} ne reviendrait pas : {french}. Déclarez-la dans `reverse: {{lossy: …}}`, ou écrivez "
                "`reverse: no`.",
            )
    yield from _slots(mapping, restored)


def _read(mapping: Mapping) -> dict[str, int]:
    """The columns of the main stream that are read, each with the first line that reads it."""
    found: dict[str, int] = {}
    for stream, column, line in mapping.columns_read():
        if stream == mapping.stream:
            found.setdefault(column, line)
    return found


def _declared(mapping: Mapping) -> Iterator[Finding]:
    read = _read(mapping)
    for column, _ in mapping.reversal.lossy if mapping.reversal else ():
        if column not in read:
            english, french = near(column, tuple(read))
            yield Line(mapping.file, mapping.line("reverse")).finding(
                "unknown-column",
                f"{column} is no column of {mapping.stream} that is read{english}. Correct `lossy`.",
                f"{column} n'est pas une colonne lue de {mapping.stream}{french}. Corrigez `lossy`.",
            )


def _slots(mapping: Mapping, restored: frozenset[str]) -> Iterator[Finding]:
    """Records of one wide row find each other by its key, and their columns by the name of the slot."""
    if mapping.unpivot is None:
        return
    line = Line(mapping.file, mapping.unpivot.line)
    if SLOT not in reverse_ways.of(mapping).settled:
        yield line.finding(
            NOT_REVERSIBLE,
            "no field says which slot a record was. Read `$slot` into one, or write `reverse: no`.",
            "aucun champ ne dit de quelle case vient un enregistrement. Lisez-y `$slot`, ou écrivez `reverse: no`.",
        )
    for column in mapping.key:
        if column not in restored:
            yield line.finding(
                NOT_REVERSIBLE,
                f"the key {column} would not come back, and the records of a row could not find each other. "
                "Read it whole, or write `reverse: no`.",
                f"la clé {column} ne reviendrait pas, et les enregistrements d'une ligne ne se retrouveraient pas. "
                "Lisez-la en entier, ou écrivez `reverse: no`.",
            )


def _reason(mapping: Mapping, column: str) -> Reason:
    held = reverse_ways.of(mapping)
    for way in held.ways:
        for reference in way.gives:
            if column in reverse_ways.columns(mapping, reference):
                return way.loss or (_UNSEEN if not reverse_ways.shown(mapping, reference) else _SOME)
    return "no field gives it back", "aucun champ ne la rend"


def _line(mapping: Mapping, column: str) -> int:
    """Of the first field that reads it; 0 when none does."""
    for field in reverse_ways.of(mapping).fields:
        if any(column in reverse_ways.columns(mapping, item) for item in field.reads):
            return field.line
    return 0
