"""The policy file: what is wrong with it is listed at once, each with its line and what would be right."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli.app import app
from etl.insights.policy import BUNDLED, PolicyInvalid, load_policy, parse_policy
from etl.insights.rules import KINDS
from etl.ops import check
from tests.helpers import site
from tests.insights.exports import only, policy, rule

BAD = """\
id = "mine"
version = 0
ruless = 1

[[rules]]
id = "one"
version = 1
severty = "notice"
severity = "urgent"
threshhold = "25%"
[rules.title]
en = "One"
xx = "Eins"
[rules.advice]
en = ""

[[rules]]
id = "one"
version = "1"
severity = "notice"
threshold = "125%"
minimum_messages = -1
title = { en = "Two" }
advice = "Do it"

[[acknowledgements]]
rule = "onee"
by = "Kim"
until = "tomorrow"
why = "so"
"""

ACCEPTED = '[[acknowledgements]]\nrule = "data-late"\nby = "k"\nwhy = "w"\nuntil = 2027-01-01\n'


def problems(text: str | bytes) -> list[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(raw)
    return caught.value.problems


def test_every_problem_is_listed_at_once_with_its_line() -> None:
    assert sorted(problems(BAD), key=lambda problem: int(problem.split()[1].rstrip(":"))) == [
        "line 2: version is required, a whole number from 1",
        "line 3: 'ruless' is no key of a policy; did you mean 'rules'?",
        "line 5: a rule of the kind 'share' needs threshold",
        "line 8: 'severty' is no key of a rule; did you mean 'severity'?",
        "line 9: severity is 'urgent'; allowed are critical, warning, notice, info",
        "line 10: 'threshhold' is no key of a rule; did you mean 'threshold'?",
        "line 13: title.xx: there is no language 'xx' here; known are en, sv",
        "line 15: advice.en is a text that is not empty",
        "line 18: two rules are called 'one', the first on line 6",
        "line 19: version is required, a whole number from 1",
        "line 21: impossible threshold 125%: a share lies between 0 and 1 (or 0% and 100%)",
        "line 22: minimum_messages is a whole number from 0",
        'line 24: advice is a text per language, such as advice = { en = "…" }',
        "line 27: no rule is called 'onee'; did you mean 'one'?",
        "line 29: until is required, a day such as 2027-03-31",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"threshold": 1}, "impossible: no share is > 1"),
        ({"threshold": "100%"}, "impossible: no share is > 100%"),
        ({"threshold": 0, "comparator": "<"}, "impossible: no share is < 0"),
        ({"threshold": 0, "comparator": ">="}, "impossible to be silent: every share is >= 0"),
        ({"threshold": "-1%"}, "impossible threshold -1%"),
        ({"threshold": 25}, "impossible threshold 25"),
        ({"threshold": "a quarter"}, "threshold is 'a quarter'"),
        ({"threshold": ["25%"]}, "threshold is ['25%']"),
        ({"threshold": "25%", "comparator": "=>"}, "comparator is '=>'"),
        ({"threshold": "25%", "comparator": ["<"]}, "comparator is ['<']"),
        ({"threshold": "25%", "measure": "tls_1_00"}, "measure is 'tls_1_00'; did you mean 'tls_1_0'?"),
        ({"threshold": "25%", "measure": ["TLS 1.4"]}, "measure is a name or a list of No TLS"),
        ({"threshold": "25%", "measure": 12}, "measure is a name or a list of No TLS"),
        ({"threshold": "25%", "open": "silent"}, "open means nothing to a rule of the kind 'share'"),
        ({"threshold": "25%", "weeks": 4}, "weeks means nothing to a rule of the kind 'share'"),
        ({"threshold": "25%", "scope": "conector"}, "scope is 'conector'; did you mean 'connector'?"),
        ({"threshold": "25%", "references": "RFC 1"}, "references is a list of texts"),
        ({"kind": "cipher_share", "threshold": 0, "profile": "nist-sp-800-52r2"}, "profile is 'nist-sp-800-52r2'"),
        ({"kind": "connector_silent"}, "a rule of the kind 'connector_silent' needs weeks"),
        ({"kind": "connector_silent", "weeks": 27}, "weeks is 27"),
        ({"kind": "connector_silent", "weeks": "2"}, "weeks is '2'"),
        ({"kind": "volume_band", "factor": "0.5"}, "factor is '0.5'"),
        ({"kind": "shares", "threshold": 0}, "kind is 'shares'; did you mean 'share'?"),
        ({"kind": 7}, "kind is 7"),
        ({"kind": "rise", "threshold": "2%", "level": 0}, "level is 0"),
        ({"threshold": "2%", "minimum_to_act": 0}, "minimum_to_act is a whole number from 1"),
    ],
)
def test_what_a_rule_can_not_say(values: dict[str, object], problem: str) -> None:
    found = problems(only(rule("mine", **values)))
    assert len(found) == 1, found
    assert problem in found[0]
    assert found[0].startswith("line ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('id = "a"\nversion = 1\nrules = 5\n', "line 3: rules is a list of tables"),
        ('id = "a"\nversion = 1\n[rules]\nid = "b"\n', "line 3: rules is a list of tables"),
        ('id = "a"\nversion = 1\nrules = ["b"]\n', "line 3: rules is a list of tables"),
        ('id = "a"\nversion = 1\n', "line 1: a policy needs at least one [[rules]]"),
        ('id = "a"\nversion = = 1\n', "line 2"),
        (b'id = "\xff"\n', "not TOML"),
        (policy(more=ACCEPTED.replace('"data-late"', '["x"]')), "no rule is called ['x']"),
        (policy(more=ACCEPTED.replace('"k"', '""')), "by is required"),
    ],
)  # fmt: skip
def test_what_a_file_can_not_be(text: str | bytes, problem: str) -> None:
    assert any(problem in found for found in problems(text))


def test_thresholds_are_the_decimals_they_are_written_as() -> None:
    texts = {"25%": Fraction(1, 4), "0.1%": Fraction(1, 1000), "33.3 %": Fraction(333, 1000)}
    for text, exact in texts.items():
        assert parse_policy(only(rule("mine", threshold=text))).rules[0].threshold == exact
    assert parse_policy(only(rule("mine", threshold=0.1))).rules[0].threshold == Fraction(1, 10)


def test_every_kind_has_one_function() -> None:
    for name, kind in KINDS.items():
        assert (kind.at_place is None) != (kind.of_period is None), name


def test_who_acts_from_how_many_messages_on_and_at_which_level() -> None:
    told = rule("mine", threshold="25%") + rule("other", threshold="25%", minimum_to_act=3, level="1%")
    assert [r.minimum_to_act for r in parse_policy(only(told)).rules] == [20, 3]
    assert [r.level for r in parse_policy(only(told)).rules] == [None, Fraction(1, 100)]
    changed = only("[action]\nminimum_messages = 50\n" + told)
    assert [r.minimum_to_act for r in parse_policy(changed).rules] == [50, 3]
    assert "'minimum' is no key of [action]" in problems(only("[action]\nminimum = 5\n" + told))[0]


def test_policies_of_old_editions_are_still_read() -> None:
    """A bag holds the policy of its day: what such a rule stated is no fault, and means nothing any more."""
    parse_policy(only(rule("worse", kind="got_worse", threshold="1%", factor=1, minimum_messages=50)))


def test_the_bundled_policy_is_valid_and_has_every_kind_of_rule_in_both_languages() -> None:
    found = parse_policy(BUNDLED.read_bytes())
    assert {rule.kind for rule in found.rules} == set(KINDS)
    for item in found.rules:
        assert set(item.title) == set(item.advice) == {"en", "sv"}, item.id
    assert [rule.id for rule in found.rules][:3] == ["no-tls-above-25", "tls-1-0-above-50", "data-incomplete"]


def test_the_settings_name_a_policy_and_check_lists_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    settings = site(tmp_path, policy={"file": str(file)})
    with pytest.raises(PolicyInvalid, match="could not be read"):
        load_policy(settings)
    file.write_text(BAD, encoding="utf-8")
    found = list(check.policy_checks(settings))
    assert [item.verdict for item in found] == ["wrong"] * 15
    file.write_bytes(policy(more=rule("mine", threshold="90%").replace(', sv = "G"', "")))
    assert load_policy(settings).rules[-1].id == "mine"
    both = site(tmp_path, policy={"file": str(file)}, report={"time_zone": "UTC", "languages": ["en", "sv"]})
    told = [(item.verdict, item.found) for item in check.policy_checks(both)]
    assert told[1] == ("note", "no texts in 'sv' for mine")


def test_check_fails_for_a_wrong_policy_and_judging_is_refused_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(BAD, encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(
        '[organisation]\nname = "Contoso"\ndomains = ["contoso.example"]\n[report]\ntime_zone = "UTC"\n'
        '[storage]\nroot = "data"\n[policy]\nfile = "policy.toml"\n',
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["--config", str(config), "check", "--json"])
    assert done.exit_code == 1
    assert "line 18: two rules are called 'one'" in done.stdout
