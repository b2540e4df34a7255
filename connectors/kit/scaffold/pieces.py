"""The texts of a new connector's files, by protocol. Every one is meant to be read and changed by a person."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Literal

from connectors.kit.scaffold.columns import Columns

Protocol = Literal["rest", "sql", "files", "soap"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One new connector. `stream`: its one stream, to begin with. `mapping`: its id; None: there is none yet."""

    name: str
    protocol: Protocol
    stream: str
    columns: Columns
    mapping: str | None


_SANDBOX = {
    "files": ("sample_folder", "SampleFolder"),
    "rest": ("sample_rest", "SampleRest"),
    "sql": ("sample_database", "SampleDatabase"),
}
_PULLED = {
    "files": """    file: {{
      name: "{stream}_{{day}}.csv", format: csv, separator: "{separator}", encoding: {encoding}, complete: marker
    }}
""",
    "rest": """    request:
      path: /v1/{stream}
      query: {{limit: "{{page_rows}}"}}
      records: /items
      total: /total
      paging: {{kind: offset, parameter: offset}}
""",
    "sql": """    query: {{order: [{key}]}}
""",
}  # fmt: skip
_SIGN_IN = {
    "files": "",
    "rest": "secrets: [client_secret]\nauthentication: {kind: oauth2, token_path: /oauth/token, scope: lecture}\n"
    'limits: {page_rows: "200"}\n',
    "sql": "secrets: [password]\nauthentication: {kind: password}\n",
}
_RUNGS = {
    "files": (
        "unfinished-file-is-retryable: done", "bad-line-is-set-aside: done", "missing-column-is-named: done",
        "wrong-secret-is-named: {exempt: A folder has no secret; the operating system's rights guard it.}",
    ),
    "rest": ("wrong-secret-is-named: done", "partner-down-is-retryable: done"),
    "sql": (
        "wrong-secret-is-named: done", "partner-down-is-retryable: done", "missing-column-is-named: done",
    ),
}  # fmt: skip


def manifest(plan: Plan) -> str:
    """manifest.yaml: everything that the hub must know; the comments say what to look at."""
    separator = plan.columns.separator if plan.columns.separator != "\t" else "tab"
    pulled = _PULLED[plan.protocol].format(
        stream=plan.stream, key=plan.columns.key, separator=separator, encoding=plan.columns.encoding
    )
    maps = "done" if plan.mapping else "todo"
    rungs = ("samples-are-invented: done", "contract-is-an-allow-list: done", f"samples-map: {maps}",
             "counts-agree: done", "reads-twice-the-same: done", "faults-are-survived: done",
             "no-person-in-logs: done", *_RUNGS[plan.protocol])  # fmt: skip
    return (
        f"# {plan.name}: made by `passerelle connector new`. Say here in a line what it is.\n"
        f"name: {plan.name}\ndirection: inbound\nprotocol: {plan.protocol}\n"
        "owner: registrar-data@example.org   # who answers for it\n"
        'schedule: "0 5 * * *"               # when its day begins, as a proposal\n'
        "identity: refers                    # establishes: whoever it names and nobody knows becomes a person\n"
        f"{_SIGN_IN[plan.protocol]}"
        "contract: {kind: reference, file: contract/streams.yaml}   # published: when the vendor publishes it\n"
        f"streams:\n  {plan.stream}:\n"
        f"    key: [{plan.columns.key}]   # the columns that tell rows apart\n{pulled}"
        f"mappings: [{plan.mapping or ''}]\n"
        "quality:\n" + "".join(f"  {rung}\n" for rung in rungs)
    )


def contract(plan: Plan) -> str:
    """contract/streams.yaml: an allow-list; what it does not name is never read."""
    table = f"dbo.{plan.stream}" if plan.protocol == "sql" else plan.stream
    lines = []
    for name, named in zip(plan.columns.names, plan.columns.named, strict=True):
        told = f"/{named}" if plan.protocol == "rest" else named
        usual = f"/{name}" if plan.protocol == "rest" else name
        means = f"What {name} is; say it"
        lines.append(
            f"      {name}: {means}\n" if told == usual
            else f"      {name}: {{named: {json.dumps(told, ensure_ascii=False)}, means: {means}}}\n"
        )  # fmt: skip
    return (
        "# Contrat de référence de Passerelle: what the hub reads, and nothing else. A site replaces it: it copies\n"
        "# this file, writes the system's own names after `named`, and gives the path as the option `contract`.\n"
        f"streams:\n  {plan.stream}:\n    named: {table}\n    columns:\n{''.join(lines)}"
    )


def sample(plan: Plan) -> tuple[str, bytes]:
    """The name of the sample's file and its content: two invented records, as the system writes them."""
    if plan.protocol == "rest":
        items = [dict(zip(plan.columns.named, row, strict=True)) for row in plan.columns.rows()]
        text = json.dumps({"items": items, "total": len(items)}, ensure_ascii=False, indent=2) + "\n"
        return f"{plan.stream}.json", text.encode()
    files = plan.protocol == "files"
    written = io.StringIO()
    writer = csv.writer(
        written, delimiter=plan.columns.separator if files else ";", lineterminator="\n"
    )  # fmt: skip
    writer.writerow(plan.columns.named)
    writer.writerows(plan.columns.rows())
    return f"{plan.stream}.csv", written.getvalue().encode(plan.columns.encoding if files else "utf-8")


