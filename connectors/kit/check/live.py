"""Checks a connector against its live sandbox: columns, counts, twice the same, secrets, faults, silence.

Each check yields what it found and goes on; nothing here knows a mapping or a test framework.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import polars as pl

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.check import faults, samples
from connectors.kit.check.finding import Finding, fault, of_error, untried, well
from connectors.kit.check.overheard import secrets_as_sent
from connectors.kit.check.trial import Trial, away
from connectors.kit.contract import Stream
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt

WRONG = "wrong-on-purpose"
FAULT = "_fault"
KEY = "LOT-1"  # of a delivery, for whom may choose it
Deliver = Callable[[str], Delivery]
NAMES = ("columns", "counts", "twice", "resumes", "wrong-secret", "down", "faults", "quiet")


def findings(trial: Trial) -> Iterator[Finding]:
    """Everything that can be tried without anything to deliver, in the order of the report card."""
    if trial.told.direction != "inbound":  # only what has something to deliver can try it: its own tests do
        yield from map(by_its_tests, NAMES)
        return
    tried = [held(trial, name, check) for name, check in INBOUND]
    tried += [held(trial, f"fault-{name}", partial(one_fault, name=name)) for name in known(trial)]
    yield from tried
    yield _all_faults(tried)
    yield quiet(trial)


def not_tried(name: str) -> Finding:
    """The finding of a check of this module that nobody asked for."""
    return untried(name, f"{name} : non essayé; demandez --live.", f"{name}: not tried; ask for --live.")


def by_its_tests(name: str) -> Finding:
    """The finding of a check that only something to deliver could try."""
    return untried(
        name,
        f"{name} : une sortie s'essaie par ses propres tests (test_connector.py).",
        f"{name}: what delivers is tried by its own tests (test_connector.py).",
    )


def not_yet(name: str) -> Finding:
    """The finding of a check of this module that waits for what is wrong in the folder."""
    return untried(
        name,
        f"{name} : non essayé; corrigez d'abord le dossier.",
        f"{name}: not tried; mend the folder first.",
    )


def held(trial: Trial, name: str, check: Callable[[Trial], Finding]) -> Finding:
    """The finding of a check; an error of the hub that it did not expect is a fault of that name."""
    try:
        return check(trial)
    except HubError as error:
        trial.heard.error(error)
        return of_error(name, error)


def known(trial: Trial) -> tuple[str, ...]:
    """The faults of the sandbox, in order."""
    return tuple(sorted(trial.known_faults()))


def columns(trial: Trial) -> Finding:
    """Whether every frame has the contract's columns, all of text, and every row a key."""
    streams = samples.contract_streams(trial.told)
    with trial.standing() as installation:
        for name, declared in trial.told.streams.items():
            frame, _ = trial.rows(installation, name)
            if wrong := _shape(name, frame, declared.key, streams.get(name)):
                return fault("columns", *wrong)
    return well(
        "columns", "Les réponses ont les colonnes du contrat.", "Answers have the contract's columns."
    )


def _shape(
    name: str, frame: pl.DataFrame, key: tuple[str, ...], stream: Stream | None
) -> tuple[str, str] | None:
    names = [column for column in frame.columns if column != FAULT]
    if stream is not None and names != list(stream.names):
        odd = sorted(set(names) ^ set(stream.names)) or ["l'ordre · the order"]
        return (
            f"{name} : {odd[0]} n'est pas comme dans le contrat. Corrigez la source ou le contrat.",
            f"{name}: {odd[0]} is not as in the contract. Correct the source or the contract.",
        )
    if set(frame.dtypes) - {pl.String}:
        return (
            f"{name} : une colonne n'est pas du texte. La source rend ce qui fut écrit.",
            f"{name}: a column is not text. A source gives what was written.",
        )
    sound = frame.filter(pl.col(FAULT).is_null()) if FAULT in frame.columns else frame
    if any(sound[column].null_count() for column in key):
        return (
            f"{name} : une ligne sans clé. Corrigez la clé du manifeste.",
            f"{name}: a row without a key. Correct the manifest's key.",
        )
    return None


