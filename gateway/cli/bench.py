"""`passerelle bench model`: how fast the model reads and writes, beside plain pydantic and fhir.resources;
`passerelle bench mapping`: the mapping engine beside its peers (`gateway.benches.mapping`); `passerelle bench
connectors`: pulls beside bare loops and dlt (`gateway.benches.connectors`).

Measures the machine it runs on, one core, with invented documents; every figure is a median of several
runs. fhir.resources is no dependency of the hub: a throw-away environment that has it is named by
`--fhir-python`, and without one that comparison is left out and said so.
"""

import gc
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import new_class
from typing import Annotated, Any

import typer
from pydantic import ConfigDict

from canonical_model import resources
from canonical_model.base import Record
from canonical_model.errors import ConfigurationError
from canonical_model.generated import documents
from gateway.benches import connectors, mapping
from gateway.cli import context
from gateway.cli.output import Output

bench_app = typer.Typer(no_args_is_help=True, help="Les mesures de vitesse.")

_YARDSTICK = Path(__file__).resolve().parents[3] / "shared" / "bench"
_DOCUMENTS = 100  # different documents of each resource
_ROUND = 0.05  # seconds at least, each run
_GOAL_RATE, _GOAL_RATIO = 100_000, 5.0  # issue 3, Speed
_SUBJECT = {"system": "fiche:762000", "value": "0001234"}
_STUDENT = {
    "resource_type": "Student", "subject": [_SUBJECT], "organization": "762000", "family_name": "Papatie",
    "given_name": "Zoé", "birth_date": "2010-05-03",
    "sex": {"system": "sex", "version": "2024-07-01", "code": "F"}, "code_permanent": "PAPZ65551012",
}  # fmt: skip
_PATIENT = {
    "resourceType": "Patient", "name": [{"family": "Papatie", "given": ["Zoé"]}], "birthDate": "2010-05-03",
    "gender": "female", "managingOrganization": {"identifier": {"value": "762000"}},
    "identifier": [{"system": "urn:fiche:762000", "value": "0001234"}, {"system": "urn:cp", "value": "PAPZ65551012"}],
}  # fmt: skip
_FHIR_SCRIPT = """
import gc, json, statistics, sys, time
from fhir.resources.patient import Patient
import fhir.resources
text, runs, least = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
held = Patient.model_validate_json(text)
def rate(work):
    found = []
    for _ in range(runs + 1):
        gc.collect(); done = 0; started = time.process_time()
        while (took := time.process_time() - started) < least:
            for _ in range(100): work()
            done += 100
        found.append(done / took)
    return statistics.median(found[1:])
print(json.dumps({"version": getattr(fhir.resources, "__version__", "?"),
    "validate": rate(lambda: Patient.model_validate_json(text)), "dump": rate(held.model_dump_json)}))
"""


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(bench_app, name="bench")


@bench_app.callback()
def _bench() -> None:
    """Les mesures de vitesse."""


@bench_app.command("model")
def bench_model(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[RESSOURCE]...")] = None,
    runs: Annotated[
        int, typer.Option(min=1, max=100, help="Mesures par chiffre; la médiane est gardée.")
    ] = 5,
    fhir_python: Annotated[
        Path | None, typer.Option("--fhir-python", help="Python d'un environnement qui a fhir.resources.")
    ] = None,
) -> int:
    """Mesurer la lecture et l'écriture de chaque ressource, sur un cœur."""
    out = context.output(ctx)
    measured = {}
    for name in names or resources.NAMES:
        out.progress(name, name)
        texts = [json.dumps(one, ensure_ascii=False).encode() for one in documents(name, _DOCUMENTS, seed=1)]
        measured[name] = _measured(resources.resource(name), texts, runs)
    fhir = _fhir(fhir_python, runs) if fhir_python else None
    method = {
        "documents": _DOCUMENTS, "runs": runs, "round_seconds": _ROUND, "figure": "median of runs after one warm-up",
        "gc": "collected before each run, enabled during it; results are dropped", "cores": 1,
        "plain": "the same class, not strict, not frozen, unknown fields ignored; its datatypes are unchanged",
    }  # fmt: skip
    out.document({"method": method, "resources": measured, "fhir": fhir})
    _say(out, measured, fhir, runs)
    return 0


