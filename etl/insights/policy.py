"""The policy: a TOML file that says what is judged, against which threshold, and what to do about it.

Rules are declarative: a new threshold, class of messages or scope needs no code. Thresholds are read as the exact
decimals they are written as. A wrong policy is refused with every problem and its line.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from etl.common import languages
from etl.common.errors import Terminal
from etl.common.words import TLS_VERSIONS
from etl.insights.classes import MEASURES
from etl.insights.decide import COMPARATORS
from etl.insights.profiles import JUDGES_CIPHERS
from etl.insights.rule import SEVERITIES, Rule
from etl.insights.rules import KINDS
from etl.settings import Settings
from etl.settings.types import nearest

BUNDLED = Path(__file__).with_name("policy.toml")

SCOPES = ("connector", "named_connector", "direction")
CONDITIONS = ("forced_tls", "not_forced_tls")
_TABLE = {"id", "version", "rules", "acknowledgements", "contact", "action"}
_RULE = {key for kind in KINDS.values() for key in kind.keys}
_ACKNOWLEDGEMENT = {"rule", "direction", "connector", "by", "until", "why"}
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


class PolicyInvalid(Terminal):
    """The policy file has problems; `problems` lists every one with its line."""

    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, path: str, problems: list[str]) -> None:
        self.problems = problems
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} problem(s) in the policy {path}:\n{listed}")

    def __str__(self) -> str:
        return self.found


@dataclass(frozen=True)
class Accepted:
    """An `[[acknowledgements]]` entry: who accepts an insight, until when, why."""

    rule: str
    direction: str | None
    connector: str | None
    by: str
    until: date
    why: str


@dataclass(frozen=True)
class Policy:
    """A checked policy with its exact bytes."""

    id: str
    version: int
    raw: bytes
    rules: tuple[Rule, ...]
    acknowledgements: tuple[Accepted, ...]
    contact: dict[str, str]

    @property
    def sha256(self) -> str:
        """Hash over the file's bytes."""
        return hashlib.sha256(self.raw).hexdigest()


def load_policy(settings: Settings) -> Policy:
    """The policy that the settings name, else the one that comes with the program. Raises `PolicyInvalid`."""
    path = settings.policy.file or BUNDLED
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PolicyInvalid(str(path), [f"could not be read: {error.strerror}"]) from error
    return parse_policy(raw, str(path))


def parse_policy(raw: bytes, name: str = "policy.toml") -> Policy:
    """A checked policy from its bytes. Raises `PolicyInvalid` with every problem and its line."""
    try:
        text = raw.decode("utf-8")
        content = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyInvalid(name, [f"not TOML: {error}"]) from None
    problems = list(_problems(content, Lines(text)))
    if problems:
        raise PolicyInvalid(name, problems)
    return Policy(
        id=content["id"],
        version=content["version"],
        raw=raw,
        rules=tuple(_rule(item, _minimum(content)) for item in content.get("rules", [])),
        acknowledgements=tuple(_accepted(item) for item in content.get("acknowledgements", [])),
        contact=dict(content.get("contact", {})),
    )


class Lines:
    """Where the keys of a TOML text stand: (table path, key) to line number, counted from 1."""

    def __init__(self, text: str) -> None:
        self.found: dict[tuple[str, ...], int] = {}
        counts: dict[str, int] = {}
        table: tuple[str, ...] = ()
        quoted = False
        for number, line in enumerate(text.splitlines(), 1):
            if not quoted:
                table = self._line(line.strip(), number, table, counts)
            quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1

    def _line(self, line: str, number: int, table: tuple[str, ...], counts: dict[str, int]) -> tuple[str, ...]:
        if match := re.match(r"\[\[\s*([\w.-]+)\s*\]\]", line):
            name = match[1]
            counts[name] = counts.get(name, -1) + 1
            table = (name, str(counts[name]))
            self.found[table] = number
        elif match := re.match(r"\[\s*([\w.-]+)\s*\]", line):
            parts = match[1].split(".")
            inside = counts.get(parts[0])
            table = (parts[0], *([str(inside)] if inside is not None else []), *parts[1:])
            self.found[table] = number
        elif match := re.match(r"\"?([\w-]+)\"?((?:\s*\.\s*\"?[\w-]+\"?)*)\s*=", line):
            self.found.setdefault((*table, match[1]), number)
        return table

    def of(self, *path: str | int) -> str:
        """`line 12`, for the nearest known part of `path`."""
        parts = tuple(str(part) for part in path)
        while parts and parts not in self.found:
            parts = parts[:-1]
        return f"line {self.found.get(parts, 1)}"


