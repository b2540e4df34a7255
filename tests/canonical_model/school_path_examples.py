"""One full document of every resource of the school path: every field filled. All invented."""

from typing import Any

DAY = "2024-07-01"


def coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "version": DAY, "code": code}


def number(text: str) -> dict[str, str]:
    return {"number": text}


PERIOD = {"start": "2025-08-27", "end": "2026-06-24"}
SUBJECT = [{"system": "fiche:762000", "value": "0000123"}]
SCHOOL = {"school": "762033", "school_year": 2025}

_BODIES: dict[str, dict[str, Any]] = {
    "CustodyArrangement": {
        "guardian": {"resource": "Guardian", "key": "0000123-mother"},
        "relation": coding("guardian_relation", "mother"),
        "parental_authority": coding("parental_authority", "holder"),
        "custody": coding("custody_arrangement", "shared"),
        "limits": ["Ne reçoit pas les bulletins."],
        "judgment": "700-04-000000-000",
        "period": PERIOD,
    },
    "EnglishEligibility": {
        "kind": coding("english_eligibility_kind", "declaration"),
        "article": "86.1",
        "certificate": "A-000001",
        "issued_on": "2020-03-02",
        "period": {"start": "2020-03-02"},
    },
    "Frequentation": {
        **SCHOOL,
        "number": 1,
        "kind": coding("frequentation_kind", "FRE"),
        "period": PERIOD,
        "building": "762901",
        "sector": coding("enrolment_type", "vocational"),
        "client": coding("client", "4"),
        "training_path": coding("training_path", "08"),
        "programme": "5195",
        "teaching_service": "2",
        "finished_on": "2026-06-24",
        "departure_reason": "04",
    },
    "CollegeEnrolment": {
        "college": "904001",
        "year": 2026,
        "term": coding("college_term", "winter"),
        "programme": "200.B0",
        "programme_title": "Sciences de la nature",
        "period": PERIOD,
        "funding": "1",
        "mode": coding("study_mode", "in_person"),
        "place": coding("study_place", "quebec"),
        "situations": ["A"],
    },
    "CompetencyResult": {
        **SCHOOL,
        "course": "132208",
        "competency": "1.2",
        "competency_title": "Lire des textes variés",
        "group": "R01",
        "step": 30,
        "mark": number("71.5"),
        "is_retake": True,
    },
    "MinistryResult": {
        **SCHOOL,
        "course": "132506",
        "competency": "2",
        "group": "01",
        "sitting_year": 2026,
        "sitting_month": 6,
        "school_raw": number("71"),
        "school_moderated": number("68"),
        "exam_raw": number("58"),
        "exam_converted": number("60"),
        "final": number("66"),
        "outcome": coding("ministry_outcome", "R"),
        "units": 6,
        "regime": "J5",
        "sector": coding("enrolment_type", "youth"),
        "obtained_on": "2026-07-02",
        "retrieved_at": "2026-07-08T06:00:00Z",
        "name_at_ministry": "Tremblay-Côté Zoé",
    },
    "CollegeResult": {
        "college": "919000",
        "year": 2025,
        "term": coding("college_term", "autumn"),
        "course": "581-116-HU",
        "course_title": "Écriture",
        "group": "00001",
        "units": "2.33",
        "result": "82",
        "remark": "EQ",
        "remark_in_list": coding("result_remark_college", "EQ"),
        "group_mean": "74.5",
        "cote_r": "29.123",
    },
    "Credential": {
        **SCHOOL,
        "kind": coding("credential_type", "DES"),
        "granted": True,
        "programme": "0000",
        "regime": "J5",
        "obtained_on": "2026-06-30",
        "issued_on": "2026-07-04",
    },
    "DiplomaProgress": {
        "kind": coding("credential_type", "DES"),
        "regime": "J5",
        "parameters": DAY,
        "as_of": "2026-02-16",
        "requirements": [
            {
                "requirement": "total",
                "french": "Unités",
                "english": "Units",
                "units_required": 54,
                "units_obtained": 6,
                "courses": ["132506"],
                "met": False,
            }
        ],
        "warnings": ["part-below-floor"],
        "complete": False,
    },
    "Absence": {
        "school": "762033",
        "day": "2026-02-16",
        "timetable_period": 2,
        "kind": coding("absence_kind", "late"),
        "reason": "12",
        "reason_label": "Autobus en retard",
        "course": "132506",
    },
    "BehaviourEvent": {
        "school": "762033",
        "number": "2026-014",
        "day": "2026-02-16",
        "kind": coding("behaviour_kind", "breach"),
        "local_kind": "Langage",
        "place": "Cour",
        "description": "Propos impolis envers un adulte.",
        "reported_by": "Surveillante",
    },
    "Measure": {
        "school": "762033",
        "event": "2026-014",
        "kind": "Retenue",
        "description": "Une heure après la classe.",
        "period": {"start": "2026-02-17", "end": "2026-02-18"},
    },
    "SupportMeasure": {
        "school": "762033",
        "code": "11",
        "kind": coding("measure_kind", "11"),
        "label": "Classe d'accueil",
        "period": PERIOD,
    },
    "DifficultyDesignation": {
        **SCHOOL,
        "difficulty": coding("difficulty_code", "99"),
        "has_plan": True,
        "at_risk": False,
        "validated_on": "2026-01-12",
        "period": PERIOD,
    },
    "InterventionPlan": {
        "school": "762033",
        "number": "PI-1",
        "status": "Actif",
        "period": PERIOD,
        "participants": [{"function": "Direction", "name": "M. Roy"}],
        "needs": "Soutien en lecture.",
        "objectives": [
            {
                "objective": "Lire un texte court.",
                "means": ["Temps supplémentaire"],
                "outcome": "En cours.",
            }
        ],
        "adaptations": ["Tiers du temps en plus à l'épreuve"],
        "reviewed_on": ["2025-11-14"],
        "next_review_on": "2026-03-06",
    },
    "HealthSummary": {
        "school_year": 2025,
        "declared_on": "2025-08-27",
        "conditions": [
            {
                "condition": "Arachides",
                "is_allergy": True,
                "medication": "Épinéphrine",
                "instructions": "Injecter, puis appeler le 911.",
            }
        ],
        "emergency_care": True,
    },
    "BullyingReport": {
        "school": "762033",
        "number": "I-3",
        "reported_on": "2026-01-20",
        "kind": coding("bullying_report_kind", "violence"),
        "role": coding("bullying_role", "victim"),
        "description": "Bousculades répétées.",
        "follow_up": [{"day": "2026-01-21", "action": "Rencontre."}],
        "parents_informed_on": "2026-01-21",
        "pupil_agrees": True,
        "closed_on": "2026-02-02",
    },
    "TransportAssignment": {
        "school_year": 2025,
        "trip": coding("transport_period", "8"),
        "address_block": 2,
        "right": "1",
        "period": PERIOD,
        "legs": [
            {
                "order": 1,
                "route": "00102",
                "circuit": "012",
                "home_side": {
                    "stop": "A1",
                    "name": "Rue des Érables",
                    "kind": coding("stop_type", "4"),
                    "passes_at": "15:52:00",
                },
                "school_side": {
                    "stop": "T9",
                    "name": "Transfert",
                    "kind": coding("stop_type", "3"),
                    "passes_at": "15:35:00",
                },
            },
            {
                "order": 2,
                "route": "00045",
                "circuit": "004",
                "home_side": {
                    "stop": "T9",
                    "name": "Transfert",
                    "kind": coding("stop_type", "3"),
                    "passes_at": "15:31:00",
                },
                "school_side": {
                    "stop": "S1",
                    "name": "École",
                    "kind": coding("stop_type", "3"),
                    "passes_at": "15:10:00",
                },
            },
        ],
    },
    "DocumentReference": {
        "number": "D-77",
        "file": coding("pupil_file", "special_help"),
        "kind": coding("document_kind", "intervention_plan"),
        "holds": "intervention_plan",
        "title": "Plan signé",
        "dated": "2025-10-03",
        "media_type": "application/pdf",
        "size": 20480,
        "digest": "0" * 64,
        "kept_by": "gpi@762000",
    },
}

EXAMPLES: dict[str, dict[str, Any]] = {
    name: {"subject": SUBJECT, "organization": "762000", "resource_type": name, **body}
    for name, body in _BODIES.items()
}
