"""`passerelle demo`: a whole day of an invented province, then what happened, in tables that balance."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import stamina
import typer

from canonical_model.errors import ConfigurationError, IntegrityError
from gateway import day as steps
from gateway.cli import context, demo_site, report_tables
from gateway.cli.services import Boards, Seed, Students, ready, sandbox_arguments, size
from gateway.operations import running, services, stack
from gateway.operations.stack import Stack
from gateway.settings import Settings
from gateway.store.hub import open_hub
from gateway.store.server import Server

DAG = "hub_day"
DAY_SECONDS = 900.0
STEPS = ("intake", "handoff", "ministry", "billing", "report")


def register(app: typer.Typer) -> None:
    """Add this command to `passerelle`."""
    app.command("demo")(demo)


def demo(
    ctx: typer.Context,
    students: Students = None,
    boards: Boards = None,
    seed: Seed = None,
    *,
    no_airflow: Annotated[
        bool, typer.Option("--no-airflow", help="Les mêmes étapes, dans ce processus, sans Airflow.")
    ] = False,
    until: Annotated[
        str,
        typer.Option("--until", help="S'arrêter après intake, handoff, ministry ou billing (sans Airflow)."),
    ] = "report",
    report: Annotated[Path | None, typer.Option("--report", metavar="FICHIER")] = None,
) -> int:
    """Une journée entière d'une province inventée : lire, remettre, déclarer, facturer, prouver."""
    if until not in STEPS:
        known = ", ".join(STEPS)
        raise ConfigurationError(f"--until: choose among {known}.", f"--until : choisissez parmi {known}.")
    if report is not None:
        report.open(
            "ab"
        ).close()  # a path that cannot be written is better known before the day than after it
    out = context.output(ctx)
    now = context.moment()
    settings = context.settings(ctx)
    with running.hold(settings, "demo", moment=now) as home:
        settings, held = ready(
            settings, size(students, boards, seed) or demo_site.kept(settings) or demo_site.Size()
        )
        assert held is not None  # noqa: S101 - a size was given, so the home holds a province

        def prepare(server: Server) -> None:
            demo_site.write(settings, held, server)
            with open_hub(_with_database(settings, server)):  # migrated once, before anybody asks
                pass

        with stack.run(
            settings,
            moment=now,
            sandbox=sandbox_arguments(held),
            airflow=not no_airflow and until == "report",
            prepare=prepare,
            progress=out.progress,
        ) as made:
            home.phase("ready", made.services)
            found = _run(made, now, until=until, progress=out.progress)
            addresses = {name: address for name, _, address in made.services}
    if found is None:
        out.document({"until": until})
        out.say(f"Arrêté après : {until}.", f"Stopped after: {until}.")
        return 0
    found["province"] = {"students": held.students, "boards": held.boards, "seed": held.seed}
    found["addresses"] = addresses
    if report is not None:
        report.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    out.document(found)
    report_tables.show(out, found)
    return 0 if found["balanced"] else IntegrityError.exit_code


def _try(path: Path) -> None:
    """A file that cannot be written is better known before the day than after it."""
    held = path.exists()
    path.open("ab").close()
    if not held:
        path.unlink()


def _run(made: Stack, now: datetime, *, until: str, progress: Any) -> dict[str, Any] | None:
    """One run of the day, by Airflow or in this process. Returns its report when it went to the end."""
    settings = _with_database(made.settings, made.server)
    run = f"demo-{now:%Y%m%dT%H%M%S}"
    if made.airflow is not None:
        made.airflow.await_dag(DAG, within=90, check=made.supervisor.check)
        made.airflow.give_up_unfinished(DAG)
        made.airflow.trigger(DAG, run)
        ended = made.airflow.follow(
            DAG, run, within=DAY_SECONDS, progress=progress, check=made.supervisor.check
        )
        ended.raise_for_failure()
    else:
        stamina.instrumentation.set_on_retry_hooks(())  # what is asked again is told as progress
        os.environ.update(_own(services.environment(settings, settings.database_url)))
        if not steps.whole(run, until=until, progress=progress):
            return None
    with open_hub(settings) as hub:
        return steps.kept_report(hub, run)


def _own(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PASSERELLE_")}


def _with_database(settings: Settings, server: Server) -> Settings:
    return Settings(**{**settings.model_dump(), "database_url": server.uri})
