"""Every error of the hub, grouped by what the caller does next.

    HubError
      ConfigurationError     stop: a person must change a file, a setting or the call      exit 2
      RetryableError         try again later: nothing is wrong here                        exit 3
      IntegrityError         stop: evidence is broken or two counts disagree               exit 4
      RecordError            set this record aside: the run goes on                        exit 1
      RefusedError           no: a decision says why; nothing left                         exit 1

A message is *where: what. What to do.*, in English for logs and in French for people. It names
places and ids, never a person's value, for it ends in logs. `code` is stable: documentation,
problem types and SOAP faults are looked up by it.
"""

from typing import Any, ClassVar


class HubError(Exception):
    """Base of every error the hub raises. Errors cross process borders, so they can be pickled.

    `english` and `french` are whole sentences: where, what, and what to do.
    """

    code: ClassVar[str] = "hub"
    exit_code: ClassVar[int] = 2

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.english = english
        self.french = french

    def words(self, language: str) -> str:
        """The message in ``fr`` or ``en``."""
        return self.french if language == "fr" else self.english

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[HubError], args: tuple[Any, ...], state: dict[str, Any]) -> HubError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(HubError):
    """Stop. A person must change a file, a setting or the call."""

    code = "configuration"
    exit_code = 2


class RetryableError(HubError):
    """Try again later. Nothing is wrong here.

    `retry_after`: seconds that the partner asks us to keep away; 0 when it asks for none.
    """

    code = "retryable"
    exit_code = 3

    def __init__(self, english: str, french: str, *, retry_after: float = 0.0) -> None:
        super().__init__(english, french)
        self.retry_after = retry_after


class IntegrityError(HubError):
    """Stop. Evidence is broken, or figures that must agree do not."""

    code = "integrity"
    exit_code = 4


class RecordError(HubError):
    """Set this record aside. The run goes on."""

    code = "record"
    exit_code = 1


class RefusedError(HubError):
    """A decision says no. `reason` is its stable code; nothing left."""

    code = "refused"
    exit_code = 1

    def __init__(self, english: str, french: str, *, reason: str) -> None:
        super().__init__(english, french)
        self.reason = reason
