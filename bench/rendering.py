"""What a week's three renderings cost, at 20, 200 and 2,000 connectors: CPU seconds, memory, sizes of files.

    python -m bench.rendering [CONNECTORS …]

Each size is rendered in a process of its own, after one small report that loads libraries and fonts; 90 days of data.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.results import Result, Table

SIZES = (20, 200, 2_000)
OWN = 10
"""Connectors of the test model that are not made up."""


def timed(render: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, threads included, and what it gave."""
    gc.collect()
    start = time.process_time()
    made = render()
    return time.process_time() - start, made


def rendered(connectors: int) -> dict[str, list[float]]:
    """CPU seconds of PDF, HTML, mail and all three, megabytes more of memory, and bytes of PDF, HTML and mail."""
    from etl.archive.variants import canonical
    from etl.report import build, email, html, pdf
    from tests.report.fixtures import quiet_model, report_model

    for renderer in (html, email):
        renderer.render(quiet_model())
    pdf.render(report_model(), {})
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = report_model(connectors=connectors - OWN, days=90)
    inside = {"summary.json": canonical(build.summary(model)), "facts.csv": b"data_date\n" * 1000}
    mail_time, mail = timed(lambda: email.render(model))
    pdf_time, printed = timed(lambda: pdf.render(model, inside))
    html_time, page = timed(lambda: html.render(model))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    parts = len(mail.html.encode()) + len(mail.text.encode()) + sum(len(image) for image in mail.images.values())
    seconds = (pdf_time, html_time, mail_time, pdf_time + html_time + mail_time)
    sizes = (len(printed), len(page), parts)
    return {"seconds": list(seconds), "memory_mb": [memory], "bytes": [float(size) for size in sizes]}


def _row(values: Any, form: str) -> str:
    return " ".join(f"{value:>{form}f}" for value in values)


def main(sizes: list[int]) -> None:
    """Prints the table."""
    print(f"{'':>10} {'CPU seconds':^35} {'MB more':>9} {'kB':^29}")
    heads = ("PDF", "HTML", "mail", "all", "memory")
    print(f"{'connectors':>10}" + "".join(f"{name:>9}" for name in heads) + f" {'PDF':>10} {'HTML':>9} {'mail':>9}")
    for connectors in sizes:
        found = in_own_process(connectors)
        cells = (_row(found["seconds"], "8.2"), _row(found["memory_mb"], "9.0"))
        print(f"{connectors:>10} {' '.join(cells)} {_row([size / 1000 for size in found['bytes']], '9.0')}", flush=True)


def in_own_process(connectors: int) -> dict[str, list[float]]:
    """What `rendered` gives, from a process that has rendered nothing larger before."""
    command = [sys.executable, "-m", "bench.rendering", "--one", str(connectors)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


BARS = {20: "≤ 3", 200: "≤ 10"}


def measure(table: Table) -> None:
    """Adds the rendering of each size to the table."""
    for connectors in SIZES:
        found = in_own_process(connectors)
        title = f"HTML, PDF and mail of {connectors:,} connectors"
        table.add(Result(f"{title}: CPU", "–", found["seconds"][-1], None, "s", BARS.get(connectors, "")))
        table.add(Result(f"{title}: memory", "–", found["memory_mb"][0], None, "MB"))
        for name, size in zip(("PDF", "HTML", "mail"), found["bytes"], strict=True):
            bar = "< 1,000" if name == "PDF" else "< 3,000" if name == "HTML" and connectors == 200 else ""
            table.add(Result(f"{title}: size of the {name}", "–", size / 1000, None, "kB", bar))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(rendered(int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
