"""Drops a lot of SRAM's school file over SFTP, in fixed width. Refuses a line of another width or record type.

The lines are made by mappings/sram, after consent has decided who is in them; here it is only seen that every line
is one of the contract's, so that a half line never leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit.files.outgoing import FileTarget, Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt

CONTRACT = Path(__file__).parent / "contract" / "lot.yaml"
LINE_END = b"\r\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file. `type` begins each line; `width` in characters, one byte each in Windows-1252."""

    named: str
    type: bytes
    width: int


class SramTarget(FileTarget):
    """`names` and widths are those of the contract, or of the site's own, option ``contract``."""

    complete = "checksum"

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._layouts = _layouts(Path(installation.options.get("contract") or CONTRACT))
        self.names = MappingProxyType({kind: layout.named for kind, layout in self._layouts.items()})

    def deliver(self, delivery: Delivery) -> Receipt:
        """Drop a lot: a sequence of Outgoing of the kinds applicant, school_result, ministry_result.

        Every line is about a released person. Raises as FileTarget does; ConfigurationError, naming file and
        line, when one is not of the contract.
        """
        if not delivery.released:
            raise ConfigurationError(
                f"{self.installation.system}: a lot is about released people, and none was given. Correct the"
                " call.",
                f"{self.installation.system} : un lot porte sur des personnes dont la communication est permise,"
                " et aucune n'est donnée. Corrigez l'appel.",
            )
        for file in delivery.content if isinstance(delivery.content, tuple | list) else ():
            if isinstance(file, Outgoing) and file.kind in self._layouts:
                self._check(file, self._layouts[file.kind])
        return super().deliver(delivery)

    def _check(self, file: Outgoing, layout: Layout) -> None:
        *lines, rest = file.content.split(LINE_END)
        wrong = next(
            (
                number
                for number, line in enumerate(lines, start=1)
                if len(line) != layout.width or not line.startswith(layout.type)
            ),
            None if not rest and len(lines) == file.rows else len(lines) + 1,
        )
        if wrong is not None:
            raise ConfigurationError(
                f"{self.installation.connector}/{file.kind}, line {wrong}: it is not of the contract's width and"
                " type. Compare contract/lot.yaml with the mapping's form.",
                f"{self.installation.connector}/{file.kind}, ligne {wrong} : ni la largeur ni le type du contrat."
                " Comparez contract/lot.yaml avec le formulaire de la correspondance.",
            )


def _layouts(path: Path) -> Mapping[str, Layout]:
    data: Any = strict_yaml.load_file(path)
    try:
        return {
            kind: Layout(
                told["named"],
                told["type"].encode("ascii"),
                sum(int(column["width"]) for column in told["columns"].values()),
            )
            for kind, told in data["streams"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"{path.name}: each stream needs `named`, `type`, and the `width` of each column. Correct the file.",
            f"{path.name} : chaque flux demande `named`, `type` et la `width` de chaque colonne. Corrigez le"
            " fichier.",
        ) from error
