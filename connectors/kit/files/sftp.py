"""A shared folder over SFTP. Refuses a server whose host key is not the pinned one, and a file too large.

    address: sftp://passerelle@depot.example.org:22/recus
    secrets: {password: …}   or   {private_key: PEM of OpenSSH, private_key_passphrase: …}
    options: {host_key: "SHA256:…", timeout_seconds: "30"}      # several keys: separated by spaces

The host key is compared before anything of ours is sent. Every wait is bounded.
"""

import base64
import contextlib
import hashlib
import hmac
import io
import logging
import posixpath
import secrets
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import paramiko

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.endpoint import timeout
from connectors.kit.files.folder import PART, Entry, Folder, checked, sorted_error
from connectors.kit.installation import Installation

BLOCK = 256 * 1024
LARGEST = 2 * 1024**3
PORT = 22
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # our errors say it; its lines name paths and keys


class HostKeyError(ConfigurationError):
    """The server does not show the pinned key: another machine answers, or the partner renewed it."""

    code = "host-key-changed"


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """Where an SFTP folder is and how to sign in. `host_keys`: the fingerprints that are trusted."""

    place: str
    host: str
    port: int
    user: str
    path: str
    host_keys: tuple[str, ...]
    timeout_seconds: float
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, installation: Installation) -> "SftpAddress":
        """The checked address of an installed system. Raises ConfigurationError naming what is wrong."""
        parts = urlsplit(installation.address)
        if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password:
            raise _wrong(
                installation.system,
                "the address must be sftp://user@host:port/folder, without a password",
                "l'adresse doit être sftp://compte@hôte:port/dossier, sans mot de passe",
            )
        pinned = tuple(installation.options.get("host_key", "").split())
        if not pinned or not all(key.startswith("SHA256:") for key in pinned):
            raise _wrong(
                installation.system,
                "options.host_key must be the server's fingerprint, SHA256:…",
                "options.host_key doit être l'empreinte du serveur, SHA256:…",
            )
        if not {"password", "private_key"} & installation.secrets.keys():
            raise _wrong(
                installation.system,
                "a secret named password or private_key is needed",
                "un secret nommé password ou private_key est nécessaire",
            )
        return cls(
            installation.system, parts.hostname, parts.port or PORT, unquote(parts.username),
            unquote(parts.path) or "/", pinned, timeout(installation), installation.secrets,
        )  # fmt: skip