def sandbox(plan: Plan) -> str:
    """sandbox.py: three lines, until the system has a simulator of its own."""
    module, name = _SANDBOX[plan.protocol]
    return (
        f'"""A simulated {plan.name}: a real server that holds samples/. Write its own when it must do more."""\n\n'
        "from pathlib import Path\n\n"
        f"from connectors.kit.scaffold.{module} import {name}\n\n\n"
        f"class Sandbox({name}):\n"
        '    """Holds what samples/ holds."""\n\n'
        "    here = Path(__file__).parent\n"
    )


def test(plan: Plan) -> str:
    """test_connector.py: the checks that every connector inherits; add what is this system's own."""
    return (
        f'"""{plan.name} against its live sandbox: what every connector must hold, and what is its own."""\n\n'
        "from datetime import date\nfrom pathlib import Path\n\n"
        "from connectors.kit import check\nfrom connectors.kit.province.generate import generate\n\n\n"
        "def test_it_holds_what_every_connector_must(tmp_path: Path) -> None:\n"
        "    province = generate(7, students=150, boards=1, day=date(2026, 2, 16))\n\n"
        "    assert [] == check.wrong(Path(__file__).parent, province, tmp_path)\n"
    )


def readme(plan: Plan) -> str:
    """README.md: what a colleague must know before anything else."""
    columns = ", ".join(f"`{name}`" for name in plan.columns.names)
    return (
        f"# {plan.name}\n\nWhat this system is, who keeps it, what the hub reads of it: three lines.\n\n"
        f"| stream | rows | key |\n|---|---|---|\n| `{plan.stream}` | one a record | `{plan.columns.key}` |\n\n"
        f"Columns: {columns}. What is not in `contract/streams.yaml` is never read.\n\n"
        "## Contract\n\n`contract/streams.yaml` is *notre contrat de référence*: made from an example, not from"
        " a document of the vendor. A site whose system differs copies it, writes its own names after"
        " `named`, and gives the path as the option `contract` of the system.\n\n"
        f"## Installing\n\n```yaml\n{_installing(plan)}```\n\n"
        "## Limits\n\n- Each pull is whole; the hub finds what changed.\n\n"
        "## Sandbox\n\nIt holds `samples/` and nothing else. `passerelle connector check "
        f"{plan.name} --live` tries the connector on it, with every fault it knows.\n"
    )


def _installing(plan: Plan) -> str:
    told = {
        "files": "  address: file:///srv/depot/{name}\n",
        "rest": "  address: https://{name}.example.org\n  secrets: {{client_secret: {{file: secrets/{name}}}}}\n"
        "  options: {{client_id: passerelle}}\n",
        "sql": "  address: postgresql://reader@server/{name}     # without a password\n"
        "  secrets: {{password: {{file: secrets/{name}}}}}\n",
    }
    return f"- system: {plan.name}@762000\n" + told[plan.protocol].format(name=plan.name)


def mapping(plan: Plan) -> str:
    """mappings/<name>/student.v1.yaml: the columns that were recognised; the others are listed as never read."""
    found = plan.columns.meanings
    used = [found[meaning] for meaning in ("fiche", "family_name", "given_name", "birth_date", "sex")]
    optional = ""
    if "code_permanent" in found:
        used.append(found["code_permanent"])
        optional = (
            "  subject.1.system: {const: code-permanent}\n"
            f"  subject.1.value: {{read: {found['code_permanent']}, do: [trim, upper]}}\n"
            f"  code_permanent: {{read: {found['code_permanent']}, do: [trim, upper]}}\n"
        )
    left = [name for name in plan.columns.names if name not in used]
    never = (
        f"never_read: [{', '.join(left)}] # give each a field above, or say why it stays here\n"
        if left
        else ""
    )
    return (
        f"# {plan.name}: who a pupil is. Guessed from the names of the columns; read every line.\n"
        f"mapping: {plan.name}/student\nversion: 1\nto: Student\nfrom: {plan.stream}\nkey: [{plan.columns.key}]\n"
        f"streams:\n  {plan.stream}:\n    columns: [{', '.join(plan.columns.names)}]\n    unknown_columns: freeze\n"
        'fields:\n  subject.0.system: {const: "fiche:$organization"}\n'
        f'  subject.0.value: {{read: {found["fiche"]}, do: [before_underscore, {{digits: "7"}}]}}\n{optional}'
        "  organization: {read: $organization}\n"
        f"  family_name: {{read: {found['family_name']}, do: [trim, nfc]}}\n"
        f"  given_name: {{read: {found['given_name']}, do: [trim, nfc]}}\n"
        f"  birth_date: {{read: {found['birth_date']}, do: [date_iso]}}\n"
        f"  sex: {{read: {found['sex']}, do: [trim, upper], code_map: sex}}\n{never}"
    )


def code_map(plan: Plan) -> str:
    """mappings/<name>/codes/sex.yaml: this system's codes, to be looked at."""
    return (
        f"# {plan.stream}.{plan.columns.meanings['sex']}: say where these codes come from.\n"
        "code_map: sex\nto: sex\ncodes:\n  F: F\n  M: M\n  X: X\n"
    )


def mapping_readme(plan: Plan) -> str:
    """mappings/<name>/README.md."""
    return (
        f"# {plan.name} to the canonical model\n\nGuessed from the names of its columns by `passerelle connector"
        " new`; data only, the language is in [../README.md](../README.md).\n\n"
        "| mapping | from | gives | one record for each |\n|---|---|---|---|\n"
        f"| `{plan.mapping}` | `{plan.stream}` | Student | pupil |\n"
    )
