"""YAML text -> the plain tree, with YAML 1.1's meaning of scalars, which is what Galaxy's reader gives them.

Composed here from the parser's events, because three things must be bounded or refused while reading: nesting, the
size that aliases expand to, and duplicate keys. No tag that could construct an object is known.
"""

from __future__ import annotations

from typing import Any

import yaml

from abell.config.model import Place
from abell.config.problem import Problems
from abell.config.tree import MAX_DEPTH, MAX_INTEGER_BITS, MAX_NODES, Node

# libyaml is ten times faster; the pure parser means the same.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_COLLECTIONS = (None, "!", f"{_TAG}seq", f"{_TAG}map")
_SCALARS = frozenset({"null", "bool", "int", "float", "str"})
_AS_TEXT = frozenset({"timestamp", "value", "merge"})  # the model has no dates: the text as written


class _ReadError(Exception):
    """Reading cannot go on."""

    def __init__(self, place: Place, text: str, hint: str) -> None:
        super().__init__(text)
        self.place, self.text, self.hint = place, text, hint


def read_yaml(text: str, file: str, problems: Problems) -> Node | None:
    """The document's tree; None where it is empty or where a problem was noted."""
    try:
        return _Reader(text, file, problems).document()
    except _ReadError as stop:
        problems.error(stop.place, "", stop.text, stop.hint)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        written = text.splitlines()[mark.line : mark.line + 1] if mark else []
        tabs = any("\t" in line[: len(line) - len(line.lstrip())] for line in written)
        hint = "indent with spaces, not tabs" if tabs else "check quotes, brackets and indentation here"
        problems.error(Place(file, mark.line + 1 if mark else 1), "", f"this is not YAML: {what}", hint)
    except yaml.YAMLError as error:  # the reader's: a character that YAML does not allow
        problems.error(
            Place(file, 1), "", f"this is not YAML: {' '.join(str(error).split())}", "remove control characters"
        )
    return None


class _Reader:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.loader = _Loader(text)
        self.file = file
        self.problems = problems
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchored value is being read
        self.nodes = 0

    def document(self) -> Node | None:
        self._next()  # stream start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        node, _ = self._compose(self._next(), 0)
        self._next()  # document end
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise _ReadError(self._place(after), "a second document begins here", "remove '---' and what follows")
        return node

    def _next(self) -> Any:
        return self.loader.get_event()

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1)

    def _compose(self, event: Any, depth: int) -> tuple[Node, int]:
        """The node that begins with this event, and how many nodes it expands to."""
        place = self._place(event)
        if depth > MAX_DEPTH:
            raise _ReadError(place, f"nested deeper than {MAX_DEPTH} levels", "no job configuration needs that")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise _ReadError(place, f"*{event.anchor} has no anchor &{event.anchor} before it", "define it first")
            known = self.anchors[event.anchor]
            if known is None:
                raise _ReadError(place, f"*{event.anchor} contains itself", "a value cannot be part of itself")
            self._count(known[1], place)
            return known
        anchor = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        if not isinstance(event, yaml.ScalarEvent) and event.tag not in _COLLECTIONS:
            self._unknown_tag(event.tag, place)
        if isinstance(event, yaml.ScalarEvent):
            made = self._scalar(event, place), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._sequence(place, depth)
        else:
            made = self._mapping(place, depth)
        if anchor is not None:
            self.anchors[anchor] = made
        self._count(1, place)
        return made

    def _count(self, nodes: int, place: Place) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _ReadError(place, f"more than {MAX_NODES} values, with aliases expanded", "use fewer aliases")

    def _scalar(self, event: Any, place: Place) -> Node:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        name = tag.removeprefix(_TAG)
        if name in _AS_TEXT:
            return Node(event.value, place)
        if name not in _SCALARS:
            self._unknown_tag(tag, place)
            return Node(None, place)
        try:
            value = self.loader.yaml_constructors[tag](self.loader, yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError, yaml.YAMLError):
            self.problems.error(place, "", f"{event.value!r:.60} is no {name}", "write it in quotes if you mean text")
            return Node(None, place)
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            self.problems.error(place, "", "a number of that size is not allowed", "quote it if you mean text")
            return Node(None, place)
        if isinstance(value, str) and "\0" in value:
            self.problems.error(place, "", "a NUL character is not allowed", "no path or variable can hold one")
            return Node(None, place)
        return Node(value, place, event.value if event.implicit[0] and name != "str" else None)

    def _unknown_tag(self, tag: str, place: Place) -> None:
        self.problems.error(place, "", f"the tag {tag} is not known", "write plain values")

    def _sequence(self, place: Place, depth: int) -> tuple[Node, int]:
        items, size = [], 1
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            node, more = self._compose(event, depth + 1)
            items.append(node)
            size += more
        return Node(tuple(items), place), size

    def _mapping(self, place: Place, depth: int) -> tuple[Node, int]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        size = 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, _ = self._compose(event, depth + 1)
            is_merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
            node, more = self._compose(self._next(), depth + 1)
            size += 1 + more
            if is_merge:
                self._merge(node, merged)
                continue
            if key.is_mapping or key.is_sequence:
                self.problems.error(key.place, "", f"{key.kind} cannot be a key", "write a name before the colon")
                continue
            # A key is a name: as written, whatever number or boolean YAML might read it as.
            name = key.written if key.written is not None else str("" if key.value is None else key.value)
            if name in own:
                first = own[name].place.line
                self.problems.error(
                    key.place, name, f"duplicate key {name!r}; the first is in line {first}", "remove one of them"
                )
                continue
            own[name] = Node(node.value, key.place, node.written)  # people look for the name, not for its value
        return Node(merged | own, place), size

    def _merge(self, node: Node, into: dict[str, Node]) -> None:
        """YAML's `<<`: the first of several merged mappings wins, and the mapping's own keys win over all."""
        for source in node.value if node.is_sequence else (node,):
            if not source.is_mapping:
                self.problems.error(source.place, "<<", f"<< merges mappings, not {source.kind}", "name a mapping")
                continue
            for key, value in source.value.items():
                into.setdefault(key, value)
