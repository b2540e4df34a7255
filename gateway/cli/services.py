"""`up`, `down`, `status`, `doctor`, `sandbox up`: what runs on this machine, and what it lacks."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from connectors.kit import sandbox as sandboxes
from gateway.cli import context, demo_site
from gateway.cli.demo_site import Size
from gateway.cli.output import Output
from gateway.operations import airflow_services, doctor, ports, running, services, stack
from gateway.operations.progress import Progress
from gateway.operations.running import Running
from gateway.settings import Settings
from gateway.store import server as postgres
from gateway.store.server import Server

START_SECONDS = 240.0

sandbox_app = typer.Typer(no_args_is_help=True, help="Les systèmes simulés.")

Students = Annotated[int | None, typer.Option("--students", min=1, help="Nombre d'élèves en tout.")]
Boards = Annotated[int | None, typer.Option("--boards", min=1, max=3, help="Nombre d'organismes scolaires.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Germe de la province inventée.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.command("up")(up)
    app.command("serve", hidden=True)(serve)
    app.command("down")(down)
    app.command("status")(status)
    app.command("doctor")(look)
    app.add_typer(sandbox_app, name="sandbox")


def size(students: int | None, boards: int | None, seed: int | None) -> Size | None:
    """The province asked for; None when the call says nothing of it."""
    if students is boards is seed is None:
        return None
    usual = Size()
    return Size(
        students=usual.students if students is None else students,
        boards=usual.boards if boards is None else boards,
        seed=usual.seed if seed is None else seed,
    )


def ready(settings: Settings, wanted: Size | None) -> tuple[Settings, Size | None]:
    """The settings and the province of this home: a home without any site begins a demonstration's."""
    real = (settings.site_folder / "systems.yaml").is_file() and demo_site.kept(settings) is None
    if real and wanted is None:
        return settings, None
    held = demo_site.begin(settings, wanted)
    return demo_site.with_day(settings), held


def sandbox_arguments(held: Size) -> Sequence[str]:
    """What `passerelle sandbox up` is called with to serve that province."""
    return (
        "--students", str(held.students), "--boards", str(held.boards), "--seed", str(held.seed),
    )  # fmt: skip


def up(ctx: typer.Context, students: Students = None, boards: Boards = None, seed: Seed = None) -> None:
    """Tout démarrer et laisser tourner; donne les adresses et l'accès à Airflow."""
    out = context.output(ctx)
    settings, _ = ready(context.settings(ctx), size(students, boards, seed))
    command = (sys.executable, "-m", "gateway.cli", "serve")
    found = running.launch(
        settings,
        command,
        services.environment(settings, settings.database_url),
        within=START_SECONDS,
        progress=out.progress,
    )
    _show(ctx, settings, found)


def serve(ctx: typer.Context) -> None:
    """Run everything in this process until a signal: what `up` starts."""
    out = context.output(ctx)
    settings, held = ready(context.settings(ctx), None)

    def prepare(server: Server) -> None:
        if held is not None:
            demo_site.write(settings, held, server)

    with (
        running.hold(settings, "up", moment=context.moment()) as home,
        stack.run(
            settings,
            moment=context.moment(),
            sandbox=sandbox_arguments(held) if held else None,
            airflow=True,
            prepare=prepare,
            progress=_both(out.progress, home.tell),
        ) as made,
    ):
        if made.airflow is not None:
            for dag in ("hub_day", "hub_outbox"):
                made.airflow.await_dag(dag, within=60)
        home.phase("ready", made.services)
        made.supervisor.watch()


def _both(first: Progress, second: Progress) -> Progress:
    def tell(english: str, french: str) -> None:
        first(english, french)
        second(english, french)

    return tell


def down(ctx: typer.Context) -> None:
    """Tout arrêter."""
    out = context.output(ctx)
    stopped = running.stop(context.settings(ctx), out.progress)
    out.document({"stopped": stopped})
    out.say("Arrêté." if stopped else "Rien ne tournait.", "Stopped." if stopped else "Nothing was running.")


def status(ctx: typer.Context) -> None:
    """Ce qui tourne, et où."""
    settings = context.settings(ctx)
    _show(ctx, settings, running.now(settings))