def counts(trial: Trial) -> Finding:
    """Whether as many rows come as the source says; unknown when it cannot say for any stream."""
    said = 0
    with trial.standing() as installation:
        for name in trial.told.streams:
            frame, count = trial.rows(installation, name)
            if count is not None and count != frame.height:
                return fault(
                    "counts",
                    f"{name} : {frame.height} lignes lues, {count} annoncées. Corrigez la source ou le total.",
                    f"{name}: {frame.height} rows read, {count} said. Correct the source or the total.",
                )
            said += count is not None
    if not said:
        return untried("counts", "La source n'annonce aucun nombre.", "The source says no count.")
    return well("counts", "Les nombres concordent.", "The counts agree.")


def twice(trial: Trial) -> Finding:
    """Whether two pulls in a row give the same rows in the same order."""
    with trial.standing() as installation:
        for name in trial.told.streams:
            first, again = (trial.rows(installation, name)[0] for _ in range(2))
            if not first.equals(again):
                return fault(
                    "twice",
                    f"{name} : deux lectures diffèrent. Demandez un ordre stable, par la clé.",
                    f"{name}: two pulls differ. Ask for a stable order, by the key.",
                )
    return well("twice", "Deux lectures donnent les mêmes lignes.", "Two pulls give the same rows.")


def resumes(trial: Trial) -> Finding:
    """Whether the pages after a position are those that came after it; unknown when there is none to resume from."""
    tried = 0
    with trial.standing() as installation, ExitStack() as stack:
        for name in trial.told.streams:
            source = stack.enter_context(trial.source(installation))
            pages = trial.pages(source, name)
            if len(pages) < 2 or pages[0].position is None:
                continue
            tried += 1
            rest = trial.pages(stack.enter_context(trial.source(installation)), name, pages[0].position)
            whole = pl.concat([page.frame for page in pages[1:]], how="diagonal")
            if not pl.concat([page.frame for page in rest], how="diagonal").equals(whole):
                return fault(
                    "resumes",
                    f"{name} : la suite d'une lecture interrompue n'est pas la bonne. Corrigez `pages`.",
                    f"{name}: the rest of a pull that was cut is not the right one. Correct `pages`.",
                )
    if not tried:
        return untried(
            "resumes", "Une page suffit; rien à reprendre.", "One page is enough; nothing to resume."
        )
    return well("resumes", "Une lecture interrompue reprend.", "A pull that was cut goes on.")


def wrong_secret(trial: Trial) -> Finding:
    """Whether a wrong secret is terminal and named, and never shown."""
    if not trial.told.secrets:
        return untried("wrong-secret", "Aucun secret.", "No secret.")
    with trial.standing() as installation:
        for name in trial.told.secrets:
            wrong = replace(installation, secrets={**installation.secrets, name: WRONG})
            error = _error(trial, wrong)
            if not isinstance(error, ConfigurationError) or isinstance(error, RetryableError):
                return fault(
                    "wrong-secret",
                    f"{name} : un mauvais secret n'arrête pas. Levez ConfigurationError.",
                    f"{name}: a wrong secret does not stop. Raise ConfigurationError.",
                )
            if name not in error.english or WRONG in error.english + error.french:
                return fault(
                    "wrong-secret",
                    f"{name} : le message ne nomme pas le secret, ou le montre. Corrigez le message.",
                    f"{name}: the message does not name the secret, or shows it. Correct the message.",
                )
    return well("wrong-secret", "Un mauvais secret est nommé.", "A wrong secret is named.")


def down(trial: Trial) -> Finding:
    """Whether a partner that does not answer is for a later try."""
    with trial.standing() as installation:
        gone = away(installation)
    if gone is None:
        return untried("down", "Un dossier répond toujours.", "A folder always answers.")
    error = _error(trial, gone)
    if not isinstance(error, RetryableError):
        return fault(
            "down",
            "Un partenaire absent n'est pas à réessayer. Levez RetryableError.",
            "A partner that is down is not for a later try. Raise RetryableError.",
        )
    return well("down", "Un partenaire absent se réessaie.", "A partner that is down may be tried again.")


def _error(trial: Trial, installation: Installation) -> HubError | None:
    """The error of a first question; None when it was answered. What has nothing to deliver is not asked."""
    try:
        with trial.source(installation) as source:
            for stream in trial.told.streams:
                for _ in source.pages(stream, trial.window):
                    break
    except HubError as error:
        trial.heard.error(error)
        return error
    return None


