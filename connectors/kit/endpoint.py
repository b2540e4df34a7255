"""Where a partner is and how long to wait for it; refuses an address that would send a secret in clear.

Both wires of the kit (REST, SOAP) read an installation through here: same rules, same words.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation

DEFAULT_TIMEOUT_SECONDS = 30.0
LONGEST_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`address` without its last slash. `loopback`: this machine. `timeout_seconds` bounds each wait."""

    address: str
    loopback: bool
    timeout_seconds: float


def endpoint(installation: Installation) -> Endpoint:
    """The checked address and time-out of an installed system. Raises ConfigurationError.

    Outside this machine https is required; a query, a fragment or a user in the address is refused.
    """
    address = installation.address.rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong(installation, "the address is not an http(s) address", "adresse http(s) attendue")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise _wrong(
            installation,
            "the address holds a query, a fragment or a user",
            "l'adresse contient un paramètre, un fragment ou un utilisateur",
        )
    loopback = _is_loopback(parts.hostname)
    if parts.scheme == "http" and not loopback:
        raise _wrong(
            installation,
            "https is required outside this machine",
            "https est exigé hors de cette machine",
        )
    return Endpoint(address, loopback, timeout(installation))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def timeout(installation: Installation) -> float:
    """`options.timeout_seconds`, or the default. Raises ConfigurationError when it is no bearable number."""
    text = installation.options.get("timeout_seconds", str(DEFAULT_TIMEOUT_SECONDS))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= LONGEST_TIMEOUT_SECONDS:
        raise _wrong(
            installation,
            f"options.timeout_seconds must be above 0 and at most {LONGEST_TIMEOUT_SECONDS:.0f}",
            f"options.timeout_seconds doit dépasser 0, sans dépasser {LONGEST_TIMEOUT_SECONDS:.0f}",
        )
    return seconds


def _wrong(installation: Installation, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{installation.system}: {english}. Correct systems.yaml.",
        f"{installation.system} : {french}. Corrigez systems.yaml.",
    )
