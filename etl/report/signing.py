"""A signed copy of an archived PDF: PAdES B-B, with a key and certificate of the organisation.

Signing adds to the file and makes other bytes of it, a time among them: the archive keeps the unsigned original, whose
hash is in the ledger, and the copy goes to whoever asks for one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter

from etl.common.errors import UsageInvalid

FIELD = "TransitLedger"


def sign(report: bytes, key: Path, certificate: Path, passphrase: str | None = None) -> bytes:
    """`report` with a signature (PAdES B-B, sha-256) by the PEM files `key` and `certificate`, whose chain may follow.

    What was there is not changed: the signature is added behind it. Raises `UsageInvalid` where the key, its
    passphrase, the certificate or the PDF can't be used.
    """
    secret = passphrase.encode() if passphrase else None
    signer = SimpleSigner.load(  # type: ignore[no-untyped-call]  # pyHanko tells no types here
        str(key), str(certificate), ca_chain_files=(str(certificate),), key_passphrase=secret
    )
    if signer is None:
        raise UsageInvalid(
            f"{key.name} and {certificate.name} can't sign", "a private key and its certificate, both PEM",
            "Check both files, and the passphrase in TRANSIT_LEDGER_SIGNING_PASSPHRASE",
        )  # fmt: skip
    wanted = PdfSignatureMetadata(field_name=FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    signed = BytesIO()
    try:
        copy = IncrementalPdfFileWriter(BytesIO(report))
        with ThreadPoolExecutor(1) as apart:  # pyHanko starts an event loop, which a thread that runs one can't
            apart.submit(PdfSigner(wanted, signer).sign_pdf, copy, output=signed).result()
    except (PdfError, ValueError) as error:
        raise UsageInvalid(f"the PDF could not be signed: {error}", "a report.pdf from the archive") from error
    return signed.getvalue()
