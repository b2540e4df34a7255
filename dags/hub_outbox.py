"""The clock of the outbox: what waits for its partner leaves when it may. Wiring only, no rule and no record."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from dags.wiring import step

# A back-off grows from 5 s to 15 min and opening hours are told in minutes: five minutes late is not late.
# More often would start a process, for nothing most of the time, on a machine with two cores.
EVERY_FIVE_MINUTES = "*/5 * * * *"

# No retries: the next round is the retry, and the outbox itself says how long to keep away from whom.
send_waiting = step("gateway.rounds:send_waiting", "Envoyer ce qui peut partir", retries=0)


@dag(
    "hub_outbox",
    dag_display_name="Envois en attente",
    schedule=EVERY_FIVE_MINUTES,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    tags=["passerelle"],
)
def hub_outbox() -> None:
    """**Les envois qui attendent leur partenaire partent dès qu'ils le peuvent.**

    Un partenaire fermé la nuit reçoit le matin ce qui l'attendait; un partenaire en panne le reçoit à son
    retour. Ce qui part est décidé de nouveau à ce moment. Le fichier de retour d'un lot parti ainsi est lu ici
    aussi. L'étape rend des nombres : accusés, retours lus, encore en attente.

    **L'étape a échoué ?** Un partenaire qui ne répond pas n'en est pas la cause : l'envoi attend. Un envoi a
    été refusé, ou un fichier du site est erroné; la dernière erreur de son journal dit où, quoi, et que faire.
    Les autres partenaires ont été servis. `passerelle outbox list` montre les files.
    """
    send_waiting()


hub_outbox()
