"""Why a job is as it is, in a few words: what `ps`, `show` and the status line say beside its state."""

from __future__ import annotations

from abell.client.wire import JobRow


def about(row: JobRow) -> str:
    """Empty if there is nothing to say."""
    if row["cancel_by"]:
        return f"being cancelled by {row['cancel_by']}"
    return row["why"] or row["message"]