def _show(ctx: typer.Context, settings: Settings, found: Running | None) -> None:
    out = context.output(ctx)
    if found is None:
        out.document({"running": False, "home": str(settings.root)})
        out.say(f"Rien ne tourne dans {settings.root}.", f"Nothing runs in {settings.root}.")
        return
    access = airflow_services.prepare(settings).password_file if found.services else None
    out.document(
        {
            "running": True, "home": str(settings.root), "pid": found.pid, "purpose": found.purpose,
            "since": found.since, "phase": found.phase,
            "services": [{"name": n, "pid": p, "address": a} for n, p, a in found.services],
            "airflow": {"user": airflow_services.ADMINISTRATOR, "password_file": access and str(access)},
        }
    )  # fmt: skip
    columns = out.words("Service|Processus|Adresse", "Service|Process|Address").split("|")
    out.table("", columns, [(name, str(pid), address) for name, pid, address in found.services])
    if access:
        out.say(
            f"Airflow : utilisateur « {airflow_services.ADMINISTRATOR} », mot de passe dans {access}",
            f"Airflow: user '{airflow_services.ADMINISTRATOR}', password in {access}",
        )


def look(ctx: typer.Context) -> int:
    """Ce qui manque à cette machine et à ce dossier, et comment y remédier; tous les réglages."""
    out = context.output(ctx)
    settings = context.settings(ctx)
    found, values = doctor.findings(settings), doctor.values(settings)
    out.document(
        {
            "checks": [
                {
                    "check": item.check, "well": item.well, "message_fr": item.french,
                    "message_en": item.english, "remedy_fr": item.mend_french, "remedy_en": item.mend_english,
                }
                for item in found
            ],
            "settings": [
                {"variable": v.variable, "value": v.value, "origin": v.origin, "meaning": v.meaning}
                for v in values
            ],
        }
    )  # fmt: skip
    columns = out.words("Vérification|Bien|Constat|Remède", "Check|Well|Finding|Remedy").split("|")
    rows = [
        (i.check, i.well, out.words(i.french, i.english), out.words(i.mend_french, i.mend_english))
        for i in found
    ]
    out.table("", columns, rows)
    columns = out.words("Variable|Valeur|Origine|Sens", "Variable|Value|Origin|Meaning").split("|")
    out.table("", columns, [(v.variable, v.value, v.origin, v.meaning) for v in values])
    return 0 if all(item.well for item in found) else 2


@sandbox_app.command("up")
def sandbox_up(
    ctx: typer.Context,
    systems: Annotated[list[str] | None, typer.Argument(metavar="[SYSTÈME…]")] = None,
    students: Students = None,
    boards: Boards = None,
    seed: Seed = None,
    *,
    faults: Annotated[str, typer.Option("--faults", metavar="SYSTÈME=DÉFAUT+DÉFAUT,…")] = "",
) -> None:
    """Seulement les systèmes simulés, jusqu'à un signal : ceux de la démonstration, ou ceux qui sont nommés."""
    settings = demo_site.with_day(context.settings(ctx))
    held = size(students, boards, seed) or demo_site.kept(settings) or Size()
    misbehaviour = sandboxes.parse_faults(faults)
    sandboxes.check_faults(misbehaviour, systems=systems)
    ports.require_free(ports.sandbox(settings))
    province = demo_site.province(settings, held)
    server = postgres.ensure(settings)
    try:
        sandboxes.run(
            province,
            demo_site.sandbox_folder(settings),
            port=settings.sandbox_port,
            postgres=server.url("postgres"),
            systems=systems or None,
            faults=misbehaviour,
            tell=partial(_tell_systems, context.output(ctx), signing=bool(systems) or sys.stdout.isatty()),
        )
    finally:
        server.release()


def _tell_systems(out: Output, entries: Sequence[Mapping[str, Any]], *, signing: bool) -> None:
    """Each simulated system's address, and how to sign in when somebody asked: the service of `up` writes a log.

    The secrets are invented with the province, and open nothing else.
    """
    out.document({"systems": list(entries)})
    shown = ("user", "client_id")  # the other options say where things are, not who comes
    for entry in entries:  # no table: an address is copied, and a table would break it
        out.say(f"{entry['system']} : {entry['address']}", f"{entry['system']}: {entry['address']}")
        signed = {name: entry["options"][name] for name in shown if name in entry["options"]}
        for name, value in (signed | entry["secrets"]).items() if signing else ():
            out.say(f"    {name} : {value}", f"    {name}: {value}")
    out.stream.flush()  # it serves until a signal, and who reads a pipe waits for this