@bench_app.command("mapping")
def bench_mapping(
    ctx: typer.Context,
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="Lignes du fichier principal.")] = 200_000,
    runs: Annotated[int, typer.Option(min=1, max=20, help="Passages par moteur; le meilleur est gardé.")] = 2,
    yardstick: Annotated[Path, typer.Option(help="Dossier du banc d'essai.")] = _YARDSTICK,
    environments: Annotated[
        Path | None, typer.Option(help="Dossier des environnements faits par setup.sh; sans lui, nous seuls.")
    ] = None,
    engine: Annotated[list[str] | None, typer.Option(help="Un moteur; à répéter. Tous par défaut.")] = None,
) -> int:
    """Mesurer le moteur de correspondance à côté de ses pairs, sur le travail du banc d'essai."""
    out = context.output(ctx)
    if unknown := sorted({*(engine or ())} - {mapping.OURS, *mapping.PEERS}):
        known = ", ".join((mapping.OURS, *mapping.PEERS))
        raise ConfigurationError(
            f"--engine {unknown[0]}: one of {known}.", f"--engine {unknown[0]} : un parmi {known}."
        )
    wanted = [mapping.OURS, *(engine or mapping.PEERS)]
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as temporary:
        work = Path(temporary)
        bench = mapping.Bench(yardstick.resolve(), (environments or work / "none").resolve(), work)
        there = list(dict.fromkeys(bench.there(wanted)))
        bench.input(rows)
        figures, written = [], {}
        for name in there:
            out.progress(name, name)
            figure, written[name] = bench.measured(name, rows, runs)
            figures.append(figure)
        same = bench.compared(written)
    absent = [name for name in wanted if name not in there]
    _say_mapping(out, figures, absent, same, {"rows": rows, "runs": runs})
    return 0


@bench_app.command("connectors")
def bench_connectors(
    ctx: typer.Context,
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="Enregistrements de chaque lecture.")] = 100_000,
    runs: Annotated[int, typer.Option(min=1, max=20, help="Passages par moteur; la médiane est gardée.")] = 3,
    environments: Annotated[
        Path | None, typer.Option(help="Dossier des environnements faits par setup.sh; sans lui, pas de dlt.")
    ] = None,
    wire: Annotated[
        list[str] | None, typer.Option(help="rest, soap ou sql; à répéter. Tous par défaut.")
    ] = None,
    memory: Annotated[bool, typer.Option(help="Mesurer aussi la mémoire à 4 fois plus de lignes.")] = True,
) -> int:
    """Mesurer une lecture REST, SOAP et SQL à côté du moins que l'on écrirait, et de dlt."""
    out = context.output(ctx)
    wires = wire or list(connectors.WIRES)
    if unknown := sorted({*wires} - {*connectors.WIRES}):
        known = ", ".join(connectors.WIRES)
        raise ConfigurationError(
            f"--wire {unknown[0]}: one of {known}.", f"--wire {unknown[0]} : un parmi {known}."
        )
    figures: list[connectors.Figure] = []
    held: dict[str, connectors.Run] = {}
    with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as temporary:
        work = Path(temporary)
        bench = connectors.Bench((environments or work / "none").resolve(), work)
        for name in wires:
            out.progress(name, name)
            figures += bench.compared(name, rows, runs)
            if memory:
                held[name] = bench.memory(name, 4 * rows)
        absent = bench.absent() if "rest" in wires else ()
    method = {
        "rows": rows, "runs": runs, "figure": "median; ratios of pairs of runs side by side; above 1 we are faster",
        "timed": "a whole process, imports included", "server": "a simulated system in a process of its own",
        "ours": "exact digits, allow-list of columns, every page landed and synced, digests of rows, count balanced",
        "bare": "nothing of these; JSON by the standard library",
    }  # fmt: skip
    out.document({"method": method, "absent": absent, **connectors.entries(figures, held)})
    _say_connectors(out, figures, held, absent)
    return 0


