"""Drops files for a partner, whole and once, and reads back its return file. Refuses other content under a key.

    class SramTarget(FileTarget):
        names = MappingProxyType({"demandes": "DEMANDES_{organization}_{key}.txt"})

The files of one delivery are dropped one by one, each with its marker, or with one list of checksums at the end
(``complete = "checksum"``). The partner answers in the folder ``retour`` with ``RETOUR_<key>.csv`` and its marker:

    recu;fichier;ligne;etat;motif         Passerelle's reference contract; UTF-8, one line a record sent
    SR-118;DEMANDES_762000_K1.txt;1;A;
    SR-118;DEMANDES_762000_K1.txt;2;R;code-permanent-inconnu
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit.files.complete import MARKER, Completeness, Way, marker, unfinished
from connectors.kit.files.folder import Folder
from connectors.kit.files.inbox import ARCHIVE, digest_of
from connectors.kit.files.names import NamePattern
from connectors.kit.files.opening import shared_folder
from connectors.kit.files.rows import read_any
from connectors.kit.formats import Format
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt, Target

RETURNS = "retour"
_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$")
_COLUMNS = ("recu", "fichier", "ligne", "etat", "motif")
_REASON = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One file of a delivery. `kind`: among the target's names. `rows`: the records in it, without a header."""

    kind: str
    content: bytes
    rows: int

    @property
    def digest(self) -> str:
        """The SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()


class FileTarget(Target):
    """One partner's folder. The key is in the name of each file: the same delivery again drops nothing.

    `names`: the pattern of each kind of file. `complete`: how the partner knows that a file is whole.

    Options of the installed system: ``archive`` (where the partner puts what it took) and ``returns``.
    """

    names: Mapping[str, str] = MappingProxyType({})
    complete: Way = "marker"

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._folder = shared_folder(installation)
        self._archive = installation.options.get("archive", ARCHIVE)
        self._returns = installation.options.get("returns", RETURNS)

    def deliver(self, delivery: Delivery) -> Receipt:
        """Drop the files of `delivery.content`, a sequence of Outgoing of different kinds.

        Returns the partner's own receipt when its return file is there, else that of the deposit: every
        record, under the key as its number. Raises IntegrityError when the partner holds another content
        under this key, or when its return file does not account for every record.
        """
        files = self._named(delivery.key, delivery.content)
        fresh = [name for name, file in files.items() if not self._held(name, file)]
        for name in fresh:
            self._folder.write(name, [files[name].content])
            if self.complete == "marker":
                told = marker(name, files[name].digest, files[name].rows)
                self._folder.write(name + MARKER, [told])
        list_of_all = b"".join(marker(name, file.digest, None) for name, file in files.items())
        if self.complete == "checksum" and fresh:
            self._folder.write(delivery.key + MARKER, [list_of_all])
        sent = {name: file.rows for name, file in files.items()}
        try:
            answered = self.fetch_return(delivery.key, sent)
        except RetryableError:
            answered = None  # it is being written; what was sent is there
        return answered or Receipt(delivery.key, sum(sent.values()), (), list_of_all)

    def fetch_return(self, key: str, sent: Mapping[str, int]) -> Receipt | None:
        """The partner's answer about the files `sent` (name to records); None while there is none.

        `Receipt.refused` names a record as ``<file>:<line>``. Raises IntegrityError when it does not account
        for every record, RetryableError while it is being written.
        """
        folder = self._folder.below(self._returns)
        name = f"RETOUR_{self._checked_key(key)}.csv"
        if folder.look(name) is None:
            return None
        whole = Completeness("marker").of(folder, name)
        with folder.local(name) as path:
            if digest_of(path) not in whole.digests:
                raise unfinished(folder.place, name)
            told = Format("csv", separator=";", line_breaks=False)
            return self._receipt(read_any(path, told), key, sent, path.read_bytes())

    def close(self) -> None:
        """Let go of the connection."""
        self._folder.close()

    def _named(self, key: str, content: Any) -> dict[str, Outgoing]:
        self._checked_key(key)
        files: dict[str, Outgoing] = {}
        for file in content if isinstance(content, Sequence) else ():
            if not isinstance(file, Outgoing) or file.kind not in self.names:
                break
            place = f"{self.installation.connector}/{file.kind}"
            values = {"organization": self.installation.organization, "key": key}
            files[_filled(NamePattern(self.names[file.kind], place, values))] = file
        if not files or len(files) != len(content):
            raise ConfigurationError(
                f"{self.installation.system}/{key}: a delivery is one file of each of its kinds,"
                f" {', '.join(self.names)}. Correct the call.",
                f"{self.installation.system}/{key} : une remise est un fichier pour chacune de ses sortes,"
                f" {', '.join(self.names)}. Corrigez l'appel.",
            )
        return files

    def _held(self, name: str, file: Outgoing) -> bool:
        """Whether the partner has this file, waiting or taken. Raises IntegrityError for another content."""
        for folder in (self._folder, self._folder.below(self._archive)):
            if folder.look(name) is None:
                continue
            with folder.local(name) as path:
                if digest_of(path) == file.digest:
                    return folder is not self._folder or self._marked(folder, name, file)
            raise IntegrityError(
                f"{self.installation.system}/{name}: the partner holds another content under this name. Compare"
                " both before anything else is sent.",
                f"{self.installation.system}/{name} : le partenaire a un autre contenu sous ce nom. Comparez"
                " les deux avant tout autre envoi.",
            )
        return False

    def _marked(self, folder: Folder, name: str, file: Outgoing) -> bool:
        """Whether the marker of a file that waits says the same: we may have been killed between the two."""
        if self.complete == "stable":
            return True
        try:
            return file.digest in Completeness(self.complete).of(folder, name).digests
        except RetryableError:
            return False

    def _receipt(self, rows: pl.DataFrame, key: str, sent: Mapping[str, int], raw: bytes) -> Receipt:
        place = f"{self.installation.system}/{key}"
        if not set(_COLUMNS) <= set(rows.columns):
            raise ConfigurationError(
                f"{place}: the return file is not what the contract says. Compare it with the README.",
                f"{place} : le fichier de retour n'est pas celui du contrat. Comparez-le avec le README.",
            )
        numbers = {str(number) for number in rows["recu"]}
        expected = {f"{name}:{line}" for name, count in sent.items() for line in range(1, count + 1)}
        answered = [f"{name}:{line}" for name, line in rows.select("fichier", "ligne").iter_rows()]
        states = rows.select("etat", "motif").rows()
        sound = all(
            state == "A" or (state == "R" and reason and _REASON.match(reason)) for state, reason in states
        )
        agree = len(answered) == len(expected) and set(answered) == expected
        if not (agree and sound and len(numbers) == 1 and rows["_fault"].is_null().all()):
            raise IntegrityError(
                f"{place}: the return file accounts for {len(answered)} of {len(expected)} records, or not for"
                " each once. Ask the partner what became of the others.",
                f"{place} : le fichier de retour rend compte de {len(answered)} des {len(expected)}"
                " enregistrements, ou pas de chacun une fois. Demandez au partenaire ce que les autres sont"
                " devenus.",
            )
        refused = tuple(
            (where, reason) for where, (state, reason) in zip(answered, states, strict=True) if state == "R"
        )
        return Receipt(numbers.pop(), len(answered) - len(refused), refused, raw)

    def _checked_key(self, key: str) -> str:
        if not _KEY.match(key):
            raise ConfigurationError(
                f"{self.installation.system}: the delivery's key cannot be part of a file's name. Use letters,"
                " digits, dots and hyphens.",
                f"{self.installation.system} : la clé de la remise ne peut pas entrer dans un nom de fichier."
                " Prenez des lettres, des chiffres, des points et des traits d'union.",
            )
        return key


def _filled(pattern: NamePattern) -> str:
    if "{key}" not in pattern.text or "{day}" in pattern.text:
        raise ConfigurationError(
            f"{pattern.place}: the name of an outbound file holds {{key}} and no {{day}}: the same delivery is"
            " one file. Correct the connector.",
            f"{pattern.place} : le nom d'un fichier sortant contient {{key}} et pas {{day}} : une même remise"
            " est un seul fichier. Corrigez le connecteur.",
        )
    name = pattern.text
    for hole, value in pattern.values.items():
        name = name.replace(f"{{{hole}}}", value)
    return name
