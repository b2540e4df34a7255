"""What every command starts from: the settings, how to answer, the clock. Light: opens nothing."""

from datetime import UTC, date, datetime

import typer

from gateway.cli.output import Output
from gateway.settings import Settings


def settings(context: typer.Context) -> Settings:
    """The settings of this call."""
    found: Settings = context.obj[0]
    return found


def output(context: typer.Context) -> Output:
    """How this call answers."""
    found: Output = context.obj[1]
    return found


def moment() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is here."""
    return datetime.now().astimezone().date()
