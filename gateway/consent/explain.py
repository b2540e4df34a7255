"""Say a decision in words that need no programmer. Names reasons and sections, never a person."""

from canonical_model.released import Decision
from gateway.consent import reasons

_SECTIONS = {
    "identity": ("identité", "identity"),
    "contacts": ("personnes à joindre", "contacts"),
    "enrolment": ("fréquentation", "enrolment"),
    "english_eligibility": ("admissibilité à l'enseignement en anglais", "English eligibility"),
    "results_local": ("résultats de l'école", "school results"),
    "results_ministry": ("résultats ministériels", "ministry results"),
    "attendance": ("absences", "attendance"),
    "behaviour": ("comportement", "behaviour"),
    "difficulty": ("difficultés et mesures", "difficulties and measures"),
    "intervention_plan": ("plan d'intervention", "intervention plan"),
    "health": ("santé", "health"),
    "bullying": ("intimidation", "bullying"),
    "childcare": ("service de garde", "childcare"),
    "transport": ("transport", "transport"),
    "finance": ("frais et paiements", "charges and payments"),
    "consent": ("consentements", "consents"),
}


def section_words(section: str, language: str) -> str:
    """The name of a section for people; an unknown one is shown as it was asked."""
    french, english = _SECTIONS.get(section, (section, section))
    return french if language == "fr" else english


def explain(decision: Decision, language: str) -> tuple[str, ...]:
    """One sentence for the decision, then one for each section that was asked and not given."""
    colon = " : " if language == "fr" else ": "
    lines = [reasons.words(decision.reason).of(language)]
    for section, reason in decision.withheld:
        lines.append(section_words(section, language) + colon + reasons.words(reason).of(language))
    return tuple(lines)
