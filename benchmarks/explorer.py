"""The explorer on a large graph, in headless Chromium, which draws in software.

    python benchmarks/explorer.py [--rows 1000000] [--regions 200] [--crowd 10000] [--keep DIR] [--shots DIR]

A graph is made with as many personas, of which each but the seeds (2 in 100) was named once when one before it was asked;
the sizes of its groups fall as 1/(rank + 3), and one holds `--crowd` personas. Then pgraph explore is started twice: first
with nothing counted, then with what it kept. Measured from the browser: from the link to the first picture; from a click on
the largest group to its list, and to the picture of its people; a persona; a search; frames a second while that picture of
`--crowd` personas is moved and zoomed for five seconds, each frame read back so that it was drawn. Memory: of the server
process (VmHWM), of the page (JavaScript heap). `--keep` leaves the graph for the next run.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.import_rate import PLACES, TRADES, WAYS, peak
from graphstore.server import local
from graphstore.store import Write
from tests.cli.in_browser import FLAGS

KINDS = [f"kind {number}" for number in range(24)]
BATCH = 5000
GO = """to => {
  document.querySelector('main').replaceChildren();
  if (location.hash === to) dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = to;
}"""
FRAMES = """async () => {
  const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect(), took = [];
  const at = {ctrlKey: true, cancelable: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2};
  const held = name => canvas.dispatchEvent(new KeyboardEvent('keydown', {key: name, cancelable: true}));
  const began = performance.now();
  for (let last = began, step = 0; last - began < 5000; step += 1) {
    canvas.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: 8 * Math.sin(step / 20)}));
    if (step % 4 === 0) held(step % 80 < 40 ? 'ArrowLeft' : 'ArrowRight');
    await new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
    canvas.getContext('2d').getImageData(0, 0, 1, 1);
    took.push(performance.now() - last);
    last = performance.now();
  }
  took.sort((one, other) => one - other);
  return {frames: 1000 * took.length / took.reduce((sum, one) => sum + one, 0),
          slowest: took.at(-1), most: took[Math.floor(0.95 * took.length)]};
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--regions", type=int, default=200)
    parser.add_argument("--crowd", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        if not (work / ".pgraph").exists():
            took = timed(lambda: fill(work, options.rows, options.regions, options.crowd))
            print(f"{options.rows:,} personas written in {took:.0f} s", flush=True)
        sizes = (work / "regions.json").read_text()
        largest, crowd = json.loads(sizes)
        overview = work / ".pgraph" / "explorer" / "overview.json"
        overview.unlink(missing_ok=True)
        for first in (True, False):
            with explorer(work) as (link, pid):
                told = measure(link, largest, crowd, first=first, shots=options.shots)
                print(f"\n{'nothing counted yet' if first else 'counted before'}", flush=True)
                for name, value in {**told, "server, peak MB": round(peak(pid))}.items():
                    print(f"{name:>44} {value}", flush=True)


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fill(work: Path, rows: int, regions: int, crowd: int) -> None:
    draw = random.Random(5)
    weights = [1 / (rank + 3) for rank in range(regions - 1)]
    sizes = [crowd, *(max(2, round((rows - crowd) * weight / sum(weights))) for weight in weights)]
    homes = [region for region, size in enumerate(sizes) for _ in range(size)][:rows]
    draw.shuffle(homes)
    seeds = max(1, rows // 50)
    depths, sources = [0] * rows, [0] * rows
    last: dict[int, list[int]] = {}
    for number in range(rows):
        near = last.setdefault(homes[number], [])
        if number >= seeds:
            sources[number] = draw.choice(near) if near and draw.random() < 0.7 else draw.randrange(number)
            depths[number] = depths[sources[number]] + 1
        near.append(number)

    def name(number: int) -> str:
        return f"p{number * 2654435761 % (1 << 32):08x}"  # as spread as a digest is

    def people(numbers: range) -> Iterator[Write]:
        texts = {
            n: f"A {draw.choice(WAYS)} {draw.choice(TRADES)} from {draw.choice(PLACES)} with {n} letters"
            for n in numbers
        }
        yield Write("persona", [
            {"id": name(n), "depth": depths[n], "props": {
                "text": texts[n], "role": f"{texts[n].split(' from')[0][2:]} {n % 9000}", "run": "r1", "lang": "en"}}
            for n in numbers])  # fmt: skip
        yield Write("in_domain", [{"persona": name(n), "domain": f"d{homes[n]}", "by": "reply"} for n in numbers])
        yield Write("derived_from", [
            {"persona": name(n), "source": name(sources[n]), "call": f"c{n // 3}", "props": {
                "relation": draw.choice(KINDS), "run": "r1", "at": f"2026-01-02T{n:012}"}}
            for n in numbers if n >= seeds])  # fmt: skip

    kept = work / ".pgraph" / "store"
    with local.connect(kept, heap="1g", idle=60) as store:
        store.migrate()
        store.write(
            Write(
                "run",
                [{"id": "r1", "props": {"command": "expand", "model": "m", "started": "2026-01-01", "new": rows}}],
            ),
            Write("domain", [{"id": f"d{n}", "name": f"field {n}", "label": f"field {n}"} for n in range(regions)]),
            Write("group", [{"id": f"g{n}", "props": {"label": f"field {n}", "level": 1}} for n in range(regions)]),
            Write("in_group", [{"domain": f"d{n}", "group": f"g{n}", "by": "own"} for n in range(regions)]),
        )
        for start in range(0, rows, BATCH):
            store.write(*people(range(start, min(start + BATCH, rows))))
    (work / "regions.json").write_text(json.dumps([f"g{max(range(regions), key=lambda n: sizes[n])}", "g0"]))


@contextmanager
def explorer(work: Path) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "pgraph", "--json", "--quiet", "-C", str(work), "explore", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["link"], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def measure(link: str, largest: str, crowd: str, *, first: bool, shots: Path | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, "--js-flags=--expose-gc"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        told["link to first picture, s"] = seconds(page, lambda: page.goto(link), ".map g.region", 600)
        if first:
            told["until all is counted, s"] = seconds(page, None, ".map circle:not(.empty)", 900)
        else:
            told |= {"reload to picture, s": seconds(page, page.reload, ".map g.region")}
            shoot(page, shots, "overview")
            told |= {"zoom: largest group, list, s": seconds(page, lambda: go(page, "region", largest), ".people li")}
            told |= {"its picture, a sample, s": seconds(page, None, "canvas[aria-label*=' seeds ']")}
            told |= {"zoom: the crowd, list, s": seconds(page, lambda: go(page, "region", crowd), ".people li")}
            told |= {"its picture, s": seconds(page, None, "canvas[aria-label*=' seeds ']")}
            page.locator("canvas").scroll_into_view_if_needed()
            page.wait_for_timeout(1000)
            shoot(page, shots, "crowd")
            frames = page.evaluate(FRAMES)
            told |= {"frames a second, moving": round(frames["frames"], 1)}
            told |= {"a frame, 95 % within, slowest, ms": (round(frames["most"]), round(frames["slowest"]))}
            persona = page.locator(".people li a").first.get_attribute("href") or ""
            told |= {"a persona, s": seconds(page, lambda: page.evaluate("to => location.hash = to", persona), ".way")}
            told |= {"search of many letters, s": seconds(page, lambda: search(page, "harbour midwife"), ".people li")}
        told["page, JavaScript heap MB"] = round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6, 1)
        browser.close()
    return told


def go(page: Page, view: str, identity: str) -> None:
    page.evaluate(GO, f"#/{view}?id={identity}")


def search(page: Page, words: str) -> None:
    page.evaluate("() => document.querySelector('main').replaceChildren()")
    page.fill("#search input", words)
    page.keyboard.press("Enter")


def seconds(page: Page, act: Callable[[], object] | None, seen: str, within: float = 60) -> float:
    began = time.perf_counter()
    if act is not None:
        act()
    page.locator(seen).first.wait_for(state="visible", timeout=1000 * within)
    return round(time.perf_counter() - began, 2)


def shoot(page: Page, shots: Path | None, name: str) -> None:
    if shots is not None:
        page.screenshot(path=str(shots / f"{name}.png"), full_page=True)


if __name__ == "__main__":
    main()
