"""What is quoted elsewhere has its addresses masked, however they are written, and nothing else."""

from __future__ import annotations

import time

import pytest

from etl.common.masking import mask
from etl.formats import text

ADDRESSES = [
    "john.doe@x.example", '"john doe"@x.example', 'a,"""john doe""@x.example",b', '"john\\"doe"@x.example',
    "o'john.doe@x.example", "jöhn.doe@bücher.example", "john.doe@[192.0.2.1]", "john.doe@",
    "<@relay.example:john.doe@x.example>", "john@doe@x.example", "john.doe=40x.example", "john.doe%40x.example",
    "john.doe&#64;x.example", '{"a":"john.doe\\u0040x.example"}', "john.doe＠x.example", "john.doe+AEA-x.example",
    "john.doe(a comment)@x.example", "john.doe @x.example", "mailto:john.doe@x.example?cc=john.doe@y.example",
    "=?utf-8?Q?john.doe=40x.example?=", "john.doe@x.example;jöhn@y.example", "bounce+john.doe=y.example@x.example",
]  # fmt: skip
KEPT = [
    "MAIL FROM:<> SIZE=4096 RET=HDRS", "the header (Date, Size, TLS 1.2)", "100%40", "It's 12:40, 'TLS 1.2' at last",
    "250 2.0.0 OK", 'a "quoted" word, and @ a sign',
]  # fmt: skip


@pytest.mark.parametrize("written", ADDRESSES)
def test_a_local_part_is_masked_however_it_is_written(written: str) -> None:
    for shown in (mask(written), mask(f"the first line is '{written}'. Expected a log.")):
        assert "***" in shown
        assert not any(part in shown.lower() for part in ("john", "jöhn", "doe"))


@pytest.mark.parametrize("written", KEPT)
def test_what_is_no_address_is_left_as_it_is(written: str) -> None:
    assert mask(written) == written


def test_the_domain_stays_to_be_seen() -> None:
    assert mask("from john.doe@bücher.example, to <a@x.example>") == "from ***@bücher.example, to <***@x.example>"


def test_a_first_line_is_masked_before_it_is_cut() -> None:
    assert "john" not in text.first_line(b"z" * 190 + b" john.doe.and.more@x.example\r\n")


def test_masking_takes_time_by_the_length_of_the_text_alone() -> None:
    for sign in ('"', "(", "'", "a", '\\"', "=", "a'"):
        began = time.process_time()
        mask(sign * 20_000)
        assert time.process_time() - began < 2
