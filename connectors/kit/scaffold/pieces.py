"""The texts of a new connector's files, by protocol. Every one is meant to be read and changed by a person."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectors.kit.scaffold import soap_pieces
from connectors.kit.scaffold.columns import Columns
from connectors.kit.scaffold.openapi import Api
from connectors.kit.scaffold.pointed import placed

Protocol = Literal["rest", "sql", "files", "soap"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One new connector. `stream`: its one stream, to begin with. `mapping`: its id; None: there is none yet.

    `api`: what a document says of a REST service. `ours`: it stands in connectors/systems, beside the kit.
    """

    name: str
    protocol: Protocol
    stream: str
    columns: Columns
    mapping: str | None
    api: Api | None = None
    ours: bool = True


_SANDBOX = {
    "files": ("sample_folder", "SampleFolder"),
    "rest": ("sample_rest", "SampleRest"),
    "sql": ("sample_database", "SampleDatabase"),
    "soap": ("sample_soap", "SampleSoap"),
}
_PULLED = {
    "files": """    file: {{
      name: "{stream}_{{day}}.csv", format: csv, separator: "{separator}", encoding: {encoding}, complete: marker
    }}
""",
    "sql": """    query: {{order: {key}}}
""",
    "soap": "",
}  # fmt: skip
_SIGN_IN = {
    "files": "",
    "sql": "secrets: [password]\nauthentication: {kind: password}\n",
    "soap": "secrets: [password]\nauthentication: {kind: username-token}\n",
}
_RUNGS = {
    "files": (
        "unfinished-file-is-retryable: done", "bad-line-is-set-aside: done", "missing-column-is-named: done",
        "wrong-secret-is-named: {exempt: A folder has no secret; the operating system's rights guard it.}",
    ),
    "rest": ("wrong-secret-is-named: done", "partner-down-is-retryable: done"),
    "soap": ("wrong-secret-is-named: done", "partner-down-is-retryable: done"),
    "sql": (
        "wrong-secret-is-named: done", "partner-down-is-retryable: done", "missing-column-is-named: done",
    ),
}  # fmt: skip


def manifest(plan: Plan) -> str:
    """manifest.yaml: everything that the hub must know; the comments say what to look at."""
    separator = plan.columns.separator if plan.columns.separator != "\t" else "tab"
    keys = f"[{', '.join(plan.columns.key)}]"
    pulled = _requested(plan) if plan.protocol == "rest" else _PULLED[plan.protocol].format(
        stream=plan.stream, key=keys, separator=separator, encoding=plan.columns.encoding
    )  # fmt: skip
    maps = "done" if plan.mapping else "todo"
    rungs = ("samples-are-invented: done", "contract-is-an-allow-list: done", f"samples-map: {maps}",
             "counts-agree: done", "reads-twice-the-same: done", "faults-are-survived: done",
             "no-person-in-logs: done", *_RUNGS[plan.protocol])  # fmt: skip
    soap = plan.protocol == "soap"
    entry = f"entry: source:{soap_pieces.class_name(plan.name)}\n" if soap else ""
    file = "service.wsdl" if soap else "streams.yaml"
    schema = "# yaml-language-server: $schema=../../kit/manifest/manifest.schema.json\n" if plan.ours else ""
    sign_in = _rest_sign_in(plan) if plan.protocol == "rest" else _SIGN_IN[plan.protocol]
    return (
        f"{schema}# {plan.name}: made by `passerelle connector new`. Say here in a line what it is.\n"
        f"name: {plan.name}\ndirection: inbound\nprotocol: {plan.protocol}\n"
        "owner: registrar-data@example.org   # who answers for it\n"
        'schedule: "0 5 * * *"               # when its day begins, as a proposal\n'
        "identity: refers                    # establishes: whoever it names and nobody knows becomes a person\n"
        f"{sign_in}"
        f"{entry}contract: {{kind: reference, file: contract/{file}}}   # published: when the vendor publishes it\n"
        f"streams:\n  {plan.stream}:\n"
        f"    key: {keys}   # the columns that tell rows apart\n{pulled}"
        f"mappings: [{plan.mapping or ''}]\n"
        "quality:\n" + "".join(f"  {rung}\n" for rung in rungs)
    )


def _requested(plan: Plan) -> str:
    """The request of the stream: as the document says it; what it does not say is a usual guess to be looked at."""
    api = plan.api
    if api is None:
        api = Api(
            f"/v1/{plan.stream}", "/items", "/total", "limit", "{kind: offset, parameter: offset}", None
        )
    lines = [
        "    request:",
        f"      path: {api.path}",
        *([f'      query: {{{api.size}: "{{page_rows}}"}}'] if api.size else []),
        *([f"      records: {api.records}"] if api.records else []),
        *([f"      total: {api.total}"] if api.total else []),
        *([f"      paging: {api.paging}"] if api.paging else []),
    ]
    return "\n".join(lines) + "\n"


def _rest_sign_in(plan: Plan) -> str:
    told = plan.api.sign_in if plan.api else None
    told = told or "{kind: oauth2, token_path: /oauth/token, scope: lecture}"
    secret = "api_key" if "api-key" in told else "client_secret"
    return f'secrets: [{secret}]\nauthentication: {told}\nlimits: {{page_rows: "200"}}\n'


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
    left = "".join(f"      # {word}: left out, the hub needs no such number.\n" for word in plan.columns.left)
    return (
        "# Contrat de référence de Passerelle: what the hub reads, and nothing else. A site replaces it: it copies\n"
        "# this file, writes the system's own names after `named`, and gives the path as the option `contract`.\n"
        f"streams:\n  {plan.stream}:\n    named: {table}\n    columns:\n{''.join(lines)}{left}"
    )