def _problems(content: dict[str, Any], lines: Lines) -> Iterator[str]:
    yield from _unknown_keys(content, _TABLE, "a policy", (), lines)
    if not isinstance(content.get("id"), str) or not content["id"]:
        yield f"{lines.of('id')}: id is required, a text"
    if not _is_count(content.get("version"), 1):
        yield f"{lines.of('version')}: version is required, a whole number from 1"
    action = content.get("action", {})
    if not isinstance(action, dict):
        yield f"{lines.of('action')}: action is a table: [action]"
    else:
        yield from _unknown_keys(action, {"minimum_messages"}, "[action]", ("action",), lines)
        if not _is_count(action.get("minimum_messages", 1), 1):
            yield f"{lines.of('action', 'minimum_messages')}: minimum_messages is a whole number from 1"
    yield from _words("contact", content.get("contact", {}), ("contact",), lines, required=False)
    for key in ("rules", "acknowledgements"):
        if not _is_list_of_tables(content.get(key, [])):
            yield f"{lines.of(key)}: {key} is a list of tables, each under [[{key}]]"
    if not content.get("rules"):
        yield f"{lines.of('rules')}: a policy needs at least one [[rules]]"
    seen: dict[str, int] = {}
    for index, rule in enumerate(_tables(content, "rules")):
        yield from _rule_problems(rule, index, lines, seen)
    for index, item in enumerate(_tables(content, "acknowledgements")):
        yield from _acknowledgement_problems(item, index, lines, seen)


def _unknown_keys(
    table: dict[str, Any], known: Collection[str], what: str, here: tuple[str | int, ...], lines: Lines
) -> Iterator[str]:
    for key in sorted(table.keys() - set(known)):
        yield f"{lines.of(*here, key)}: '{key}' is no key of {what}{_allowed(key, sorted(known))}"


