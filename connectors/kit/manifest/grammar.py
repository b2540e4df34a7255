"""THE table of the manifest: every key, what may stand there and what it means. Reader and schema are made of it.

A new key is one line here, a field of `model` and a line of `reader`; then
``python -m connectors.kit.manifest.schema`` writes the schema anew, and the README's table takes a row.
"""

from types import MappingProxyType
from typing import get_args

from connectors.kit.manifest.conditions import Condition
from connectors.kit.manifest.model import AuthenticationKind, Direction, Identity, Protocol
from connectors.kit.manifest.opening_hours import DAYS
from connectors.kit.manifest.scalars import ANY, COUNT, CRON, DURATION, NAME, RATE, SIZE, TRIES, WHOLE
from connectors.kit.manifest.shapes import Either, Items, Key, Keys, Kinds, Named, Text

PLACEHOLDERS = ("since", "page_rows", "school_year", "day", "organization")
FILE_PLACEHOLDERS = ("day", "organization", "school_year")
FILE_KINDS = ("csv", "tsv", "fixed_width", "jsonl", "parquet", "xlsx", "xml")  # formats.format.Kind

_HOLES = "|".join(PLACEHOLDERS)
_FILE_HOLES = "|".join(FILE_PLACEHOLDERS)
_STREAM_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_PARAMETER = Text(
    r"[A-Za-z0-9_.\[\]$-]+", english="the name of a query parameter", french="le nom d'un paramètre"
)
_POINTER = Text(
    r"(?:/(?:[^~/]|~[01])*)*", english="a JSON Pointer, as /items", french="un pointeur JSON, comme /items"
)
_SOME_POINTER = Text(
    r"(?:/(?:[^~/]|~[01])*)+", english="a JSON Pointer, as /next", french="un pointeur JSON, comme /next"
)
_HEADER = Text(r"[A-Za-z][A-Za-z0-9-]*", english="the name of a header", french="le nom d'un en-tête")
_PATH = Text(
    rf"/(?:[^{{}}?#\s]|\{{(?:{_HOLES})\}})*",
    english=f"a path that begins with /, with no other placeholder than {', '.join(PLACEHOLDERS)}",
    french=f"un chemin qui commence par /, sans autre variable que {', '.join(PLACEHOLDERS)}",
)
_VALUE = Text(
    rf"(?:[^{{}}]|\{{(?:{_HOLES})\}})*",
    number=True,
    english=f"a text with no other placeholder than {', '.join(PLACEHOLDERS)}",
    french=f"un texte sans autre variable que {', '.join(PLACEHOLDERS)}",
)
_FILE_NAME = Text(
    rf"(?:[^{{}}/\\]|\{{(?:{_FILE_HOLES})\}})+",
    english=f"a file's name, no path, with no other placeholder than {', '.join(FILE_PLACEHOLDERS)}",
    french=f"un nom de fichier, sans chemin ni autre variable que {', '.join(FILE_PLACEHOLDERS)}",
)
_INSIDE = Text(
    r"(?!/)(?!(?:.*/)?\.\.(?:/|$)).+", english="a path below the folder", french="un chemin sous le dossier"
)
_DAY = Text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", english="a day, as 2026-12-25", french="un jour, comme 2026-12-25")
_ONE_WINDOW = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
_WINDOWS = Text(
    rf"{_ONE_WINDOW}(?:, *{_ONE_WINDOW})*",
    english='hours, as "06:00-12:00, 13:00-22:00"',
    french="des heures, comme « 06:00-12:00, 13:00-22:00 »",
)
_MAPPING = Text(
    r"[a-z0-9_]+(?:/[a-z0-9_]+)+@[1-9][0-9]*",
    english="a mapping, as gpi/student@1",
    french="une correspondance, comme gpi/student@1",
)
_ENTRY = Text(r"(?:source|target):[A-Z][A-Za-z0-9]*", english="source:Class or target:Class",
              french="source:Classe ou target:Classe")  # fmt: skip
