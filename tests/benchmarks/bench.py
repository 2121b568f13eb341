"""Measure FirstLight against its peers and print one table of docs/benchmarks.md.

    python3 tests/benchmarks/bench.py ndvi                      one table; see --help for all of
    them python3 tests/benchmarks/bench.py window --only rasterio,odc_stac --reps 5

Contenders are the files in ``contenders/JOB/``. In each repetition every one of them runs once,
alone, in a fresh process; the next repetition begins with another. Each result is compared with the
source, outside the measured time; a wrong one has no time. What was measured is kept below the work
folder; the same command goes on where the last one stopped, and begins anew when the contenders,
the scene or FirstLight's code have changed. The standard library is enough for this file.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from link import Link, LinkSpec, end_in_order, open_link
from measure import run_measured
from table import Floor, Record, Repetition, markdown

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATE, LATER = "before", "after"
SIX_BANDS = "blue,green,red,nir,swir16,swir22"
API_PARTS = ("core", "item-search")
GEOJSON = "application/geo+json"
NOT_HERE = 77
"""A contender's exit code when something that it needs is not installed; its last line says what.
"""
LIMIT_S = 600.0
PIECE_BYTES = 1 << 20
OURS = ("__init__.py", "core")
"""FirstLight's code that a contender loads."""
UNFINISHED = 3
TRIES = 3
"""How often a run is made at most while other programs disturb it."""


@dataclass(frozen=True)
class Table:
    """One table of the document."""

    job: str
    """The folder of contenders."""
    reference: str
    """Whom the others are compared with."""
    bands: str = SIX_BANDS
    reps: int = 3
    line: bool = True
    """Over HTTP; else from the local files."""
    delay_ms: float = 50.0
    mbit: float = 0.0
    classes: str = ""
    """A raster of make_classes.py, where the job takes one."""
    side_m: int = 10_000
    """Of the area."""


TABLES = {
    "download": Table("download", "curl", reps=5),
    "download-1gbit": Table("download", "curl", mbit=1000.0),
    # Two 20 m bands and one 10 m band: six bands at this width would take a minute per contender,
    # and the line is the limit anyway.
    "download-100mbit": Table("download", "curl", bands="nir,swir16,swir22", mbit=100.0),
    "window": Table("window", "rasterio_tuned", reps=7),
    # From the command to the report: search, sky, download, stacks, checks, maps.
    "event": Table("event", "odc_stac", f"{SIX_BANDS},scl", mbit=100.0, side_m=30_000),
    "stack": Table("stack", "gdalinfo_approx", reps=7, line=False),
    "ndvi": Table("ndvi", "rasterio_deflate", bands="red,nir", line=False),
    "dnbr": Table("dnbr", "rasterio_deflate", bands="nir,swir22", line=False),
    # "Without imports" is for each 10980 x 10980 pixels of the result.
    "scale": Table("scale", "scenes_1", bands="red,nir", line=False),
    # Twenty dates of make_dates.py.
    "median": Table("median", "odc_stac_dask", bands="swir16,scl", line=False),
    # Bytes and CPU are what counts: who fetches a block twice.
    "remote": Table("remote", "threads_2", bands="red,nir", delay_ms=20.0),
    # The same tiles, smaller: 441 and 1722 of four scenes, by who carries the results.
    "carriers": Table("carriers", "threads_2", bands="red,nir", line=False),
    # What counts here is the work after the engine's start, which a cluster that is running already
    # has behind it.
    "engines": Table("engines", "threads_2", bands="red,nir", line=False, reps=5),
    # One picture of make_radar.py.
    "radar": Table("radar", "scipy_lee_otsu", line=False),
    "outline-noise": Table("outline", "gdal_polygonize", line=False, classes="noise"),
    "outline-patches": Table("outline", "gdal_polygonize", line=False, classes="patches"),
}


@dataclass(frozen=True)
class Contender:
    """One file of ``contenders/JOB``."""

    name: str
    path: Path
    title: str
    """For the table."""
    python: str
    """Whose interpreter: ``peers``, ``firstlight`` or ``system``."""


