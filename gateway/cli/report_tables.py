"""The report of a day as tables for people: one part of the mission, one table; then what must agree."""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical_model import rules
from gateway.cli.output import Output
from gateway.consent import reasons as reason_words


def show(out: Output, report: Mapping[str, Any]) -> None:
    """Print every table of a report, and the verdict."""
    out.say(
        f"Journée du {report['day']} (exécution {report['run']})",
        f"Day of {report['day']} (run {report['run']})",
    )
    _intake(out, report)
    _handoff(out, report)
    _ministry(out, report)
    _billing(out, report)
    _slips(out, report)
    _waiting(out, report)
    _balances(out, report)
    _addresses(out, report)


_STATES = {"rejected": "refusée", "corrected": "corrigée"}


def _headings(out: Output, french: str, english: str) -> list[str]:
    return out.words(french, english).split("|")


def _intake(out: Output, report: Mapping[str, Any]) -> None:
    """One line a board, and below it one a system; then the total and what the reasons mean."""
    boards: dict[str, list[Mapping[str, Any]]] = {}
    for item in report["intake"]:
        boards.setdefault(item["system"].rpartition("@")[2], []).append(item)
    rows: list[tuple[Any, ...]] = []
    for board, items in sorted(boards.items()):
        rows.append((board, *_sums(items), ""))
        rows += [(f"  {item['system']}", *_sums([item]), _reasons(item["reasons"])) for item in items]
    out.table(
        out.words("1. Lecture des systèmes", "1. Intake"),
        _headings(
            out,
            "Organisme, système|Lignes|Lus|Enregistrés|Inchangés|Écartés|Premières raisons",
            "Board, system|Rows|Read|Stored|Unchanged|Quarantined|Top reasons",
        ),
        [*rows, ("Total", *_sums(report["intake"]), "")],
    )
    seen = dict.fromkeys(rule for item in report["intake"] for rule in item["reasons"])
    for rule in seen:
        words = rules.words(rule)
        out.say(
            f"   {rule} : {words.french} {words.remedy_french}",
            f"   {rule}: {words.english} {words.remedy_english}",
        )