_SOURCE = Text(r"source:.+", english="source:Class", french="source:Classe")
_TARGET = Text(r"target:.+", english="target:Class", french="target:Classe")
_YES = Text(words=("yes", "no"))
_COLUMNS = Items(NAME, some=True)

AUTHENTICATION = Kinds(
    {
        "none": (),
        "oauth2": (
            Key("token_path", _PATH, "Where a token is asked for; /oauth/token when absent.",
                "Où un jeton se demande ; /oauth/token par défaut."),
            Key("scope", ANY, "Scope that is asked for.", "Portée demandée."),
        ),
        "api-key": (Key("header", _HEADER, "Header that carries the key.", "En-tête qui porte la clé.",
                        required=True),),
        "mutual-tls": (), "username-token": (), "x509": (), "password": (), "key": (),
    }
)  # fmt: skip
LIMITS = Keys((
    Key("requests_per_second", RATE, "Calls a second, at most.", "Appels par seconde, au plus."),
    Key("tries", TRIES, "Tries of one call, the first included.", "Essais d'un appel, le premier compris."),
    Key("give_up_after", DURATION, "No try begins this long after the first.",
        "Aucun essai ne commence si longtemps après le premier."),
    Key("page_rows", COUNT, "Rows that are asked for at once.", "Lignes demandées à la fois."),
    Key("largest_answer", SIZE, "A larger answer is refused.", "Une réponse plus grande est refusée."),
    Key("timeout", DURATION, "Bound of each wait.", "Borne de chaque attente."),
))  # fmt: skip
OPENING_HOURS = Keys(
    (
        Key("time_zone", Text(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", english="a time zone",
                              french="un fuseau horaire"),
            "Zone of the hours, as America/Toronto.", "Fuseau des heures, comme America/Toronto.", required=True),
        *(Key(day, _WINDOWS, "Windows that begin on this day; absent = closed.",
              "Plages qui commencent ce jour ; absent = fermé.") for day in DAYS),
        Key("holidays", Items(_DAY), "Closed days.", "Jours de fermeture."),
    ),
    some_of=DAYS,
)  # fmt: skip
CONTRACT = Keys((
    Key("kind", Text(words=("published", "reference")), "The vendor's own, or Passerelle's reference.",
        "Celui du fournisseur, ou la référence de Passerelle.", required=True),
    Key("file", _INSIDE, "File or folder of the contract.", "Fichier ou dossier du contrat.", required=True),
    Key("wire", _INSIDE, "Description of the wire: OpenAPI, WSDL.", "Description du fil : OpenAPI, WSDL."),
))  # fmt: skip
_NUMBER = Key("parameter", _PARAMETER, "Query parameter that says which page.",
              "Paramètre qui dit quelle page.", required=True)  # fmt: skip
