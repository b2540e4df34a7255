"""YAML that means what it shows: every scalar is a string, no key comes twice, nothing is hidden.

Mappings, manifests, code lists, agreements and rates are read by it. Refused, with file and line:
a key written twice, a tag (`!!int`), an anchor, an alias, `<<`.
"""

from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stubs do not export it
from yaml.resolver import BaseResolver, Resolver

from canonical_model.errors import ConfigurationError


class StrictYamlError(ConfigurationError):
    """A person must change the file."""

    code = "yaml"


class _Named(StringIO):
    """A text with the name that marks and messages give it."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


class _Loader(Composer, CParser, SafeConstructor, Resolver):
    """SafeLoader without guessing: `ON` is a province, `0123` is a school code.

    The parser is libyaml's, ten times faster; what it finds is put together here, where it can be refused.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name, read and never changed

    def __init__(self, text: str, name: str) -> None:
        CParser.__init__(self, _Named(text, name))
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()
        if event.anchor is not None:
            raise _refused(
                event.start_mark,
                "an anchor or an alias is refused. Write it out.",
                "une ancre ou un alias est refusé. Écrivez-le en toutes lettres.",
            )
        if getattr(event, "tag", None) not in (None, "!"):
            raise _refused(
                event.start_mark,
                f"the tag {event.tag!r} is refused. Remove it.",
                f"l'étiquette « {event.tag} » est refusée. Retirez-la.",
            )
        return super().compose_node(parent, index)


def _refused(mark: Any, english: str, french: str) -> StrictYamlError:
    place = f"{mark.name}:{mark.line + 1}"
    return StrictYamlError(f"{place}: {english}", f"{place} : {french}")


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        mark = key_node.start_mark
        if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
            raise _refused(
                mark,
                "a key that is not a word. Write it out.",
                "une clé qui n'est pas un mot. Écrivez-la en toutes lettres.",
            )
        if key_node.value in found:
            raise _refused(
                mark,
                f"{key_node.value!r} is written twice. Remove one.",
                f"« {key_node.value} » est écrit deux fois. Retirez-en un.",
            )
        found[key_node.value] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor(BaseResolver.DEFAULT_MAPPING_TAG, _mapping)  # type: ignore[type-var]


def load(text: str, name: str = "<text>") -> Any:
    """Dictionaries, lists and strings of one YAML document; `name` is the file, for messages.

    Raises StrictYamlError for what is refused here and for what is not YAML.
    """
    loader = None
    try:
        loader = _Loader(text, name)
        return loader.get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply"
        raise StrictYamlError(
            f"{place}: this is not YAML ({why}). Correct the line.",
            f"{place} : ce n'est pas du YAML ({why}). Corrigez la ligne.",
        ) from error
    finally:
        if loader is not None:
            loader.dispose()


def lines(text: str, name: str = "<text>") -> dict[tuple[str, ...], int]:
    """The line of every key and list item, by the way that leads to it: ``("fields", "sex", "read")``.

    Items of a list are ``"0"``, ``"1"`` …; lines start at 1. For messages: call `load` first, which
    refuses what is refused.
    """
    loader = _Loader(text, name)
    found: dict[tuple[str, ...], int] = {(): 1}

    def walk(node: yaml.Node | None, way: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[*way, key.value] = key.start_mark.line + 1
                walk(value, (*way, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                found[*way, str(number)] = item.start_mark.line + 1
                walk(item, (*way, str(number)))

    try:
        walk(loader.get_single_node(), ())
    finally:
        loader.dispose()
    return found


def load_file(path: Path) -> Any:
    """The same from a file. Raises StrictYamlError when it is absent or not UTF-8."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise StrictYamlError(
            f"{path}: the file is absent. Create it, or correct the path.",
            f"{path} : le fichier est absent. Créez-le, ou corrigez le chemin.",
        ) from error
    except UnicodeDecodeError as error:
        raise StrictYamlError(
            f"{path}: the file is not UTF-8. Save it as UTF-8.",
            f"{path} : le fichier n'est pas en UTF-8. Enregistrez-le en UTF-8.",
        ) from error
    return load(text, str(path))
