"""What Spark's log says of a session that cannot be opened, as one sentence.

Spark tries three times for 20 s each before it gives up, and then says that its context was
stopped; the reason stands in the log from the first try on.
"""

from __future__ import annotations

from pathlib import Path

REFUSED = "Failed to connect to master"
OTHER_VERSION = ("InvalidClassException", "local class incompatible", "StreamCorruptedException")


def refusal(log: Path, masters: int) -> str:
    """Why no master takes this application; empty as long as one may.

    Parameters
    ----------
    log : Path
    masters : int
        So many were named; a standby master refuses, too, and the next one may take it.
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    refused = {line.rpartition(" ")[2] for line in text.splitlines() if f": {REFUSED} " in line}
    if not masters or len(refused) < masters:
        return ""
    if any(word in text for word in OTHER_VERSION):
        return "it is of another version of Spark than pyspark here"
    return (
        "it does not let this computer in: the secret (spark.secret_file) is wrong or missing, or "
        "its Spark is of another version"
    )
