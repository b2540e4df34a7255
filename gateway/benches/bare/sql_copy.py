"""A bare ``COPY … TO STDOUT`` by psycopg, its bytes written to a file as they come.

usage: sql_copy.py ENTRY OUT COLUMNS            (columns that the contract names, with commas)
"""

import json
import sys
from pathlib import Path

import psycopg

entry, out, columns = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]), sys.argv[3]
statement = (
    f"copy (select {columns} from dbo.gpm_e_mat_ele m where exists (select 1 from dbo.gpm_t_eco e"  # noqa: S608
    f" where e.id_eco = m.id_eco and e.org = '{entry['system'].partition('@')[2]}' and e.annee = 2025)"
    " order by id_mat_ele) to stdout (format csv)"
)
with (
    psycopg.connect(entry["address"], password=entry["secrets"]["password"]) as connection,
    connection.cursor() as cursor,
    (out / "rows.csv").open("wb") as file,
):
    with cursor.copy(statement) as copied:
        for data in copied:
            file.write(data)
    count = cursor.rowcount
(out / "rows.txt").write_text(str(count))
