"""rpc/encoded, the oldest style: read as far as zeep reads it, values shared by reference included."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kit.soap import SoapClient
from tests.connectors.soap.conftest import CONTRACT, named, serving

ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
ANSWER = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="urn:essai"
  xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="http://www.w3.org/2001/XMLSchema"><e:Body>
  <t:ChercherResponse e:encodingStyle="{ENCODING}"><reponse href="#un"/></t:ChercherResponse>
  <multiRef id="un" i:type="t:Reponse"><t:total i:type="x:int">1</t:total><t:fiche i:type="t:Fiche">
    <t:numero i:type="x:int">1</t:numero><t:titre i:type="x:string">été</t:titre></t:fiche></multiRef>
</e:Body></e:Envelope>"""


def test_an_encoded_answer_with_shared_values_is_read(tmp_path: Path) -> None:
    for name in ("rpc.wsdl", "rpc.xsd"):
        text = (CONTRACT / name).read_text("utf-8")
        told = text.replace('use="literal"', f'use="encoded" encodingStyle="{ENCODING}"')
        (tmp_path / name).write_text(told, "utf-8")
    asked: list[bytes] = []

    async def answer(request: Request) -> Response:
        asked.append(await request.body())
        return Response(ANSWER, media_type="text/xml; charset=utf-8")

    with serving(Starlette(routes=[Route("/essai", answer, methods=["POST"])])) as address:
        client = SoapClient(named(address, port="Port11"), tmp_path / "rpc.wsdl")
        found = client.call("Chercher", nombre=1, texte="é")
        client.close()

    assert (1, ["été"]) == (found.total, [item.titre for item in found.fiche])
    assert b"<nombre>1</nombre>" in asked[0]