class SftpFolder(Folder):
    """Connects when first asked; a connection that broke is made anew at the next call."""

    def __init__(self, address: SftpAddress, *, largest: int = LARGEST, line: "Line | None" = None) -> None:
        super().__init__(address.place)
        self._address = address
        self._largest = largest
        self._line = line or Line(address)

    def list(self) -> tuple[Entry, ...]:
        """The files, by name."""
        with self._client() as client:
            told = client.listdir_attr(self._address.path)
        found = (
            Entry(one.filename, one.st_size or 0, float(one.st_mtime or 0)) for one in told if _is_file(one)
        )
        return tuple(
            sorted((entry for entry in found if entry.name[:1] != "."), key=lambda entry: entry.name)
        )

    def look(self, name: str) -> Entry | None:
        """One file as it is now."""
        with self._client() as client:
            try:
                told = client.stat(self._at(name))
            except FileNotFoundError:
                return None
        return Entry(name, told.st_size or 0, float(told.st_mtime or 0)) if _is_file(told) else None

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The bytes of a file, from a copy of it."""
        with self.local(name) as path, path.open("rb") as file:
            yield file

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A copy for its owner only; no more is brought than the file had when it was asked for."""
        entry = self.look(name)
        if entry is None:
            raise sorted_error(FileNotFoundError(), f"{self.place}/{name}")
        if entry.size > self._largest:
            raise ConfigurationError(
                f"{self.place}/{name}: the file is larger than {self._largest} bytes. Ask the partner, or"
                " raise the limit.",
                f"{self.place}/{name} : le fichier dépasse {self._largest} octets. Demandez au partenaire,"
                " ou relevez la limite.",
            )
        with tempfile.TemporaryDirectory(prefix="passerelle-") as spool:
            copy = Path(spool) / checked(self.place, name)
            with (
                self._client() as client,
                copy.open("wb") as written,
                client.open(self._at(name), "rb") as file,
            ):
                file.prefetch(entry.size)
                left = entry.size
                while left and (block := file.read(min(BLOCK, left))):
                    left -= len(block)
                    written.write(block)
            yield copy

    def write(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write a whole file; a server without the rename of OpenSSH cannot replace one that is there."""
        wanted = self._at(name)
        part = posixpath.join(self._address.path, f".{name}.{secrets.token_hex(4)}{PART}")
        with self._client() as client:
            try:
                with client.open(part, "wb") as file:
                    file.set_pipelined(True)
                    for block in blocks:
                        file.write(block)
                client.posix_rename(part, wanted)
            except BaseException:
                with contextlib.suppress(Exception):
                    client.remove(part)
                raise

    def below(self, name: str) -> "SftpFolder":
        """The folder of that name in this one, over the same connection."""
        found = replace(self._address, place=f"{self.place}/{name}", path=self._at(name))
        with self._client() as client:
            try:
                client.stat(found.path)
            except FileNotFoundError:
                client.mkdir(found.path)
        return SftpFolder(found, largest=self._largest, line=self._line)

    def close(self) -> None:
        """End the connection."""
        self._line.close()

    def _take_over(self, name: str, below: Folder, wanted: str) -> bool:
        if not isinstance(below, SftpFolder):
            raise TypeError(wanted)
        target = below._at(wanted)  # noqa: SLF001 - of the same class
        with self._client() as client:
            try:
                client.stat(target)
            except FileNotFoundError:
                client.rename(self._at(name), target)  # SFTP's own rename refuses a name that is taken
                return True
        return False

    def _at(self, name: str) -> str:
        return posixpath.join(self._address.path, checked(self.place, name))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            yield self._line.client()
        except TimeoutError as error:
            self.close()
            raise _silent(self.place) from error
        except (paramiko.SSHException, EOFError, ConnectionError, socket.gaierror) as error:
            self.close()
            raise _silent(self.place) from error
        except OSError as error:
            if error.errno is None:  # the server says « failure » and nothing else
                self.close()
            raise sorted_error(error, self.place) from error


class Line:
    """One connection, shared by a folder and those below it."""

    def __init__(self, address: SftpAddress) -> None:
        self._address = address
        self._transport: Any = None
        self._sftp: Any = None

    def client(self) -> Any:
        """A client whose every wait is bounded. Raises HostKeyError, ConfigurationError, OSError, SSHException."""
        if self._sftp is None:
            told = self._address
            held = socket.create_connection((told.host, told.port), timeout=told.timeout_seconds)
            try:
                self._transport = paramiko.Transport(held)
            except BaseException:
                held.close()
                raise
            try:
                self._transport.banner_timeout = told.timeout_seconds
                self._transport.auth_timeout = told.timeout_seconds
                self._transport.start_client(timeout=told.timeout_seconds)
                self._check_host_key(self._transport.get_remote_server_key())
                self._sign_in()
                self._sftp = paramiko.SFTPClient.from_transport(self._transport)
                self._sftp.get_channel().settimeout(told.timeout_seconds)
            except BaseException:
                self.close()
                raise
        return self._sftp

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._sftp = None

    def _check_host_key(self, key: Any) -> None:
        shown = fingerprint(key)
        if not any(hmac.compare_digest(shown, pinned) for pinned in self._address.host_keys):
            raise HostKeyError(
                f"{self._address.place}: the server shows another host key, {shown}. Ask the partner by another"
                " way; only if they confirm it, write it as options.host_key in systems.yaml.",
                f"{self._address.place} : le serveur montre une autre clé d'hôte, {shown}. Demandez au partenaire"
                " par une autre voie ; s'il la confirme, écrivez-la comme options.host_key dans systems.yaml.",
            )

    def _sign_in(self) -> None:
        told = self._address
        try:
            if "private_key" in told.secrets:
                self._transport.auth_publickey(told.user, _private_key(told))
            else:
                self._transport.auth_password(told.user, told.secrets["password"])
        except paramiko.AuthenticationException as error:
            raise _wrong(
                told.place,
                "the server refused the user, password or key",
                "le serveur a refusé le compte, le mot de passe ou la clé",
            ) from error


def fingerprint(key: Any) -> str:
    """``SHA256:…`` of a public key, as ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _private_key(told: SftpAddress) -> Any:
    for kind in _KEYS:
        try:
            return kind.from_private_key(
                io.StringIO(told.secrets["private_key"]), told.secrets.get("private_key_passphrase") or None
            )
        except (paramiko.SSHException, ValueError, TypeError):
            continue
    raise _wrong(
        told.place,
        "the secret private_key is not a key that can be read, or its passphrase is wrong",
        "le secret private_key n'est pas une clé lisible, ou sa phrase secrète est fausse",
    )


def _is_file(told: Any) -> bool:
    return S_ISREG(told.st_mode or 0)


def _silent(place: str) -> RetryableError:
    return RetryableError(
        f"{place}: the server does not answer, or cut the line. Try again later.",
        f"{place} : le serveur ne répond pas, ou a coupé la ligne. Réessayez plus tard.",
    )


def _wrong(place: str, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place}: {english}. Correct systems.yaml.", f"{place} : {french}. Corrigez systems.yaml."
    )
