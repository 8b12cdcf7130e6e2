"""The commands that render a preview of a report, and a letter to a partner."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.console import Context, say
from etl.common import periods


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command("report")(report)
    app.command("letter")(letter)
    app.command("sign")(sign)


def report(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write to; else report-PERIOD.")] = None,
) -> None:
    """Render a period's report in every language: archives nothing, sends nothing."""
    from etl.archive.rendering import render
    from etl.basis import inputs
    from etl.model.report import EditionInfo
    from etl.report import build

    settings = context.ensure_object(Context).settings()
    wanted = periods.parse_period(period)
    told = inputs.period_inputs(settings, wanted)
    edition = EditionInfo(number=0, origin="preview", made_at=periods.now(), ledger_head=None)
    folder = out or Path(f"report-{period}")
    for language in settings.report.languages:
        model = build.make_model(told, settings, wanted, edition, language=language)
        (folder / language).mkdir(parents=True, exist_ok=True)
        files = render(model, build.summary(model), told.facts_csv, settings.storage.work_path)
        for name, content in files.items():
            (folder / language / name).write_bytes(content)
        say(f"{folder / language}: report.html, report.pdf, mail.html, mail.txt")


def letter(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")],
    partner: Annotated[str, typer.Option(help="The partner's domain, as the report lists it.")],
    organisational: Annotated[bool, typer.Option(help="Its whole organisation: the domains below it too.")] = False,
    language: Annotated[str | None, typer.Option(help="The letter's language; else the report's.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write letter-PARTNER.txt and .html to.")] = None,
) -> None:
    """Write a letter to a partner with the evidence of mail below TLS 1.2; without --out the text is printed."""
    from etl.basis import inputs
    from etl.model.report import EditionInfo
    from etl.report import build, letter
    from etl.report.language import load

    settings = context.ensure_object(Context).settings()
    chosen = load(language or settings.report.language).code
    wanted = periods.parse_period(period)
    found = letter.evidence(settings, wanted, partner, organisational=organisational)
    edition = EditionInfo(number=0, origin="preview", made_at=periods.now(), ledger_head=None)
    model = build.make_model(inputs.period_inputs(settings, wanted), settings, wanted, edition, language=chosen)
    written = letter.write(model, found)
    if out is None:
        say(written.text)
        return
    out.mkdir(parents=True, exist_ok=True)
    name = "letter-" + "".join(c if c.isalnum() or c in ".-" else "_" for c in found.partner)[:100]
    (out / f"{name}.txt").write_text(written.text, encoding="utf-8")
    (out / f"{name}.html").write_text(written.html, encoding="utf-8")
    say(f"{out / name}.txt, {out / name}.html")


def sign(
    report: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The PDF, such as an edition's.")],
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The private key, PEM.")],
    cert: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Its certificate, PEM; its chain may follow.")
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The signed copy to write; never the original.")],
) -> None:
    """Write a signed copy of a PDF (PAdES B-B); a passphrase comes from $TRANSIT_LEDGER_SIGNING_PASSPHRASE."""
    from etl.common import disk
    from etl.common.errors import UsageInvalid
    from etl.report import signing

    if out.resolve() == report.resolve():
        raise UsageInvalid(
            "the original would be overwritten", "another file for the signed copy", "Choose another --out"
        )
    passphrase = os.environ.get("TRANSIT_LEDGER_SIGNING_PASSPHRASE")
    disk.write_atomic(out, signing.sign(report.read_bytes(), key, cert, passphrase))
    say(f"{out}: signed; the original is as it was")
