"""A bare httpx loop: pages of the SPI contract, ``.json()``, appended to a list, written as JSON lines.

usage: rest_httpx.py ENTRY OUT PAGE_ROWS

No limit, no retry, no check, nothing landed before the end: the least that anybody would write.
"""

import json
import sys
from pathlib import Path

import httpx

entry, out, page_rows = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]), sys.argv[3]
with httpx.Client(base_url=entry["address"]) as client:
    client_id, secret = entry["options"]["client_id"], entry["secrets"]["client_secret"]
    asked = {"grant_type": "client_credentials", "scope": "plans"}
    token = client.post("/oauth/token", data=asked, auth=(client_id, secret)).json()["access_token"]
    query = {"school_year": "2025", "limit": page_rows}
    rows = []
    while True:
        page = client.get("/v1/plans", params=query, headers={"Authorization": f"Bearer {token}"}).json()
        rows += page["items"]
        if not page.get("next"):
            break
        query["cursor"] = page["next"]
with (out / "rows.jsonl").open("w", encoding="utf-8") as file:
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
(out / "rows.txt").write_text(str(len(rows)))
