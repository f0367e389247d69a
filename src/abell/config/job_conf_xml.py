"""job_conf.xml -> the plain tree in the shape of job_conf.yml, so that one builder serves both dialects.

Elements without an attribute that Galaxy requires are left out with a warning, as Galaxy does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from abell.config.model import Place
from abell.config.nearest import did_you_mean
from abell.config.problem import Problems
from abell.config.read_xml import Element
from abell.config.shape import TRUE
from abell.config.tree import Node

SECTIONS = ("plugins", "handlers", "destinations", "resources", "tools", "limits")
CONTAINERS = ("container", "container_override")


@dataclass(slots=True)
class Outside:
    """What `from_environ` and `from_config` may ask; remembers what was asked, because it shaped the result."""

    environ: Mapping[str, str]
    settings: Mapping[str, str]  # the galaxy section of galaxy.yml
    asked: dict[str, str] = field(default_factory=dict)

    def value(self, attributes: Mapping[str, str], written: str, prefix: str = "") -> str:
        """The value from outside if one is named and present, else what is written."""
        if variable := attributes.get(f"{prefix}from_environ"):
            found = self.environ.get(variable, written)
            self.asked[variable] = found
            return found
        if option := attributes.get(f"{prefix}from_config"):
            return self.settings.get(option, written)
        return written


def to_tree(root: Element, outside: Outside, problems: Problems) -> Node:
    """The tree of a `<job_conf>` element whose macros are expanded."""
    if root.tag != "job_conf":
        problems.error(root.place, root.tag, f"<{root.tag}> is no job configuration", "the root is <job_conf>")
    return _Translation(outside, problems).job_conf(root)


def _text(value: str, place: Place) -> Node:
    return Node(value, place)


@dataclass(slots=True)
class _Translation:
    outside: Outside
    problems: Problems

    def job_conf(self, root: Element) -> Node:
        found: dict[str, Element] = {}
        for child in root.children:
            if child.tag not in SECTIONS:
                hint = did_you_mean(child.tag, SECTIONS)
                self.problems.warn(child.place, child.tag, f"<{child.tag}> means nothing here and has no effect", hint)
            elif child.tag in found:
                line = found[child.tag].place.line
                text = f"a second <{child.tag}>; the first is in line {line}"
                self.problems.error(child.place, child.tag, text, "put all entries into one of them")
            else:
                found[child.tag] = child
        parts: dict[str, Node] = {}
        readers: dict[str, tuple[str, Callable[[Element], Node]]] = {
            "plugins": ("runners", self.plugins),
            "handlers": ("handling", self.handlers),
            "destinations": ("execution", self.destinations),
            "resources": ("resources", self.resources),
            "tools": ("tools", self.tools),
            "limits": ("limits", self.limits),
        }
        for tag, element in found.items():
            name, read = readers[tag]
            parts[name] = read(element)
        return Node(parts, root.place)

    def plugins(self, element: Element) -> Node:
        runners: dict[str, Node] = {}
        for plugin in self._entries(element, "plugin"):
            if (kind := plugin.attributes.get("type", "runner")) != "runner":
                self.problems.warn(plugin.place, "type", f"a plugin of type {kind!r} has no effect", 'type="runner"')
                continue
            if not self._has(plugin, "id"):
                continue
            fields = self._attributes(plugin, ("load", "workers"), ignored=("id", "type"))
            if "workers" not in fields and "workers" in element.attributes:
                fields["workers"] = _text(element.attributes["workers"], element.place)
            fields["params"] = self._params(plugin)
            self._put(runners, plugin.attributes["id"], Node(fields, plugin.place), "plugin")
        return Node(runners, element.place)

    def handlers(self, element: Element) -> Node:
        fields = self._attributes(element, ("max_grab", "ready_window_size"), ignored=("assign_with", *_DEFAULTS))
        if "assign_with" in element.attributes:
            fields["assign"] = _text(element.attributes["assign_with"], element.place)
        self._default(element, fields)
        processes: dict[str, Node] = {}
        for handler in self._entries(element, "handler"):
            if not self._has(handler, "id"):
                continue
            inner = self._attributes(handler, ("tags",), ignored=("id",))
            plugins = [
                _text(p.attributes["id"], p.place) for p in self._entries(handler, "plugin") if self._has(p, "id")
            ]
            if plugins:
                inner["plugins"] = Node(tuple(plugins), handler.place)
            self._put(processes, handler.attributes["id"], Node(inner, handler.place), "handler")
        fields["processes"] = Node(processes, element.place)
        return Node(fields, element.place)

    def destinations(self, element: Element) -> Node:
        self._attributes(element, (), ignored=_DEFAULTS)
        fields: dict[str, Node] = {}
        self._default(element, fields)
        environments: dict[str, Node] = {}
        for one in self._entries(element, "destination"):
            if self._has(one, "id"):
                self._put(environments, one.attributes["id"], self._destination(one), "destination")
        fields["environments"] = Node(environments, element.place)
        return Node(fields, element.place)

    def _destination(self, element: Element) -> Node:
        fields = self._attributes(element, ("runner", "tags", "shell"), ignored=("id", "metrics"))
        if "shell" in fields:
            text = "the attribute 'shell' is honoured here; Galaxy reads it in job_conf.yml only"
            self.problems.warn(element.place, "shell", text)
        params = self._params(element)
        if "docker_enabled" in params.value and "docker_sudo" not in params.value:
            # Only XML has this default; without docker it would mean nothing.
            params.value["docker_sudo"] = _text("true", element.place)
        fields["params"] = params
        self._entries(element, "param", "env", "resubmit", "job_metrics")
        if envs := tuple(self._env(e) for e in element.named("env")):
            fields["env"] = Node(envs, element.place)
        if again := tuple(self._resubmit(e) for e in element.named("resubmit")):
            fields["resubmit"] = Node(again, element.place)
        metrics = element.named("job_metrics")
        if metrics:
            plugins = tuple(_plugin(p) for p in metrics[0].children)
            fields["metrics"] = Node(plugins, metrics[0].place)
        elif "metrics" in element.attributes:
            fields["metrics"] = _text(element.attributes["metrics"], element.place)
        return Node(fields, element.place)

    def _env(self, element: Element) -> Node:
        fields = self._attributes(element, ("file", "raw"), ignored=("id", "exec"))
        if "exec" in element.attributes:
            fields["execute"] = _text(element.attributes["exec"], element.place)
        if "id" in element.attributes:
            fields["name"] = _text(element.attributes["id"], element.place)
            fields["value"] = _text(element.text, element.place)
        return Node(fields, element.place)

    def _resubmit(self, element: Element) -> Node:
        fields = self._attributes(element, ("condition", "handler", "delay"), ignored=("destination",))
        if "destination" in element.attributes:
            fields["environment"] = _text(element.attributes["destination"], element.place)
        return Node(fields, element.place)

    def resources(self, element: Element) -> Node:
        fields = self._attributes(element, ("default",))
        groups: dict[str, Node] = {}
        for group in self._entries(element, "group"):
            if self._has(group, "id"):
                names = group.attributes.get("fields", group.text)
                self._put(groups, group.attributes["id"], _text(names, group.place), "group")
        fields["groups"] = Node(groups, element.place)
        return Node(fields, element.place)

    def tools(self, element: Element) -> Node:
        rules = []
        for tool in self._entries(element, "tool"):
            known = ("id", "class", "handler", "resources")
            fields = self._attributes(tool, known, ignored=("destination",))
            if "destination" in tool.attributes:
                fields["environment"] = _text(tool.attributes["destination"], tool.place)
            fields["params"] = self._params(tool)
            rules.append(Node(fields, tool.place))
        return Node(tuple(rules), element.place)

    def limits(self, element: Element) -> Node:
        limits = []
        for limit in self._entries(element, "limit"):
            if self._has(limit, "type"):
                fields = self._attributes(limit, ("type", "id", "tag", "window"))
                fields["value"] = _text(limit.text.strip(), limit.place)
                limits.append(Node(fields, limit.place))
        return Node(tuple(limits), element.place)

    def _params(self, element: Element) -> Node:
        params: dict[str, Node] = {}
        for param in element.named("param"):
            if not self._has(param, "id"):
                continue
            key = param.attributes["id"]
            if key in CONTAINERS and param.children:
                value = Node(tuple(_container(c) for c in param.named("container")), param.place)
            else:
                value = _text(self.outside.value(param.attributes, param.text), param.place)
            self._put(params, key, value, "param")
        return Node(params, element.place)

    def _default(self, element: Element, fields: dict[str, Node]) -> None:
        value = self.outside.value(element.attributes, element.attributes.get("default", ""), "default_")
        if value:
            fields["default"] = _text(value, element.place)

    def _put(self, into: dict[str, Node], name: str, node: Node, what: str) -> None:
        if name in into:
            text = f"duplicate {what} id {name!r}; the first is in line {into[name].place.line}"
            self.problems.error(node.place, name, text, "give each its own id")
        else:
            into[name] = node

    def _has(self, element: Element, attribute: str) -> bool:
        if element.attributes.get(attribute):
            return True
        text = f"<{element.tag}> without {attribute!r} is left out"
        self.problems.warn(element.place, attribute, text, f'add {attribute}="..."')
        return False

    def _entries(self, element: Element, *tags: str) -> Iterable[Element]:
        """The children with the first of these tags; warns of those with none of them."""
        for child in element.children:
            if child.tag not in tags:
                text = f"<{child.tag}> inside <{element.tag}> means nothing and has no effect"
                self.problems.warn(child.place, child.tag, text, did_you_mean(child.tag, tags))
        return element.named(tags[0])

    def _attributes(self, element: Element, known: tuple[str, ...], ignored: tuple[str, ...] = ()) -> dict[str, Node]:
        """The known attributes as nodes; `ignored` ones are read elsewhere, others draw a warning."""
        for name in element.attributes:
            if name not in known and name not in ignored and element.tag != "plugins":
                text = f"the attribute {name!r} of <{element.tag}> means nothing and has no effect"
                hint = did_you_mean(name, (*known, *ignored))
                self.problems.warn(element.place, name, text, hint)
        return {n: _text(element.attributes[n], element.place) for n in known if n in element.attributes}


_DEFAULTS = ("default", "default_from_environ", "default_from_config")


def _plugin(element: Element) -> Node:
    """A metrics plugin: its tag is its type."""
    fields = {"type": _text(element.tag, element.place)}
    fields |= {name: _text(value, element.place) for name, value in element.attributes.items()}
    return Node(fields, element.place)


def _container(element: Element) -> Node:
    fields = {name: _text(value, element.place) for name, value in element.attributes.items()}
    if (resolve := fields.get("resolve_dependencies")) is not None:
        fields["resolve_dependencies"] = Node(resolve.value.strip().lower() in TRUE, element.place)  # as YAML has it
    return Node(fields | {"identifier": _text(element.text.strip(), element.place)}, element.place)
