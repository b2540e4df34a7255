"""Ask Airflow through its own interface (REST v2): start a day, follow it, learn why a step failed.

Used on the machine that runs Airflow. No record passes here: run ids, task names, states, messages.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from gateway.operations.progress import Progress, silent
from gateway.operations.step_failure import StepFailure

_ENDED = ("success", "failed")
_TASK_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")
_LOOK_SECONDS = 0.5
_PAGE = 100  # Airflow's largest


@dataclass(frozen=True, slots=True)
class FailedStep:
    """One task that failed: its name and what it worked on, as ``fetch gpi@762000``."""

    english: str
    french: str
    tries: int
    failure: StepFailure


@dataclass(frozen=True, slots=True)
class DayRun:
    """How a run ended. `counts`: tasks by final state. `seconds`: from its start to its end."""

    run_id: str
    state: str
    counts: Mapping[str, int]
    seconds: float
    failed: tuple[FailedStep, ...]

    def raise_for_failure(self) -> None:
        """Nothing when the run succeeded; otherwise the gravest of its failures, as an error of the hub."""
        if self.state == "success":
            return
        if not self.failed:
            raise HubError(
                f"run {self.run_id}: ended as {self.state} without a failed step. Look at it in Airflow.",
                f"exécution {self.run_id} : terminée ({self.state}) sans étape en échec. Voir Airflow.",
            )
        gravity = (4, 2, 3, 1)
        raise min(self.failed, key=lambda step: gravity.index(step.failure.exit_code)).failure.error()


class AirflowApi:
    """Signed in when first needed, and again when the sign-in has lapsed."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address, self._user, self._password = address, user, password
        self._http = httpx.Client(base_url=address, timeout=15, trust_env=False)  # this machine: no proxy

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def alive(self, part: str, since: datetime) -> bool:
        """Whether ``api``, ``scheduler`` or ``dag_processor`` works, by a sign of life after `since`.

        Airflow calls a part healthy for a while after its death; hence the moment. The interface builds
        what its tasks speak with at the first question, for seconds: it is asked here, not by the first task.
        """
        try:
            health = self._http.get("/api/v2/monitor/health", timeout=2).json()
            if part == "api":
                return self._http.get("/execution/health", timeout=30).is_success
        except (httpx.TransportError, ValueError):
            return False
        beat = health.get(part, {}).get(f"latest_{part}_heartbeat")
        return bool(beat) and datetime.fromisoformat(beat) >= since

    def await_dag(self, dag_id: str, *, within: float, check: Callable[[], None] = lambda: None) -> None:
        """Wait until Airflow has read the DAG; then let it run. `check` may raise to give up.

        Raises ConfigurationError when its file cannot be imported, RetryableError when time is up.
        """
        until = time.monotonic() + within
        while self._get(f"/dags/{dag_id}", absent=None) is None:
            check()
            if broken := self._get("/importErrors")["import_errors"]:
                file, said = broken[0]["filename"], broken[0]["stack_trace"].strip().rpartition("\n")[2]
                raise ConfigurationError(
                    f"{file}: Airflow cannot read it ({said}). Correct the file.",
                    f"{file} : Airflow ne peut pas le lire ({said}). Corrigez le fichier.",
                )
            if time.monotonic() > until:
                raise RetryableError(
                    f"Airflow: it does not know {dag_id} after {within:.0f} s. Read dag-processor.log.",
                    f"Airflow : il ne connaît pas {dag_id} après {within:.0f} s. Lisez dag-processor.log.",
                )
            time.sleep(_LOOK_SECONDS)
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def give_up_unfinished(self, dag_id: str) -> int:
        """Mark as failed what a stopped hub left unfinished: it would hold up the next run. How many."""
        left = [
            run["dag_run_id"]
            for state in ("running", "queued")
            for run in self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", state=state)
        ]
        for run_id in left:
            self._call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"})
        return len(left)

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any] | None = None) -> None:
        """Ask for a run. One of that id that exists already is left as it is."""
        asked = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        self._call("POST", f"/dags/{dag_id}/dagRuns", json=asked, allow=(httpx.codes.CONFLICT,))

    def follow(
        self,
        dag_id: str,
        run_id: str,
        *,
        within: float,
        progress: Progress = silent,
        check: Callable[[], None] = lambda: None,
    ) -> DayRun:
        """Wait for the end of a run and tell each step that ends. `check` may raise to give up.

        Raises RetryableError when the run has not ended in time; it is then left to Airflow.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}"
        french = {
            task["task_id"]: task["task_display_name"] for task in self._get(f"/dags/{dag_id}/tasks")["tasks"]
        }
        started, told = time.monotonic(), set[tuple[str, int, str, int]]()
        while True:
            state = self._get(path)["state"]
            tasks = tuple(
                task | {"french": french.get(task["task_id"], task["task_id"])}  # mapped copies lack the name
                for task in self._pages(f"{path}/taskInstances", "task_instances")
            )
            _tell(tasks, told, progress)
            if state in _ENDED:
                return self._ended(path, run_id, state, tasks, time.monotonic() - started)
            check()
            if time.monotonic() - started > within:
                raise RetryableError(
                    f"run {run_id}: not finished after {within:.0f} s. See it in Airflow: {self.address}.",
                    f"exécution {run_id} : pas terminée après {within:.0f} s."
                    f" Voyez-la dans Airflow : {self.address}.",
                )
            time.sleep(_LOOK_SECONDS)

    def _ended(
        self, path: str, run_id: str, state: str, tasks: tuple[dict[str, Any], ...], seconds: float
    ) -> DayRun:
        states = [task["state"] for task in tasks]
        failed = tuple(self._failed_step(path, task) for task in tasks if task["state"] == "failed")
        return DayRun(
            run_id, state, {name: states.count(name) for name in sorted(set(states))}, seconds, failed
        )

    def _failed_step(self, path: str, task: dict[str, Any]) -> FailedStep:
        english, french = _names(task)
        where = f"{path}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        answer = self._get(where, map_index=task["map_index"], full_content=True, absent={"content": []})
        found = [failure for line in answer["content"] if (failure := StepFailure.read(_facts(line)))]
        return FailedStep(
            english, french, task["try_number"], found[-1] if found else _silent_end(english, french)
        )

    def _pages(self, path: str, name: str, **params: Any) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._get(path, limit=_PAGE, offset=offset, **params)
            yield from page[name]
            offset += _PAGE
            if offset >= page["total_entries"]:
                return

    def _get(self, path: str, *, absent: Any = ..., **params: Any) -> Any:
        allow = () if absent is ... else (httpx.codes.NOT_FOUND,)
        answer = self._call("GET", path, params=params, allow=allow)
        return absent if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    def _call(self, method: str, path: str, *, allow: tuple[int, ...] = (), **given: Any) -> httpx.Response:
        try:
            if "Authorization" not in self._http.headers:
                self._sign_in()
            answer = self._http.request(method, f"/api/v2{path}", **given)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._sign_in()
                answer = self._http.request(method, f"/api/v2{path}", **given)
        except httpx.TransportError as error:
            raise RetryableError(
                f"Airflow: no answer at {self.address}. Read api-server.log, then try again.",
                f"Airflow : pas de réponse à {self.address}. Lisez api-server.log, puis réessayez.",
            ) from error
        if answer.is_success or answer.status_code in allow:
            return answer
        kind = RetryableError if answer.is_server_error else ConfigurationError
        raise kind(
            f"Airflow: {method} {path} answered {answer.status_code}. Read api-server.log.",
            f"Airflow : {method} {path} a répondu {answer.status_code}. Lisez api-server.log.",
        )

    def _sign_in(self) -> None:
        answer = self._http.post("/auth/token", json={"username": self._user, "password": self._password})
        if not answer.is_success:
            raise ConfigurationError(
                f"Airflow: it refuses the sign-in of {self._user}. Restore its password file, or delete it.",
                f"Airflow : il refuse la connexion de {self._user}. Rétablissez le fichier du mot de passe,"
                " ou supprimez-le.",
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _facts(line: Any) -> Mapping[str, Any]:
    return line if isinstance(line, dict) else {}


def _silent_end(english: str, french: str) -> StepFailure:
    return StepFailure(
        "killed",
        RetryableError.exit_code,
        final=False,
        english=f"{english}: the step ended without a word, as a killed process does. Try again.",
        french=f"{french} : l'étape a pris fin sans un mot, comme un processus tué. Réessayez.",
    )


def _names(task: dict[str, Any]) -> tuple[str, str]:
    """The step in English and in French, with what it works on."""
    on = f" {task['rendered_map_index'] or task['map_index']}" if task["map_index"] >= 0 else ""
    return task["task_id"] + on, task["french"] + on


def _tell(
    tasks: tuple[dict[str, Any], ...], told: set[tuple[str, int, str, int]], progress: Progress
) -> None:
    """Tell each task that ended or awaits another try, once."""
    done = sum(task["state"] in _TASK_ENDED for task in tasks)
    for task in tasks:
        sign = (task["task_id"], task["map_index"], task["state"], task["try_number"])
        if sign in told or task["state"] not in _WORDS:
            continue
        told.add(sign)
        english, french = _names(task)
        word = _WORDS[task["state"]]
        progress(f"{english}: {word[0]} ({done}/{len(tasks)})", f"{french} : {word[1]} ({done}/{len(tasks)})")


_WORDS = {
    "success": ("done", "fait"),
    "skipped": ("nothing to do", "rien à faire"),
    "up_for_retry": ("to be tried again", "sera repris"),
    "failed": ("failed", "échec"),
}
