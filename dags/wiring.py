"""Turn a gateway function into an Airflow task; the only Airflow code with a body.

A task is a transaction of the gateway, named by text and loaded when it runs, not when the file is
parsed. What it hands to the next task is an id or a list of ids: anything else is refused, for it
would stand in Airflow's database. A RetryableError is left to Airflow's retries; any other error of
the hub fails the task at once, because trying again would not mend it.
"""

import re
from datetime import timedelta
from importlib import import_module
from inspect import Parameter, Signature
from typing import Any

import structlog
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# none_failed: an empty list is a day with nothing to do there, not a reason to skip what follows.
COMMON: dict[str, Any] = {"retries": 3, "retry_delay": timedelta(seconds=5), "trigger_rule": "none_failed"}

_ID = re.compile(r"[A-Za-z0-9@._:/+~-]{1,200}")


def step(target: str, french: str, *, per: str = "", of: str = "", **options: Any) -> Any:
    """Make a task of ``package.module:function``.

    `french` is its name in Airflow's pages. `per` names the argument of which each mapped copy gets
    one, and shows it there instead of a number; `of` names the argument that gets the whole list.
    The function is called with that argument, if any, and with `run_id`.
    """
    module, _, name = target.partition(":")
    shown = {"map_index_template": f"{{{{ task.op_kwargs[{per!r}] }}}}"} if per else {}

    def run(**given: Any) -> str | list[str] | None:
        from gateway.operations.step_failure import EVENT, StepFailure  # noqa: PLC0415  when it runs, not when parsed

        try:
            return _ids_only(getattr(import_module(module), name)(**_plain(given)))
        except Exception as error:  # noqa: BLE001  every error is named here, so that none shows a value
            failure = StepFailure.of(error)
        # outside of `except`: the original error must not follow as context
        structlog.get_logger("passerelle").error(EVENT, **failure.line())
        raise (AirflowFailException if failure.final else AirflowException)(
            f"{failure.french}\n{failure.english}"
        )

    run.__signature__ = _signature(per or of)  # type: ignore[attr-defined]  # Airflow fills by name what it finds there
    named = {"task_id": name, "task_display_name": french}
    return task(**(COMMON | named | shown | options))(run)


def _signature(argument: str) -> Signature:
    own = [Parameter(argument, Parameter.POSITIONAL_OR_KEYWORD)] if argument else []
    run_id = Parameter("run_id", Parameter.POSITIONAL_OR_KEYWORD, default=None)  # a context key: None only
    return Signature([*own, run_id])


def _plain(ids: dict[str, Any]) -> dict[str, Any]:
    """The arguments as text and lists: what a mapped task handed over arrives as a lazy sequence."""
    return {name: value if isinstance(value, str) else list(value) for name, value in ids.items()}


def _ids_only(value: Any) -> str | list[str] | None:
    """The value, when it is an id or ids; anything else is not for Airflow's database."""
    ids = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if not all(isinstance(item, str) and _ID.fullmatch(item) for item in ids):
        raise TypeError("a step hands over ids only")
    return list(value) if isinstance(value, tuple) else value
