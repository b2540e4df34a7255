"""The day as one DAG: take in, reconcile, release, bill, close. Wiring only, no rule and no record.

Which systems are installed is asked when the run starts: one more system is one more mapped task,
never one more line here. A partner that takes no delivery holds up nobody else's: each delivery is a task of
its own, and what follows it follows that one alone.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from dags.wiring import step

AWAIT_RETURN: dict[str, Any] = {
    "retries": 60,
    "retry_delay": timedelta(seconds=5),
}  # a ministry return is not an error while absent

plan_intake = step("gateway.day:plan_intake", "Planifier la collecte")
fetch = step("gateway.day:fetch", "Lire chez le système", per="system")
translate = step("gateway.day:translate", "Traduire vers le modèle", per="exchange")
boards = step("gateway.day:boards", "Regrouper par centre de services", of="exchanges")
admit = step("gateway.day:admit", "Admettre au dossier", per="board")
reconcile_intake = step("gateway.day:reconcile_intake", "Concilier la collecte")

prepare_handoff = step("gateway.day:prepare_handoff", "Décider et préparer la remise")
deliver = step("gateway.day:deliver", "Remettre au cégep", per="exchange")

prepare_declarations = step("gateway.day:prepare_declarations", "Préparer les déclarations")
transmit = step("gateway.day:transmit", "Transmettre au ministère", per="exchange")
collect = step("gateway.day:collect", "Lire le retour du ministère", per="exchange", **AWAIT_RETURN)

charge = step("gateway.day:charge", "Facturer le service de garde", per="board")
post_journal = step("gateway.day:post_journal", "Porter au grand livre", per="board")
issue_slips = step("gateway.day:issue_slips", "Produire les relevés 24", per="board")

# It runs after a failed delivery, for it tells what that left waiting; the delivery was tried again, not this.
tell_waiting = step(
    "gateway.day:tell_waiting", "Dire ce qui attend", trigger_rule="all_done_min_one_success", retries=0
)
close_evidence = step("gateway.day:close_evidence", "Sceller la preuve")
report = step("gateway.day:report", "Rendre compte")


@task_group(group_id="handoff", group_display_name="Passage au cégep", prefix_group_id=False)
def handoff() -> None:
    deliver.expand(exchange=prepare_handoff())


@task_group(group_id="declaration", group_display_name="Un lot", prefix_group_id=False)
def declaration(exchange: str) -> None:
    collect(exchange=transmit(exchange=exchange))


@task_group(group_id="ministry", group_display_name="Déclaration au ministère", prefix_group_id=False)
def ministry() -> None:
    declaration.expand(exchange=prepare_declarations())


@task_group(group_id="billing", group_display_name="Garde, grand livre et relevés", prefix_group_id=False)
def billing(admitted_boards: list[str]) -> None:
    charge.expand(board=admitted_boards) >> [
        post_journal.expand(board=admitted_boards),
        issue_slips.expand(board=admitted_boards),  # a slip tells what was paid, whatever the ERP has of it
    ]


@dag(
    "hub_day",
    dag_display_name="Journée de Passerelle",
    schedule=os.environ.get("PASSERELLE_SCHEDULE") or None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    tags=["passerelle"],
)
def hub_day() -> None:
    """**Une journée complète de la passerelle.**

    1. *Collecte* : chaque système installé est lu, ses enregistrements sont gardés tels quels, traduits,
       vérifiés, rattachés à la bonne personne, puis versés au dossier ou mis en quarantaine. Le total lu doit
       égaler le total versé, inchangé et mis en quarantaine, sinon la journée s'arrête ici.
    2. *Passage au cégep* : seuls les élèves pour qui une entente **et** un consentement le permettent.
    3. *Ministère* : déclaration du 30 septembre, puis lecture du fichier de retour.
    4. *Garde* : jours de présence, factures, grand livre, relevés 24.
    5. *Preuve* : la chaîne est vérifiée et scellée, puis le compte rendu est écrit.

    **Un partenaire est fermé à cette heure ?** Ses envois attendent, le compte rendu les compte, et la journée se
    ferme; « Envois en attente » (`hub_outbox`) les fait partir à l'ouverture. **Un partenaire est en panne ?**
    Les autres sont servis, « Dire ce qui attend » échoue et nomme les files; la journée ne se ferme pas. Une fois
    les envois partis, effacez l'état des étapes en échec.

    **Une étape a échoué ?** Ouvrez son journal : la dernière erreur dit où, quoi, et que faire. Corrigez,
    puis effacez l'état de l'étape (« Clear ») : chaque étape est une transaction, la reprendre ne double
    rien. Une étape en attente de reprise attend un partenaire ; il n'y a rien à faire. Rejouer la journée
    entière ne change rien non plus.
    """
    fetched = fetch.expand(system=plan_intake())
    translated = translate.expand(exchange=fetched)
    found = boards(exchanges=translated)
    reconciled = reconcile_intake()
    admit.expand(board=found) >> reconciled

    sides = [handoff(), ministry(), billing(found)]
    told, closed = tell_waiting(), close_evidence()
    reconciled >> sides >> told
    [*sides, told] >> closed >> report()


hub_day()
