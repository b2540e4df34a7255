"""The closed list of quality rungs, and whether a manifest's ladder is true. Refuses a rung that nobody defined.

A rung that is `done` must be proved by a check that held or by a test that bears its words; what is said
and not proved is a fault, as is a reason that says nothing.
"""

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit.check.finding import Finding, fault, untried, well
from connectors.kit.manifest import Manifest

FILE = Path(__file__).with_name("rungs.yaml")
SHORTEST_REASON = 15  # characters; "not needed" explains nothing
_KEYS = {"fr", "en", "checks", "tests"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the list. `checks`: names of checks that prove it; `tests`: words of names of tests that do."""

    name: str
    french: str
    english: str
    checks: tuple[str, ...]
    tests: tuple[str, ...]

    def words(self, language: str) -> str:
        """What it promises, in ``fr`` or ``en``."""
        return self.french if language == "fr" else self.english


@cache
def known() -> Mapping[str, Rung]:
    """Every rung by name. Raises ConfigurationError when the list itself is malformed."""
    found = {}
    for name, entry in strict_yaml.load_file(FILE).items():
        if (
            not entry.keys() <= _KEYS
            or not {"fr", "en"} <= entry.keys()
            or not {"checks", "tests"} & entry.keys()
        ):
            raise ConfigurationError(
                f"rungs.yaml: {name} needs fr, en, and checks or tests. Correct the entry.",
                f"rungs.yaml : {name} demande fr, en, et checks ou tests. Corrigez l'entrée.",
            )
        found[name] = Rung(
            name, entry["fr"], entry["en"], tuple(entry.get("checks", ())), tuple(entry.get("tests", ()))
        )
    return found


def tests_of(folder: Path) -> frozenset[str]:
    """The names of the tests of a connector's test_connector.py, read without running it."""
    path = folder / "test_connector.py"
    if not path.is_file():
        return frozenset()
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except SyntaxError as error:
        raise ConfigurationError(
            f"{path}:{error.lineno}: this is not Python. Correct the line.",
            f"{path}:{error.lineno} : ce n'est pas du Python. Corrigez la ligne.",
        ) from error
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def judged(manifest: Manifest, findings: Iterable[Finding], tests: frozenset[str]) -> Iterator[Finding]:
    """One finding for each rung of the manifest, in its order, named ``rung-<name>``."""
    states = {item.check: item.state for item in findings}
    for name, told in manifest.quality.items():
        yield _judged(name, told.state, told.reason, states, tests)


def _judged(
    name: str, state: str, reason: str | None, states: Mapping[str, str], tests: frozenset[str]
) -> Finding:
    check, rung = f"rung-{name}", known().get(name)
    if rung is None:
        near = difflib.get_close_matches(name, known(), n=1)
        french = f"; {near[0]} lui ressemble" if near else ""
        english = f"; {near[0]} looks like it" if near else ""
        return fault(
            check,
            f"quality/{name} : cet échelon n'est pas dans rungs.yaml{french}. Corrigez le nom, ou ajoutez-le.",
            f"quality/{name}: this rung is not in rungs.yaml{english}. Correct the name, or add it.",
        )
    if state == "todo":
        return Finding(
            check,
            "todo",
            f"quality/{name} : reste à faire. {rung.french}",
            f"quality/{name}: to do. {rung.english}",
        )
    if state == "exempt":
        return _exempt(check, name, reason or "")
    return _done(check, rung, states, tests)


def _exempt(check: str, name: str, reason: str) -> Finding:
    if len(reason) < SHORTEST_REASON:
        return fault(
            check,
            f"quality/{name} : le motif de l'exemption n'explique rien. Dites pourquoi en une phrase.",
            f"quality/{name}: the reason of the exemption explains nothing. Say why in a sentence.",
        )
    return well(check, f"quality/{name} : exempté. {reason}", f"quality/{name}: exempt. {reason}")


def _done(check: str, rung: Rung, states: Mapping[str, str], tests: frozenset[str]) -> Finding:
    named = f"quality/{rung.name}"
    for proof in rung.checks:
        if states.get(proof) == "fault":
            return fault(
                check,
                f"{named} : « done » n'est pas vrai, la vérification {proof} a échoué. Corrigez le connecteur.",
                f"{named}: `done` is not true, the check {proof} failed. Mend the connector.",
            )
    proofs = [proof for proof in rung.checks if states.get(proof) == "well"]
    proofs += sorted(test for test in tests if any(word in test for word in rung.tests))
    if proofs:
        return well(check, f"{named} : prouvé par {proofs[0]}.", f"{named}: proved by {proofs[0]}.")
    if any(_state(proof, states) == "untried" for proof in rung.checks):
        return untried(
            check,
            f"{named} : à prouver sur le bac à sable (--live).",
            f"{named}: to be proved on the sandbox (--live).",
        )
    return fault(
        check,
        f"{named} : rien ne prouve « done ». Écrivez le test, ou mettez todo.",
        f"{named}: nothing proves `done`. Write the test, or put todo.",
    )


def _state(proof: str, states: Mapping[str, str]) -> str | None:
    """The state of a check; of a fault that nobody tried, that of all faults."""
    return states.get(proof) or (states.get("faults") if proof.startswith("fault-") else None)
