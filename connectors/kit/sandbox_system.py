"""What a simulated system is: a real server of one organisation that holds its part of the province.

A sandbox is written from the connector's contract, not from its source: it shares no code with what it
is there to test. It keeps what it received in its folder, for a partner does not forget.
"""

import hashlib
import sys
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

from starlette.types import ASGIApp

from connectors.kit.province.model import Province


class SandboxSystem(ABC):
    """One simulated system. Each connector's sandbox.py has one subclass, called ``Sandbox``.

    `per_board`: one for every board of the province; else one for each of `organizations`.
    `known_faults`: the misbehaviours it can be told, by name, with what each does; the names of
    `faults` are among them.
    `demonstrated`: whether the demonstration's day talks to it; one that is not is asked for by name.
    """

    per_board: ClassVar[bool] = True
    organizations: ClassVar[tuple[str, ...]] = ()
    known_faults: ClassVar[dict[str, str]] = {}
    demonstrated: ClassVar[bool] = True

    def __init__(
        self, organization: str, province: Province, folder: Path, faults: frozenset[str] = frozenset()
    ) -> None:
        self.organization = organization
        self.province = province
        self.folder = folder
        self.faults = faults

    @property
    def connector(self) -> str:
        """The name of the connector: that of the folder of its sandbox.py."""
        return Path(str(sys.modules[type(self).__module__].__file__)).parent.name

    @property
    def system(self) -> str:
        """The name used everywhere: ``gpi@762000``."""
        return f"{self.connector}@{self.organization}"

    def secret(self, name: str) -> str:
        """A secret of this system: the same for the same province, different for every system and name."""
        text = f"{self.province.seed}/{self.system}/{name}"
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    @abstractmethod
    def prepare(self, postgres: str) -> None:
        """Make what the system holds; doing it again changes nothing.

        `postgres`: URL of a server where it may create databases; empty when it needs none.
        """

    def app(self) -> ASGIApp | None:
        """Its HTTP server, mounted at ``/<connector>/<organization>``; None when it speaks otherwise.

        It is asked for after `prepare`. A mounted application gets no lifespan events.
        """
        return None

    def serve(self) -> AbstractContextManager[None]:
        """Its server when it does not speak HTTP, for the length of the block; asked for after `prepare`."""
        return nullcontext()

    @abstractmethod
    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:
        """Its entry of systems.yaml: ``system``, ``address``, ``secrets`` (name to plain text), ``options``.

        `base_url`: where `app` is mounted, without a slash at the end.
        """
