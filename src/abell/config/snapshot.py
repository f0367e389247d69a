"""A destination and its runner as they were when an attempt was claimed: plain JSON, and back."""

from __future__ import annotations

import json
from dataclasses import asdict

from abell.config.model import Destination, EnvEntry, Metrics, Place, Resubmit, Runner


def to_text(destination: Destination, runner: Runner) -> str:
    plain = {"destination": asdict(destination), "runner": asdict(runner)}
    return json.dumps(plain, default=str, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> tuple[Destination, Runner]:
    plain = json.loads(text)
    d, r = plain["destination"], plain["runner"]
    d["tags"] = tuple(d["tags"])
    d["env"] = tuple(EnvEntry(**e) for e in d["env"])
    d["resubmit"] = tuple(Resubmit(**e) for e in d["resubmit"])
    if d["metrics"] is not None:
        d["metrics"] = Metrics(**{**d["metrics"], "plugins": tuple(d["metrics"]["plugins"])})
    d["place"], r["place"] = Place(**d["place"]), Place(**r["place"])
    return Destination(**d), Runner(**r)