PAGING = Kinds(
    {
        "none": (),
        "page": (_NUMBER, Key("first", WHOLE, "Number of the first page; 1 when absent.",
                              "Numéro de la première page ; 1 par défaut.")),
        "offset": (_NUMBER,),
        "cursor": (_NUMBER, Key("next", _SOME_POINTER, "Where the answer holds the next cursor.",
                                "Où la réponse porte le prochain curseur.", required=True)),
        "link": (),
    }
)  # fmt: skip
TOTAL = Either((
    _SOME_POINTER,
    Keys((Key("header", _HEADER, "Header that says it.", "En-tête qui le dit.", required=True),)),
    Keys((Key("path", _PATH, "Another call that answers it.", "Autre appel qui le dit.", required=True),
          Key("at", _POINTER, "Where in its answer; the whole when absent.",
              "Où dans sa réponse ; toute la réponse par défaut."))),
))  # fmt: skip
REQUEST = Keys((
    Key("path", _PATH, "Path below the address.", "Chemin sous l'adresse.", required=True),
    Key("query", Named(_VALUE, r"[A-Za-z0-9_.\[\]$-]+"), "Query parameters.", "Paramètres de la requête."),
    Key("records", _POINTER, "Where the records are; the whole answer when absent.",
        "Où sont les enregistrements ; toute la réponse par défaut."),
    Key("total", TOTAL, "Where the number of records is said.", "Où le nombre d'enregistrements est dit."),
    Key("paging", PAGING, "How the next page is asked for.", "Comment la page suivante se demande."),
))  # fmt: skip
QUERY = Keys((
    Key("condition", ANY, "Which rows, as kit/sql says it; all when absent.",
        "Quelles lignes, comme le dit kit/sql ; toutes par défaut."),
    Key("order", _COLUMNS, "Order of the rows; the key when absent.", "Ordre des lignes ; la clé par défaut."),
))  # fmt: skip
FILE = Keys((
    Key("name", _FILE_NAME, "Name of the file, with placeholders.", "Nom du fichier, avec variables.", required=True),
    Key("format", Text(words=FILE_KINDS), "Kind of file.", "Sorte de fichier.", required=True),
    Key("complete", Text(words=("marker", "checksum", "stable")), "How it is known to be whole; marker when absent.",
        "Comment on sait qu'il est entier ; marker par défaut."),
    Key("separator", ANY, "Sign between fields, or tab.", "Signe entre les champs, ou tab."),
    Key("encoding", ANY, "Encoding; utf-8 when absent.", "Encodage ; utf-8 par défaut."),
    Key("quote", ANY, "Sign around fields, or none.", "Signe autour des champs, ou none."),
    Key("line_breaks", _YES, "A field may go over several lines.", "Un champ peut tenir sur plusieurs lignes."),
    Key("header", _YES, "The first line holds the names.", "La première ligne porte les noms."),
    Key("columns", Either((
        Items(ANY, some=True),
        Named(Keys((Key("start", COUNT, "First character, from 1.", "Premier caractère, dès 1.", required=True),
                    Key("length", COUNT, "Characters.", "Caractères.", required=True))), r"[\s\S]+"),
    )), "Names without a header; places in fixed width.", "Noms sans en-tête ; places en largeur fixe."),
    Key("record", ANY, "XML: path of the element that repeats.", "XML : chemin de l'élément qui se répète."),
    Key("namespaces", Named(ANY, r"[\s\S]+"), "XML: prefix and URI.", "XML : préfixe et URI."),
    Key("sheet", ANY, "XLSX: the sheet; the first when absent.", "XLSX : la feuille ; la première par défaut."),
    Key("member", ANY, "ZIP: the file in it; the only one when absent.",
        "ZIP : le fichier à lire ; le seul par défaut."),
))  # fmt: skip
DELETIONS = Either((
    Text(words=("none", "snapshot")),
    Kinds({"flag": (Key("column", NAME, "Column that says it.", "Colonne qui le dit.", required=True),
                    Key("gone", Items(ANY, some=True), "What it then holds.", "Ce qu'elle porte alors.",
                        required=True))}),
))  # fmt: skip
STREAM = Keys((
    Key("key", _COLUMNS, "Columns that tell its rows apart.", "Colonnes qui distinguent ses lignes.", required=True),
    Key("cursor", NAME, "Column whose greatest value is where the next pull begins.",
        "Colonne dont la plus grande valeur est le début de la prochaine lecture."),
    Key("lag", DURATION, "How far before it the next pull begins again.",
        "De combien la prochaine lecture recommence avant."),
    Key("deletions", DELETIONS, "How the source says that a record is gone: none, snapshot, or a flag.",
        "Comment la source dit qu'un enregistrement n'est plus : none, snapshot ou un drapeau."),
    Key("request", REQUEST, "rest: how it is asked for.", "rest : comment il se demande."),
    Key("query", QUERY, "sql: which rows.", "sql : quelles lignes."),
    Key("file", FILE, "files: which file.", "files : quel fichier."),
))  # fmt: skip
RUNG = Either((
    Text(words=("done", "todo")),
    Keys((Key("exempt", ANY, "Why it does not apply.", "Pourquoi il ne s'applique pas.", required=True),)),
))  # fmt: skip
MANIFEST = Keys((
    Key("name", NAME, "The folder's name.", "Le nom du dossier.", required=True),
    Key("direction", Text(words=get_args(Direction)), "Read from, written to, or a third party that pulls.",
        "Lu, écrit, ou un tiers qui vient chercher.", required=True),
    Key("protocol", Text(words=get_args(Protocol)), "How it speaks.", "Comment il parle.", required=True),
    Key("owner", ANY, "Who answers.", "Qui répond.", required=True),
    Key("schedule", CRON, "Proposed time of the day's run.", "Heure proposée de la journée.", required=True),
    Key("entry", _ENTRY, "Class in source.py or target.py; absent = declared, without Python.",
        "Classe de source.py ou target.py ; absent = déclaré, sans Python."),
    Key("identity", Text(words=get_args(Identity)), "Inbound: its people are new, or must be known.",
        "En entrée : ses personnes sont nouvelles, ou doivent être connues."),
    Key("secrets", Items(NAME), "Names of the secrets, never values.", "Noms des secrets, jamais leurs valeurs."),
    Key("authentication", AUTHENTICATION, "How it signs in; none when absent.",
        "Comment il s'authentifie ; none par défaut."),
    Key("limits", LIMITS, "What may be asked of the partner.", "Ce qui peut être demandé au partenaire."),
    Key("opening_hours", OPENING_HOURS, "When it may be asked; always when absent.",
        "Quand il peut être appelé ; toujours par défaut."),
    Key("contract", CONTRACT, "Where the format stands.", "Où se trouve le format.", required=True),
    Key("streams", Named(Either((_COLUMNS, STREAM)), _STREAM_NAME, some=False),
        "Streams in the order they are pulled; short form: the key alone.",
        "Flux, dans l'ordre de lecture ; forme courte : la clé seule."),
    Key("mappings", Items(_MAPPING), "system/name@version, in the order they are run.",
        "système/nom@version, dans l'ordre d'exécution."),
    Key("quality", Named(RUNG, r"[a-z0-9]+(?:-[a-z0-9]+)*"), "Rungs: done, todo, {exempt: reason}.",
        "Échelons : done, todo, {exempt: motif}.", required=True),
))  # fmt: skip