def sample(plan: Plan) -> tuple[str, bytes]:
    """The name of the sample's file and its content: two invented records, as the system writes them."""
    if plan.protocol == "rest":
        text = json.dumps(_answer(plan), ensure_ascii=False, indent=2) + "\n"
        return f"{plan.stream}.json", text.encode()
    if plan.protocol == "soap":
        return f"{plan.stream}.xml", soap_pieces.sample(plan.name, plan.columns).encode()
    files = plan.protocol == "files"
    written = io.StringIO()
    writer = csv.writer(
        written, delimiter=plan.columns.separator if files else ";", lineterminator="\n"
    )  # fmt: skip
    writer.writerow(plan.columns.named)
    writer.writerows(plan.columns.rows())
    return f"{plan.stream}.csv", written.getvalue().encode(plan.columns.encoding if files else "utf-8")


def _answer(plan: Plan) -> Any:
    """The first page of an answer, of the shape that the manifest says."""
    items: list[Any] = []
    for row in plan.columns.rows():
        item: Any = {}
        for way, value in zip(plan.columns.named, row, strict=True):
            item = placed(item, f"/{way}", value)
        items.append(item)
    records, total = (plan.api.records, plan.api.total) if plan.api else ("/items", "/total")
    body = placed({}, records, items) if records else items
    return placed(body, total, len(items)) if total and records else body


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
    if plan.protocol == "soap":
        file, told = "service.wsdl", "puts its WSDL, with every XSD, in a folder, changes `source.py`,"
    else:
        file, told = "streams.yaml", "copies it, writes its own names after `named`,"
    columns = ", ".join(f"`{name}`" for name in plan.columns.names)
    key = ", ".join(plan.columns.key)
    return (
        f"# {plan.name}\n\nWhat this system is, who keeps it, what the hub reads of it: three lines.\n\n"
        f"| stream | rows | key |\n|---|---|---|\n| `{plan.stream}` | one a record | `{key}` |\n\n"
        f"Columns: {columns}. What is not in `contract/` is never read.\n\n"
        f"## Contract\n\n`contract/{file}` is *notre contrat de référence*: made from an example, not from"
        f" a document of the vendor. A site whose system differs {told} and gives the path as the option"
        " `contract` of the system.\n\n"
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
        "api-key": "  address: https://{name}.example.org\n  secrets: {{api_key: {{file: secrets/{name}}}}}\n",
        "soap": "  address: https://{name}.example.org/soap\n  secrets: {{password: {{file: secrets/{name}}}}}\n"
        "  options: {{user: passerelle}}\n",
        "sql": "  address: postgresql://reader@server/{name}     # without a password\n"
        "  secrets: {{password: {{file: secrets/{name}}}}}\n",
    }
    by_key = plan.protocol == "rest" and "api_key" in _rest_sign_in(plan)
    kind = "api-key" if by_key else plan.protocol
    return f"- system: {plan.name}@762000\n" + told[kind].format(name=plan.name)


def mapping(plan: Plan) -> str:
    """mappings/<name>/<resource>.v1.yaml: the columns that were recognised; the others are listed as never read."""
    meanings = plan.columns.meanings
    lines = [
        f"  {line.format(column=meanings[told.meaning])}\n"
        for told in plan.columns.fields
        if told.meaning in meanings
        for line in told.lines
    ]
    left = [name for name in plan.columns.names if name not in meanings.values()]
    never = (
        f"never_read: [{', '.join(left)}] # give each a field above, or say why it stays here\n"
        if left
        else ""
    )
    identifier = str(plan.mapping).partition("@")[0]
    return (
        f"# {plan.name}: {plan.columns.resource}. Guessed from the names of the columns; read every line.\n"
        f"mapping: {identifier}\nversion: 1\nto: {plan.columns.resource}\nfrom: {plan.stream}\n"
        f"key: [{', '.join(plan.columns.key)}]\n"
        f"streams:\n  {plan.stream}:\n    columns: [{', '.join(plan.columns.names)}]\n    unknown_columns: freeze\n"
        f"fields:\n  organization: {{read: $organization}}\n{''.join(lines)}{never}"
    )


def code_maps(plan: Plan) -> Mapping[str, str]:
    """Each mappings/<name>/codes/*.yaml, by its path: codes to be looked at."""
    meanings = plan.columns.meanings
    return {
        f"codes/{told.code_map.name}.yaml": (
            f"# {plan.stream}.{meanings[told.meaning]}: say where these codes come from.\n"
            f"code_map: {told.code_map.name}\nto: {told.code_map.to}\ncodes:\n"
            + "".join(f"  {code}: {ours}\n" for code, ours in told.code_map.codes.items())
        )
        for told in plan.columns.fields
        if told.code_map is not None and told.meaning in meanings
    }


def mapping_readme(plan: Plan) -> str:
    """mappings/<name>/README.md."""
    return (
        f"# {plan.name} to the canonical model\n\nGuessed from the names of its columns by `passerelle connector"
        " new`; data only, the language is in `mappings/README.md` of Passerelle.\n\n"
        "| mapping | from | gives | one record for each |\n|---|---|---|---|\n"
        f"| `{plan.mapping}` | `{plan.stream}` | {plan.columns.resource} | row |\n"
    )
