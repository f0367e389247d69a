"""`abell show`: a job's story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import click

from abell import amounts
from abell.cli.about import about
from abell.cli.options import JobNumber, engine_options
from abell.cli.session import to_look
from abell.client.client import Story
from abell.client.wire import JobRow
from abell.printable import printable


@click.command()
@click.argument("job", type=JobNumber(), metavar="ID")
@engine_options
def show(job: int, root: str | None, config: str | None, as_json: bool) -> None:
    """Tell a job's story: what it is, what it asked for and used, its files, and what happened when.

    \b
    Examples:
      abell show 17
      abell show 17 --json | jq .job.usage
    """
    with to_look(root, config) as client:
        story = client.job(job)
    if as_json:
        print(json.dumps(story))
    else:
        print("\n".join(lines(story)))


def lines(story: Story) -> Iterator[str]:
    """The story as text, safe for a terminal."""
    row = story["job"]
    because = about(row)
    title = f"job {row['id']}: {row['cause'] or row['state']}"
    yield printable(f"{title} - {because}" if because else title)
    yield from _section("", _facts(row))
    yield from _section("resources", _resources(row))
    yield from _section("files", _files(row))
    events = [
        (clock(event["at"]), f"{event['kind']}: {event['text']}" if event["text"] else event["kind"])
        for event in story["events"]
    ]
    yield from _section("story", events)


def _section(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Those of the rows that say something, aligned."""
    said = [(name, text) for name, text in rows if text]
    if said and title:
        yield ""
        yield title
    width = max((len(name) for name, _ in said), default=0)
    for name, text in said:
        yield f"  {printable(name):<{width}}  {printable(text)}"


def _facts(row: JobRow) -> list[tuple[str, str]]:
    where = row["destination"] + (f" (runner {row['runner']})" if row["runner"] else "")
    return [
        ("name", row["name"]),
        ("command", row["command"]),
        ("user", row["user"]),
        ("tool", row["tool_id"]),
        ("destination", where if row["destination"] else ""),
        ("native id", row["native_id"]),
        ("attempt", str(row["attempt"]) if row["attempt"] > 1 else ""),
        ("exit code", _number(row["exit_code"])),
        ("signal", _number(row["signal"])),
        ("metadata", _number((row["metadata"] or {}).get("exit_code"), "exit code {}")),
        ("created", clock(row["created"])),
        ("started", clock(row["started"])),
        ("ended", clock(row["ended"])),
    ]


def _resources(row: JobRow) -> list[tuple[str, str]]:
    """What was asked for, beside what was used."""
    usage = row["usage"]
    used_memory, used_time, cpu = usage["memory_bytes"], usage["elapsed_s"], usage["cpu_s"]
    return [
        ("slots", _asked_used(_number(row["slots"]), "")),
        ("cpu", _asked_used("", "" if cpu is None else amounts.show_seconds(cpu))),
        (
            "memory",
            _asked_used(
                "" if row["memory_mb"] is None else amounts.show_memory(row["memory_mb"]),
                "" if used_memory is None else amounts.show_bytes(used_memory),
            ),
        ),
        (
            "time",
            _asked_used(
                "" if row["walltime_s"] is None else amounts.show_seconds(row["walltime_s"]),
                "" if used_time is None else amounts.show_seconds(used_time),
            ),
        ),
    ]


def _asked_used(asked: str, used: str) -> str:
    return ", ".join(part for part in (asked and f"asked {asked}", used and f"used {used}") if part)


def _files(row: JobRow) -> list[tuple[str, str]]:
    files = [
        ("directory", row["directory"] or ""),
        ("stdout", row["stdout"] or ""),
        ("stderr", row["stderr"] or ""),
        ("job stdout", row["job_stdout"] or ""),
        ("job stderr", row["job_stderr"] or ""),
    ]
    for output in row["outputs"]:
        size = "" if output["size"] is None else f" ({amounts.show_bytes(output['size'])})"
        files.append((f"output {output['name']}", output["path"] + size))
    return files


def _number(value: int | None, form: str = "{}") -> str:
    return "" if value is None else form.format(value)


def clock(at: float | None) -> str:
    """Local time, with its distance from UTC: a log that is passed on stays true."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
