"""The words for what a partner can do wrong, one vocabulary for every wire, in English and French.

A sandbox declares with `known` which of them it can be told (`--faults`), and may add its own. What each shows is
the wire's: a cut SOAP answer and a cut file are both `cut`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Words:
    """What a fault does."""

    english: str
    french: str


FAULTS: Mapping[str, Words] = MappingProxyType(
    {
        "slow": Words("answers after 2 s", "répond après 2 s"),
        "cut": Words("an answer that ends in its middle", "une réponse qui s'arrête au milieu"),
        "duplicate": Words("gives a page or a record twice", "donne une page ou un enregistrement deux fois"),
        "encoding": Words("writes in Windows-1252 and does not say so", "écrit en Windows-1252 sans le dire"),
        "fault": Words("an error of its own to every call", "une erreur du serveur à chaque appel"),
        "html200": Words("a maintenance page with status 200", "une page d'entretien, avec le statut 200"),
        "repeat-token": Words(
            "leads to the same next page without end", "mène sans fin à la même page suivante"
        ),
        "mutate": Words("changes during the first pull", "change pendant la première collecte"),
        "429": Words("asks the first caller to wait 1 s", "demande au premier appel d'attendre 1 s"),
        "expired-token": Words("ends each token after two calls", "éteint chaque jeton après deux appels"),
        "down": Words("does not serve", "n'est pas en service"),
        "busy": Words("503 to the first call, then it works", "503 au premier appel, puis fonctionne"),
    }
)


def known(*names: str) -> dict[str, str]:
    """Those faults with what they do in English, as `SandboxSystem.known_faults` holds them. Raises KeyError."""
    return {name: FAULTS[name].english for name in names}
