"""`passerelle`: reads the call, opens what it needs, answers with the exit codes of the interface.

0 done · 1 done, and a person is needed · 2 wrong call or configuration
3 no answer, or interrupted: nothing half done, try again · 4 broken evidence or reconciliation
"""

import signal
import sys
from collections.abc import Sequence
from types import FrameType

import structlog
import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from gateway.cli.output import Output
from gateway.operations.step_failure import StepFailure
from gateway.settings import Settings

HELP = (
    "Passerelle : la plaque tournante du réseau scolaire québécois.\n\n"
    "--json et --lang fr|en valent pour chaque commande."
)


def application(first: str = "") -> typer.Typer:
    """The command line, with the modules that the first word needs; all of them when it needs no one in particular.

    A call that checks one identifier does not wait for the store, zeep and Polars to be loaded.
    """
    app = typer.Typer(
        name="passerelle",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # one command alone would otherwise lose its name
    for names, register in _MODULES:
        if first in names or not any(first in others for others, _ in _MODULES):
            register(app)
    return app


def _identifiers(app: typer.Typer) -> None:
    from gateway.cli import identifiers  # noqa: PLC0415

    identifiers.register(app)


def _mappings(app: typer.Typer) -> None:
    from gateway.cli import mappings  # noqa: PLC0415

    mappings.register(app)


def _dossiers(app: typer.Typer) -> None:
    from gateway.cli import dossiers  # noqa: PLC0415

    dossiers.register(app)


def _services(app: typer.Typer) -> None:
    from gateway.cli import services  # noqa: PLC0415

    services.register(app)


def _day(app: typer.Typer) -> None:
    from gateway.cli import day  # noqa: PLC0415

    day.register(app)


_MODULES = (
    (("demo",), _day),
    (("up", "serve", "down", "status", "doctor", "sandbox"), _services),
    (("mapping",), _mappings),
    (("identifier",), _identifiers),
    (("dossier", "quarantine", "evidence", "consent", "exchange", "store"), _dossiers),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call. Returns the exit code; never shows a traceback for an error of the hub's own."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # every `finally` on the way out runs
        signal.signal(number, _interrupt)
    words, as_json, language = _split(list(sys.argv[1:] if arguments is None else arguments))
    try:
        settings = _settings()
        output = Output(json=as_json, language=_language(language or settings.lang))
    except ConfigurationError as error:
        return Output(json=as_json, language="en" if language == "en" else "fr").error(error)
    try:
        run = application(words[0] if words else "")
        found = run(args=words, standalone_mode=False, prog_name="passerelle", obj=(settings, output))
    except TyperException as error:
        return output.error(_wrong_call(error))
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        return output.error(
            RetryableError(
                "Interrupted: everything was stopped, nothing is half done. Run the same command again.",
                "Interrompu : tout est arrêté, rien n'est à moitié fait. Relancez la même commande.",
            )
        )
    except HubError as error:
        return output.error(error)
    except Exception as error:  # noqa: BLE001 - a defect: its kind and place are shown, its values are not
        return output.error(StepFailure.of(error).error())
    return found if isinstance(found, int) else 0


class Interrupted(BaseException):
    """A signal asked for the end. Not a KeyboardInterrupt: Typer would answer that one with its own exit code."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _split(arguments: list[str]) -> tuple[list[str], bool, str | None]:
    """The call without ``--json`` and ``--lang``, which may stand anywhere in it."""
    words, as_json, language = [], False, None
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            words += [word, *rest]
        elif word == "--json":
            as_json = True
        elif word == "--lang":
            language = next(rest, "")
        elif word.startswith("--lang="):
            language = word.removeprefix("--lang=")
        else:
            words.append(word)
    return words, as_json, language


def _language(word: str) -> str:
    if word not in ("fr", "en"):
        raise ConfigurationError("--lang: write fr or en.", "--lang : écrivez fr ou en.")
    return word


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        name = "PASSERELLE_" + str(error.errors(include_input=False)[0]["loc"][0]).upper()
        raise ConfigurationError(
            f"{name}: the value is not of the right kind. Correct it; `passerelle doctor` lists the settings.",
            f"{name} : la valeur n'est pas du bon type. Corrigez-la; `passerelle doctor` liste les réglages.",
        ) from error


def _wrong_call(error: TyperException) -> ConfigurationError:
    said = getattr(error, "format_message", error.__str__)()
    command = getattr(getattr(error, "ctx", None), "command_path", "passerelle")
    return ConfigurationError(
        f"{command}: {said} See `{command} --help`.",
        f"{command} : appel incorrect ({said}). Voyez `{command} --help`.",
    )