def _say_connectors(
    out: Output,
    figures: list[connectors.Figure],
    memory: dict[str, connectors.Run],
    absent: Sequence[str],
) -> None:
    out.table(
        out.words("Lectures, médianes de processus entiers", "Pulls, medians of whole processes"),
        out.words(
            "fil|moteur|lignes|secondes|processeur, s|mémoire, Mo|nous : fois plus rapide|en processeur",
            "wire|engine|rows|seconds|processor, s|memory, MB|ours is faster by|by processor",
        ).split("|"),
        [
            (f.wire, f.engine, _spaced(f.rows), f"{f.seconds:.2f}", f"{f.processor_seconds:.2f}", f.megabytes,
             f"{f.wall:.2f}", f"{f.processor:.2f}")
            for f in figures
        ],
    )  # fmt: skip
    for few, many in connectors.beside(figures, memory):
        rows = _spaced(few.rows), _spaced(many.rows)
        out.say(
            f"{few.wire} : {few.megabytes} Mo pour {rows[0]} lignes, {many.megabytes} Mo pour {rows[1]}.",
            f"{few.wire}: {few.megabytes} MB for {rows[0]} rows, {many.megabytes} MB for {rows[1]}.",
        )
    if absent:
        out.say(f"Absents : {', '.join(absent)}.", f"Absent: {', '.join(absent)}.")


def _say_mapping(
    out: Output, figures: list[mapping.Figure], absent: list[str], same: str, asked: dict[str, int]
) -> None:
    seconds = {figure.engine: figure.seconds for figure in figures}
    ours, rows, runs = seconds[mapping.OURS], asked["rows"], asked["runs"]
    timed = {
        **asked, "figure": "best wall time of a whole process, imports included",
        "threads": mapping.THREADS, "ours": "every record validated, rejects and lineage written",
        "peers": "no validation, no reject, no lineage",
    }  # fmt: skip
    out.document({
        "method": timed, "absent": absent,
        "engines": [{**asdict(figure), "ours_is_faster_by": figure.seconds / ours} for figure in figures],
    })  # fmt: skip
    out.table(
        out.words(f"Le travail du banc, {rows} lignes", f"The yardstick's job, {rows} rows"),
        out.words(
            "moteur|secondes|lignes/s|mémoire, Mo|nous : fois plus rapide",
            "engine|seconds|rows/s|memory, MB|ours is faster by",
        ).split("|"),
        [
            (f.engine, f"{f.seconds:.2f}", _spaced(f.rows_a_second), f.megabytes, f"{f.seconds / ours:.2f}")
            for f in figures
        ],
    )
    out.say(
        f"Meilleur de {runs} passages, processus entiers. Nous validons chaque enregistrement et écrivons "
        "rejets et provenance; les pairs ne le font pas.",
        f"Best of {runs} runs, whole processes. We validate each record and write rejects and lineage; the "
        "peers do not.",
    )
    out.say(same.strip().splitlines()[-1], same.strip().splitlines()[-1])
    if absent:
        out.say(f"Absents : {', '.join(absent)}.", f"Absent: {', '.join(absent)}.")


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _measured(kind: type[Record], texts: Sequence[bytes], runs: int) -> dict[str, float | int]:
    """Documents a second, read from JSON and written, by the model and by the plain class."""
    plain = _plain(kind)
    held, loose = ([one.model_validate_json(text) for text in texts] for one in (kind, plain))
    return {
        "bytes": round(statistics.mean(map(len, texts))),
        "validate": _rate(lambda: [kind.model_validate_json(text) for text in texts], len(texts), runs),
        "plain_validate": _rate(
            lambda: [plain.model_validate_json(text) for text in texts], len(texts), runs
        ),
        "dump": _rate(lambda: [one.model_dump_json() for one in held], len(texts), runs),
        "plain_dump": _rate(lambda: [one.model_dump_json() for one in loose], len(texts), runs),
    }


def _plain(kind: type[Record]) -> type[Record]:
    settings = ConfigDict(strict=False, frozen=False, extra="ignore", hide_input_in_errors=False)
    body = {"model_config": settings, "__module__": kind.__module__}
    made: type[Record] = new_class(kind.__name__, (kind,), exec_body=lambda names: names.update(body))
    return made


