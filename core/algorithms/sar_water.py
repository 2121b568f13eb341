"""Open water in one radar picture: smooth water mirrors the pulse away, so what is darker than a threshold is water.

Otsu's threshold (Otsu 1979, doi:10.1109/TSMC.1979.4310076) is taken only from a histogram with two humps: forced on a picture of
land alone, or of water alone, it would cut that in two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .kernel import NOT_OBSERVED, Kernel, Layer, MapClass, Values

DRY, WATER = 0, 1
CLASSES = (MapClass(DRY, "Dry (observed)", (240, 238, 228)), MapClass(WATER, "Water", (31, 92, 191)))
FIXED_DB = {"vv": -17.0, "vh": -24.0, "hh": -17.0, "hv": -24.0}
"""Used where nothing better is known, a judgement and no measurement: calm open water lies below it in C band, most land above.
Wind on the water, wet snow, sand and tarmac do not keep to it."""
METHODS = ("fixed", "otsu")
REFERENCE = {
    "fixed": "a fixed threshold in dB; on such thresholds see Twele et al. 2016, doi:10.1080/01431161.2016.1192304",
    "otsu": "Otsu 1979, doi:10.1109/TSMC.1979.4310076",
}
LOW_DB, HIGH_DB, STEP_DB = -50.0, 20.0, 0.1
"""Of the histogram; what lies outside is counted at its ends."""
BINS = round((HIGH_DB - LOW_DB) / STEP_DB)
SMOOTHING_DB = 0.5
"""Standard deviation of the Gaussian that smooths the histogram before its humps are looked for."""
DEEPEST_VALLEY = 0.7
"""There are two humps where the histogram between them falls below this share of the lower one."""
LEAST_HUMP = 0.001
"""Share of the pixels that the smaller side must have."""


@dataclass(frozen=True)
class Darker:
    """Water where the backscatter is below the threshold."""

    threshold_db: float
    found: bool = False
    """In the picture itself, by a survey."""

    def __call__(self, values: Values) -> npt.NDArray[np.uint8]:
        """Codes of ``CLASSES``, ``NOT_OBSERVED`` for NaN; what equals the threshold is dry."""
        backscatter = values["backscatter"]
        with np.errstate(invalid="ignore"):
            codes = (backscatter < np.float32(self.threshold_db)).astype(np.uint8)
        codes[np.isnan(backscatter)] = NOT_OBSERVED
        return codes


@dataclass(frozen=True)
class OtsuSurvey:
    """The histogram of the whole picture, and the threshold that it gives."""

    otherwise_db: float
    """The threshold where the histogram has no two humps."""

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Pixels in each of ``BINS`` steps of dB."""
        seen = values["backscatter"]
        seen = seen[~np.isnan(seen)]
        places = np.floor((np.clip(seen, LOW_DB, HIGH_DB).astype(np.float64) - LOW_DB) / STEP_DB).astype(np.int64)
        return np.bincount(np.minimum(places, BINS - 1), minlength=BINS).astype(np.int64)

    def settle(self, total: npt.NDArray[np.int64]) -> Darker:
        """Otsu's threshold, or the other one."""
        found = find_valley(total)
        return Darker(self.otherwise_db) if found is None else Darker(found, found=True)


def find_valley(histogram: npt.NDArray[np.int64]) -> float | None:
    """Otsu's threshold in dB; None where the histogram does not have two humps.

    Parameters
    ----------
    histogram : ndarray of int64, (BINS,)
        From ``LOW_DB`` in steps of ``STEP_DB``.
    """
    cut = otsu_bin(histogram)
    if cut is None:
        return None
    below, above = histogram[: cut + 1], histogram[cut + 1 :]
    if min(below.sum(), above.sum()) < LEAST_HUMP * histogram.sum():
        return None
    smooth = _smooth(histogram)
    left = int(np.argmax(smooth[: cut + 1]))
    right = cut + 1 + int(np.argmax(smooth[cut + 1 :]))
    valley = smooth[left : right + 1].min()
    if valley > DEEPEST_VALLEY * min(smooth[left], smooth[right]):
        return None
    return round(LOW_DB + (cut + 1) * STEP_DB, 6)


def otsu_bin(histogram: npt.NDArray[np.int64]) -> int | None:
    """The last bin of the lower class, of the split with the greatest variance between classes; None if there is but one bin."""
    count = histogram.astype(np.float64)
    place = np.arange(count.size)
    below, moment = np.cumsum(count), np.cumsum(count * place)
    above = below[-1] - below
    with np.errstate(all="ignore"):
        between = below * above * (moment / below - (moment[-1] - moment) / above) ** 2
    between[~np.isfinite(between)] = 0
    if between.max(initial=0) <= 0:
        return None
    best = np.flatnonzero(between == between.max())
    return int(best[best.size // 2])  # an empty stretch between two humps splits alike everywhere: its middle


def _smooth(histogram: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    reach = round(4 * SMOOTHING_DB / STEP_DB)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_DB / SMOOTHING_DB) ** 2)
    return np.convolve(histogram, kernel / kernel.sum(), mode="same")


def water_kernel(band: str, method: str, threshold_db: float) -> Kernel:
    """The kernel for one band in dB.

    Parameters
    ----------
    band : str
        In the stack.
    method : str
        Of ``METHODS``.
    threshold_db : float
        Of ``fixed``, and what ``otsu`` falls back on.
    """
    layer = Layer("water", "Water", (0, NOT_OBSERVED), "water", CLASSES)
    survey = OtsuSurvey(threshold_db) if method == "otsu" else None
    return Kernel(f"Water ({method})", {"backscatter": band}, Darker(threshold_db), (layer,), REFERENCE[method], survey=survey)
