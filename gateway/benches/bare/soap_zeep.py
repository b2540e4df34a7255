"""Bare zeep: page after page of one stream of the Avant-garde contract, serialized and written as JSON lines.

usage: soap_zeep.py ENTRY OUT WSDL
"""

import json
import sys
from pathlib import Path

from zeep import Client
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

entry, out, wsdl = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]), sys.argv[3]
user = UsernameToken(entry["options"]["user"], entry["secrets"]["password"])
client = Client(wsdl, wsse=user)
(binding,) = client.wsdl.bindings
service = client.create_service(binding, entry["address"])
asked = {"flux": "presences", "annee": 2025}
count = 0
with (out / "rows.jsonl").open("w", encoding="utf-8") as file:
    while True:
        page = serialize_object(service.ListerEnregistrements(**asked), dict)
        for row in page["presence"]:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        count += len(page["presence"])
        if not page["jetonSuivant"]:
            break
        asked["jeton"] = page["jetonSuivant"]
(out / "rows.txt").write_text(str(count))
