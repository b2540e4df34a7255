"""Drops a journal as a file, by contract/journal.yaml, and reads what the ERP answers. Refuses half an answer.

A journal is posted whole or not at all, and it is posted once the ERP's return file says so: a file that lies
there is only on its way. An ERP that never answers is installed with the option ``receipt: deposit``.
"""

import csv
import hashlib
import io
import time
from collections.abc import Mapping
from typing import Any

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit.errors import PartnerRefusedError
from connectors.kit.files.outgoing import FileTarget, Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.systems.mozaik_finances.journal import REUSED, differs

KIND = "journal"
HEAD = ("numero", "organisme", "exercice", "date_ecriture", "devise", "total_debit", "total_credit")
LINE = ("compte", "debit", "credit")
COLUMNS = (*HEAD, "lignes", "rang", *LINE)
_UNPROCESSABLE = 422  # as over REST: read, found wrong, nothing kept of it
_LOOK_EVERY = 0.1  # seconds
_WAIT_SECONDS = "10"


class FileWay(FileTarget):
    """One ERP that imports from a folder, here or over SFTP.

    Options beside FileTarget's: ``receipt``, ``return`` (the default) or ``deposit``; ``return_seconds``, how
    long one call waits for the return file, 10 when absent.
    """

    names = {KIND: "{key}.csv"}  # noqa: RUF012 - read only

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._awaits_return = _choice(installation) == "return"
        self._seconds = _seconds(installation)

    def post(self, number: str, journal: Mapping[str, Any]) -> Receipt:
        """Drop one journal, once, and give the ERP's receipt. Its name says number and content.

        Raises as FileTarget does, and as the target says; RetryableError while the ERP has not answered.
        """
        content = rendered(journal)
        key = f"{number}.{hashlib.sha256(content).hexdigest()[:12]}"
        file = Outgoing(KIND, content, len(journal["lignes"]))
        deposit = self.deliver(Delivery(key, (), (file,)))
        answer = self._answer(key, file.rows)
        if answer is not None:
            return self._posted(number, answer)
        if self._awaits_return:
            raise RetryableError(
                f"{self.installation.system}/{number}: the journal is in the folder, and its return file is not"
                " there yet. Try again later.",
                f"{self.installation.system}/{number} : le journal est dans le dossier, et son fichier de retour"
                " n'y est pas encore. Réessayez plus tard.",
            )
        return deposit

    def _answer(self, key: str, rows: int) -> Receipt | None:
        """The return file, waited for a little; None when it is not there."""
        end = time.monotonic() + self._seconds
        while (found := self.fetch_return(key, {f"{key}.csv": rows})) is None and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
        return found

    def _posted(self, number: str, answer: Receipt) -> Receipt:
        """The answer, when it says that the whole journal is posted."""
        if not answer.refused:
            return answer
        place = f"{self.installation.system}/{number}"
        if answer.accepted:
            raise IntegrityError(
                f"{place}: the ERP posted {answer.accepted} lines and refused {len(answer.refused)}. A journal is"
                " posted whole or not at all: see with the ERP what it holds.",
                f"{place} : l'ERP a inscrit {answer.accepted} lignes et en refuse {len(answer.refused)}. Un journal"
                " s'inscrit en entier ou pas du tout : voyez avec l'ERP ce qu'il tient.",
            )
        reason = answer.refused[0][1]
        if reason == REUSED:
            raise differs(self.installation.system, number)
        raise PartnerRefusedError(
            f"{place}: the ERP refuses the journal ({reason}). Correct accounts.yaml or the ERP's own tables.",
            f"{place} : l'ERP refuse le journal ({reason}). Corrigez accounts.yaml ou les tables de l'ERP.",
            status=_UNPROCESSABLE,
            problem=reason,
        )


def rendered(journal: Mapping[str, Any]) -> bytes:
    """The file of a journal: UTF-8, ``;``, CR LF; each line repeats the head and the control totals."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    head = [journal[name] for name in HEAD]
    lines = journal["lignes"]
    for rank, line in enumerate(lines, start=1):
        writer.writerow([*head, len(lines), rank, *(line[name] for name in LINE)])
    return out.getvalue().encode()


def _choice(installation: Installation) -> str:
    found = installation.options.get("receipt", "return")
    if found not in ("return", "deposit"):
        raise ConfigurationError(
            f"{installation.system}: options.receipt must be return or deposit. Correct systems.yaml.",
            f"{installation.system} : options.receipt doit être return ou deposit. Corrigez systems.yaml.",
        )
    return found


def _seconds(installation: Installation) -> float:
    found = installation.options.get("return_seconds", _WAIT_SECONDS)
    if not (found.isascii() and found.isdecimal()):
        raise ConfigurationError(
            f"{installation.system}: options.return_seconds must be a whole number. Correct systems.yaml.",
            f"{installation.system} : options.return_seconds doit être un nombre entier. Corrigez systems.yaml.",
        )
    return float(found)
