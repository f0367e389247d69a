"""The DRMAA 1.0 C binding (GFD.22, GFD.133), as far as a job runner needs it. One thread, one session."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from ctypes import c_char_p, c_int, c_long, c_size_t, c_uint, c_void_p
from typing import Any

from abell.library.attributes import REQUIRED, SCALARS, VECTORS, scalar, vector

ERRORS = (  # the DRMAA_ERRNO_ constants, by number
    "SUCCESS",
    "INTERNAL_ERROR",
    "DRM_COMMUNICATION_FAILURE",
    "AUTH_FAILURE",
    "INVALID_ARGUMENT",
    "NO_ACTIVE_SESSION",
    "NO_MEMORY",
    "INVALID_CONTACT_STRING",
    "DEFAULT_CONTACT_STRING_ERROR",
    "NO_DEFAULT_CONTACT_STRING_SELECTED",
    "DRMS_INIT_FAILED",
    "ALREADY_ACTIVE_SESSION",
    "DRMS_EXIT_ERROR",
    "INVALID_ATTRIBUTE_FORMAT",
    "INVALID_ATTRIBUTE_VALUE",
    "CONFLICTING_ATTRIBUTE_VALUES",
    "TRY_LATER",
    "DENIED_BY_DRM",
    "INVALID_JOB",
    "RESUME_INCONSISTENT_STATE",
    "SUSPEND_INCONSISTENT_STATE",
    "HOLD_INCONSISTENT_STATE",
    "RELEASE_INCONSISTENT_STATE",
    "EXIT_TIMEOUT",
    "NO_RUSAGE",
    "NO_MORE_ELEMENTS",
)
STATES = {
    0x00: "UNDETERMINED",
    0x10: "QUEUED_ACTIVE",
    0x11: "SYSTEM_ON_HOLD",
    0x12: "USER_ON_HOLD",
    0x13: "USER_SYSTEM_ON_HOLD",
    0x20: "RUNNING",
    0x21: "SYSTEM_SUSPENDED",
    0x22: "USER_SUSPENDED",
    0x23: "USER_SYSTEM_SUSPENDED",
    0x30: "DONE",
    0x40: "FAILED",
}  # the DRMAA_PS_ constants
TERMINATE = 4  # DRMAA_CONTROL_TERMINATE
_BUFFER = 1024  # DRMAA_ERROR_STRING_BUFFER, and more than any other length that the specification names
_MOST_ELEMENTS = 200  # of a list that a library makes up


class DrmaaError(Exception):
    """`name` of the DRMAA_ERRNO_ constant, and the library's own words."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


