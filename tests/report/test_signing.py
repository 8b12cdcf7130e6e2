"""A signed copy of the PDF: valid, by the right certificate, and the original is in it unchanged."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from typer.testing import CliRunner

from etl.cli.app import app
from etl.common.errors import UsageInvalid
from etl.report import pdf, signing
from tests.report.fixtures import quiet_model

PASSPHRASE = "correct horse"  # noqa: S105  of a key made here
ENV = {"TRANSIT_LEDGER_SIGNING_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def report() -> bytes:
    return pdf.render(quiet_model(), {"facts.csv": b"a\n"})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem (under a passphrase) and cert.pem, made for this test."""
    folder = tmp_path_factory.mktemp("keys")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso AB, reports")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(47)
        .not_valid_before(start).not_valid_after(start + timedelta(days=36500)).add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def validated(signature: EmbeddedPdfSignature, trusted: ValidationContext) -> PdfSignatureStatus:
    """Judged in a thread of its own: a browser test may have left an event loop running in this one."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(validate_pdf_signature, signature, trusted).result()


def test_signing_works_where_an_event_loop_runs(report: bytes, keys: Path) -> None:
    async def signed() -> bytes:
        return signing.sign(report, keys / "key.pem", keys / "cert.pem", PASSPHRASE)

    with ThreadPoolExecutor(1) as apart:
        assert apart.submit(asyncio.run, signed()).result().startswith(report)


def test_the_copy_is_signed_and_holds_the_original(report: bytes, keys: Path) -> None:
    signed = signing.sign(report, keys / "key.pem", keys / "cert.pem", PASSPHRASE)
    assert signed.startswith(report)
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    trusted = ValidationContext(trust_roots=[signature.signer_cert])
    status = validated(signature, trusted)
    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.coverage.name == "ENTIRE_FILE"


def test_a_changed_byte_breaks_the_signature(report: bytes, keys: Path) -> None:
    signed = bytearray(signing.sign(report, keys / "key.pem", keys / "cert.pem", PASSPHRASE))
    at = signed.index(b"Transit Ledger")
    signed[at] = ord("t")
    (signature,) = PdfFileReader(io.BytesIO(bytes(signed))).embedded_signatures
    status = validated(signature, ValidationContext(trust_roots=[signature.signer_cert]))
    assert not status.intact


def test_what_cannot_sign_is_told(report: bytes, keys: Path) -> None:
    with pytest.raises(UsageInvalid, match="can't sign"):
        signing.sign(report, keys / "key.pem", keys / "cert.pem", "wrong")
    with pytest.raises(UsageInvalid, match="could not be signed"):
        signing.sign(b"no PDF at all", keys / "key.pem", keys / "cert.pem", PASSPHRASE)


def test_the_command_never_touches_the_original(report: bytes, keys: Path, tmp_path: Path) -> None:
    original, copy = tmp_path / "report.pdf", tmp_path / "signed.pdf"
    original.write_bytes(report)
    command = ["sign", str(original), "--key", str(keys / "key.pem"), "--cert", str(keys / "cert.pem"), "--out"]
    done = CliRunner().invoke(app, [*command, str(copy)], env=ENV)
    assert done.exit_code == 0, done.output
    assert copy.read_bytes().startswith(report)
    refused = CliRunner().invoke(app, [*command, str(original)], env=ENV)
    assert isinstance(refused.exception, UsageInvalid)
    assert original.read_bytes() == report
