"""TLS of every client on the wire: whom to trust, and the hub's own certificate. Refuses what cannot be read.

A secret is never in a message; only its name is.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from canonical_model.errors import ConfigurationError
from connectors.kit.errors import absent, unreadable
from connectors.kit.installation import Installation


class ClientPair:
    """The hub's certificate and key: the secrets ``client_certificate`` and ``client_key``, PEM text or paths."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        if not installation.address.startswith("https:"):
            raise ConfigurationError(
                f"{installation.system}: a client certificate needs an https address. Correct systems.yaml.",
                f"{installation.system} : un certificat client demande une adresse https."
                " Corrigez systems.yaml.",
            )
        self._certificate, self._key = (self._pem(name) for name in ("client_certificate", "client_key"))

    def load(self, context: ssl.SSLContext) -> None:
        """Show them from this context on. Raises ConfigurationError when they do not belong together."""
        try:
            with _as_file(self._certificate) as certificate, _as_file(self._key) as key:
                context.load_cert_chain(certificate, key, password="")  # or OpenSSL asks the terminal
        except (ssl.SSLError, OSError, ValueError):
            # `from None`: OpenSSL's text may hold a piece of the file
            raise unreadable(self._installation.system, "client_certificate", "client_key") from None

    def _pem(self, name: str) -> bytes:
        told = self._installation.secrets.get(name, "")
        if not told:
            raise absent(self._installation.system, name)
        return _pem(self._installation, name, told)


def trust(installation: Installation, pair: ClientPair | None = None) -> ssl.SSLContext | bool:
    """Whom to trust: the usual authorities, or the private one of ``options.certificate_authority`` alone."""
    if not installation.address.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs no reading of authorities
    authority = installation.options.get("certificate_authority", "")
    if not authority and pair is None:
        return True
    try:
        told = _pem(installation, "certificate_authority", authority).decode() if authority else None
        context = ssl.create_default_context(cadata=told)
    except (ssl.SSLError, ValueError):
        raise unreadable(installation.system, "certificate_authority") from None
    if pair is not None:
        pair.load(context)
    return context


def _pem(installation: Installation, name: str, told: str) -> bytes:
    """The PEM text that is told, or that stands in the file that is told."""
    if "-----BEGIN " in told:
        return told.encode()
    try:
        return Path(told.strip()).read_bytes()
    except (OSError, ValueError):
        raise unreadable(installation.system, name) from None  # the path may be a secret in the wrong place


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """OpenSSL reads files only. In memory where the system can: a key that was on a disk can be found there."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with NamedTemporaryFile() as file:  # readable by its owner only, gone at the end
        file.write(content)
        file.flush()
        yield file.name