def _rate(work: Callable[[], object], size: int, runs: int) -> int:
    """Documents a second: `work` does `size` of them."""
    found = []
    for _ in range(runs + 1):
        gc.collect()
        done, started = 0, time.process_time()
        while (took := time.process_time() - started) < _ROUND:
            work()
            done += size
        found.append(done / took)
    return round(statistics.median(found[1:]))


def _fhir(python: Path, runs: int) -> dict[str, Any]:
    """fhir.resources' Patient in its own process, and Student on the comparable document.

    Raises ConfigurationError when that Python has no fhir.resources.
    """
    text = json.dumps(_PATIENT)
    try:
        said = subprocess.run(  # noqa: S603 - the operator names the interpreter
            [str(python), "-c", _FHIR_SCRIPT, text, str(runs), str(_ROUND)],
            capture_output=True, check=True, timeout=300, text=True,
        )  # fmt: skip
        patient = json.loads(said.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ConfigurationError(
            f"{python}: fhir.resources does not answer there. Run `{python} -m pip install fhir.resources`.",
            f"{python} : fhir.resources n'y répond pas. Lancez « {python} -m pip install fhir.resources ».",
        ) from error
    kind, document = resources.resource("Student"), json.dumps(_STUDENT).encode()
    held = kind.model_validate_json(document)
    many = range(100)
    validate = _rate(lambda: [kind.model_validate_json(document) for _ in many], len(many), runs)
    dump = _rate(lambda: [held.model_dump_json() for _ in many], len(many), runs)
    return {
        "version": patient["version"],
        "student": {"bytes": len(document), "validate": validate, "dump": dump},
        "patient": {
            "bytes": len(text),
            "validate": round(patient["validate"]),
            "dump": round(patient["dump"]),
        },
        "validate_ratio": round(validate / patient["validate"], 1),
        "dump_ratio": round(dump / patient["dump"], 1),
        "goal_met": validate >= _GOAL_RATE and validate >= _GOAL_RATIO * patient["validate"],
    }


def _say(out: Output, measured: dict[str, Any], fhir: dict[str, Any] | None, runs: int) -> None:
    columns = (
        out.words("ressource", "resource"), out.words("octets", "bytes"),
        out.words("lecture/s", "read/s"), out.words("lecture/s, pydantic simple", "read/s, plain pydantic"),
        out.words("écriture/s", "write/s"), out.words("écriture/s, pydantic simple", "write/s, plain pydantic"),
    )  # fmt: skip
    keys = ("bytes", "validate", "plain_validate", "dump", "plain_dump")
    rows = [(name, *(figures[key] for key in keys)) for name, figures in measured.items()]
    out.table(out.words("Le modèle, sur un cœur", "The model, on one core"), columns, rows)
    out.say(
        f"Médiane de {runs} mesures d'au moins {_ROUND} s de processeur après une de chauffe; {_DOCUMENTS} documents "
        "inventés par ressource; ramasse-miettes vidé avant chaque mesure et actif pendant; résultats jetés. "
        "« pydantic simple » : "
        "la même classe, ni stricte ni figée, champs inconnus ignorés.",
        f"Median of {runs} runs of at least {_ROUND} s of processor time after one warm-up; {_DOCUMENTS} invented "
        "documents a resource; garbage collected before each run and enabled during it; results dropped. "
        "“Plain pydantic”: the same class, "
        "not strict, not frozen, unknown fields ignored.",
    )
    if fhir is None:
        out.say(
            "fhir.resources : non mesuré. Nommez un Python qui l'a avec --fhir-python.",
            "fhir.resources: not measured. Name a Python that has it with --fhir-python.",
        )
        return
    student, patient = fhir["student"], fhir["patient"]
    out.say(
        f"Student {student['validate']}/s en lecture, {student['dump']}/s en écriture; Patient de fhir.resources "
        f"{patient['validate']}/s et {patient['dump']}/s : {fhir['validate_ratio']} × et {fhir['dump_ratio']} ×.",
        f"Student reads {student['validate']}/s, writes {student['dump']}/s; fhir.resources' Patient "
        f"{patient['validate']}/s and {patient['dump']}/s: {fhir['validate_ratio']} × and {fhir['dump_ratio']} ×.",
    )
