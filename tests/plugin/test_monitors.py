"""Events of an operation in the words of Processing."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsProcessingFeedback

from firstlight.core.monitor import BandProgress, LayerReady, Note, Progress
from firstlight.core.operation import LayerOutput
from firstlight.plugin.monitors import LOG_TAG, FeedbackMonitor, TaskMonitor


class Feedback(QgsProcessingFeedback):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__(False)
        self.told = []

    def pushInfo(self, info):
        self.told.append(("info", info))

    def pushDebugInfo(self, info):
        self.told.append(("debug", info))

    def pushWarning(self, warning):
        self.told.append(("warning", warning))

    def reportError(self, error, fatal=False):
        self.told.append(("error", error))


def test_progress_and_its_message_once():
    feedback = Feedback()
    monitor = FeedbackMonitor(feedback)
    monitor.emit(Progress(0.25, "Stacking bands"))
    monitor.emit(Progress(0.5, "Stacking bands"))
    assert feedback.progress() == 50.0
    assert feedback.told == [("info", "Stacking bands")]


def test_a_layer_that_is_ready_hides_no_progress():
    ready = LayerReady(LayerOutput(Path("a.tif"), "A", "", "G"))
    batches = []
    monitor = TaskMonitor(batches.append, lambda: False)
    for event in (ready, Progress(0.5, "Validating")):
        monitor.emit(event)
    monitor.flush()
    assert [event for batch in batches for event in batch] == [ready, Progress(0.5, "Validating")]
    feedback = Feedback()
    FeedbackMonitor(feedback).emit(ready)
    assert feedback.told == [], "Processing shows the whole result"


def test_what_moves_is_told_now_and_then(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("firstlight.plugin.monitors.time.monotonic", lambda: now[0])
    feedback = Feedback()
    monitor = FeedbackMonitor(feedback)
    for number in range(1, 13):
        now[0] += 1
        monitor.emit(
            Progress(number / 100, "NDVI: tiles", f"tile {number} of 100, {100 - number} s left")
        )
    assert feedback.told == [
        ("info", "NDVI: tiles"),
        ("info", "tile 5 of 100, 95 s left"),
        ("info", "tile 10 of 100, 90 s left"),
    ]


def test_a_band_is_told_of_when_its_state_changes_not_for_each_chunk():
    feedback = Feedback()
    monitor = FeedbackMonitor(feedback)
    for size in range(1, 100):
        monitor.emit(BandProgress("A", "red", "downloading", size, 100))
    monitor.emit(BandProgress("A", "red", "retrying", 50, 100, "HTTP 503"))
    monitor.emit(BandProgress("A", "red", "failed", 0, 100, "HTTP 404"))
    assert feedback.told == [
        ("info", "A red: downloading"),
        ("warning", "A red: retrying: HTTP 503"),
        ("warning", "A red: failed: HTTP 404"),
    ]


def test_notes_by_level():
    feedback = Feedback()
    monitor = FeedbackMonitor(feedback)
    for level in ("debug", "info", "warning", "error"):
        monitor.emit(Note(level, level.upper()))
    assert feedback.told == [
        ("debug", "DEBUG"),
        ("info", "INFO"),
        ("warning", "WARNING"),
        ("error", "ERROR"),
    ]


def test_cancel():
    feedback = Feedback()
    monitor = FeedbackMonitor(feedback)
    assert not monitor.cancelled()
    feedback.cancel()
    assert monitor.cancelled()


def test_task_monitor_delivers_a_held_back_event_when_it_is_asked_about_cancelling(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("firstlight.plugin.monitors.time.monotonic", lambda: now[0])
    delivered = []
    monitor = TaskMonitor(delivered.append, lambda: False)
    first, second, third = (BandProgress("A", "red", "downloading", size, 9) for size in (1, 2, 3))
    monitor.emit(first)
    monitor.emit(second)
    monitor.emit(third)
    assert delivered == [(first,)], "one at once, the next ones are held back"
    assert monitor.cancelled() is False
    assert delivered == [(first,)], "not due yet"
    now[0] = 0.1
    monitor.cancelled()
    assert delivered == [(first,), (third,)], "of one band only the newest state"
    monitor.flush()
    assert len(delivered) == 2, "nothing is left"


def test_the_log_tab_tells_a_retry_as_a_warning_and_what_comes_as_information():
    """NFR-4: bands that begin and end are information, a new try is a warning, what cannot be had
    an error; bytes are not logged at all.
    """
    told = []
    log = QgsApplication.messageLog()

    def hear(text, tag, level):
        if tag == LOG_TAG:
            told.append((text, Qgis.MessageLevel(level)))

    log.messageReceived[str, str, Qgis.MessageLevel].connect(hear)
    try:
        monitor = TaskMonitor(lambda events: None, lambda: False)
        for size in (1, 2, 3):
            monitor.emit(BandProgress("A", "red", "downloading", size, 100))
        monitor.emit(BandProgress("A", "red", "retrying", 50, 100, "HTTP 503"))
        monitor.emit(BandProgress("A", "red", "resuming", 50, 100, "at 50 bytes"))
        monitor.emit(BandProgress("A", "red", "done", 100, 100))
        monitor.emit(BandProgress("A", "nir", "failed", detail="HTTP 404"))
        for _ in range(2):  # as each of two maps would say it
            monitor.emit(Note("error", "Band download failed for 'nir'"))
        monitor.emit(Note("debug", "red: 100 bytes"))
    finally:
        log.messageReceived[str, str, Qgis.MessageLevel].disconnect(hear)
    info, warning, critical = (
        Qgis.MessageLevel.Info,
        Qgis.MessageLevel.Warning,
        Qgis.MessageLevel.Critical,
    )
    assert told == [
        ("A red: downloading", info),
        ("A red: retrying: HTTP 503", warning),
        ("A red: resuming: at 50 bytes", info),
        ("A red: done", info),
        ("Band download failed for 'nir'", critical),
    ]