def _allowed(value: object, known: Collection[str]) -> str:
    return nearest(value, known) or f"; allowed are {', '.join(known)}"


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _tables(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = content.get(key, [])
    return value if _is_list_of_tables(value) else []


def _rule_problems(rule: dict[str, Any], index: int, lines: Lines, seen: dict[str, int]) -> Iterator[str]:
    here = ("rules", index)
    name, kind = rule.get("id"), rule.get("kind", "share")
    known = KINDS.get(kind) if isinstance(kind, str) else None
    yield from _unknown_keys(rule, _RULE, "a rule", here, lines)
    if not isinstance(name, str) or not _ID.fullmatch(name):
        yield f"{lines.of(*here, 'id')}: a rule's id is required: lower-case letters, digits and '-'"
    elif name in seen:
        first = lines.of("rules", seen[name], "id")
        yield f"{lines.of(*here, 'id')}: two rules are called '{name}', the first on {first}"
    else:
        seen[name] = index
    if not _is_count(rule.get("version"), 1):
        yield f"{lines.of(*here, 'version')}: version is required, a whole number from 1"
    for key, allowed, default in (
        ("kind", tuple(KINDS), "share"),
        ("severity", SEVERITIES, None),
        ("comparator", COMPARATORS, ">"),
        ("scope", SCOPES, "connector"),
        ("when", CONDITIONS, CONDITIONS[0]),
        ("profile", JUDGES_CIPHERS, "rfc9325"),
        ("open", ("listed", "silent"), "listed"),
    ):
        value = rule.get(key, default)
        if value not in allowed:
            yield f"{lines.of(*here, key)}: {key} is {value!r}{_allowed(value, allowed)}"
    if known:
        for key in sorted(rule.keys() & _RULE - set(known.keys)):
            yield f"{lines.of(*here, key)}: {key} means nothing to a rule of the kind '{kind}'"
        for key in known.needs:
            if key not in rule:
                yield f"{lines.of(*here)}: a rule of the kind '{kind}' needs {key}"
    yield from _measure_problems(rule.get("measure", "no_tls"), lines.of(*here, "measure"))
    yield from _number_problems(rule, here, lines)
    for key in ("title", "advice"):
        yield from _words(key, rule.get(key), (*here, key), lines, required=True)
    references = rule.get("references", [])
    if not isinstance(references, list) or not all(isinstance(item, str) for item in references):
        yield f"{lines.of(*here, 'references')}: references is a list of texts"


def _measure_problems(measure: Any, line: str) -> Iterator[str]:
    if isinstance(measure, str):
        if measure not in MEASURES:
            near = nearest(measure, MEASURES) or f"; allowed are {', '.join(MEASURES)}, or a list of TLS versions"
            yield f"{line}: measure is '{measure}'{near}"
    elif not isinstance(measure, list) or not measure or any(item not in TLS_VERSIONS for item in measure):
        yield f"{line}: measure is a name or a list of {', '.join(TLS_VERSIONS)}"


def _number_problems(rule: dict[str, Any], here: tuple[str | int, ...], lines: Lines) -> Iterator[str]:
    if "threshold" in rule:
        line = lines.of(*here, "threshold")
        threshold = _fraction(rule["threshold"])
        comparator = rule.get("comparator", ">")
        if threshold is None:
            yield f'{line}: threshold is {rule["threshold"]!r}; allowed is a share from 0 to 1, or a text such as "25%"'
        elif not 0 <= threshold <= 1:
            yield f"{line}: impossible threshold {rule['threshold']}: a share lies between 0 and 1 (or 0% and 100%)"
        elif (comparator, threshold) in ((">", Fraction(1)), ("<", Fraction(0))):
            yield f"{line}: impossible: no share is {comparator} {rule['threshold']}"
        elif (comparator, threshold) in ((">=", Fraction(0)), ("<=", Fraction(1))):
            yield f"{line}: impossible to be silent: every share is {comparator} {rule['threshold']}"
    if "factor" in rule and ((factor := _fraction(rule["factor"])) is None or factor < 1):
        yield f"{lines.of(*here, 'factor')}: factor is {rule['factor']!r}; allowed is a number from 1"
    if "weeks" in rule and not (_is_count(rule["weeks"], 1) and rule["weeks"] <= 26):
        yield f"{lines.of(*here, 'weeks')}: weeks is {rule['weeks']!r}; allowed is a whole number from 1 to 26"
    if "level" in rule and ((level := _fraction(rule["level"])) is None or not 0 < level <= Fraction(1, 2)):
        allowed = 'allowed is a share above 0 and up to a half, or a text such as "0.1%"'
        yield f"{lines.of(*here, 'level')}: level is {rule['level']!r}; {allowed}"
    if not _is_count(rule.get("minimum_to_act", 1), 1):
        yield f"{lines.of(*here, 'minimum_to_act')}: minimum_to_act is a whole number from 1"
    if not _is_count(rule.get("minimum_messages", 1), 0):
        yield f"{lines.of(*here, 'minimum_messages')}: minimum_messages is a whole number from 0"


def _words(key: str, value: Any, path: tuple[str | int, ...], lines: Lines, *, required: bool) -> Iterator[str]:
    if value is None and required:
        yield f'{lines.of(*path)}: {key} is required: a text per language, such as {key} = {{ en = "…", sv = "…" }}'
        return
    if not isinstance(value, dict) or (required and not value):
        yield f'{lines.of(*path)}: {key} is a text per language, such as {key} = {{ en = "…" }}'
        return
    for language, text in value.items():
        if language not in languages.available():
            known = f"known are {', '.join(languages.available())}"
            yield f"{lines.of(*path, language)}: {key}.{language}: there is no language '{language}' here; {known}"
        if not isinstance(text, str) or not text.strip():
            yield f"{lines.of(*path, language)}: {key}.{language} is a text that is not empty"


def _acknowledgement_problems(item: dict[str, Any], index: int, lines: Lines, rules: Collection[str]) -> Iterator[str]:
    here = ("acknowledgements", index)
    yield from _unknown_keys(item, _ACKNOWLEDGEMENT, "an acknowledgement", here, lines)
    if item.get("rule") not in list(rules):
        yield f"{lines.of(*here, 'rule')}: no rule is called {item.get('rule')!r}{nearest(item.get('rule'), rules)}"
    for key in ("by", "why"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            yield f"{lines.of(*here, key)}: {key} is required, a text"
    if not isinstance(item.get("connector", ""), str):
        yield f"{lines.of(*here, 'connector')}: connector is a text"
    if type(item.get("until")) is not date:
        yield f"{lines.of(*here, 'until')}: until is required, a day such as 2027-03-31"
    if item.get("direction", "inbound") not in ("inbound", "outbound"):
        yield f"{lines.of(*here, 'direction')}: direction is inbound or outbound"


MINIMUM_TO_ACT = 20


def _minimum(content: dict[str, Any]) -> int:
    """From how many messages on somebody is called to act, where a rule does not say otherwise."""
    found: int = content.get("action", {}).get("minimum_messages", MINIMUM_TO_ACT)
    return found


def _rule(item: dict[str, Any], minimum_to_act: int) -> Rule:
    measure = item.get("measure", "no_tls")
    return Rule(
        id=item["id"],
        version=item["version"],
        kind=item.get("kind", "share"),
        severity=item["severity"],
        title=dict(item["title"]),
        advice=dict(item["advice"]),
        measure=measure if isinstance(measure, str) else tuple(measure),
        scope=item.get("scope", "connector"),
        when=item.get("when"),
        profile=item.get("profile", "rfc9325"),
        comparator=item.get("comparator", ">"),
        threshold=_fraction(item.get("threshold", 0)) or Fraction(0),
        factor=_fraction(item.get("factor", 1)) or Fraction(1),
        weeks=item.get("weeks", 4),
        minimum_messages=item.get("minimum_messages", 1),
        minimum_to_act=item.get("minimum_to_act", minimum_to_act),
        level=_fraction(item["level"]) if "level" in item else None,
        lists_open=item.get("open", "listed") == "listed",
        references=tuple(item.get("references", ())),
    )


def _accepted(item: dict[str, Any]) -> Accepted:
    return Accepted(item["rule"], item.get("direction"), item.get("connector"), item["by"], item["until"], item["why"])


def _fraction(value: Any) -> Fraction | None:
    """The exact number that `0.25`, `1` or `"25%"` states; nothing where it states none."""
    try:
        if isinstance(value, str):
            match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*%\s*", value)
            return Fraction(Decimal(match[1])) / 100 if match else None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        return Fraction(value)
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
