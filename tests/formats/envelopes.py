"""What containers, collectors, syslog daemons and editors put around the lines of a log, as functions of the whole log.

Each is written after the tool's own description of its output. Those in `OF_SYSLOG` need lines of syslog's form.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

Envelope = Callable[[bytes], bytes]

_BSD = re.compile(r"^(\w{3} [ \d]\d [\d:]{8}) (\S+) (.*)$")
_TAG = re.compile(r"^([^\[\s:]+)(?:\[(\d+)\])?: ?(.*)$")
_YEAR = 2026


def _lines(form: Callable[[str, datetime], str], end: str = "\n") -> Envelope:
    """An envelope around each line by itself, given with the instant of its stamp."""

    def wrap(log: bytes) -> bytes:
        return "".join(form(line, _instant(line)) + end for line in log.decode().splitlines()).encode()

    return wrap


def _instant(line: str) -> datetime:
    if match := _BSD.match(line):
        return datetime.strptime(f"{_YEAR} {match[1]}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(line[:19]).replace(tzinfo=UTC)
    except ValueError:
        return datetime(_YEAR, 11, 24, 10, tzinfo=UTC)


def _zulu(at: datetime, places: int = 9) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{'123456789'[:places]}Z"


def _of_syslog(form: Callable[[datetime, str, str, str, str], str]) -> Envelope:
    """An envelope that writes stamp, host, tag, process and text of a syslog line in its own way."""

    def write(line: str, at: datetime) -> str:
        match = _BSD.match(line)
        tag = _TAG.match(match[3]) if match else None
        return form(at, match[2], tag[1], tag[2] or "0", tag[3]) if match and tag else line

    return _lines(write)


def _stamps(at: datetime) -> dict[str, object]:
    return {
        "at": at, "bsd": f"{at:%b %e %H:%M:%S}", "iso": f"{at:%Y-%m-%dT%H:%M:%S}", "unix": f"{at.timestamp():.6f}",
        "tai": f"{int(at.timestamp()) + 2**62 + 10:016x}", "nano": _zulu(at), "milli": _zulu(at, 3),
        "zulu": _zulu(at, 6),
    }  # fmt: skip


def _each(form: str) -> Envelope:
    """An envelope around each line: a form with `line` and stamps in it."""
    return _lines(lambda line, at: form.format(line=line, **_stamps(at)))


def _syslog(form: str) -> Envelope:
    """A form of syslog with `host`, `tag`, `pid`, `said` and stamps in it."""
    return _of_syslog(
        lambda at, host, tag, pid, said: form.format(host=host, tag=tag, pid=pid, said=said, **_stamps(at))
    )


def _zip(log: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mail.log", log)
    return out.getvalue()


def _json(line: str, at: datetime, **more: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stdout", "time": _zulu(at)} | more)


OF_ANY: dict[str, Envelope] = {
    "carriage returns": _each("{line}\r"),
    "blanks at the end": _each("{line}  "),
    "a tab at the end": _each("{line}\t"),
    "a byte order mark": lambda log: b"\xef\xbb\xbf" + log,
    "UTF-16": lambda log: log.decode().encode("utf-16"),
    "gzip": lambda log: gzip.compress(log, mtime=0),
    "two members of gzip": lambda log: gzip.compress(log[:700], mtime=0) + gzip.compress(log[700:], mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "two streams of xz": lambda log: lzma.compress(log[:700]) + lzma.compress(log[700:]),
    "zip": _zip,
    "docker logs -t": _each("{nano} {line}"),
    "CRI": _each("{nano} stdout F {line}"),
    "CloudWatch, exported": _each("{milli} {line}"),
    "aws logs tail": _each("{iso}.123000+00:00 mail/postfix/0a1b2c3d {line}"),
    "docker compose": _each("mail-1  | {line}"),
    "docker compose, coloured": _each("\x1b[36mmail-1  | \x1b[0m{line}"),
    "docker compose -t": _each("mail-1  | {nano} {line}"),
    "docker's json-file": _lines(_json),
    "docker's json-file with attributes": _lines(lambda line, at: _json(line, at, attrs="x")),
    "kubectl --prefix": _each("[pod/mail-0/postfix] {line}"),
    "kubectl --prefix --timestamps": _each("[pod/mail-0/postfix] {nano} {line}"),
    "stern": _each("mail-0 postfix {line}"),
    "another syslog's head": _each("{bsd} collector {line}"),
    "docker's syslog driver": _each("{bsd} node1 0a1b2c3d4e5f[999]: {line}"),
    "docker's syslog driver, tagged": _each("{bsd} node1 docker/mail[999]: {line}"),
    "Filebeat": _lines(
        lambda line, at: json.dumps({"@timestamp": _zulu(at, 3), "message": line, "host": {"name": "x"}})
    ),
    "Fluentd's file": _lines(lambda line, at: f"{at:%Y-%m-%dT%H:%M:%S}+00:00\tmail\t" + json.dumps({"log": line})),
    "s6-log": _each("{at:%Y-%m-%d %H:%M:%S}.123456789  {line}"),
    "svlogd": _each("{at:%Y-%m-%d_%H:%M:%S}.12345 {line}"),
    "multilog's TAI64N": _each("@{tai}075bcd15 {line}"),
    "grep with file names": _each("/var/log/mail.log:{line}"),
    "grep -n": _each("17:{line}"),
    "cat -n": _each("    17\t{line}"),
    "Kiwi Syslog": _each("{at:%Y-%m-%d %H:%M:%S}\tMail.Info\t192.0.2.7\t{line}"),
    "Loki's logcli": _each('{iso}Z {{job="mail"}} {line}'),
    "colours by severity": _each("\x1b[0;32m{line}\x1b[0m"),
    "quoted": lambda log: b'"' + log.replace(b'"', b'""').rstrip().replace(b"\n", b'"\n"') + b'"\n',
}
OF_SYSLOG: dict[str, Envelope] = {
    "RFC 5424": _syslog("<22>1 {zulu} {host} {tag} {pid} - - {said}"),
    "RFC 3339": _syslog("{iso}.123456+00:00 {host} {tag}[{pid}]: {said}"),
    "a priority": _syslog("<22>{bsd} {host} {tag}[{pid}]: {said}"),
    "busybox": _syslog("{bsd} {host} mail.info {tag}[{pid}]: {said}"),
    "busybox without a host": _syslog("{bsd} mail.info {tag}[{pid}]: {said}"),
    "FreeBSD -v": _syslog("{bsd} <2.6> {host} {tag}[{pid}]: {said}"),
    "FreeBSD -vv": _syslog("{bsd} <mail.info> {host} {tag}[{pid}]: {said}"),
    "OpenBSD -Z": _syslog("{zulu} {host} {tag}[{pid}]: {said}"),
    "Solaris": _syslog("{bsd} {host} {tag}[{pid}]: [ID 197553 mail.info] {said}"),
    "bokysan": _syslog("{iso}.123456+00:00 INFO    {tag}[{pid}]: {said}"),
    "syslog-ng on Alpine": _syslog("{iso}.123+00:00 info {tag}[{pid}]: {said}"),
    "no host": _syslog("{bsd} {tag}[{pid}]: {said}"),
    "metalog": _syslog("{bsd} [{tag}] {said}"),
    "journalctl -o short-precise": _syslog("{at:%b %d %H:%M:%S}.123456 {host} {tag}[{pid}]: {said}"),
    "journalctl -o short-iso": _syslog("{iso}+0000 {host} {tag}[{pid}]: {said}"),
    "journalctl -o short-full": _syslog("{at:%a %Y-%m-%d %H:%M:%S} UTC {host} {tag}[{pid}]: {said}"),
    "journalctl -o short-full, another zone": _syslog("{at:%a %Y-%m-%d %H:%M:%S} CET {host} {tag}[{pid}]: {said}"),
    "journalctl -o with-unit": _syslog("{at:%a %Y-%m-%d %H:%M:%S} UTC {host} postfix@-.service[{pid}]: {said}"),
    "journalctl -o short-unix": _syslog("{unix} {host} {tag}[{pid}]: {said}"),
    "journalctl -o short-monotonic": _syslog("[{unix}] {host} {tag}[{pid}]: {said}"),
    "journalctl -o cat": _syslog("{said}"),
    "journalctl -o json": _of_syslog(lambda at, host, tag, pid, said: json.dumps({
        "__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(int(at.timestamp() * 1e6)), "_HOSTNAME": host, "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": tag, "SYSLOG_PID": pid, "_PID": pid, "MESSAGE": said,
    })),
    "journalctl -o json-pretty": _of_syslog(lambda at, host, tag, pid, said: json.dumps({
        "__REALTIME_TIMESTAMP": str(int(at.timestamp() * 1e6)), "_HOSTNAME": host, "SYSLOG_IDENTIFIER": tag,
        "SYSLOG_PID": pid, "MESSAGE": said,
    }, indent=1)),
    "JSON in one list": lambda log: json.dumps([{"message": line} for line in log.decode().splitlines()]).encode(),
    "journalctl -o export": _of_syslog(lambda at, host, tag, pid, said: (
        f"__CURSOR=s=1\n__REALTIME_TIMESTAMP={int(at.timestamp() * 1e6)}\n_HOSTNAME={host}\n"
        f"SYSLOG_IDENTIFIER={tag}\n_PID={pid}\nMESSAGE={said}\n"
    )),
    "journalctl -o verbose": _syslog(
        "{at:%a %Y-%m-%d %H:%M:%S}.123456 UTC [s=1;i=2]\n    _HOSTNAME={host}\n    SYSLOG_IDENTIFIER={tag}\n"
        "    _PID={pid}\n    MESSAGE={said}"
    ),
}  # fmt: skip