def _sums(items: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    parts = ("rows", "read", "stored", "unchanged", "quarantined")
    return tuple(sum(item[part] for item in items) for part in parts)


def _handoff(out: Output, report: Mapping[str, Any]) -> None:
    out.table(
        out.words("2. Remise au cégep (5e secondaire)", "2. Handoff to the cégep (Secondary 5)"),
        _headings(
            out,
            "Remise|Élèves|Remis|Inchangés|Retenus|Reçus|Accusé",
            "Handoff|Students|Released|Unchanged|Withheld|Received|Receipt",
        ),
        [
            (
                _route(item), item["population"], item["released"], item["unchanged"],
                sum(item["withheld"].values()), item["received"], item["receipt"] or "",
            )
            for item in report["handoff"]
        ],
    )  # fmt: skip
    reasons: dict[str, int] = {}
    for item in report["handoff"]:
        for reason, count in item["withheld"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
        words = reason_words.words(reason)
        out.say(f"   {count} × {reason} : {words.of('fr')}", f"   {count} × {reason}: {words.of('en')}")


def _route(item: Mapping[str, Any]) -> str:
    return f"{item['exchange'].rpartition('/')[2].partition('-')[0]} → {item['system']}"


def _ministry(out: Output, report: Mapping[str, Any]) -> None:
    out.table(
        out.words(
            "3. Déclaration au ministère (30 septembre)", "3. Declaration to the ministry (30 September)"
        ),
        _headings(
            out,
            "Lot|Inscrits|Déclarés|Inchangés|Non déclarables|Acceptés|Corrigés|Refusés",
            "Lot|Enrolled|Declared|Unchanged|Not declarable|Accepted|Corrected|Rejected",
        ),
        [
            (
                item["exchange"].rpartition("/")[2], item["enrolled"], item["declared"], item["unchanged"],
                sum(item["not_declarable"].values()) + sum(item["withheld"].values()),
                item["accepted"], item["corrected"], sum(item["rejected"].values()),
            )
            for item in report["ministry"]
        ],
    )  # fmt: skip
    for item in report["ministry_errors"]:
        where = f"{item['system']}, {item['stream']}"
        out.say(
            f"   {item['code']} ({_STATES[item['state']]}) : {where}, ligne {item['row']},"
            f" colonne {item['column'] or '-'} : {item['french']}",
            f"   {item['code']} ({item['state']}): {where}, row {item['row']},"
            f" column {item['column'] or '-'}: {item['english']}",
        )


def _billing(out: Output, report: Mapping[str, Any]) -> None:
    out.table(
        out.words("4. Service de garde : frais, encaissements, journal", "4. Daycare: charges, receipts, journal"),
        _headings(
            out,
            "Organisme|Jours|Frais|Encaissés|Arriérés|Crédits|Journaux|Journal posté",
            "Board|Days|Charges|Receipts|Arrears|Credits|Journals|Journal posted",
        ),
        [
            (
                item["board"], item["charged"].get("days", 0),
                *(
                    out.money(item["charged"].get(f"{name}_cents", 0))
                    for name in ("charges", "receipts", "arrears", "credit")
                ),
                item["journals_posted"], out.money(item["ledger"]["posted_cents"]),
            )
            for item in report["billing"]
        ],
    )  # fmt: skip


def _slips(out: Output, report: Mapping[str, Any]) -> None:
    rows = []
    for item in report["billing"]:
        rl24 = item["rl24"]
        if rl24:
            rows.append(
                (
                    item["board"], sum(rl24["slips"].values()), rl24["valid"],
                    *(out.money(rl24[f"{box}_cents"]) for box in "cde"),
                    _reasons(rl24["not_issued"]), rl24["federal_receipts"],
                )
            )  # fmt: skip
    out.table(
        out.words(
            f"5. Relevés 24 de {report['tax_year']} — NON CERTIFIÉS",
            f"5. RL-24 slips of {report['tax_year']} — NOT CERTIFIED",
        ),
        _headings(
            out,
            "Organisme|Émis ce jour|En vigueur|C|D|E|Non émis|Reçus fédéraux",
            "Board|Issued today|In force|C|D|E|Not issued|Federal receipts",
        ),
        rows,
    )


def _waiting(out: Output, report: Mapping[str, Any]) -> None:
    """What a partner has not taken yet, one line a destination; nothing when everybody has everything."""
    if not report["waiting"]:
        return
    out.table(
        out.words("En attente d'un partenaire", "Waiting for a partner"),
        _headings(out, "Système|Envois|Depuis|Pas avant|Cause", "System|Deliveries|Since|Not before|Cause"),
        [
            (
                item["destination"], item["deliveries"], item["since"], item["until"] or "-",
                out.words("fermé à cette heure", "closed at this hour") if item["closed"] else item["failure"] or "-",
            )
            for item in report["waiting"]
        ],
    )  # fmt: skip
    out.say(
        "   Ce qui attend part de soi-même (DAG « Envois en attente »), ou par `passerelle outbox send`.",
        "   What waits leaves by itself (DAG `hub_outbox`), or by `passerelle outbox send`.",
    )


def _reasons(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} × {reason}" for reason, count in ordered)


def _balances(out: Output, report: Mapping[str, Any]) -> None:
    wrong = [item for item in report["balances"] if not item["holds"]]
    if wrong:
        out.table(
            out.words("ÉCARTS", "DIFFERENCES"),
            _headings(out, "Égalité|Gauche|Droite", "Equality|Left|Right"),
            [(item["name"], item["left"], item["right"]) for item in wrong],
        )
    evidence = report["evidence"]
    verdict = out.words("intacte", "intact") if evidence["holds"] else out.words("ROMPUE", "BROKEN")
    out.say(
        f"6. Preuve : {evidence['entries']} inscriptions, {evidence['heads']} tête(s) signée(s), chaîne {verdict}.",
        f"6. Evidence: {evidence['entries']} entries, {evidence['heads']} signed head(s), chain {verdict}.",
    )
    count = len(report["balances"])
    held = count - len(wrong)
    out.say(f"{held} égalités vérifiées sur {count}.", f"{held} of {count} equalities hold.")


def _addresses(out: Output, report: Mapping[str, Any]) -> None:
    names = {"api-server": "Airflow", "gateway": out.words("Passerelle", "Gateway")}
    names |= {"sandbox": out.words("Systèmes simulés", "Simulated systems")}
    for service, address in report.get("addresses", {}).items():
        name = names.get(service, service)
        out.say(f"{name} : {address}", f"{name}: {address}")
    out.say(
        "Tout est arrêté. « make up » redémarre le tout et garde Airflow et la passerelle ouverts.",
        "Everything is stopped. `make up` starts it again and keeps Airflow and the gateway open.",
    )
