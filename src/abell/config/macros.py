"""XML macros as in Galaxy's files: `<macros>` with imports, tokens and `<xml>` bodies, `<expand>` and `<yield>`.

Elements are immutable: expanding builds new ones, which keep the place where their text was written. What macros and
tokens can grow to is bounded in number, depth and length, because each can multiply the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from abell.config.model import Place
from abell.config.nearest import did_you_mean
from abell.config.problem import Problems
from abell.config.read_xml import Element
from abell.config.tree import MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES

Read = Callable[[str, Place], Element | None]  # absolute path of an import, where it was asked for -> its root


MAX_TOKENS = 200
MAX_IMPORTS_DEEP = 16


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
    expanded = replace(body, children=expander.children(body, _Scope()))
    if len(library.tokens) > MAX_TOKENS:
        problems.error(root.place, "token", f"more than {MAX_TOKENS} tokens", "no job configuration needs that")
        return expanded
    return expander.with_tokens(expanded, expander.nested(library.tokens, root.place))


def _collect(
    section: Element, file: str, read: Read, problems: Problems, library: _Library, importing: tuple[str, ...]
) -> None:
    for wanted in section.named("import"):
        path = str(PurePath(file).parent / wanted.text.strip())
        if path in importing:
            chain = " imports ".join(PurePath(p).name for p in (*importing[importing.index(path) :], path))
            problems.error(wanted.place, "import", f"circular import of macros: {chain}", "remove one of the imports")
        elif len(importing) > MAX_IMPORTS_DEEP:
            text = f"imports of macros nested deeper than {MAX_IMPORTS_DEEP} files"
            problems.error(wanted.place, "import", text, "import from fewer files")
        elif (root := read(path, wanted.place)) is not None:
            for nested in (root, *root.named("macros")):
                _collect(nested, path, read, problems, library, (*importing, path))
    for macro in section.children:
        kind = macro.attributes.get("type", "xml") if macro.tag == "macro" else macro.tag
        if kind not in ("xml", "token"):
            continue
        name = macro.attributes.get("name", "")
        if not name:
            problems.error(macro.place, "name", f"a macro of type {kind} without a name", 'add name="..."')
        elif kind == "xml":
            library.bodies[name] = macro
        else:
            library.tokens[name] = macro.text


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where the expansion is: inside which macros, called how, with which arguments."""

    active: tuple[str, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)
    caller: Element | None = None  # the `<expand>`, whose content replaces `<yield>`
    depth: int = 0

    def deeper(self) -> _Scope:
        return replace(self, depth=self.depth + 1)


@dataclass(slots=True)
class _Expander:
    library: _Library
    problems: Problems
    elements: int = 0
    characters: int = 0  # that tokens have added
    refused: set[str] = field(default_factory=set)

    def children(self, parent: Element, scope: _Scope) -> tuple[Element, ...]:
        """The children of `parent` with tokens, yields and expansions replaced."""
        out: list[Element] = []
        if parent.children and scope.depth > 2 * MAX_DEPTH:
            self._refuse(parent.place, f"the macros nest deeper than {2 * MAX_DEPTH} levels", "nest them less")
            return ()
        for child in parent.children:
            self.elements += 1
            if self.elements > MAX_NODES:
                text = f"the macros expand to more than {MAX_NODES} elements"
                self._refuse(child.place, text, "macros that multiply one another grow without bound")
                break
            if child.tag == "expand":
                out.extend(self._expansion(child, scope.deeper()))
            elif child.tag == "yield" and scope.caller is not None:
                out.extend(_yielded(child, scope.caller))
            else:
                out.append(replace(self._own(child, scope.tokens), children=self.children(child, scope.deeper())))
        return tuple(out)

    def _expansion(self, expand: Element, scope: _Scope) -> tuple[Element, ...]:
        name = expand.attributes.get("macro", "")
        body = self.library.bodies.get(name)
        if body is None:
            hint = did_you_mean(name, self.library.bodies, "define it in <macros>")
            self.problems.error(expand.place, "expand", f"no macro is named {name!r}", hint)
            return ()
        if name in scope.active:
            chain = " expands ".join((*scope.active[scope.active.index(name) :], name))
            self.problems.error(expand.place, "expand", f"circular macro: {chain}", "a macro cannot contain itself")
            return ()
        # What the caller hands in is expanded in the caller's own terms, before the macro sees it.
        given = replace(self._own(expand, scope.tokens), children=self.children(expand, scope))
        inner = _Scope((*scope.active, name), self._arguments(body, given), given, scope.depth + 1)
        return self.children(body, inner)

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

    def with_tokens(self, element: Element, tokens: Mapping[str, str]) -> Element:
        """The element and all below it, tokens replaced."""
        if not tokens:
            return element
        inner = tuple(self.with_tokens(c, tokens) for c in element.children)
        return replace(self._own(element, tokens), children=inner)

    def nested(self, tokens: Mapping[str, str], place: Place) -> dict[str, str]:
        """The tokens with the tokens in their own values replaced."""
        resolved: dict[str, str] = {}

        def value(name: str, active: tuple[str, ...]) -> str:
            if name in resolved:
                return resolved[name]
            text = tokens[name]
            for other in tokens:
                if other not in text:
                    continue
                if other in (*active, name):
                    hint = "remove one of them"
                    self.problems.error(place, "token", f"circular token: {other} contains itself", hint)
                    return ""
                text = self._replaced(text, {other: value(other, (*active, name))}, place)
            resolved[name] = text
            return text

        return {name: value(name, ()) for name in tokens}

    def _own(self, element: Element, tokens: Mapping[str, str]) -> Element:
        """Tokens replaced in the element's own text and attributes."""
        if not tokens:
            return element
        attributes = {
            self._replaced(key, tokens, element.place): self._replaced(value, tokens, element.place)
            for key, value in element.attributes.items()
        }
        return replace(element, text=self._replaced(element.text, tokens, element.place), attributes=attributes)

    def _replaced(self, text: str, tokens: Mapping[str, str], place: Place) -> str:
        for name, value in tokens.items():
            count = text.count(name) if name else 0
            if not count:
                continue
            self.characters += count * len(value)
            if self.characters > MAX_FILE_BYTES:
                self._refuse(place, "the tokens grow without bound", "tokens multiply one another: use fewer")
                return text
            text = text.replace(name, value)
        return text

    def _refuse(self, place: Place, text: str, hint: str) -> None:
        """One error of a kind is enough: what grows would make thousands."""
        if text not in self.refused:
            self.problems.error(place, "macros", text, hint)
            self.refused.add(text)


def _yielded(mark: Element, caller: Element) -> tuple[Element, ...]:
    """For `<yield name="x"/>` the content of the caller's `<token name="x">`, for a bare one all else it holds."""
    if name := mark.attributes.get("name"):
        return tuple(c for t in caller.named("token") if t.attributes.get("name") == name for c in t.children)
    return tuple(c for c in caller.children if c.tag != "token")
