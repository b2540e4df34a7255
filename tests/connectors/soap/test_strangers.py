"""Clients that the project did not write speak with our SOAP servers: zeep, and the npm package `soap` on Node.

The second is not a dependency of the project. Where it is absent its tests are skipped; to have it:
`npm install --prefix tests/connectors/soap`, or PASSERELLE_NODE_MODULES=/path/of/a/node_modules.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zeep
from zeep.wsse.username import UsernameToken

from connectors.kit.soap_server import Guard
from connectors.kit.soap_server.pairs import Pair
from tests.connectors.soap.conftest import PASSWORD, USER, endpoint, pair, serving

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("PASSERELLE_NODE_MODULES", HERE / "node_modules"))
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or not (MODULES / "soap" / "package.json").is_file(),
    reason="needs Node and the npm package soap: npm install --prefix tests/connectors/soap",
)
VERSIONS = ("1.1", "1.2")


def node(address: str, version: str, number: int, **told: Any) -> dict[str, Any]:
    """What stranger.js says of one call."""
    asked = {
        "modules": str(MODULES),
        "wsdl": f"{address}?wsdl",
        "version": version,
        "operation": "Chercher",
        "arguments": {"nombre": number, "texte": "é"},
        **told,
    }
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(HERE / "stranger.js"), json.dumps(asked)], capture_output=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("port", ["Port11", "Port12"])
@pytest.mark.parametrize("style", ["document", "rpc"])
@pytest.mark.parametrize("digest", [False, True])
def test_zeep_alone_speaks_with_our_server(style: str, port: str, digest: bool) -> None:
    with serving(endpoint(style)) as address:
        token = UsernameToken(USER, PASSWORD, use_digest=digest)
        service = zeep.Client(f"{address}?wsdl", wsse=token).bind("Essai", port)
        assert service is not None
        answer = service.Chercher(nombre=2, texte="é")
        with pytest.raises(zeep.exceptions.Fault, match="below zero"):
            service.Chercher(nombre=-1, texte="")

    assert ["été 1", "été 2"] == [record.titre for record in answer.fiche]


@needs_node
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("style", ["document", "rpc"])
def test_node_speaks_with_our_server(style: str, version: str) -> None:
    with serving(endpoint(style)) as address:
        said = node(address, version, 2, user=USER, password=PASSWORD)

    found = said["answer"].get("reponse", said["answer"])
    assert ["été 1", "été 2"] == [record["titre"] for record in found["fiche"]]


@needs_node
@pytest.mark.parametrize("version", VERSIONS)
def test_node_signs_in_by_digest_and_reads_our_faults(version: str) -> None:
    with serving(endpoint()) as address:
        right = node(address, version, 1, user=USER, password=PASSWORD, digest=True)
        refused = node(address, version, -1, user=USER, password=PASSWORD)
        wrong = node(address, version, 1, user=USER, password="faux", digest=True)

    assert 1 == int(right["answer"]["total"])
    assert ["NOMBRE_NEGATIF", "SIGN_IN"] == [refused["fault"], wrong["fault"]]


@needs_node
@pytest.mark.parametrize("version", VERSIONS)
def test_a_signature_made_by_node_is_verified_by_ours(hub: Pair, partner_pair: Pair, version: str) -> None:
    guard = Guard(signing=partner_pair.trusting(hub))
    stranger = pair("inconnu")
    with serving(endpoint(guard=guard)) as address:
        said = node(address, version, 1, key=hub.key.decode(), certificate=hub.certificate.decode())
        refused = node(
            address, version, 1, key=stranger.key.decode(), certificate=stranger.certificate.decode()
        )

    assert 1 == int(said["answer"]["total"])
    assert "SIGNATURE" == refused["fault"]