_PARTS = MappingProxyType({"rest": "request", "sql": "query", "files": "file"})
_SIGN_IN = MappingProxyType(
    {
        "rest": ("none", "oauth2", "api-key", "mutual-tls"),
        "soap": ("none", "username-token", "x509", "mutual-tls"),
        "sql": ("none", "password"),
        "files": ("none", "password", "key"),
    }
)
CONDITIONS = (
    Condition({"direction": ("inbound",)}, "the connector is inbound", "le connecteur est en entrée",
              needs=("identity", "streams", "mappings"), fits={"entry": _SOURCE}),
    Condition({"direction": ("outbound",)}, "the connector is outbound", "le connecteur est en sortie",
              needs=("entry",), refuses=("identity",), fits={"entry": _TARGET}),
    Condition({"direction": ("pulls",)}, "it comes to the hub, which never calls it",
              "il vient au hub, qui ne l'appelle jamais",
              refuses=("entry", "identity", "streams", "mappings", "secrets", "authentication")),
    Condition({"protocol": ("soap",)}, "soap has no declared form", "soap n'a pas de forme déclarée",
              needs=("entry",)),
    *(Condition({"protocol": (protocol,)}, f"the protocol is {protocol}", f"le protocole est {protocol}",
                fits={"authentication/kind": Text(words=_SIGN_IN[protocol])},
                stream_refuses=tuple(part for of, part in _PARTS.items() if of != protocol))
      for protocol in get_args(Protocol)),
    *(Condition({"protocol": (protocol,)}, "there is no entry", "il n'y a pas d'entry",
                without="entry", stream_needs=(_PARTS[protocol],)) for protocol in ("rest", "files")),
    Condition({"authentication/kind": tuple(kind for kind in get_args(AuthenticationKind) if kind != "none")},
              "a sign-in takes a secret", "une authentification demande un secret",
              needs=("secrets",), fits={"secrets": Items(NAME, some=True)}),
)  # fmt: skip
