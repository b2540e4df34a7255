"""One installed system as its connector needs it: where it is and how to sign in. Made by the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Installation:
    """`connector`: folder of connectors/systems. `organization`: six digits. `secrets` are not shown."""

    connector: str
    organization: str
    address: str
    secrets: Mapping[str, str] = field(repr=False)
    options: Mapping[str, str]

    @property
    def system(self) -> str:
        """The name used everywhere: ``gpi@762000``."""
        return f"{self.connector}@{self.organization}"
