"""The files of one variant of an edition, from its model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etl.common import disk
from etl.common.canonical import canonical
from etl.model.report import ReportModel
from etl.report import email, html, pdf


def render(model: ReportModel, summary: Mapping[str, Any], facts_csv: bytes, work: Path) -> dict[str, bytes]:
    """All files of one variant's folder, by name. `summary` and `facts_csv`, which travel inside the PDF, hold only
    what the variant may show; `work` is a folder to work in."""
    attachments = {"summary.json": canonical(summary), "facts.csv": facts_csv}
    with disk.scratch_for_libraries(work):  # WeasyPrint lays the fonts there while it draws
        report_pdf = pdf.render(model, attachments)
    parts = email.render(model)
    names = {cid: f"mail-{number}.png" for number, cid in enumerate(sorted(parts.images), start=1)}
    return {
        "report.pdf": report_pdf,
        "report.html": html.render(model),
        "mail.html": parts.html.encode(),
        "mail.txt": parts.text.encode(),
        "mail.json": canonical({"subject": parts.subject, "images": names}),
        **{names[cid]: parts.images[cid] for cid in names},
    }
