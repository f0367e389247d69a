"""What qstat prints: the XML listing of all jobs, and the explanations of a few (`qstat -j`). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from abell.backends.contract import BackendError


class Listed(NamedTuple):
    """A job in the queue, or one task of an array."""

    number: str
    word: str  # its state: `qw`, `hqw`, `r`, `dr`, `Eqw`
    name: str  # whole, also where the plain listing cuts it
    owner: str
    queue: str  # `all.q@host`; '' while it waits
    slots: int | None

    @property
    def host(self) -> str:
        return self.queue.partition("@")[2]


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def listed(text: str) -> Iterator[Listed]:
    """The jobs in the output of `qstat -xml`. BackendError for what is no whole listing: then nothing is known."""
    for job in _tree(text).iter("job_list"):
        fields = {child.tag: (child.text or "").strip() for child in job}
        number, word = fields.get("JB_job_number", ""), fields.get("state", "")
        if not _is_number(number) or not word:
            raise BackendError(f"qstat has listed a job without number or state: {str(fields)[:200]}")
        slots = fields.get("slots", "")
        yield Listed(
            number,
            word,
            fields.get("JB_name", ""),
            fields.get("JB_owner", ""),
            fields.get("queue_name", ""),
            int(slots) if _is_number(slots) else None,
        )


def _tree(text: str):  # type: ignore[no-untyped-def]  # lxml has no types
    """The root of the document. Names of jobs come from everybody: no entities, no network, no odd characters."""
    from lxml import etree

    clean = _NO_XML.sub("\ufffd", text).strip()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, load_dtd=False)
    try:
        root = etree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", clean).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BackendError(f"qstat has printed no listing: {error}; {text.strip()[:200]!r}") from error
    if root.tag != "job_info":
        raise BackendError(f"qstat has printed no listing of jobs: <{root.tag}>")
    return root


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12


class Explained(NamedTuple):
    """What `qstat -j` says of a job beyond the listing."""

    name: str = ""
    errors: tuple[str, ...] = ()  # "error reason": why it is in state E
    waits: tuple[str, ...] = ()  # "scheduling info": why it is not started; only if schedd_job_info is on
    after: str = ""  # "jid_predecessor_list": jobs that it waits for


# Values of variables may have lines of their own; they do not begin with one of these fields and a colon by chance.
_FIELD = re.compile(r"^(?P<name>[a-z][A-Za-z_ ()]*?)(?: +\d+)?: *(?P<value>.*)$")
_WHEN = re.compile(r"^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(\.\d+)? (\[\d+:\d+\]: )?")
_NO_JOBS = re.compile(r"^Following jobs do not exist", re.IGNORECASE)


def explained(text: str) -> dict[str, Explained]:
    """Job number -> what the output of `qstat -j ID,ID,...` says of it."""
    found: dict[str, Explained] = {}
    for block in re.split(r"^=+\n", text, flags=re.MULTILINE):
        number = re.search(r"^job_number: +(\d+)$", block, re.MULTILINE)
        if number is None:
            continue
        name, after, errors, waits = "", "", [], []
        last = ""
        for line in block.splitlines():
            field = _FIELD.match(line)
            if field is not None:
                last, value = field["name"].strip(), field["value"].strip()
            elif line[:1] == " " and last in ("scheduling info", "error reason"):
                value = line.strip()
            else:
                continue
            if not value:
                continue
            if last == "job_name":
                name = value
            elif last.startswith("error reason"):
                errors.append(_WHEN.sub("", value).removeprefix("error: "))
            elif last == "scheduling info":
                waits.append(value)
            elif last.startswith("jid_predecessor_list"):
                after = value
        found[number[1]] = Explained(name, tuple(dict.fromkeys(errors)), tuple(waits), after)
    return found


def denied(text: str) -> frozenset[str]:
    """The numbers of which qstat -j says that there are no such jobs."""
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines) if _NO_JOBS.match(line)), None)
    if at is None:
        return frozenset()
    return frozenset(word for line in lines[at + 1 :] for word in line.replace(",", " ").split() if _is_number(word))


# Words that tell little where there are others: queues that it does not want come last.
_LITTLE = (re.compile(r"dropped because it is "), re.compile(r"not contained in its (hard|master) queue list"))


def why_it_waits(waits: tuple[str, ...]) -> str:
    """The scheduler's most telling words about one job, short."""

    def little(line: str) -> int:
        return next((n for n, words in enumerate(_LITTLE, 1) if words.search(line)), 0)

    least = min(map(little, waits), default=0)
    return "; ".join(dict.fromkeys(line for line in waits if little(line) == least))[:300]
