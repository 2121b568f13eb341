"""The measuring bench itself, on a scene of 256 pixels: nothing here measures anything."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from support.processes import has_ended
from support.waiting import PATIENCE_S, wait_until

FOLDER = Path(__file__).resolve().parent / "benchmarks"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def run(script, *words, **env):
    """One of the bench's scripts in a process of its own."""
    command = [sys.executable, str(FOLDER / script), *map(str, words)]
    return subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=10 * PATIENCE_S
    )


def make_scene(folder):
    done = run("make_scene.py", folder, "--size", "256", "--tile", "64", "--dates", "before")
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "items.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A small scene."""
    folder = tmp_path_factory.mktemp("scene")
    make_scene(folder)
    return folder


@pytest.fixture
def modules(monkeypatch):
    """The bench's modules import each other as scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import link
    import table

    yield link, table
    for name in ("link", "table"):
        del sys.modules[name]


@pytest.fixture
def runner(modules, monkeypatch):
    """``bench.py``, by its path: a checkout may be called bench, too."""
    spec = importlib.util.spec_from_file_location("bench_runner", FOLDER / "bench.py")
    runner = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_runner", runner)  # dataclasses look their module up
    spec.loader.exec_module(runner)
    yield runner
    del sys.modules["measure"]


# The scene


def test_the_same_size_gives_the_same_files(scene, tmp_path):
    first = json.loads((scene / "items.json").read_text(encoding="utf-8"))
    again = make_scene(tmp_path)
    assert again == first  # the checksums of all bands are in it


def test_a_scene_is_cogs_that_its_item_describes(scene):
    import rasterio

    item = json.loads((scene / "items.json").read_text(encoding="utf-8"))["features"][0]
    for name, asset in item["assets"].items():
        with rasterio.open(scene / asset["href"]) as band:
            assert band.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert list(band.shape) == asset["proj:shape"]
            assert list(band.transform)[:6] == asset["proj:transform"]
            assert band.nodata == 0
            pixels = band.read(1)
        assert 0.004 < (pixels == 0).mean() < 0.02  # the edge without data
        if name != "scl":
            assert pixels.std() > 100
    assert item["assets"]["swir16"]["proj:shape"] == [128, 128]


@pytest.mark.thorough
def test_the_tiles_of_an_event_are_parts_of_its_scene(tmp_path):
    import rasterio
    from rasterio.windows import from_bounds

    made = run("make_scene.py", tmp_path / "scene", "--size", "400", "--tile", "64")
    cut = run("make_event.py", tmp_path / "scene", tmp_path / "event")
    assert made.returncode == cut.returncode == 0, made.stderr + cut.stderr
    items = json.loads((tmp_path / "event" / "items.json").read_text(encoding="utf-8"))["features"]
    assert [item["id"] for item in items] == [
        f"bench_400_{date}_{tile}" for date in ("before", "after") for tile in ("west", "east")
    ]
    columns = []
    for item in items:
        date = item["id"].split("_")[2]
        for name, asset in item["assets"].items():
            with (
                rasterio.open(tmp_path / "event" / asset["href"]) as tile,
                rasterio.open(tmp_path / "scene" / date / f"{name}.tif") as scene,
            ):
                assert tile.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
                assert list(tile.shape) == asset["proj:shape"]
                assert list(tile.transform)[:6] == asset["proj:transform"]
                there = from_bounds(*tile.bounds, scene.transform)
                assert (tile.read(1) == scene.read(1, window=there)).all()
                columns.append((there.col_off, there.col_off + there.width, scene.width))
    assert {first for first, _, _ in columns} == {0, 180, 90}
    assert all(last <= width for _, last, width in columns)


@pytest.fixture(scope="module")
def fires(tmp_path_factory):
    """A small scene of two dates, with both dates of nine places in one zone."""
    folder = tmp_path_factory.mktemp("fires") / "scene"
    made = run("make_scene.py", folder, "--size", "256", "--tile", "64")
    laid = run("make_grid.py", folder, folder / "grid")
    words = ("--one-zone", "--bands", "nir,swir22", "--dates", "before,after")
    dated = run("make_grid.py", folder, folder / "fires", *words)
    assert made.returncode == laid.returncode == dated.returncode == 0, dated.stderr
    return folder


def test_a_grid_in_one_zone_has_both_dates_at_each_place(fires):
    import rasterio

    items = json.loads((fires / "fires" / "items.json").read_text(encoding="utf-8"))["features"]
    assert [item["id"] for item in items] == [
        f"grid_{number}_{date}" for number in range(9) for date in ("before", "after")
    ]
    corners = set()
    for item in items:
        date = item["id"].split("_")[2]
        assert list(item["assets"]) == ["nir", "swir22"]
        for name, asset in item["assets"].items():
            with (
                rasterio.open(fires / "fires" / asset["href"]) as copy,
                rasterio.open(fires / date / f"{name}.tif") as scene,
            ):
                assert (copy.crs, copy.res) == (scene.crs, scene.res)
                assert list(copy.transform)[:6] == asset["proj:transform"]
                assert (copy.read(1) == scene.read(1)).all()
                corners.add((copy.transform.c, copy.transform.f))
    assert len(corners) == 9


# The line


def test_requests_and_bytes_are_counted(modules, scene, tmp_path):
    link = modules[0]
    path = scene / "before" / "red.tif"
    with link.open_link(
        link.LinkSpec(scene, tmp_path / "log", delay_ms=5, mbit=1000), "python"
    ) as line:
        url = f"{line.url}/before/red.tif"
        assert DIRECT.open(url, timeout=PATIENCE_S).read() == path.read_bytes()
        mark = line.mark()
        part = urllib.request.Request(url, headers={"Range": "bytes=10-109"})
        with DIRECT.open(part, timeout=PATIENCE_S) as answer:
            assert answer.status == 206
            assert answer.read() == path.read_bytes()[10:110]
        assert line.traffic(mark) == link.Traffic(1, 100)
        assert line.traffic(0) == link.Traffic(2, 100 + path.stat().st_size)
    with pytest.raises(OSError):
        DIRECT.open(url, timeout=PATIENCE_S)  # it ended with the context


def test_an_answer_that_is_under_way_is_waited_for(modules, scene, tmp_path, monkeypatch):
    link = modules[0]
    held, let_go = threading.Event(), threading.Event()
    write_log = link.LineServer.write_log

    def write_late(server, line):
        held.set()
        let_go.wait(PATIENCE_S)
        write_log(server, line)

    monkeypatch.setattr(link.LineServer, "write_log", write_late)
    spec = link.LinkSpec(scene, tmp_path / "log")
    with link.LineServer(spec) as server:
        line = link.Link(server.base_url, "python", 0, spec.log)
        DIRECT.open(
            f"{line.url}/items.json", timeout=PATIENCE_S
        ).read()  # the client has all, the log has nothing
        held.wait(PATIENCE_S)
        threading.Timer(0.2, let_go.set).start()
        assert line.traffic(0).requests == 1


def test_the_first_request_on_a_connection_waits_three_times(modules, scene, tmp_path, monkeypatch):
    import http.client

    link = modules[0]
    waits = []
    monkeypatch.setattr(link.time, "sleep", waits.append)
    with link.LineServer(link.LinkSpec(scene, tmp_path / "log", delay_ms=50)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        for _ in range(2):
            connection.request("HEAD", "/before/red.tif")
            connection.getresponse().read()
        connection.close()
    assert waits == pytest.approx([0.15, 0.05])


def test_the_width_is_shared_by_all(modules):
    width = modules[0].Width(8.0)  # 10^6 bytes a second
    assert [width.wait_s(500_000, 10.0) for _ in range(3)] == pytest.approx([0.0, 0.5, 1.0])
    assert width.wait_s(1, 20.0) == 0.0  # what was not used is not saved up
    assert modules[0].Width(0.0).wait_s(10**12, 0.0) == 0.0


# The table


def records(table, *times, **more):
    return [
        table.Record(name, name.upper(), wall_s=wall, cpu_s=1.0, **more) for name, wall in times
    ]


def test_ratios_are_taken_within_a_repetition(modules):
    table = modules[1]
    # The machine was ten times slower in the second: the ratio of the medians (1.45) would hide
    # that b always needs half.
    done = [
        records(table, ("a", 2.0), ("b", 1.0)),
        records(table, ("a", 20.0), ("b", 10.0)),
        records(table, ("a", 2.2), ("b", 1.1)),
    ]
    ratio = table.paired_ratio(done, "b", "a", lambda record: record.wall_s)
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 0.5))
    done.append(records(table, ("a", 1.0), ("b", 3.0)))
    ratio = table.paired_ratio(done, "b", "a", lambda record: record.wall_s)
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 3.0))


def test_who_was_wrong_has_no_time(modules):
    table = modules[1]
    wrong = [table.Record("b", "B", problem="wrong: empty", wall_s=0.1)]
    done = [records(table, ("a", 2.0)) + wrong, records(table, ("a", 2.0), ("b", 1.0))]
    assert table.paired_ratio(done[:1], "b", "a", lambda record: record.wall_s) is None
    rows = table.markdown(done, "a", table.Floor()).splitlines()
    assert rows[2].startswith("| A | **1.00** (1.00–1.00) |")
    assert rows[3].startswith("| B | wrong: empty |")


def test_the_fastest_stands_first_and_the_floor_beside_it(modules):
    table = modules[1]
    done = [records(table, ("a", 4.0), ("b", 2.0), requests=3, wire_bytes=1_500_000)]
    rows = table.markdown(done, "a", table.Floor(wire_bytes=1_000_000, line_s=1.6)).splitlines()
    heads, best = ([cell.strip() for cell in rows[place].strip("|").split("|")] for place in (0, 2))
    found = dict(zip(heads, best))
    assert found["contender"] == "B"
    assert found["time ÷ line"] == "1.250"
    assert found["bytes ÷ needed"] == "1.500"
    assert found["requests"] == "3"


# The measuring


def test_cpu_and_memory_of_children_count(modules, tmp_path):
    import measure

    child = (
        "import time; block = bytearray(80_000_000); end = time.process_time() + 0.3\nwhile "
        "time.process_time() < end: pass"
    )
    parent = (
        "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', "
        f"{child!r}]).returncode + 7)"
    )
    found = measure.run_measured(
        [sys.executable, "-c", parent], dict(os.environ), tmp_path / "log", 60
    )
    assert found.code == 7
    assert found.cpu_s >= 0.3
    assert 80 < found.peak_mb < 200
    assert 0 <= found.other_share <= 1
    del sys.modules["measure"]


@pytest.mark.thorough
def test_what_takes_too_long_is_ended_with_its_children(modules, tmp_path):
    import measure

    log = tmp_path / "log"
    for limit_s in (3, 30, 120):  # a busy machine may not have started the child in the first
        command = ["bash", "-c", "sleep 600 & echo $!; wait"]
        found = measure.run_measured(command, dict(os.environ), log, limit_s)
        assert found.code == -9
        if log.read_text():
            break
    child = int(log.read_text())
    wait_until(lambda: has_ended(child))  # the signal is sent, but the kernel may take a moment
    del sys.modules["measure"]


# The runner


def bench(scene, work, *words):
    python = ("--peers-python", sys.executable, "--firstlight-python", sys.executable)
    return run(
        "bench.py",
        *words,
        "--scene",
        scene,
        "--work",
        work,
        "--server",
        "python",
        "--quiet",
        "1",
        *python,
    )


@pytest.mark.thorough
def test_a_table_over_the_line(scene, tmp_path):
    done = bench(
        scene, tmp_path, "download", "--only", "requests_threads", "--reps", "2", "--delay-ms", "1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 repetitions, python" in done.stdout
    row = next(
        line for line in done.stdout.splitlines() if line.startswith("| requests, 4 threads")
    )
    assert " 6 | " in row  # requests
    assert " 1.000 |" in row  # no byte twice


def test_a_disturbed_run_is_made_again_and_a_wrong_one_is_not(runner, monkeypatch, tmp_path):
    def run_with(*found, until=float("inf")):
        left = iter(found)
        monkeypatch.setattr(runner, "run_contender", lambda *_: next(left))
        bench = runner.Bench(runner.TABLES["ndvi"], (), tmp_path, tmp_path, {}, 0.0, quiet=0.2)
        return runner.run_undisturbed(bench, None, None, 0, until), len(list(left))

    def record(share, problem=""):
        return runner.Record("a", "A", problem, wall_s=1.0, other_share=share)

    assert run_with(record(0.1), record(0.0)) == (
        record(0.1),
        1,
    )  # quiet enough: the second is not made
    assert run_with(record(0.9), record(0.3), record(0.5), record(0.0)) == (
        record(0.3),
        1,
    )  # three at most
    assert run_with(record(0.9), record(0.0), until=0.0) == (record(0.9), 1)  # no time left
    assert run_with(record(0.9, "wrong"), record(0.0)) == (record(0.9, "wrong"), 1)


@pytest.mark.thorough
def test_what_was_measured_is_not_measured_again(scene, tmp_path):
    words = ("ndvi", "--only", "rasterio_zstd", "--reps")
    first = bench(scene, tmp_path, *words, "1")
    assert first.returncode == 0, first.stdout + first.stderr
    results = tmp_path / "ndvi" / "results.jsonl"
    before = results.read_text(encoding="utf-8").splitlines()
    assert bench(scene, tmp_path, *words, "2").returncode == 0
    after = results.read_text(encoding="utf-8").splitlines()
    assert after[:2] == before
    assert len(after) == 3


@pytest.mark.thorough
def test_a_window_is_checked_against_the_source(scene, tmp_path):
    for shift in ("0", "10"):  # 10 m: between the pixels of the 20 m bands
        done = bench(
            scene,
            tmp_path,
            "window",
            "--only",
            "rasterio_plain",
            "--reps",
            "1",
            "--delay-ms",
            "0",
            "--shift-m",
            shift,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def check(job, scene, out):
    """Ask the reference about what lies in a folder."""
    env = {"BENCH_LOCAL": str(scene / "before"), "BENCH_OUT": str(out), "BENCH_BANDS": "red,nir"}
    return run(
        "reference.py", "check", job, "1", "0", **env, BENCH_BOUNDS="600400,5099000,601000,5099600"
    )


def test_a_changed_byte_is_wrong(scene, tmp_path):
    for band in ("red", "nir"):
        (tmp_path / f"{band}.tif").write_bytes((scene / "before" / f"{band}.tif").read_bytes())
    assert check("download", scene, tmp_path).returncode == 0
    changed = bytearray((tmp_path / "red.tif").read_bytes())
    changed[-1] ^= 1
    (tmp_path / "red.tif").write_bytes(changed)
    found = check("download", scene, tmp_path)
    assert (found.returncode, found.stdout.strip()) == (1, "red: other bytes than the source")


def test_a_window_that_is_one_pixel_off_is_wrong(scene, tmp_path):
    import numpy as np
    import rasterio

    for band in ("red", "nir"):
        with rasterio.open(scene / "before" / f"{band}.tif") as source:
            np.save(tmp_path / f"{band}.npy", source.read(1, window=((40, 100), (40, 100))))
    assert check("window", scene, tmp_path).returncode == 0
    with rasterio.open(scene / "before" / "nir.tif") as source:
        np.save(tmp_path / "nir.npy", source.read(1, window=((40, 100), (41, 101))))
    found = check("window", scene, tmp_path)
    assert found.returncode == 1
    assert "of the pixels differ" in found.stdout


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "said"), [(0.0, "within"), (1e-4, "off by"), (None, "empty or full")]
)
def test_a_wrong_index_is_wrong(scene, tmp_path, change, said):
    import numpy as np
    import rasterio
    from rasterio.shutil import copy

    with (
        rasterio.open(scene / "before" / "nir.tif") as nir,
        rasterio.open(scene / "before" / "red.tif") as red,
    ):
        profile, (a, b) = nir.profile, (band.read(1).astype("float32") for band in (nir, red))
    with np.errstate(invalid="ignore"):
        values = (a - b) / (a + b)
    values[(a == 0) | (b == 0)] = -9999
    if change is None:
        values[200, 200] = -9999
    else:
        values[200, 200] += change
    for option in ("predictor", "compress"):
        profile.pop(option, None)
    with rasterio.open(
        tmp_path / "draft.tif",
        "w",
        **{**profile, "driver": "GTiff", "dtype": "float32", "nodata": -9999},
    ) as draft:
        draft.write(values, 1)
    copy(tmp_path / "draft.tif", tmp_path / "ndvi.tif", driver="COG", blocksize="128")
    found = check("ndvi", scene, tmp_path)
    assert found.returncode == (0 if change == 0.0 else 1), found.stdout + found.stderr
    assert said in found.stdout


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "said"),
    [("", "within"), ("value", "off by"), ("hole", "empty or full"), ("class", "classes of")],
)
def test_a_wrong_difference_of_two_dates_is_wrong(scene, tmp_path, change, said):
    """The second date is the first one again: a difference of 0 wherever both bands have data."""
    import numpy as np
    import rasterio
    from rasterio.shutil import copy

    for date in ("before", "after"):
        (tmp_path / "dates" / date).mkdir(parents=True)
        for band in ("nir", "swir22"):
            (tmp_path / "dates" / date / f"{band}.tif").write_bytes(
                (scene / "before" / f"{band}.tif").read_bytes()
            )
    with (
        rasterio.open(scene / "before" / "nir.tif") as nir,
        rasterio.open(scene / "before" / "swir22.tif") as swir,
    ):
        profile = {**nir.profile, "driver": "GTiff", "nodata": -9999}
        there = (nir.read(1) != 0) & (swir.read(1).repeat(2, 0).repeat(2, 1) != 0)
    values, codes = (
        np.where(there, 0.0, -9999).astype("float32"),
        np.where(there, 3, 255).astype("uint8"),
    )
    if change:
        values[200, 200] = {"value": 0.05, "hole": -9999, "class": 0}[change]
        codes[200, 200] = {"value": 3, "hole": 255, "class": 4}[change]
    for option in ("predictor", "compress"):
        profile.pop(option, None)
    for name, data, nodata in (("dnbr", values, -9999), ("severity", codes, 255)):
        with rasterio.open(
            tmp_path / "draft.tif", "w", **{**profile, "dtype": data.dtype.name, "nodata": nodata}
        ) as draft:
            draft.write(data, 1)
        copy(tmp_path / "draft.tif", tmp_path / f"{name}.tif", driver="COG", blocksize="128")
    found = check("dnbr", tmp_path / "dates", tmp_path)
    assert found.returncode == (0 if not change else 1), found.stdout + found.stderr
    assert said in found.stdout


@pytest.mark.thorough
def test_water_that_lies_elsewhere_is_wrong(scene, tmp_path):
    import rasterio

    made = run("make_radar.py", scene / "radar", "--size", "512", "--tile", "128")
    assert made.returncode == 0, made.stderr
    water = tmp_path / "water.tif"
    water.write_bytes((scene / "radar" / "truth.tif").read_bytes())
    found = check("radar", scene, tmp_path)
    assert (found.returncode, found.stdout.strip()) == (0, "overlap with the true water 1.000")
    with rasterio.open(water, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as layer:
        pixels = layer.read(1)
        assert 0.05 < pixels.mean() < 0.2
        pixels[:, 10:] = pixels[:, :-10]
        layer.write(pixels, 1)
    found = check("radar", scene, tmp_path)
    assert found.returncode == 1
    assert "overlap with the true water of 0." in found.stdout


@pytest.mark.thorough
def test_both_ways_find_the_water(scene, tmp_path):
    pytest.importorskip("scipy")
    made = run("make_radar.py", scene / "radar", "--size", "512", "--tile", "128")
    assert made.returncode == 0, made.stderr
    done = bench(scene, tmp_path, "radar", "--reps", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()
    assert sum(line.startswith(("| FirstLight, stack", "| rasterio + sci")) for line in rows) == 2


# How cost grows


@pytest.fixture
def linear(runner, monkeypatch):
    """``linear.py``, with the runner that it takes from."""
    monkeypatch.setitem(sys.modules, "bench", runner)
    spec = importlib.util.spec_from_file_location("bench_linear", FOLDER / "linear.py")
    linear = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_linear", linear)
    spec.loader.exec_module(linear)
    return linear


def cells_of(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_cost_is_told_for_each_scene_and_each_further_one(linear):
    def run_of(count, scenes, seconds, problem=""):
        own = {"work_s": seconds - 1, "cpu_s": 2 * seconds, "work_cpu_s": 2 * seconds - 1}
        return linear.Run(
            str(count), "A", problem, wall_s=seconds, scenes=scenes, **({} if problem else own)
        )

    first = [run_of(1, 1, 3.0), run_of(2, 1.9, 4.8), run_of(4, 4, 0.1, "failed (1): a | b")]
    heads, _, *rows = map(cells_of, linear.linear_table([first]).splitlines())
    one, two, four = (row[: heads.index("CPU, s")] for row in rows)
    assert one == ["1", "1", "3.00", "3.00", "**1.00** (1.00–1.00)", "–"]
    # 3.8 s after the imports, where one scene takes 2 s of them.
    assert two == ["2", "1.90", "4.80", "2.53", "**1.00** (1.00–1.00)", "2.00"]
    assert four[:3] == ["4", "failed (1): a / b", ""]
    assert not any(four[2:])


def grow(scene, work, *words):
    python = ("--firstlight-python", sys.executable, "--server", "python", "--delay-ms", "0")
    return run("linear.py", *words, "--scene", scene, "--work", work, *python)


@pytest.mark.thorough
def test_several_scenes_of_one_job(fires, tmp_path):
    done = grow(fires, tmp_path, "stack", "--counts", "1,2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [cells_of(row)[0] for row in done.stdout.splitlines()[-3:-1]] == ["1", "2"]


def test_a_job_that_fails_has_no_number(fires, tmp_path):
    work = tmp_path / "fires"
    (tmp_path / "scene").mkdir()
    for name in ("before", "grid", "items.json"):
        (tmp_path / "scene" / name).symlink_to(fires / name)
    (tmp_path / "scene" / "fires").mkdir()
    (tmp_path / "scene" / "fires" / "items.json").write_bytes(
        (fires / "fires" / "items.json").read_bytes()
    )
    done = grow(tmp_path / "scene", work, "burn-severity", "--counts", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    row = cells_of(done.stdout.splitlines()[-2])
    assert row[1].startswith("failed (1): ")
    assert not any(row[2:])


@pytest.mark.thorough
def test_several_scenes_of_every_job(fires, tmp_path):
    done = grow(fires, tmp_path, "--counts", "1,4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


def test_every_contender_says_what_it_is(runner):
    for table in runner.TABLES.values():
        found = [
            runner.read_contender(path) for path in (FOLDER / "contenders" / table.job).glob("*.*")
        ]
        assert table.reference in {one.name for one in found}
        assert all(one.title and one.python in ("peers", "firstlight", "system") for one in found)
