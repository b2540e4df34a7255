"""dlt's own `rest_api` source on the same server, loaded to a folder of JSON lines, as its documentation shows.

usage: rest_dlt.py ENTRY OUT PAGE_ROWS          (with the Python of an environment that has dlt)

dlt adds what its users get: schema inference, state, a load package. One worker, no compression, no telemetry.
"""

import json
import os
import sys
from pathlib import Path

entry, out, page_rows = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]), sys.argv[3]
os.environ.update(
    DLT_DATA_DIR=str(out / "home"),
    DATA_WRITER__DISABLE_COMPRESSION="true",
    NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION="true",
    NORMALIZE__WORKERS="1",
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="WARNING",
)

import dlt  # noqa: E402 - it reads the environment when it is imported
import requests  # noqa: E402 - dlt's own
from dlt.destinations import filesystem  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

# dlt's client credentials go into the form; the server takes them in the header (client_secret_basic)
signed_in = requests.post(
    f"{entry['address']}/oauth/token",
    data={"grant_type": "client_credentials", "scope": "plans"},
    auth=(entry["options"]["client_id"], entry["secrets"]["client_secret"]),
    timeout=30,
)
token = signed_in.json()["access_token"]
source = rest_api_source(
    {
        "client": {
            "base_url": entry["address"],
            "auth": {"type": "bearer", "token": token},
            "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"},
        },
        "resources": [
            {
                "name": "plans",
                "max_table_nesting": 0,
                "endpoint": {
                    "path": "v1/plans",
                    "params": {"school_year": "2025", "limit": page_rows},
                    "data_selector": "items",
                },
            }
        ],
    }
)
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=str(out / "home"),
    destination=filesystem(bucket_url=str(out / "loaded")),
    dataset_name="bench",
)
pipeline.run(source, loader_file_format="jsonl")
counted = pipeline.last_trace.last_normalize_info.row_counts["plans"]
(out / "rows.txt").write_text(str(counted))
