"""`passerelle`: reads the call, opens what it needs, answers with the exit codes of the interface.

0 done · 1 done, and a person is needed · 2 wrong call or configuration
3 no answer, or interrupted: nothing half done, try again · 4 broken evidence or reconciliation
"""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from types import FrameType
from typing import Annotated

import structlog
import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from canonical_model import VERSION
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
    app.callback()(_options)  # also: one command alone would otherwise lose its name
    for names, register in _MODULES:
        if first in names or not any(first in others for others, _ in _MODULES):
            register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"passerelle {VERSION}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="La version installée.")
    ] = False,
) -> None:
    """What may stand before a command."""


def _identifiers(app: typer.Typer) -> None:
    from gateway.cli import identifiers  # noqa: PLC0415

    identifiers.register(app)


def _model(app: typer.Typer) -> None:
    from gateway.cli import model  # noqa: PLC0415

    model.register(app)


def _mappings(app: typer.Typer) -> None:
    from gateway.cli import mapping  # noqa: PLC0415

    mapping.register(app)


def _dossiers(app: typer.Typer) -> None:
    from gateway.cli import dossiers  # noqa: PLC0415

    dossiers.register(app)


def _accounts(app: typer.Typer) -> None:
    from gateway.cli import accounts  # noqa: PLC0415

    accounts.register(app)


def _services(app: typer.Typer) -> None:
    from gateway.cli import services  # noqa: PLC0415

    services.register(app)


def _day(app: typer.Typer) -> None:
    from gateway.cli import day  # noqa: PLC0415

    day.register(app)


def _bench(app: typer.Typer) -> None:
    from gateway.cli import bench  # noqa: PLC0415

    bench.register(app)


def _outbox(app: typer.Typer) -> None:
    from gateway.cli import outbox  # noqa: PLC0415

    outbox.register(app)


def _slips(app: typer.Typer) -> None:
    from gateway.cli import slips  # noqa: PLC0415

    slips.register(app)


def _connectors(app: typer.Typer) -> None:
    from gateway.cli import connector  # noqa: PLC0415

    connector.register(app)


_MODULES = (
    (("connector",), _connectors),
    (("demo",), _day),
    (("up", "serve", "down", "status", "doctor", "sandbox"), _services),
    (("mapping",), _mappings),
    (("model",), _model),
    (("bench",), _bench),
    (("identifier",), _identifiers),
    (("dossier", "consent"), _dossiers),
    (("quarantine", "evidence", "exchange", "store"), _accounts),
    (("outbox",), _outbox),
    (("rl24",), _slips),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call. Returns the exit code; never shows a traceback for an error of the hub's own."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # every `finally` on the way out runs
        signal.signal(number, _interrupt)
    words, as_json, language = _split(list(sys.argv[1:] if arguments is None else arguments))
    try:
        settings = _settings()
        output = Output(json=as_json, language=_language(settings.lang if language is None else language))
    except ConfigurationError as error:
        return Output(json=as_json, language="en" if language == "en" else "fr").error(error)
    try:
        with redirect_stdout(sys.stderr) if as_json else nullcontext():  # whoever else prints, prints there
            run = application(words[0] if words else "")
            found = run(args=words, standalone_mode=False, prog_name="passerelle", obj=(settings, output))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor may the exit try to write again
        return RetryableError.exit_code
    except (Exception, Interrupted, KeyboardInterrupt) as error:  # noqa: BLE001 - told, each in its own way
        return output.error(_told(error))
    return found if isinstance(found, int) else 0


def _told(error: BaseException) -> HubError:
    """Any error as the hub's own, in words that repeat no person's value."""
    if isinstance(error, HubError):
        return error
    if isinstance(error, TyperException):
        return _wrong_call(error)
    if isinstance(error, OSError) and error.filename is not None and error.errno in _FILE_FAULTS:
        return _file_fault(error)
    if isinstance(error, Exception) and not isinstance(error, typer.Abort):
        return StepFailure.of(error).error()
    return RetryableError(
        "Interrupted: everything was stopped, nothing is half done. Run the same command again.",
        "Interrompu : tout est arrêté, rien n'est à moitié fait. Relancez la même commande.",
    )


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
    """What is wrong with the call, by its kind: what was typed may be a person's number and is not repeated."""
    command = getattr(getattr(error, "ctx", None), "command_path", "passerelle")
    kind = type(error).__name__
    name = _parameter(error)
    english, french = {
        "NoArgsIsHelpError": ("no command", "il manque une commande"),
        "MissingParameter": (f"{name} is missing", f"il manque {name}"),
        "BadParameter": (f"{name} does not take that value", f"{name} n'accepte pas cette valeur"),
        "NoSuchOption": (f"no option {name}", f"aucune option {name}"),
        "BadOptionUsage": (f"{name} needs a value", f"{name} demande une valeur"),
        "UsageError": ("one word too many", "un mot de trop"),
    }.get(kind, ("the call is wrong", "appel incorrect"))
    if kind == "UsageError" and error.message.startswith("No such command"):
        english, french = "unknown command", "commande inconnue"
    return ConfigurationError(
        f"{command}: {english}. See `{command} --help`.",
        f"{command} : {french}. Voyez `{command} --help`.",
    )


def _parameter(error: TyperException) -> str:
    """The option or argument that the error is about, as the help names it."""
    parameter = getattr(error, "param", None)
    said = parameter.get_error_hint() if parameter else getattr(error, "option_name", "")
    return str(said).replace("'", "")


def _file_fault(error: OSError) -> ConfigurationError:
    """A file that the call names, or that the hub keeps, and that cannot be used."""
    english, french = _FILE_FAULTS[error.errno or 0]
    place = os.fsdecode(error.filename)
    return ConfigurationError(
        f"{place}: {english}. Correct the path, or mend what stands there.",
        f"{place} : {french}. Corrigez le chemin, ou réparez ce qui s'y trouve.",
    )


_FILE_FAULTS = {
    errno.ENOENT: ("there is no such file or folder", "aucun fichier ni dossier de ce nom"),
    errno.EACCES: ("this account may not use it", "ce compte n'y a pas droit"),
    errno.EPERM: ("this account may not use it", "ce compte n'y a pas droit"),
    errno.EISDIR: ("it is a folder", "c'est un dossier"),
    errno.ENOTDIR: ("it is not a folder", "ce n'est pas un dossier"),
    errno.EEXIST: ("something else stands there", "autre chose s'y trouve déjà"),
    errno.EROFS: ("nothing can be written there", "rien ne peut y être écrit"),
    errno.ENOSPC: ("the disk is full", "le disque est plein"),
    errno.ENAMETOOLONG: ("the name is too long", "le nom est trop long"),
}
