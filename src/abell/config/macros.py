"""XML macros as in Galaxy's files: `<macros>` with imports, tokens and `<xml>` bodies, `<expand>` and `<yield>`.

Elements are immutable: expanding builds new ones, which keep the place where their text was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from abell.config.model import Place
from abell.config.nearest import did_you_mean
from abell.config.problem import Problems
from abell.config.read_xml import Element
from abell.config.tree import MAX_NODES

Read = Callable[[str, Place], Element | None]  # absolute path of an import, where it was asked for -> its root


@dataclass(slots=True)
class _Library:
    """What the macro sections define. Later definitions win, so a file's own win over those it imports."""

    bodies: dict[str, Element] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


def expand_macros(root: Element, file: str, read: Read, problems: Problems) -> Element:
    """The document without its macro section, every `<expand>` and token replaced."""
    library = _Library()
    for section in root.named("macros"):
        _collect(section, file, read, problems, library, (file,))
    body = replace(root, children=tuple(c for c in root.children if c.tag != "macros"))
    expander = _Expander(library, problems)
    expanded = replace(body, children=expander.children(body, (), {}, None))
    return _with_tokens(expanded, _nested(library.tokens, root.place, problems))


def _collect(
    section: Element, file: str, read: Read, problems: Problems, library: _Library, importing: tuple[str, ...]
) -> None:
    for wanted in section.named("import"):
        path = str(PurePath(file).parent / wanted.text.strip())
        if path in importing:
            chain = " imports ".join(PurePath(p).name for p in (*importing[importing.index(path) :], path))
            problems.error(wanted.place, "import", f"circular import of macros: {chain}", "remove one of the imports")
        elif (root := read(path, wanted.place)) is not None:
            for nested in (root, *root.named("macros")):
                _collect(nested, path, read, problems, library, (*importing, path))
    for macro in section.children:
        kind = macro.attributes.get("type", "xml") if macro.tag == "macro" else macro.tag
        if kind not in ("xml", "token"):
            continue
        name = macro.attributes.get("name", "")
        if not name:
            problems.error(macro.place, "name", f"a {kind} macro without a name", 'add name="..."')
        elif kind == "xml":
            library.bodies[name] = macro
        else:
            library.tokens[name] = macro.text


@dataclass(slots=True)
class _Expander:
    library: _Library
    problems: Problems
    made: int = 0
    refused: bool = False

    def children(
        self, parent: Element, active: tuple[str, ...], tokens: Mapping[str, str], caller: Element | None
    ) -> tuple[Element, ...]:
        """The children of `parent` with tokens, yields (from the calling `<expand>`) and expansions replaced."""
        out: list[Element] = []
        for child in parent.children:
            self.made += 1
            if self.made > MAX_NODES:
                self._refuse(child.place)
                break
            if child.tag == "expand":
                out.extend(self._expansion(child, active, tokens, caller))
            elif child.tag == "yield" and caller is not None:
                out.extend(_yielded(child, caller))
            else:
                inner = self.children(child, active, tokens, caller)
                out.append(replace(_own_tokens(child, tokens), children=inner))
        return tuple(out)

    def _expansion(
        self, expand: Element, active: tuple[str, ...], tokens: Mapping[str, str], caller: Element | None
    ) -> tuple[Element, ...]:
        name = expand.attributes.get("macro", "")
        body = self.library.bodies.get(name)
        if body is None:
            hint = did_you_mean(name, self.library.bodies, "define it in <macros>")
            self.problems.error(expand.place, "expand", f"no macro is named {name!r}", hint)
            return ()
        if name in active:
            chain = " expands ".join((*active[active.index(name) :], name))
            self.problems.error(expand.place, "expand", f"circular macro: {chain}", "a macro cannot contain itself")
            return ()
        # What the caller hands in is expanded in the caller's own terms, before the macro sees it.
        given = replace(_own_tokens(expand, tokens), children=self.children(expand, active, tokens, caller))
        return self.children(body, (*active, name), self._arguments(body, given), given)

    def _arguments(self, body: Element, expand: Element) -> dict[str, str]:
        """`@NAME@` -> value: required ones are listed in `tokens`, optional ones are `token_name="default"`."""
        quote = body.attributes.get("token_quote", "@")
        required = [name.strip() for name in body.attributes.get("tokens", "").split(",") if name.strip()]
        defaults = {
            key.removeprefix("token_"): value
            for key, value in body.attributes.items()
            if key.startswith("token_") and key != "token_quote"
        }
        values = {}
        for name in dict.fromkeys((*required, *defaults)):
            value = expand.attributes.get(name, defaults.get(name))
            if value is None:
                text = f"the macro {body.attributes['name']!r} needs {name!r}"
                self.problems.error(expand.place, name, text, f'add {name}="..." to this <expand>')
                value = ""
            values[f"{quote}{name.upper()}{quote}"] = value
        return values

    def _refuse(self, place: Place) -> None:
        if not self.refused:
            text = f"the macros expand to more than {MAX_NODES} elements"
            self.problems.error(place, "expand", text, "macros that multiply one another grow without bound")
        self.refused = True


def _yielded(mark: Element, caller: Element) -> tuple[Element, ...]:
    """For `<yield name="x"/>` the content of the caller's `<token name="x">`, for a bare one all else it holds."""
    if name := mark.attributes.get("name"):
        return tuple(c for t in caller.named("token") if t.attributes.get("name") == name for c in t.children)
    return tuple(c for c in caller.children if c.tag != "token")


def _replaced(text: str, tokens: Mapping[str, str]) -> str:
    for name, value in tokens.items():
        if name and name in text:
            text = text.replace(name, value)
    return text


def _own_tokens(element: Element, tokens: Mapping[str, str]) -> Element:
    """Tokens replaced in the element's own text and attributes."""
    if not tokens:
        return element
    attributes = {_replaced(k, tokens): _replaced(v, tokens) for k, v in element.attributes.items()}
    return replace(element, text=_replaced(element.text, tokens), attributes=attributes)


def _with_tokens(element: Element, tokens: Mapping[str, str]) -> Element:
    if not tokens:
        return element
    return replace(_own_tokens(element, tokens), children=tuple(_with_tokens(c, tokens) for c in element.children))


def _nested(tokens: Mapping[str, str], place: Place, problems: Problems) -> dict[str, str]:
    """Tokens may name other tokens, not themselves; what they grow to is bounded."""
    resolved: dict[str, str] = {}

    def value(name: str, active: tuple[str, ...]) -> str:
        if name in resolved:
            return resolved[name]
        text = tokens[name]
        for other in tokens:
            if other and other in text:
                if other in (*active, name):
                    problems.error(place, "token", f"circular token: {other} contains itself", "remove one of them")
                    return ""
                text = text.replace(other, value(other, (*active, name)))
        if len(text) > MAX_NODES:
            problems.error(place, "token", f"the token {name} grows without bound", "shorten it")
            text = ""
        resolved[name] = text
        return text

    return {name: value(name, ()) for name in tokens}