def one_fault(trial: Trial, name: str, deliver: Deliver | None = None) -> Finding:
    """Whether the answer to a fault is one of those that faults.yaml allows. `deliver`: makes what is handed over."""
    expected = faults.known().get(name)
    check = f"fault-{name}"
    if expected is None:
        return fault(
            check,
            f"{name} : ce défaut n'est pas dans faults.yaml. Dites-y la réponse attendue.",
            f"{name}: this fault is not in faults.yaml. Say there what answer is expected.",
        )
    answer = _answer(trial, name, expected.options, deliver)
    english, french = answer, faults.ANSWERS.get(answer, answer)
    if answer not in expected.answers:
        wanted = ", ".join(faults.ANSWERS[item] for item in expected.answers)
        return fault(
            check,
            f"{name} : réponse « {french} », attendue « {wanted} ». {expected.french}",
            f"{name}: answered {english}, expected {', '.join(expected.answers)}. {expected.english}",
        )
    return well(check, f"{name} : {french}. {expected.french}", f"{name}: {english}. {expected.english}")


def _answer(trial: Trial, name: str, options: Mapping[str, str], deliver: Deliver | None) -> str:
    try:
        with trial.standing(name, options=options) as installation:
            if deliver is not None:
                delivered(trial, installation, deliver(KEY))
                return "survived"
            frames = [trial.rows(installation, stream)[0] for stream in trial.told.streams]
    except HubError as error:
        trial.heard.error(error)
        return faults.answer_of(error)
    faulty = any(FAULT in frame.columns and frame[FAULT].is_not_null().any() for frame in frames)
    return "set-aside" if faulty else "survived"


def delivered(trial: Trial, installation: Installation, delivery: Delivery) -> Receipt:
    """The receipt of one delivery. Raises as the target does."""
    with trial.target(installation) as target:
        return target.deliver(delivery)


def once(trial: Trial, deliver: Deliver) -> Finding:
    """Whether the same delivery, handed over again and to a partner that was restarted, has one receipt.

    A partner that answers later gives a receipt under the delivery's own key until then.
    """
    receipts, key = [], deliver(KEY).key
    for _ in range(2):
        with trial.standing(place="once") as installation:
            receipts += [delivered(trial, installation, deliver(KEY)) for _ in range(2)]
    waiting = [item for item in receipts if item.number == key]
    answered = [item for item in receipts if item.number != key]
    if any(item != held[0] for held in (waiting, answered) for item in held):
        return fault(
            "once",
            "La même remise a deux accusés. Envoyez la clé d'idempotence, et rendez le premier accusé.",
            "The same delivery has two receipts. Send the idempotency key, and give the first receipt.",
        )
    return well("once", "La même remise n'en fait qu'une.", "The same delivery is once.")


def quiet(trial: Trial) -> Finding:
    """Whether all that was said so far holds no secret and no value of a person."""
    with trial.standing() as installation:
        values = secrets_as_sent(installation.secrets, installation.options)
    found = trial.heard.leaks(values | trial.people)
    if found:
        place = min(found)
        return fault(
            "quiet",
            f"Un secret ou une personne se lit dans : {place} ({found[place]} fois). Retirez-le.",
            f"A secret or a person can be read in: {place} ({found[place]} times). Remove it.",
        )
    return well(
        "quiet", "Aucun secret, aucune personne dans ce qui se dit.", "No secret, no person in what is said."
    )


def _all_faults(tried: list[Finding]) -> Finding:
    """One finding for all faults, which a rung may name."""
    those = [item for item in tried if item.check.startswith("fault-")]
    if not those:
        return untried("faults", "Le bac à sable ne connaît aucun défaut.", "The sandbox knows no fault.")
    if wrong := [item for item in those if item.state == "fault"]:
        names = ", ".join(item.check.removeprefix("fault-") for item in wrong)
        return fault(
            "faults",
            f"{len(wrong)} défauts sur {len(those)} n'ont pas la réponse attendue : {names}.",
            f"{len(wrong)} faults of {len(those)} are not answered as expected: {names}.",
        )
    return well(
        "faults",
        f"{len(those)} défauts, la bonne réponse à chacun.",
        f"{len(those)} faults, each answered right.",
    )


INBOUND: tuple[tuple[str, Callable[[Trial], Finding]], ...] = (
    ("columns", columns), ("counts", counts), ("twice", twice), ("resumes", resumes),
    ("wrong-secret", wrong_secret), ("down", down),
)  # fmt: skip