def read_contender(path: Path) -> Contender:
    """Read the header: ``# title: …`` and ``# python: …`` among the first lines."""
    words = dict(
        line.removeprefix("# ").split(": ", 1)
        for line in path.read_text(encoding="utf-8").splitlines()[:5]
        if line.startswith("# ")
        if ": " in line
    )
    return Contender(path.stem, path, words["title"], words.get("python", "system"))


@dataclass(frozen=True)
class Bench:
    """Everything that stays the same during one run."""

    table: Table
    contenders: tuple[Contender, ...]
    scene: Path
    work: Path
    interpreters: Mapping[str, str]
    shift_m: float
    quiet: float = 1.0
    """A run in which others used more than this share of the CPU is made again; the least disturbed
    one counts.
    """

    @property
    def local(self) -> Path:
        """The band files."""
        return self.scene / DATE

    @property
    def out(self) -> Path:
        """Where the contender that is running writes."""
        return self.work / "out"

    def environment(self, source: str, contender: Contender | None) -> dict[str, str]:
        """What a contender is told."""
        env = without_settings(os.environ)
        if contender is None or contender.python != "firstlight":
            env.pop("PYTHONPATH", None)
        else:
            env["BENCH_AS_COMMAND"] = "1"
        if contender is not None and contender.path.suffix == ".sh":
            # The Python inside QGIS looks for its home along the PATH, and dies where another
            # Python stands first.
            env["PATH"] = os.pathsep.join(("/usr/bin", "/bin", env.get("PATH", "")))
        paths = [str(HERE / "contenders"), env.get("PYTHONPATH", "")]
        env.update(
            BENCH_SOURCE=source,
            BENCH_LATER=source.removesuffix(DATE) + LATER if source else "",
            BENCH_LOCAL=str(self.local),
            BENCH_ITEMS=str(self.work / "items.json"),
            BENCH_AREA=str(self.work / "area.geojson"),
            BENCH_OUT=str(self.out),
            BENCH_BANDS=self.table.bands,
            BENCH_BOUNDS=",".join(f"{number:.0f}" for number in self.bounds()),
            BENCH_WORKERS=str(os.cpu_count() or 1),
            BENCH_CLASSES=str(self.scene / "classes" / f"{self.table.classes}.tif"),
            PYTHONPATH=os.pathsep.join(path for path in paths if path),
            PYTHONWARNINGS="ignore",
            QT_QPA_PLATFORM="offscreen",
        )
        return env

    def bounds(self) -> tuple[float, float, float, float]:
        """The window, west south east north in metres of the scene's CRS, on the 20 m grid but for
        the shift.
        """
        asset = self.item()["assets"]["nir"]
        resolution, _, west, _, _, north = asset["proj:transform"][:6]
        side = min(self.table.side_m, asset["proj:shape"][0] * resolution // 2 // 20 * 20)
        start = asset["proj:shape"][0] * resolution * 0.4 // 20 * 20
        left, top = west + start + self.shift_m, north - start - self.shift_m
        return left, top - side, left + side, top

    def tiles(self) -> Iterator[Path]:
        """The files that an event or radar takes beside the scene's, or instead of them."""
        places = {"event": "event/*/*.tif", "radar": "radar/vv.tif"}
        place = places.get(self.table.job)
        return self.scene.glob(place) if place else iter(())

    def item(self) -> dict[str, Any]:
        """The STAC item of the date that is used."""
        found = json.loads((self.scene / "items.json").read_text(encoding="utf-8"))
        item: dict[str, Any] = next(item for item in found["features"] if item["id"].endswith(DATE))
        return item

    def write_items(self, base: str) -> None:
        """The item with addresses below ``base``, and of the table's bands alone."""
        item = self.item()
        item["assets"] = {name: item["assets"][name] for name in self.table.bands.split(",")}
        for name, asset in item["assets"].items():
            asset["href"] = f"{base}/{name}.tif"
        tree = {"type": "FeatureCollection", "features": [item]}
        (self.work / "items.json").write_text(json.dumps(tree, indent=1), encoding="utf-8")

    def write_catalogue(self, base: str) -> None:
        """A catalogue of the scene's tiles (``make_event.py``) with addresses below ``base``. Its
        search is one file: like many servers it does not offer to filter, and sends what it has.
        """
        folder, url = self.scene / "event", f"{base}/event"
        found = json.loads((folder / "items.json").read_text(encoding="utf-8"))
        for item in found["features"]:
            for asset in item["assets"].values():
                asset["href"] = f"{url}/{asset['href']}"
        (folder / "search.json").write_text(json.dumps(found), encoding="utf-8")
        landing = {
            "type": "Catalog",
            "id": "bench",
            "description": "Two tiles on two dates",
            "stac_version": "1.0.0",
            "conformsTo": [f"https://api.stacspec.org/v1.0.0/{part}" for part in API_PARTS],
            "links": [
                {"rel": "search", "href": f"{url}/search.json", "method": "GET", "type": GEOJSON},
                {"rel": "self", "href": f"{url}/catalog.json"},
                {"rel": "root", "href": f"{url}/catalog.json"},
            ],
        }
        (folder / "catalog.json").write_text(json.dumps(landing), encoding="utf-8")

    def key(self) -> dict[str, Any]:
        """What must be the same for two repetitions to stand in one table."""
        digest = hashlib.sha256()
        files = [
            *(one.path for one in self.contenders),
            *(HERE / "contenders").glob("*.py"),
            self.scene / "items.json",
        ]
        if any(one.python == "firstlight" for one in self.contenders):
            files += [*(ROOT / "core").rglob("*.py"), *(ROOT / "config").iterdir()]
        for path in sorted(files):
            digest.update(path.read_bytes())
        table = {k: v for k, v in asdict(self.table).items() if k != "reps"}
        return {
            "table": table,
            "shift_m": self.shift_m,
            "files": digest.hexdigest(),
            "machine": platform.node(),
        }


def commit() -> str:
    """The last commit that changed what is measured, with a plus where something of it is not
    committed.
    """
    git = ["git", "-C", str(ROOT)]
    last = subprocess.run(
        [*git, "log", "-1", "--format=%h", "--", "core", "config"],
        check=False,
        capture_output=True,
        text=True,
    )
    changed = subprocess.run(
        [*git, "status", "--porcelain", "core", "config"],
        check=False,
        capture_output=True,
        text=True,
    )
    return (last.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def read_through(path: Path) -> None:
    """Read a file a piece at a time: what this process holds counts in the kernel's peak of the
    programs that it starts.
    """
    with path.open("rb") as file:
        while file.read(PIECE_BYTES):
            pass


def write_bytecode(interpreter: str) -> None:
    """Compile FirstLight, as its first start does for all others."""
    words = [interpreter, "-m", "compileall", "-q", *(str(ROOT / name) for name in OURS)]
    subprocess.run(words, env=without_settings(os.environ), check=True, stdout=subprocess.DEVNULL)


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would change a contender: proxies stand between it and the line,
    GDAL's options and Python's are for who works on it.
    """
    return {
        k: v
        for k, v in environ.items()
        if not k.lower().endswith("_proxy")
        and not k.startswith(("GDAL_", "CPL_"))
        and k != "PYTHONDONTWRITEBYTECODE"
    }


@contextlib.contextmanager
def no_link() -> Iterator[None]:
    """For tables of local files."""
    yield None


def run_undisturbed(
    bench: Bench, contender: Contender, link: Link | None, place: int, again_until: float
) -> Record:
    """Measure one contender, again if others were busy and it is not later than ``again_until``
    (monotonic).
    """
    records: list[Record] = []
    while len(records) < TRIES:
        records.append(run_contender(bench, contender, link, place))
        if records[-1].problem:
            return records[-1]  # a wrong result is not to be hidden by a right one
        if records[-1].other_share <= bench.quiet or time.monotonic() > again_until:
            break
    return min(records, key=lambda record: record.other_share)


def run_contender(bench: Bench, contender: Contender, link: Link | None, place: int) -> Record:
    """Measure one contender once, and look whether it is right."""
    shutil.rmtree(bench.out, ignore_errors=True)
    bench.out.mkdir(parents=True)
    os.sync()  # what the last one wrote is not to be written in this one's time
    env = bench.environment(link.url + f"/{DATE}" if link else str(bench.local), contender)
    start = [bench.interpreters[contender.python]] if contender.path.suffix == ".py" else ["bash"]
    log = bench.work / f"{contender.name}.log"
    mark = link.mark() if link else 0
    found = run_measured(
        [*start, str(contender.path)], env, log, LIMIT_S, link.pid if link else None
    )
    traffic = link.traffic(mark) if link else None
    printed = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    problem = ""
    if found.code:
        last = printed[-1] if printed else "nothing printed"
        problem = (
            f"not here: {last}" if found.code == NOT_HERE else f"failed ({found.code}): {last}"
        )
    else:
        # The first time all pixels, then every fourth strip of them: the check takes as long as
        # some contenders.
        step = "1" if place == 0 else "4"
        words = [
            bench.interpreters["peers"],
            str(HERE / "reference.py"),
            "check",
            bench.table.job,
            step,
            str(place),
        ]
        check = subprocess.run(
            words, env=bench.environment("", None), check=False, capture_output=True, text=True
        )
        if check.returncode:
            problem = (
                "wrong: "
                + ((check.stdout + check.stderr).strip().splitlines() or ["the check failed"])[-1]
            )
    facts = json.loads(printed[-1]) if printed and printed[-1].startswith("{") else {}
    record = Record(
        name=contender.name,
        title=contender.title,
        problem=problem,
        wall_s=found.wall_s,
        cpu_s=found.cpu_s,
        peak_mb=found.peak_mb,
        other_share=found.other_share,
        requests=traffic.requests if traffic else 0,
        wire_bytes=traffic.bytes if traffic else 0,
        out_bytes=sum(path.stat().st_size for path in bench.out.rglob("*") if path.is_file()),
        work_s=facts.get("work_s"),
    )
    shutil.rmtree(bench.out, ignore_errors=True)
    said = (
        problem
        or f"{record.wall_s:.2f} s, CPU {record.cpu_s:.1f} s, {record.peak_mb:.0f} MB, others "
        f"{record.other_share:.0%}"
    )
    print(f"{place + 1}. {contender.name}: {said}", file=sys.stderr, flush=True)
    return record


def read_results(path: Path, key: Mapping[str, Any]) -> list[Repetition]:
    """The repetitions measured so far; none when they were measured under another key, and those
    are put aside.
    """
    if not path.exists():
        return []
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    if json.loads(first) != key:
        path.replace(path.with_name(f"{path.stem}.{time.strftime('%Y%m%d-%H%M%S')}.jsonl"))
        return []
    return [[Record(**record) for record in json.loads(line)] for line in lines]


def measure_table(
    bench: Bench, results: Path, reps: int, minutes: float, server: str
) -> tuple[list[Repetition], Floor, str]:
    """Run what is missing; a repetition counts only as a whole."""
    key = bench.key()
    done = read_results(results, key)
    if not done:
        results.write_text(json.dumps(key) + "\n", encoding="utf-8")
    words = [bench.interpreters["peers"], str(HERE / "reference.py"), "facts", bench.table.job]
    bench.out.mkdir(parents=True, exist_ok=True)
    needed = json.loads(
        subprocess.run(
            words, env=bench.environment("", None), check=True, stdout=subprocess.PIPE
        ).stdout
    )["needed_bytes"]
    for path in (*bench.local.iterdir(), *(bench.scene / LATER).glob("*"), *bench.tiles()):
        read_through(path)  # into the page cache, for the first contender as for the last
    table, began, slowest = bench.table, time.monotonic(), 0.0
    line = (
        open_link(
            LinkSpec(bench.scene, bench.work / "traffic.log", table.delay_ms, table.mbit), server
        )
        if table.line
        else no_link()
    )
    with line as link:
        bench.write_items(f"{link.url}/{DATE}" if link else str(bench.local))
        if link and table.job == "event":
            bench.write_catalogue(link.url)
        while len(done) < reps:
            start = time.monotonic()
            if slowest and start - began + slowest > minutes * 60:
                break
            turn = len(done) % len(bench.contenders)
            order = bench.contenders[turn:] + bench.contenders[:turn]
            repetition = [
                run_undisturbed(bench, contender, link, len(done), began + minutes * 30)
                for contender in order
            ]
            done.append(repetition)
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps([asdict(record) for record in repetition]) + "\n")
            slowest = max(slowest, time.monotonic() - start)
        kind, spent = (link.kind, link.spent) if link else ("local files", 1.0)
    floor = Floor(
        needed if table.line else 0, needed * spent * 8 / (table.mbit * 1e6) if table.mbit else 0.0
    )
    return done, floor, kind


def command_line() -> argparse.ArgumentParser:
    """Every option."""
    parser = argparse.ArgumentParser(description="Measure FirstLight against its peers.")
    parser.add_argument("table", choices=TABLES)
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "build" / "bench",
        help="results, logs and outputs (build/bench)",
    )
    parser.add_argument("--scene", type=Path, help="what make_scene.py made (WORK/scene)")
    parser.add_argument(
        "--only", help="contenders by name, comma-separated; the reference is always there"
    )
    parser.add_argument("--reps", type=int, help="repetitions in all")
    parser.add_argument(
        "--minutes",
        type=float,
        default=9.0,
        help="begin no repetition that would end later; call again to go on (9)",
    )
    parser.add_argument(
        "--peers-python", default=str(ROOT / "build" / "bench-venv" / "bin" / "python")
    )
    parser.add_argument("--firstlight-python", default=str(ROOT / ".venv" / "bin" / "python"))
    parser.add_argument(
        "--server", choices=("auto", "nginx", "python"), default="auto", help="see link.py"
    )
    parser.add_argument("--delay-ms", type=float, help="instead of the table's own")
    parser.add_argument("--mbit", type=float, help="instead of the table's own")
    parser.add_argument("--bands", help="instead of the table's own")
    quiet = (
        "make a run again, twice at most, when other programs used more than this share of "
        "the CPU (0.2; 1 is never); not in the second half of the minutes"
    )
    parser.add_argument("--quiet", type=float, default=0.2, help=quiet)
    parser.add_argument(
        "--shift-m",
        type=float,
        default=0.0,
        help="move the window; 10 puts it between the pixels of a 20 m band",
    )
    return parser


def main() -> int:
    """Measure, print, and end with 0 (all right), 1 (a contender failed or was wrong) or 3 (call
    again for the rest).
    """
    end_in_order()
    parser = command_line()
    given = parser.parse_args()
    table = TABLES[given.table]
    changes = {
        name: getattr(given, name)
        for name in ("delay_ms", "mbit", "bands", "reps")
        if getattr(given, name) is not None
    }
    table = Table(**{**asdict(table), **changes})
    scene = given.scene or given.work / "scene"
    if not (scene / "items.json").exists():
        parser.error(f"there is no scene in {scene}: run tests/benchmarks/make_scene.py {scene}")
    contenders = sorted(
        map(read_contender, (HERE / "contenders" / table.job).glob("*.*")), key=lambda one: one.name
    )
    if given.only:
        wanted = {table.reference, *given.only.split(",")}
        unknown = wanted - {one.name for one in contenders}
        if unknown:
            parser.error(f"no contender is called {', '.join(sorted(unknown))}")
        contenders = [one for one in contenders if one.name in wanted]
    interpreters = {
        "peers": given.peers_python,
        "firstlight": given.firstlight_python,
        "system": "/usr/bin/python3",
    }
    for name in {"peers", *(one.python for one in contenders if one.path.suffix == ".py")}:
        if shutil.which(interpreters[name]) is None:
            parser.error(f"there is no {interpreters[name]}: see tests/benchmarks/README.md")
    if any(one.python == "firstlight" for one in contenders):
        write_bytecode(interpreters["firstlight"])
    quiet = (
        1.0 if table.mbit else given.quiet
    )  # where the line is the limit, others disturb little and again costs much
    work = given.work.resolve() / given.table
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        table, tuple(contenders), scene.resolve(), work, interpreters, given.shift_m, quiet
    )
    done, floor, kind = measure_table(
        bench, work / "results.jsonl", table.reps, given.minutes, given.server
    )
    print(
        f"{time.strftime('%Y-%m-%d')}, commit {commit()}, {len(done)} of {table.reps} "
        f"repetitions, {kind}\n"
    )
    print(markdown(done, table.reference, floor))
    if any(
        record.problem and not record.problem.startswith("not here")
        for repetition in done
        for record in repetition
    ):
        return 1
    return 0 if len(done) >= table.reps else UNFINISHED


if __name__ == "__main__":
    sys.exit(main())
