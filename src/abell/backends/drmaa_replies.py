"""What the replies of a DRM's library mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abell.backends.contract import (
    Answered,
    Bound,
    Doubt,
    Finding,
    Later,
    Learned,
    Refused,
    Reply,
    TimedOut,
    Unreachable,
)
from abell.backends.drmaa_words import outcome


def submitted(key: str, reply: Reply) -> Learned:
    """What came of a submission of one job."""
    match reply:
        case Answered(data={"answers": [answer]}) if isinstance(answer, Mapping):
            return _learned(key, answer)
        case Unreachable(reason, began=False):
            return Later(key, reason)
        case _:
            return Doubt(key, trouble(reply))


def _learned(key: str, answer: Mapping[str, Any]) -> Learned:
    match answer:
        case {"id": str(native_id)} if native_id:
            return Bound(key, native_id)
        case {"error": str(error)}:
            text = str(answer.get("text", "")) or error
            match outcome(error, text):
                case "refused":
                    return Refused(key, text)
                case "doubt":
                    return Doubt(key, f"{error}: {text}")
                case holds_up:
                    return Later(key, text, holds_up=holds_up)
        case {"later": why}:
            return Later(key, str(why))
        case {"set_aside": why, "began": True}:  # for the second time; the resolver has to settle this one
            return Doubt(key, str(why))
        case {"set_aside": why}:
            return Refused(key, str(why))
        case {"doubt": why}:
            return Doubt(key, str(why))
        case _:
            return Doubt(key, f"the library's process has answered {answer!r:.200}")


def trouble(reply: Reply) -> str:
    """Why there is no answer that can be used, for people."""
    match reply:
        case TimedOut(after_s):
            return f"the DRM's library has not answered for {after_s:.0f} s"
        case Unreachable(reason):
            return reason
        case Answered(data):
            return f"the library's process has answered {data!r:.200}"
        case _:
            return f"no answer of a library: {reply!r:.200}"


def about(reply: Reply) -> list[Finding]:
    """What the library says of itself, for the doctor."""
    if not isinstance(reply, Answered):
        return [Finding(False, trouble(reply), remedy(trouble(reply)))]
    data = reply.data
    told = [f"{data.get('path', '')}: {data.get('drm') or 'a DRM without a name'}"]
    if implementation := data.get("implementation"):
        told.append(str(implementation))
    if version := data.get("version"):
        told.append(f"DRMAA {version}")
    if contact := data.get("contact"):
        told.append(f"session {contact}")
    return [Finding(True, ", ".join(told)), *(Finding(True, str(note)) for note in data.get("notes", ()))]


# Words of a loader, of DRMAA or of Abell's library host -> what to do.
_REMEDIES = (
    ("cannot open shared object file", "install the DRM's DRMAA library, or correct drmaa_library_path"),
    ("undefined symbol", "install the library that this one needs, or one for this version of the DRM"),
    ("wrong ELF class", "install the DRMAA library for this machine's architecture"),
    ("invalid ELF header", "name the shared library itself (libdrmaa.so.1.0), not a text file or an archive"),
    ("DRMAA_LIBRARY_PATH", "set the runner's drmaa_library_path, or $DRMAA_LIBRARY_PATH for the server"),
    ("SGE_ROOT", "set SGE_ROOT and SGE_CELL for the server, as in the cell's settings.sh"),
    ("DRMS_INIT_FAILED", "see that the DRM's own commands work for the server's user, with the server's environment"),
    ("DRM_COMMUNICATION_FAILURE", "start the DRM, or see why this machine cannot reach it"),
)


def remedy(text: str) -> str:
    return next((what for words, what in _REMEDIES if words in text), "set drmaa_library_path to the DRM's library")
