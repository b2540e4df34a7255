"""An SFTP server on loopback that serves one folder, for sandboxes and tests. Refuses to leave that folder.

It is paramiko's server, so it proves the client's behaviour and not its protocol: `sftp` of OpenSSH is tried
against it too. Its host key and users are those it is told; faults are named in `KNOWN_FAULTS`.
"""

import errno
import hashlib
import io
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from canonical_model.errors import ConfigurationError
from connectors.kit.files.sftp import fingerprint

HOST = "127.0.0.1"
KNOWN_FAULTS: Mapping[str, str] = MappingProxyType({
    "down": "nobody answers at its port",
    "slow": "each reading of a file waits a second",
    "cut": "the line ends in the middle of a file",
})  # fmt: skip
_SLOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SftpUser:
    """Who may sign in: by `password`, by the public key of `private_key` (OpenSSH PEM), or either."""

    name: str
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers now."""

    port: int
    host_key: str

    def address(self, user: str, path: str = "/") -> str:
        """Its address in systems.yaml."""
        return f"sftp://{user}@{HOST}:{self.port}{path}"


def host_key(seed: str) -> Any:
    """The same Ed25519 key for the same words: a partner keeps its key."""
    return paramiko.Ed25519Key.from_private_key(io.StringIO(private_key(seed)))


def private_key(seed: str) -> str:
    """An Ed25519 private key in OpenSSH's PEM, the same for the same words."""
    made = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    return made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        return int(held.getsockname()[1])


@contextmanager
def serve(
    folder: Path, user: SftpUser, *, key: Any, port: int = 0, faults: frozenset[str] = frozenset()
) -> Iterator[Serving]:
    """Serve a folder until the end of the block. Raises ConfigurationError when the port is taken."""
    if "down" in faults:
        yield Serving(port or free_port(), fingerprint(key))
        return
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port}: it is taken. Stop what uses it, or delete the sandbox's folder.",
                f"port {port} : il est occupé. Arrêtez ce qui l'utilise, ou supprimez le dossier du bac à sable.",
            ) from error
        listener.listen()
        listener.settimeout(0.1)
        server = _Server(folder, user, key, faults)
        thread = threading.Thread(target=server.accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield Serving(listener.getsockname()[1], fingerprint(key))
        finally:
            server.stop()
            thread.join(timeout=10)


class _Server:
    """Accepts connections and holds them until it is stopped."""

    def __init__(self, folder: Path, user: SftpUser, key: Any, faults: frozenset[str]) -> None:
        self.folder = folder
        self.user = user
        self.key = key
        self.faults = faults
        self._stopped = threading.Event()
        self._lines: list[Any] = []

    def accept(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            line = paramiko.Transport(connection)
            line.add_server_key(self.key)
            line.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, self, line)
            self._lines.append(line)
            try:
                line.start_server(server=_Door(self.user), event=threading.Event())
            except (paramiko.SSHException, EOFError, OSError):
                line.close()  # a client that only knocked

    def stop(self) -> None:
        self._stopped.set()
        for line in self._lines:
            line.close()


class _Door(paramiko.ServerInterface):  # type: ignore[misc] # paramiko has no types
    """Lets the one user in, for SFTP and nothing else."""

    def __init__(self, user: SftpUser) -> None:
        self._user = user

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (self._user.name, self._user.password) and bool(password)
        return int(paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED)

    def check_auth_publickey(self, username: str, key: Any) -> int:
        if username != self._user.name or not self._user.private_key:
            return int(paramiko.AUTH_FAILED)
        own = paramiko.Ed25519Key.from_private_key(io.StringIO(self._user.private_key))
        return int(paramiko.AUTH_SUCCESSFUL if own.asbytes() == key.asbytes() else paramiko.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - the same for all
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return int(
            paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        )


class _Files(paramiko.SFTPServerInterface):  # type: ignore[misc] # paramiko has no types
    """The folder's files. A path that leads out of it is answered « no permission »."""

    def __init__(self, door: _Door, server: _Server, line: Any) -> None:
        super().__init__(door)
        self._root = server.folder.resolve()
        self._server = server
        self._line = line

    def list_folder(self, path: str) -> Any:
        def told() -> Any:
            return [
                paramiko.SFTPAttributes.from_stat(found.stat(), found.name)
                for found in sorted(self._at(path).iterdir())
            ]

        return self._answer(told)

    def stat(self, path: str) -> Any:
        return self._answer(lambda: paramiko.SFTPAttributes.from_stat(self._at(path).stat()))

    def lstat(self, path: str) -> Any:
        return self._answer(lambda: paramiko.SFTPAttributes.from_stat(self._at(path).lstat()))

    def open(self, path: str, flags: int, attr: Any) -> Any:  # noqa: ARG002 - rights are the server's own
        def opened() -> Any:
            number = os.open(self._at(path), flags, 0o640)
            file = os.fdopen(number, "wb" if flags & os.O_WRONLY else "r+b" if flags & os.O_RDWR else "rb")
            handle = _Handle(self._server.faults, self._line, flags)
            handle.readfile = handle.writefile = file
            return handle

        return self._answer(opened)

    def remove(self, path: str) -> int:
        return int(self._answer(lambda: self._at(path).unlink()) or paramiko.SFTP_OK)

    def rename(self, oldpath: str, newpath: str) -> int:
        def renamed() -> None:
            if self._at(newpath).exists():
                raise FileExistsError(errno.EEXIST, "taken")
            self._at(oldpath).rename(self._at(newpath))

        return int(self._answer(renamed) or paramiko.SFTP_OK)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        def replaced() -> None:
            self._at(oldpath).replace(self._at(newpath))

        return int(self._answer(replaced) or paramiko.SFTP_OK)

    def mkdir(self, path: str, attr: Any) -> int:  # noqa: ARG002
        return int(self._answer(lambda: self._at(path).mkdir()) or paramiko.SFTP_OK)

    def _at(self, path: str) -> Path:
        found = (self._root / path.lstrip("/")).resolve()
        if found != self._root and self._root not in found.parents:
            raise PermissionError(errno.EACCES, "outside")
        return found

    def _answer(self, ask: Any) -> Any:
        try:
            return ask()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)


class _Handle(paramiko.SFTPHandle):  # type: ignore[misc] # paramiko has no types
    """One open file, which may be slow or end in the middle."""

    def __init__(self, faults: frozenset[str], line: Any, flags: int) -> None:
        super().__init__(flags)
        self._faults = faults
        self._line = line

    def read(self, offset: int, length: int) -> Any:
        if "slow" in self._faults:
            time.sleep(_SLOW_SECONDS)
        if "cut" in self._faults:
            self._line.sock.close()
            return paramiko.SFTP_FAILURE
        return super().read(offset, length)

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))