class Drmaa:
    """A loaded library. Every method raises DrmaaError; loading raises OSError."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._known: frozenset[str] | None = None

    def open(self, contact: str) -> None:
        self._call("drmaa_init", c_char_p(_bytes(contact) if contact else None))

    def close(self) -> None:
        self._call("drmaa_exit")

    @property
    def contact(self) -> str:
        return self._text("drmaa_get_contact")

    @property
    def drm(self) -> str:
        return self._text("drmaa_get_DRM_system")

    @property
    def implementation(self) -> str:
        return self._text("drmaa_get_DRMAA_implementation")

    @property
    def version(self) -> str:
        major, minor = c_uint(), c_uint()
        self._call("drmaa_version", ctypes.byref(major), ctypes.byref(minor))
        return f"{major.value}.{minor.value}"

    def submit(self, attributes: Mapping[str, Any]) -> str:
        """The job's id. INVALID_ATTRIBUTE_... says which attribute this library does not take."""
        template = c_void_p()
        self._call("drmaa_allocate_job_template", ctypes.byref(template))
        try:
            for name, value in attributes.items():
                if value is not None:
                    self._set(template, name, value)
            return self._text("drmaa_run_job", after=(template,))
        finally:
            self._call("drmaa_delete_job_template", template)

    def state(self, job: str) -> str:
        code = c_int(-1)
        self._call("drmaa_job_ps", c_char_p(_bytes(job)), ctypes.byref(code))
        return STATES.get(code.value, f"UNKNOWN {code.value:#x}")

    def terminate(self, job: str) -> None:
        self._call("drmaa_control", c_char_p(_bytes(job)), c_int(TERMINATE))

    def wait(self, job: str) -> dict[str, Any]:
        """How a job ended. The library forgets it with this answer, and also with NO_RUSAGE."""
        status, usage, out = c_int(), c_void_p(), ctypes.create_string_buffer(_BUFFER)
        rest = c_long(0), ctypes.byref(usage)  # DRMAA_TIMEOUT_NO_WAIT
        self._call("drmaa_wait", c_char_p(_bytes(job)), out, c_size_t(_BUFFER), ctypes.byref(status), *rest)
        exited = self._number("drmaa_wifexited", status)
        signaled = self._number("drmaa_wifsignaled", status)
        pairs = (text.partition("=") for text in self._elements("attr_value", usage))
        return {
            "exited": bool(exited),
            "exit_code": self._number("drmaa_wexitstatus", status) if exited else None,
            "signal": self._text("drmaa_wtermsig", after=(status,)) if signaled else None,
            "core": bool(signaled and self._number("drmaa_wcoredump", status)),
            "aborted": bool(self._number("drmaa_wifaborted", status)),
            "usage": {name: value for name, _, value in pairs},
        }

    def _set(self, template: c_void_p, name: str, value: Any) -> None:
        native = SCALARS.get(name) or VECTORS.get(name)
        if native is None:
            raise DrmaaError("INVALID_ATTRIBUTE_VALUE", f"{name} is no attribute of DRMAA 1.0")
        if name not in REQUIRED and native not in (known := self._attributes() or {native}):
            has = ", ".join(sorted(known))
            raise DrmaaError("INVALID_ATTRIBUTE_VALUE", f"this library has no {native} ({name}); it has {has}")
        try:
            if name in SCALARS:
                said: Any = scalar(name, value)
                self._call("drmaa_set_attribute", template, c_char_p(_bytes(native)), c_char_p(_bytes(said)))
            else:
                said = vector(name, value)
                array = (c_char_p * (len(said) + 1))(*map(_bytes, said), None)
                self._call("drmaa_set_vector_attribute", template, c_char_p(_bytes(native)), array)
        except ValueError as error:
            raise DrmaaError("INVALID_ATTRIBUTE_FORMAT", str(error)) from error
        except DrmaaError as error:
            raise DrmaaError(error.name, f"{native} ({name}): {error.text}") from error

    def _attributes(self) -> frozenset[str]:
        """The attributes that the library says it has; empty if it does not say."""
        if self._known is None:
            found: set[str] = set()
            for function in ("drmaa_get_attribute_names", "drmaa_get_vector_attribute_names"):
                names = c_void_p()
                try:
                    self._call(function, ctypes.byref(names))
                    found.update(self._elements("attr_name", names))
                except DrmaaError:
                    return frozenset()
            self._known = frozenset(found)
        return self._known

    def _elements(self, kind: str, opaque: c_void_p) -> Iterator[str]:
        """What an opaque list has, which is released."""
        if not opaque.value:
            return
        buffer = ctypes.create_string_buffer(_BUFFER)
        following = self._function(f"drmaa_get_next_{kind}")
        try:
            for _ in range(_MOST_ELEMENTS):
                if following(opaque, buffer, c_size_t(_BUFFER)) != 0:
                    break
                yield _said(buffer)
        finally:
            self._function(f"drmaa_release_{kind}s")(opaque)

    def _number(self, function: str, status: c_int) -> int:
        number = c_int()
        self._call(function, ctypes.byref(number), status)
        return number.value

    def _text(self, function: str, after: tuple[Any, ...] = ()) -> str:
        buffer = ctypes.create_string_buffer(_BUFFER)
        self._call(function, buffer, c_size_t(_BUFFER), *after)
        return _said(buffer)

    def _call(self, function: str, *arguments: Any) -> None:
        """Each call has an error buffer of its own. They are longer than is said, for libraries that count wrong."""
        error = ctypes.create_string_buffer(2 * _BUFFER)
        code = self._function(function)(*arguments, error, c_size_t(_BUFFER))
        if code != 0:
            name = ERRORS[code] if 0 < code < len(ERRORS) else f"ERRNO_{code}"
            raise DrmaaError(name, _said(error).strip() or f"{function} gave {code} and no explanation")

    def _function(self, name: str) -> Any:
        try:
            return getattr(self._library, name)
        except AttributeError:
            raise DrmaaError("INTERNAL_ERROR", f"the library has no function {name}") from None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _said(buffer: ctypes.Array[ctypes.c_char]) -> str:
    """Whatever a library wrote: up to a NUL or the buffer's end, and text in any case."""
    return buffer.value[:_BUFFER].decode(errors="backslashreplace")
