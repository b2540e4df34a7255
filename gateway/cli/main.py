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
from gateway.cli import day, dossiers, mappings, services
from gateway.cli.output import Output
from gateway.settings import Settings

app = typer.Typer(
    name="passerelle",
    help="Passerelle : la plaque tournante du réseau scolaire québécois.\n\n"
    "--json et --lang fr|en valent pour chaque commande.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (day, services, mappings, dossiers):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call. Returns the exit code; never shows a traceback for an error of the hub's own."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: every `finally` on the way out runs
        signal.signal(number, _interrupt)
    words, as_json, language = _split(list(sys.argv[1:] if arguments is None else arguments))
    try:
        settings = _settings()
        output = Output(json=as_json, language=language or settings.lang)
    except ConfigurationError as error:
        return Output(json=as_json, language=language or "fr").error(error)
    try:
        found = app(args=words, standalone_mode=False, obj=(settings, output))
    except TyperException as error:
        return output.error(_wrong_call(error))
    except (KeyboardInterrupt, typer.Abort):
        return output.error(
            RetryableError(
                "Interrupted: everything was stopped, nothing is half done. Run the same command again.",
                "Interrompu : tout est arrêté, rien n'est à moitié fait. Relancez la même commande.",
            )
        )
    except HubError as error:
        return output.error(error)
    return found if isinstance(found, int) else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


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
    return words, as_json, language if language in ("fr", "en") else None


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


if __name__ == "__main__":
    sys.exit(main())
