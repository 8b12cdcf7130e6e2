"""The HTML report: one self-contained file that opens from a disk, with no network and no script.

It is the page of the PDF with its fonts inside and a width that suits a screen; tables scroll where a screen is narrow.
"""

from __future__ import annotations

import base64
import re

from etl.report import pdf
from etl.report.charts import FONTS
from etl.report.model import ReportModel

_SCREEN = (
    "@media screen{html{background:#fff}body{max-width:190mm;margin:0 auto;padding:28px 20px;overflow-wrap:anywhere}"
    "table{max-width:100%}section{overflow-x:auto}}"
)
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    'font-src data:; img-src data:">\n'
    '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
)


def render(model: ReportModel) -> bytes:
    """The report of `model` as one HTML file, UTF-8, with everything inside it that it needs."""
    page = re.sub(r"ledger:fonts/([A-Za-z0-9_.-]+)", lambda match: _font(match[1]), pdf.to_html(model))
    page = page.replace('<meta charset="utf-8">\n', f'<meta charset="utf-8">\n{_POLICY}', 1)
    return page.replace("</style>", f"{_SCREEN}</style>", 1).encode("utf-8")


def _font(name: str) -> str:
    content = base64.b64encode((FONTS / name).read_bytes()).decode("ascii")
    return f"data:font/ttf;base64,{content}"
