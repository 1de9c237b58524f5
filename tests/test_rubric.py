"""Rubrics: what the shipped ones say, what a bad file is told, and verdicts worked out by hand."""

import copy
import hashlib
import itertools
import json
import random
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from scipy.stats import binomtest

from convalign import rubric
from convalign.errors import RubricError, RunError, UsageError
from convalign.independence.interval import mean_interval
from convalign.rubric.records import GRADES, Entry, Evidence, Judgement, Rubric, Target, Verdict
from convalign.rubric.words import edges, number
from convalign.scores import Score, TurnScore, dumps

METRICS = {
    "emotional": [
        "match",
        "match_raw",
        "echo_share",
        "acknowledge",
        "regulate",
        "escalate",
        "dismiss",
        "trajectory",
    ],
    "lexical": ["entrainment", "uptake", "uptake.rest"],
    "prosodic": ["proximity", "proximity.pitch", "synchrony", "synchrony.pitch", "convergence"],
}
HEADLINES = {name: metrics[0] for name, metrics in METRICS.items()}
SHIPPED = (
    "collaboration",
    "companionship",
    "customer_service",
    "health_triage",
    "mental_health",
    "mental_health_review",
    "service_recovery",
    "tutoring",
)
SCHEMA = json.loads((resources.files("convalign.rubrics") / "schema.json").read_text(encoding="utf-8"))


def score(dialogue: str, dimension: str, metric: str, excess: float | None, **more: Any) -> Score:
    """A row with the given excess over a baseline of .25 (binary, so that value - baseline is exact)."""
    given: dict[str, Any] = {
        "direction": "agent->user",
        "n": 10,
        "baseline": 0.25,
        "reason": None,
        "p": None,
        "surrogates": 20,
    }
    given |= more
    value = None if excess is None else given["baseline"] + excess
    return Score(
        dialogue,
        dimension,
        metric,
        given["direction"],
        value,
        None if excess is None else given["baseline"],
        excess,
        given["n"],
        "unscored" if excess is None else "scored",
        given["reason"],
        0.05,
        given["surrogates"],
        given["p"],
    )


def column(dimension: str, metric: str, excesses: list[float], **more: Any) -> list[Score]:
    return [score(f"d{i:02}", dimension, metric, x, **more) for i, x in enumerate(excesses)]


def share(metric: str, values: list[float], n: int = 4) -> list[Score]:
    """Rows of a metric that counts: a share of n replies, without a chance level."""
    return [
        Score(f"d{i:02}", "emotional", metric, "agent->user", v, None, None, n, "scored", "too few strangers")
        for i, v in enumerate(values)
    ]


def entry(**more: Any) -> dict[str, Any]:
    """An entry of a rubric file."""
    line = {"source": "s", "finding": "f", "grade": "experiment", "supports": True}
    base = {"need": "required", "metric": "entrainment", "target": {"kind": "above_chance"}}
    return {**base, "serves": "x", "evidence": [line], **more}


def record(**dimensions: Any) -> dict[str, Any]:
    """A rubric file."""
    head = {"name": "mine", "version": "1", "schema_version": "1", "use_case": "u", "population": "adults"}
    return {**head, "dimensions": dimensions or {"lexical": entry()}}


def made(**dimensions: Any) -> Rubric:
    return rubric.parse(json.dumps(record(**dimensions)), place="mine.json", metrics=METRICS)


def only(one: Rubric, rows: list[Score], **more: Any) -> Verdict:
    (verdict,) = rubric.judge(one, rows, **more).verdicts
    return verdict


def words(judged: Judgement) -> list[str | None]:
    return [v.verdict for v in judged.verdicts]


# What ships


def test_the_shipped_rubrics_are_those_of_the_page() -> None:
    assert rubric.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_rubric_keeps_the_schema_and_loads(name: str) -> None:
    raw = (resources.files("convalign.rubrics") / f"{name}.json").read_bytes()
    assert list(Draft202012Validator(SCHEMA).iter_errors(json.loads(raw))) == []
    loaded = rubric.load(name, metrics=METRICS)
    assert loaded.name == name
    assert loaded.sha256 == hashlib.sha256(raw).hexdigest()
    assert loaded.sha256 in loaded.signature


def test_the_schema_is_one_and_closed_everywhere() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = [o for o in _objects(SCHEMA) if o.get("type") == "object" and "properties" in o]
    assert len(found) == 6
    assert all(o["additionalProperties"] is False for o in found)


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [o for item in value for o in _objects(item)]
    if not isinstance(value, dict):
        return []
    return [value, *(o for item in value.values() for o in _objects(item))]


def all_entries() -> list[tuple[str, Entry]]:
    return [(name, e) for name in SHIPPED for e in rubric.load(name, metrics=METRICS).entries]


def test_no_shipped_target_holds_a_number() -> None:
    for name, one in all_entries():
        assert (one.target.low, one.target.high, one.target.baseline) == (None, None, None), name
        assert (one.minimum_turns, one.minimum_dialogues) == (1, 1), name


def test_match_is_never_a_minimum_on_negative_primes() -> None:
    asked = [(n, e) for n, e in all_entries() if e.metric == "match" and e.need in ("required", "optional")]
    assert [(n, e.primes) for n, e in asked] == [("companionship", "positive"), ("tutoring", "positive")]


def test_contrary_findings_stand_at_the_entries_they_speak_against() -> None:
    found = {(n, e.dimension, line.source) for n, e in all_entries() for line in e.contrary}
    for name in ("mental_health", "mental_health_review"):
        assert (name, "prosodic", "Reich 2014") in found
        assert (name, "prosodic", "Schoenherr 2021") in found
    assert ("companionship", "lexical", "arXiv 2509.12525") in found
    assert ("companionship", "emotional", "arXiv 2505.11649") in found
    assert ("collaboration", "lexical", "Fusaroli 2012") in found
    assert ("customer_service", "lexical", "arXiv 2602.17850") in found


def test_weak_ground_is_where_no_study_could_be_read() -> None:
    weak = [(n, e.dimension) for n, e in all_entries() if e.weak_ground]
    assert weak == [
        ("companionship", "emotional"),
        ("health_triage", "lexical"),
        ("mental_health_review", "prosodic"),
        ("tutoring", "lexical"),
    ]


def test_the_readme_has_the_table_and_the_table_has_every_rubric() -> None:
    readme = (Path(__file__).parents[1] / "rubrics" / "README.md").read_text(encoding="utf-8")
    begin, end = "<!-- table: made by convalign.rubric.table() -->\n", "<!-- end of table -->"
    assert readme.partition(begin)[2].partition(end)[0] == rubric.table()
    assert [one["name"] for one in rubric.listing()] == list(SHIPPED)
    assert rubric.listing()[3]["prosodic"] == "-"


def test_a_shipped_rubric_says_plainly_what_this_version_does_not_score() -> None:
    rows = [
        *column("lexical", "entrainment", [0.1, 0.2, 0.3, 0.4, 0.5]),
        *column("emotional", "match", [0.1, 0.2, 0.3]),
    ]
    verdicts = rubric.judge(rubric.load("service_recovery"), rows).verdicts
    cause = "is not in this run"
    assert [(v.metric, v.verdict, v.reason) for v in verdicts] == [
        ("entrainment", "met", "interval 0.149 to 0.451, wholly on the right side (above chance)"),
        ("acknowledge", "unknown", f"metric 'acknowledge' {cause}"),
        ("regulate", "unknown", f"metric 'regulate' {cause}"),
        ("proximity", "unknown", "dimension 'prosodic' is not in this run"),
    ]
    (match,) = [v for v in rubric.judge(rubric.load("tutoring"), rows).verdicts if v.dimension == "emotional"]
    assert match.reason == f"metric 'match' on positive primes {cause}"
    heard = [*rows, *column("prosodic", "proximity", [0.1, 0.2, 0.3])]
    planned = [v for v in rubric.judge(rubric.load("tutoring"), heard).verdicts if v.dimension == "prosodic"]
    assert [v.reason for v in planned] == [f"metric 'convergence' {cause}"]
    terms = [v for v in rubric.judge(rubric.load("collaboration"), rows).verdicts if v.dimension == "lexical"]
    unbuilt = f"metric 'entrainment.terms' {cause} (this version of convalign does not score it)"
    assert terms
    assert all(v.reason.endswith(unbuilt) for v in terms)


# What a bad file is told


def without(field: str) -> dict[str, Any]:
    one = entry()
    del one[field]
    return one


BAD: list[tuple[dict[str, Any], str]] = [
    (
        record(lexcial=entry()),
        "$.dimensions.lexcial: no dimension 'lexcial'; there are: emotional, lexical, prosodic",
    ),
    (
        record(lexical=entry(metric="overlap")),
        "$.dimensions.lexical.metric: no metric 'overlap' in lexical; "
        "there are: entrainment, uptake, uptake.rest",
    ),
    (
        record(emotional=[entry(metric="match"), entry(metric="mach")]),
        "$.dimensions.emotional[1].metric: no metric 'mach' in emotional; "
        f"there are: {', '.join(METRICS['emotional'])}",
    ),
    (
        record(lexical=entry(contraindications=[{"when": "w", "why": "y", "metric": "harm"}])),
        "$.dimensions.lexical.contraindications[0].metric: no metric 'harm' in lexical; "
        "there are: entrainment, uptake, uptake.rest",
    ),
    (
        record(lexical=entry(contraindications=[{"when": "w", "why": "y", "at_most": 0.1}])),
        "$.dimensions.lexical.contraindications[0].metric: is missing beside at_most; "
        "name the metric that is counted",
    ),
    (record() | {"extra": 1}, "$.extra: no field 'extra'; there are: "),
    ({k: v for k, v in record().items() if k != "population"}, "$.population: is missing; add it"),
    (record(lexical=without("evidence")), "$.dimensions.lexical.evidence: is missing; add it"),
    (
        record(lexical=entry(evidence=[])),
        "$.dimensions.lexical.evidence: a list of 0 does not fit; give at least 1",
    ),
    (record(lexical=entry(serves="")), "$.dimensions.lexical.serves: is empty; write some text"),
    (record() | {"dimensions": {}}, "$.dimensions: is empty; name at least 1"),
    (
        record(lexical=entry(need="must")),
        "$.dimensions.lexical.need: no need 'must'; there are: required, optional, monitor, contraindicated",
    ),
    (
        record(lexical=entry(minimum_turns="4")),
        "$.dimensions.lexical.minimum_turns: '4' is not a whole number; write a whole number",
    ),
    (
        record(lexical=entry(minimum_dialogues=0)),
        "$.dimensions.lexical.minimum_dialogues: 0 does not fit; write 1 or more",
    ),
    (record() | {"version": 1}, "$.version: 1 is not text; write text"),
    (record() | {"schema_version": "9"}, "$.schema_version: no schema_version '9'; there are: 1"),
    (record(lexical="required"), "$.dimensions.lexical: 'required' is not an object; write an object"),
    (
        record(lexical=entry(target={"kind": "band", "relative_to": "file", "low": 0.3, "high": 0.1})),
        "$.dimensions.lexical.target: low 0.3 is not below high 0.1; write low < high",
    ),
    (
        record(lexical=entry(target={"kind": "band", "relative_to": "file", "low": 0.3})),
        "$.dimensions.lexical.target.high: is missing, and kind is 'band'; write the edge as a number",
    ),
    (
        record(lexical=entry(target={"kind": "band"})),
        "$.dimensions.lexical.target.relative_to: strangers give no band; "
        "write human_baseline, or file with low and high",
    ),
    (
        record(lexical=entry(target={"kind": "at_least", "low": 0.3})),
        "$.dimensions.lexical.target.low: 0.3 against strangers, whose edge is 0; "
        "leave it out, or write relative_to file",
    ),
    (
        record(lexical=entry(quantity="value")),
        "$.dimensions.lexical.target.relative_to: strangers are the zero of excess; write quantity excess",
    ),
    (
        record(lexical=entry(target={"kind": "above_chance", "relative_to": "file"})),
        "$.dimensions.lexical.target.relative_to: 'file' is not chance; write strangers, or kind at_least",
    ),
    (
        record(lexical=entry(target={"kind": "none"})),
        "$.dimensions.lexical.target.kind: 'none' cannot be judged, and need is 'required'; "
        "give a target, or need monitor",
    ),
    (
        record(lexical=entry(need="contraindicated")),
        "$.dimensions.lexical.target.kind: 'above_chance' asks for what the need forbids; "
        "write at_most, the tolerated ceiling",
    ),
    (
        record(
            lexical=entry(
                target={
                    "kind": "at_most",
                    "relative_to": "file",
                    "high": 0.1,
                    "baseline": {"source": "s", "n": 40, "quantiles": [0.1, 0.9]},
                }
            )
        ),
        "$.dimensions.lexical.target.baseline: beside relative_to 'file'; write human_baseline",
    ),
    (
        record(lexical=entry(primes="negative")),
        "$.dimensions.lexical.primes: 'negative' in lexical; primes are told apart in emotional only",
    ),
    (
        record(lexical=entry(time_scale="trend")),
        "$.dimensions.lexical.time_scale: 'trend' does not go with metric 'entrainment'; "
        "write trend for one of: convergence, slope, trajectory, and for nothing else",
    ),
    (
        record(lexical=[entry(), entry()]),
        "$.dimensions.lexical[1]: judges the same scores as $.dimensions.lexical[0]; keep one of them",
    ),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_a_bad_file_is_told_where_and_what_would_work(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RubricError, match=r"^mine\.json: ") as caught:
        rubric.parse(json.dumps(given), place="mine.json", metrics=METRICS)
    told = str(caught.value)
    assert (
        told.startswith(f"mine.json: {message}")
        if message.endswith(": ")
        else told == f"mine.json: {message}"
    )


UNREADABLE = [
    (b'{"name": "a", "name": "b"}', "mine.json: key 'name' stands twice in one object; keep one"),
    (b'{"a": NaN}', "mine.json: NaN is no finite number; leave the field out when it is not known"),
    (
        b'{"a": -Infinity}',
        "mine.json: -Infinity is no finite number; leave the field out when it is not known",
    ),
    (b'{"a": 1e999}', "mine.json: 1e999 is no finite number; leave the field out when it is not known"),
    (b'{"a": }', "mine.json:1:7: no JSON (Expecting value); see: convalign schema rubric"),
    (b'{"a": "\xff"}', "mine.json: byte 7 is not UTF-8; save the file as UTF-8"),
    (b"[]", "mine.json: $: a list of 0 is not an object; write an object"),
    (b"null", "mine.json: $: null is not an object; write an object"),
]


@pytest.mark.parametrize(("data", "message"), UNREADABLE)
def test_what_is_no_strict_json_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RubricError, match=r"mine\.json") as caught:
        rubric.parse(data, place="mine.json", metrics=METRICS)
    assert str(caught.value) == message


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a": 1' + b"0" * 5000 + b"}"])
def test_hostile_json_is_refused_and_not_crashed_on(data: bytes) -> None:
    with pytest.raises(RubricError, match=r"^mine\.json: .*"):
        rubric.parse(data, place="mine.json", metrics=METRICS)


def test_a_name_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(record()), encoding="utf-8")
    assert rubric.load(path, metrics=METRICS) == rubric.load(str(path), metrics=METRICS)
    with pytest.raises(
        RubricError, match=r"^no rubric 'tutorin'; there are: collaboration, .*, tutoring; or name"
    ):
        rubric.load("tutorin")
    with pytest.raises(
        RubricError, match=r"absent.json: No such file or directory; name a rubric file or one of"
    ):
        rubric.load(tmp_path / "absent.json")


def test_an_entry_without_metric_gets_the_headline() -> None:
    assert made(lexical=without("metric")).entries[0].metric == "entrainment"


# The interval


def test_mean_interval_by_hand() -> None:
    # .1 .2 .3 .4 .5: mean .3, sd sqrt(.1 / 4) = .158114, se .0707107, t(.95, 4) = 2.131847 (table),
    # half width .150744
    found = mean_interval([0.1, 0.2, 0.3, 0.4, 0.5])
    assert [found.mean, found.sd] == pytest.approx([0.3, 0.158114], abs=1e-6)
    assert (found.n, found.how) == (5, "t")
    assert [found.low, found.high] == pytest.approx([0.149256, 0.450744], abs=1e-6)


def test_few_users_are_flipped_and_not_put_into_t() -> None:
    # Users' means 1..6: 2^6 = 64 sign patterns, .05 * 64 = 3.2, so the third smallest and third largest
    # of the subset means 1, 1.5, 2, 2, ... and ..., 5, 5, 5.5, 6.
    values = [float(k) for k in range(1, 7) for _ in range(2)]
    found = mean_interval(values, cluster=[k // 2 for k in range(12)])
    assert (found.mean, found.n, found.low, found.high, found.how) == (3.5, 6, 2.0, 5.0, "sign flip")
    # Four users: .05 * 16 < 1, no interval of this level exists.
    four = mean_interval(values[:8], cluster=[k // 2 for k in range(8)])
    assert (four.n, four.low, four.how) == (4, None, "none")
    # Ten users: t, with n = users.
    ten = mean_interval([0.0, 1.0] * 10, cluster=[k // 2 for k in range(20)])
    assert (ten.mean, ten.n, ten.low, ten.high, ten.how) == (0.5, 10, 0.5, 0.5, "identical")


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        ([], {}, "values: is empty; a mean needs at least one"),
        ([1.0, float("nan")], {}, r"values\[1\]: nan is not finite; leave unscored dialogues out"),
        ([1.0], {"level": 1.0}, "level: 1.0 is not between 0 and 1"),
        ([1.0], {"cluster": ["a", "b"]}, "cluster: 2 names for 1 values; give one for each"),
    ],
)
def test_mean_interval_refuses(values: list[float], more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        mean_interval(values, **more)


# Verdicts by hand

FIVE = [0.1, 0.2, 0.3, 0.4, 0.5]  # interval .149256 to .450744, see above
FILE = {"relative_to": "file"}


@pytest.mark.parametrize(
    ("target", "excesses", "verdict", "reason"),
    [
        (
            {"kind": "above_chance"},
            FIVE,
            "met",
            "interval 0.149 to 0.451, wholly on the right side (above chance)",
        ),
        (
            {"kind": "above_chance"},
            [-x for x in FIVE],
            "unmet",
            "interval -0.451 to -0.149, wholly on the wrong side (target: above chance)",
        ),
        # mean .1, interval -.0507 to .2507; gap / sd = .1 / .158114 = .632456; n for 80 % power one-sided
        # is 16.89 by statsmodels 0.15.0 TTestPower().solve_power(.632456, alpha=.05, power=.8,
        # alternative="larger"), so 17
        (
            {"kind": "above_chance"},
            [-0.1, 0.0, 0.1, 0.2, 0.3],
            "unknown",
            "interval -0.0507 to 0.251 crosses 0; about 17 dialogues would decide",
        ),
        ({"kind": "above_chance"}, [0.0, 0.0, 0.0], "unmet", None),
        ({"kind": "above_chance"}, [0.5, 0.5, 0.5], "met", None),
        (
            {"kind": "above_chance"},
            [0.5, 0.5],
            "unknown",
            "2 equal scores show no spread; 3 dialogues are the least",
        ),
        ({"kind": "band", "low": 0.1, "high": 0.5, **FILE}, FIVE, "met", None),
        ({"kind": "band", "low": 0.2, "high": 0.5, **FILE}, FIVE, "unknown", None),
        ({"kind": "band", "low": 0.5, "high": 0.6, **FILE}, FIVE, "unmet", None),
        ({"kind": "band", "low": 0.0, "high": 0.1, **FILE}, FIVE, "unmet", None),
        ({"kind": "at_most", "high": 0.5, **FILE}, FIVE, "met", None),
        ({"kind": "at_most", "high": 0.3, **FILE}, FIVE, "unknown", None),
        ({"kind": "at_most", "high": 0.1, **FILE}, FIVE, "unmet", None),
        ({"kind": "at_most"}, FIVE, "unmet", None),
        ({"kind": "at_most"}, [-x for x in FIVE], "met", None),
        ({"kind": "at_least", "low": 0.1, **FILE}, FIVE, "met", None),
        ({"kind": "at_least", "low": 0.5, **FILE}, FIVE, "unmet", None),
        (
            {"kind": "at_least", "low": 0.3, **FILE},
            FIVE,
            "unknown",
            "interval 0.149 to 0.451 crosses 0.3; "
            "no number of dialogues will decide while the mean stays on the edge",
        ),
    ],
)
def test_a_verdict_is_where_the_interval_lies(
    target: dict[str, Any], excesses: list[float], verdict: str, reason: str | None
) -> None:
    found = only(made(lexical=entry(target=target)), column("lexical", "entrainment", excesses))
    assert found.verdict == verdict
    assert reason is None or found.reason == reason


def test_a_verdict_carries_its_numbers_and_its_evidence() -> None:
    contrary = {"source": "c", "finding": "against", "grade": "experiment", "supports": False, "n": 12}
    weak = {"source": "w", "finding": "for", "grade": "note", "supports": True}
    rows = [
        *column("lexical", "entrainment", FIVE),
        score("e1", "lexical", "entrainment", None, reason="no words", n=0),
        score("e2", "lexical", "entrainment", 9.0, n=3),
    ]
    found = only(made(lexical=entry(minimum_turns=4, evidence=[contrary, weak])), rows)
    assert found.value == pytest.approx(0.55)
    assert found.baseline == pytest.approx(0.25)
    assert found.excess == pytest.approx(0.3)
    assert found.interval == pytest.approx((0.149256, 0.450744), abs=1e-6)
    assert (found.n, found.units, found.dropped) == (5, 5, {"n under 4": 1, "no words": 1})
    assert (found.grade, found.weak_ground) == ("note", True)
    assert found.contrary == (Evidence("c", "against", "experiment", False, None, 12),)
    assert found.population == "adults"
    assert found.target_source == "strangers: the same replies against partners who were never heard"
    assert [w.dialogue for w in found.weighed] == ["d04", "d03", "d02"]
    assert found.cautions == (
        "2 of 7 dialogues do not count: n under 4 (1), no words (1)",
        "n = 5: the interval leans on the form of the t distribution",
    )


def test_everything_can_be_written_as_json() -> None:
    judged = rubric.judge(rubric.load("mental_health"), column("prosodic", "proximity", FIVE))
    assert json.loads(dumps(judged.record()))["verdicts"][-2]["interval"][0] == pytest.approx(
        0.149256, abs=1e-6
    )


def test_grades_are_ranked_and_only_support_counts() -> None:
    def best(*lines: tuple[str, bool]) -> str:
        evidence = tuple(Evidence("s", "f", grade, supports) for grade, supports in lines)
        return Entry("$", "d", "required", "m", Target("above_chance"), "x", evidence).grade

    assert best(("note", True), ("correlational", True), ("experiment", False)) == "correlational"
    assert best(("experiment", False)) == "none"
    assert [best((grade, True)) for grade in GRADES] == list(GRADES)


@pytest.mark.parametrize(
    ("p", "surrogates", "verdict", "reason"),
    [
        (0.02, 199, "met", "one dialogue: p = 0.02 against 199 strangers, spread 0.05"),
        (0.3, 199, "unknown", "one dialogue: p = 0.3 against 199 strangers, spread 0.05"),
        (
            1 / 11,
            10,
            "unknown",
            "one dialogue: p = 0.0909 against 10 strangers, spread 0.05; "
            "p cannot go below 0.0909 with so few",
        ),
        (None, 0, "unknown", "one dialogue: no p against strangers"),
    ],
)
def test_one_dialogue_is_met_only_by_its_p(
    p: float | None, surrogates: int, verdict: str, reason: str
) -> None:
    row = score("d", "lexical", "entrainment", 0.4, p=p, surrogates=surrogates)
    found = only(made(), [row])
    assert (found.verdict, found.reason, found.interval, found.p) == (verdict, reason, None, p)
    band = only(made(lexical=entry(target={"kind": "at_least", "low": 0.1, **FILE})), [row])
    assert band.verdict == "unknown"


def test_too_few_dialogues_is_unknown() -> None:
    found = only(made(lexical=entry(minimum_dialogues=6)), column("lexical", "entrainment", FIVE))
    assert (found.verdict, found.reason) == ("unknown", "too few dialogues: 5, the rubric asks for 6")


def test_nothing_scored_is_unknown_with_the_reasons() -> None:
    rows = [score(f"d{i}", "prosodic", "proximity", None, reason="no audio", n=0) for i in range(3)]
    found = only(made(prosodic=entry(metric="proximity")), rows)
    assert (found.verdict, found.reason, found.value) == ("unknown", "not scored: no audio (3)", None)
    no_chance = Score(
        "d", "prosodic", "proximity", "agent->user", 0.5, None, None, 9, "scored", "too few strangers"
    )
    found = only(made(prosodic=entry(metric="proximity")), [no_chance])
    assert (found.verdict, found.dropped) == ("unknown", {"too few strangers": 1})


def test_another_direction_is_named() -> None:
    found = only(made(), column("lexical", "entrainment", FIVE, direction="Ada->Bob"))
    assert (
        found.reason
        == "no row for agent->user; directions in this run: Ada->Bob; name the roles with --roles"
    )


@pytest.mark.parametrize(
    ("back", "verdict"),
    [(FIVE, "met"), ([-x for x in FIVE], "unmet"), ([-0.1, 0.0, 0.1], "unknown"), ([], "unknown")],
)
def test_mutual_needs_both_directions(back: list[float], verdict: str) -> None:
    rows = column("lexical", "entrainment", FIVE)
    found = only(
        made(lexical=entry(direction="mutual")),
        [*rows, *column("lexical", "entrainment", back, direction="user->agent")],
    )
    assert found.verdict == verdict
    assert [side.direction for side in found.sides] == ["agent->user", "user->agent"]
    assert found.sides[0].verdict == "met"
    if verdict != "met":
        assert found.decided_by == "user->agent"


def test_mutual_is_unmet_though_the_other_direction_is_open() -> None:
    rows = column("lexical", "entrainment", [-0.1, 0.0, 0.1])
    rows += column("lexical", "entrainment", [-x for x in FIVE], direction="user->agent")
    found = only(made(lexical=entry(direction="mutual")), rows)
    assert [side.verdict for side in found.sides] == ["unknown", "unmet"]
    assert found.verdict == "unmet"
    assert found.reason.startswith("user->agent: interval -0.451 to -0.149, wholly on the wrong side")


def test_users_are_the_unit_where_they_are_given() -> None:
    # Two users, five dialogues: .1 .2 .3 and .4 .5 -> means .2 and .45, mean .325; no interval from two.
    cluster = dict(zip([f"d{i:02}" for i in range(5)], "aaabb", strict=True))
    found = only(made(), column("lexical", "entrainment", FIVE), cluster=cluster)
    assert (found.n, found.units, found.verdict) == (5, 2, "unknown")
    assert found.excess == pytest.approx(0.325)
    assert found.reason == "too few users: 2 give no 90 % interval"
    del cluster["d00"]
    assert only(made(), column("lexical", "entrainment", FIVE), cluster=cluster).dropped == {"no cluster": 1}


def test_turns_are_averaged_within_dialogues_first() -> None:
    # d00: turns .2 and .4 -> .3; d01: one turn .1. Mean over dialogues .2, not .2333 over turns.
    turns = [
        TurnScore(d, t, "bot", "lexical", "entrainment", "agent->user", 0.25 + x, 0.25, x, 5, "scored", None)
        for d, t, x in [("d00", 1, 0.2), ("d00", 3, 0.4), ("d01", 1, 0.1)]
    ]
    rows = column("lexical", "entrainment", [0.9, 0.9])
    found = only(made(lexical=entry(time_scale="turn")), rows, turns=turns)
    assert found.excess == pytest.approx(0.2)
    assert found.n == 2
    assert [(w.dialogue, w.turn) for w in found.weighed] == [("d01", 1), ("d00", 1), ("d00", 3)]
    missing = only(made(lexical=entry(time_scale="turn")), rows)
    assert missing.reason == "the rubric judges turns, and this run has no rows per turn"


FLOOR = [{"when": "w", "why": "y", "metric": "escalate"}]


@pytest.mark.parametrize(
    ("need", "shares", "n", "tolerated", "verdict"),
    [
        ("required", [0.0, 0.0], 50, 0, "met"),
        ("required", [1.0, 0.0], 50, 0, "unmet"),
        ("required", [1.0, 0.0], 50, 0.6, "met"),
        ("required", [0.25, 0.0], 4, 0, "unknown"),
        ("required", [0.0, 0.0], 4, 0, "unknown"),
        ("required", None, 4, 0, "unknown"),
        ("monitor", [1.0, 0.0], 50, 0, "unmet"),
        ("monitor", [0.25, 0.0], 4, 0, None),
        ("monitor", [0.0, 0.0], 50, 0, None),
        ("monitor", None, 4, 0, None),
    ],
)
def test_a_rate_above_the_false_alarms_beats_the_target_and_one_turn_does_not(
    need: str, shares: list[float] | None, n: int, tolerated: float, verdict: str | None
) -> None:
    # 2 dialogues: 50 of 100 replies, or 1 of 8, of which nothing follows.
    rows = [*column("emotional", "match", FIVE), *(share("escalate", shares, n) if shares else [])]
    floor = [{**FLOOR[0], "at_most": tolerated}]
    found = only(made(emotional=entry(metric="match", need=need, contraindications=floor)), rows)
    assert found.verdict == verdict
    if verdict == "unmet":
        (kept,) = found.contraindications
        assert kept.share == 0.5
        assert kept.limit == rubric.rates.false_alarms()["escalate"].high
        # scipy: binomtest(50, 100).proportion_ci(.9, "wilson") = .41885, .58115
        assert kept.interval == pytest.approx((0.41885, 0.58115), abs=1e-5)
        told = "contraindicated: escalate in 50 of 100 replies, interval 0.419 to 0.581, against"
        assert found.reason.startswith(told)


def test_the_interval_of_a_rate_is_wilsons_and_the_replies_that_would_decide_do() -> None:
    for times, n, limit in [(0, 8, 0.1), (1, 8, 0.1), (3, 20, 0.1), (2, 48, 0.06), (7, 9, 0.9), (5, 5, 0.9)]:
        ours = rubric.rates.wilson(times, n, alpha=0.05)
        theirs = binomtest(times, n).proportion_ci(0.9, method="wilson")
        assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)
        word, told = rubric.rates.against(times, n, limit, alpha=0.05)
        assert word == "unknown"
        enough = int(re.sub(r"\D", "", told))
        # The same share in that many replies decides, in one fewer it does not (shares need not be whole).
        for many, decides in [(enough, True), (enough - 1, False)]:
            low, high = rubric.rates.wilson(times / n * many, many, alpha=0.05)  # type: ignore[arg-type]
            assert (low > limit or high < limit) is decides, (times, n, many)
    assert rubric.rates.against(1, 10, 0.1, alpha=0.05) == (
        "unknown",
        "more than 1,000,000 replies would be needed",
    )


def test_a_floor_needs_a_measured_false_alarm_rate() -> None:
    floor = [{**FLOOR[0], "metric": "acknowledge"}]
    with pytest.raises(RubricError, match=r"'acknowledge' has no measured false alarm rate; there are: emo"):
        made(emotional=entry(metric="match", contraindications=floor))


def test_every_offending_turn_is_named() -> None:
    turns = [
        TurnScore("d00", t, "bot", "emotional", "escalate", "agent->user", v, None, None, 1, "scored", None)
        for t, v in [(3, 1.0), (1, 0.0), (5, 1.0)]
    ]
    rows = [*column("emotional", "match", FIVE), *share("escalate", [0.5])]
    found = only(made(emotional=entry(metric="match", contraindications=FLOOR)), rows, turns=turns)
    assert [w.turn for w in found.contraindications[0].turns] == [3, 5]


def test_what_is_only_stated_is_printed_and_not_counted() -> None:
    stated = [{"when": "a wrong term is taken over", "why": "harm"}]
    found = only(made(lexical=entry(contraindications=stated)), column("lexical", "entrainment", FIVE))
    assert found.verdict == "met"
    assert [(f.when, f.verdict) for f in found.contraindications] == [("a wrong term is taken over", None)]


def test_two_runs_are_not_judged_as_one() -> None:
    rows = column("lexical", "entrainment", [0.1])
    with pytest.raises(RunError, match=r"^d00: two rows for lexical.entrainment agent->user; judge one run"):
        rubric.judge(made(), [*rows, *rows])
    with pytest.raises(UsageError, match=r"^alpha: 0.5 is not between 0 and 0.5"):
        rubric.judge(made(), rows, alpha=0.5)


def test_the_gate_stops_at_what_can_fail() -> None:
    low = [-x for x in FIVE]
    rows = [
        *column("lexical", "entrainment", low),
        *column("prosodic", "proximity", low),
        *column("emotional", "match", FIVE),
    ]
    one = made(
        lexical=entry(need="optional"),
        prosodic=entry(metric="proximity"),
        emotional=[
            entry(metric="match", need="contraindicated", target={"kind": "at_most"}),
            entry(metric="match_raw"),
        ],
    )
    judged = rubric.judge(one, rows)
    assert words(judged) == ["unmet", "unmet", "unmet", "unknown"]
    assert [v.metric for v in judged.gate()] == ["proximity", "match"]
    assert [v.metric for v in judged.gate(strict=True)] == ["proximity", "match", "match_raw"]


# Bands and signatures

HUMAN = {"kind": "band", "relative_to": "human_baseline"}
SIGNATURE = {"lexical": "lexical|tok:blank-en|surrogates:20|seed:1|v:1"}


def humans(n: int) -> list[Score]:
    return column("lexical", "entrainment", [i / (n - 1) for i in range(n)])


def calibrated(rows: list[Score], **more: Any) -> Rubric:
    given: dict[str, Any] = {"source": "our calls", "signatures": SIGNATURE, "population": "callers"} | more
    return rubric.parse(
        json.dumps(rubric.calibrate(made(lexical=entry(target=HUMAN)), rows, **given)), metrics=METRICS
    )


def test_without_a_baseline_the_verdict_is_unknown() -> None:
    found = only(made(lexical=entry(target=HUMAN)), column("lexical", "entrainment", FIVE))
    assert found.verdict == "unknown"
    assert found.reason == "no human baseline: run `convalign judge HUMANS --rubric mine --calibrate FILE`"
    assert found.excess == pytest.approx(0.3)


def test_calibration_writes_quantiles_with_their_source() -> None:
    # 41 values 0, .025, ..., 1: q10 = the fifth = .1, q90 = .9
    target = calibrated(humans(41), sha256="ab" * 32, date="2026-11-23").entries[0].target
    assert list(edges(target)) == pytest.approx([0.1, 0.9])
    base = target.baseline
    assert base is not None
    assert (base.source, base.n, base.quantiles, base.unstable) == ("our calls", 41, (0.1, 0.9), None)
    assert (base.sha256, base.date, base.population) == ("ab" * 32, "2026-11-23", "callers")
    assert base.low_ci90 is not None
    assert base.low_ci90[0] <= 0.1 <= base.low_ci90[1]
    assert base.low_ci90[1] - base.low_ci90[0] < 0.4
    found = only(
        calibrated(humans(41)),
        column("lexical", "entrainment", FIVE),
        signatures={"lexical": SIGNATURE["lexical"]},
    )
    assert found.verdict == "met"
    assert found.target == "in the band 0.1 to 0.9"
    assert found.target_source == "human baseline our calls, n = 41 dialogues, q10 to q90, callers"


def test_calibration_is_the_same_for_the_same_seed_and_order_does_not_matter() -> None:
    rows = humans(41)
    first = rubric.calibrate(made(lexical=entry(target=HUMAN)), rows, source="s", seed=3)
    again = rubric.calibrate(made(lexical=entry(target=HUMAN)), rows[::-1], source="s", seed=3)
    other = rubric.calibrate(made(lexical=entry(target=HUMAN)), rows, source="s", seed=4)
    assert dumps(first) == dumps(again)
    assert dumps(first) != dumps(other)


def test_few_human_dialogues_are_marked_and_very_few_refused() -> None:
    base = calibrated(humans(20)).entries[0].target.baseline
    assert base is not None
    assert base.unstable is not None
    assert base.unstable.startswith("unstable, n = 20: ")
    verdict = only(calibrated(humans(20)), column("lexical", "entrainment", FIVE), signatures=SIGNATURE)
    assert any("unstable, n = 20" in caution for caution in verdict.cautions)
    with pytest.raises(
        RubricError,
        match=r"19 human dialogues are scored on lexical entrainment; 20 are the least, 40 are advised",
    ):
        calibrated(humans(19))


def test_calibration_refuses_what_gives_no_band() -> None:
    with pytest.raises(RubricError, match="no entry is relative to a human baseline"):
        rubric.calibrate(made(), humans(40), source="s")
    with pytest.raises(RubricError, match="these dialogues have no scores for lexical entrainment"):
        calibrated(column("emotional", "match", FIVE))
    with pytest.raises(RubricError, match="the band has no width"):
        calibrated(column("lexical", "entrainment", [0.5] * 40))
    with pytest.raises(UsageError, match=r"^quantiles: 0.9, 0.1 are not in order"):
        calibrated(humans(40), quantiles=(0.9, 0.1))


def test_a_band_made_with_another_signature_judges_nothing() -> None:
    one, rows = calibrated(humans(41)), column("lexical", "entrainment", FIVE)

    def reason(signature: str | None) -> str:
        found = only(one, rows, signatures={} if signature is None else {"lexical": signature})
        assert found.verdict == "unknown"
        return found.reason

    assert reason(None) == "the run has no signature for lexical, so that the two cannot be compared"
    assert reason("lexical|tok:blank-de|surrogates:20|seed:1|v:1") == (
        "other signature, tok: of the baseline 'blank-en', of this run 'blank-de'; calibrate again"
    )
    assert (
        only(one, rows, signatures={"lexical": "lexical|tok:blank-en|surrogates:20|seed:9|v:1"}).verdict
        == "met"
    )


def test_metric_version_is_held_against_the_signature() -> None:
    one, rows = made(lexical=entry(metric_version="2")), column("lexical", "entrainment", FIVE)
    found = only(one, rows, signatures=SIGNATURE)
    assert found.reason == "the rubric asks for metric_version '2', the run's signature has v:1"
    assert only(one, rows, signatures={"lexical": "lexical|v:2"}).verdict == "met"


# What must not change


def three(lexical: list[float], emotional: list[float], prosodic: list[float]) -> list[Score]:
    return [
        *column("lexical", "entrainment", lexical),
        *column("emotional", "match", emotional),
        *column("prosodic", "proximity", prosodic),
    ]


LOW = [-x for x in FIVE]
ALL_THREE = {
    "lexical": entry(),
    "emotional": entry(metric="match"),
    "prosodic": entry(metric="proximity", need="monitor"),
}


def test_raising_what_is_monitored_changes_no_verdict() -> None:
    one = made(**ALL_THREE)
    before = rubric.judge(one, three(FIVE, LOW, LOW))
    after = rubric.judge(one, three(FIVE, LOW, [5.0, 6.0, 7.0, 8.0, 9.0]))
    assert words(before) == words(after) == ["met", "unmet", None]


def test_swapping_the_dimensions_of_the_file_swaps_the_verdicts() -> None:
    rows = three(FIVE, LOW, LOW)
    need = {"need": "required"}
    one = made(lexical=entry(**need), prosodic=entry(metric="proximity", target={"kind": "at_most"}))
    two = made(prosodic=entry(metric="proximity", **need), lexical=entry(target={"kind": "at_most"}))
    assert words(rubric.judge(one, rows)) == ["met", "met"]
    assert words(rubric.judge(two, rows)) == ["unmet", "unmet"]


def test_widening_a_band_never_turns_met_into_unmet() -> None:
    draw = random.Random(11)
    changes = set()
    for _ in range(300):
        values = [draw.gauss(0, 1) for _ in range(draw.randint(2, 12))]
        low, high = sorted(draw.uniform(-2, 2) for _ in range(2))
        narrow = {"kind": "band", "low": low, "high": high, **FILE}
        wide = {**narrow, "low": low - draw.random(), "high": high + draw.random()}
        rows = column("lexical", "entrainment", values)
        pair = tuple(only(made(lexical=entry(target=t)), rows).verdict for t in (narrow, wide))
        changes.add(pair)
    assert ("met", "unmet") not in changes
    assert ("met", "unknown") not in changes
    assert {("met", "met"), ("unmet", "unknown"), ("unknown", "met")} <= changes


def test_a_contrary_source_is_printed_and_decides_nothing() -> None:
    contrary = {"source": "c", "finding": "f", "grade": "experiment", "supports": False}
    rows = column("lexical", "entrainment", FIVE)
    before = only(made(), rows)
    after = only(made(lexical=entry(evidence=[*entry()["evidence"], contrary])), rows)
    assert (before.verdict, before.reason) == (after.verdict, after.reason)
    assert (len(before.contrary), len(after.contrary)) == (0, 1)


def test_dropping_a_dimension_turns_its_verdict_to_unknown_and_no_other() -> None:
    one = made(**ALL_THREE)
    rows = three(FIVE, LOW, FIVE)
    for gone, expected in (("lexical", ["unknown", "unmet", None]), ("emotional", ["met", "unknown", None])):
        assert words(rubric.judge(one, [r for r in rows if r.dimension != gone])) == expected


def test_any_change_of_the_file_changes_its_hash() -> None:
    text = json.dumps(record())
    signatures = {rubric.parse(t, metrics=METRICS).signature for t in (text, text + "\n", text)}
    assert len(signatures) == 2


def test_the_order_of_rows_does_not_matter() -> None:
    one, rows = made(**ALL_THREE), three(FIVE, LOW, FIVE)
    shuffled = copy.copy(rows)
    random.Random(1).shuffle(shuffled)
    assert dumps(rubric.judge(one, rows).record()) == dumps(rubric.judge(one, shuffled).record())


# The category error: two designed systems


def about(mean: float, n: int = 12) -> list[float]:
    """Values around a mean, spread .05, so that the interval is about .026 wide on each side."""
    return [mean + 0.05 * (-1) ** i for i in range(n)]


LIMIT = number(rubric.rates.false_alarms()["dismiss"].high)
# scipy: binomtest(24, 48).proportion_ci(.9, "wilson") = .38450, .61550
DISMISSED = (
    "emotional dismiss in 24 of 48 replies, interval 0.385 to 0.615, "
    f"against {LIMIT} (0 tolerated, false alarms up to {LIMIT}): wholly above"
)


def cold_service_desk() -> list[Score]:
    """Takes up every term, acknowledges nothing, dismisses every second complaint."""
    rows = [*three(about(0.5), about(0.1), about(0.0))]
    rows += [*column("emotional", "acknowledge", about(-0.2)), *column("emotional", "regulate", about(-0.2))]
    return [*rows, *share("dismiss", [0.5] * 12), *share("escalate", [0.0] * 12)]


def evasive_counsellor() -> list[Score]:
    """Warm, and takes up no term."""
    rows = [*three(about(-0.2), about(0.6), about(0.4))]
    rows += [*column("emotional", "acknowledge", about(0.4)), *column("emotional", "regulate", about(0.4))]
    return [*rows, *share("dismiss", [0.0] * 12), *share("escalate", [0.0] * 12)]


def shown(name: str, systems: dict[str, list[Score]], **more: Any) -> dict[str, Any]:
    return rubric.category_error(rubric.load(name), systems, headlines=HEADLINES, **more)


def test_one_system_two_rubrics_opposite_verdicts() -> None:
    desk = {"the cold service desk": cold_service_desk()}
    service, recovery = shown("customer_service", desk), shown("service_recovery", desk)
    assert [found["systems"][0]["single_pass"] for found in (service, recovery)] == [True, True]
    assert [found["systems"][0]["rubric_pass"] for found in (service, recovery)] == [True, False]
    assert service["flips"] == []
    assert service["sentence"] == "on these systems the single number would have misled nobody"
    assert recovery["systems"][0]["carried_by"] == "lexical"
    assert recovery["sentence"] == (
        "the cold service desk passes on the average and fails service_recovery: "
        "its lexical score carries it "
        f"({100 * recovery['systems'][0]['share']:.0f} % of the mean); "
        f"{DISMISSED}; "
        "emotional acknowledge on negative primes is not above chance; "
        "emotional regulate on negative primes is not above chance."
    )


def test_the_cold_desk_fails_mental_health_by_its_floor() -> None:
    found = shown("mental_health", {"desk": cold_service_desk()})["systems"][0]
    assert (found["single_pass"], found["rubric_pass"]) == (True, False)
    assert found["failed"] == [DISMISSED]
    assert [line.partition(":")[0] for line in found["unknown"]] == ["emotional regulate", "emotional match"]


def test_the_cold_desk_fails_mental_health_by_its_band() -> None:
    signatures = {"lexical": "lexical|v:1", "emotional": "emotional|v:1", "prosodic": "prosodic|v:1"}
    people = [
        r for metric in ("acknowledge", "regulate") for r in column("emotional", metric, about(0.3, 40))
    ]
    text = rubric.calibrate(rubric.load("mental_health"), people, source="peers", signatures=signatures)
    assert "Not calibrated, for want of scores: emotional match on negative primes, prosodic" in text["notes"]
    one = rubric.parse(json.dumps(text), metrics=METRICS)
    calm = [r for r in cold_service_desk() if r.metric != "dismiss"] + share("dismiss", [0.0] * 12)
    found = rubric.category_error(one, {"desk": calm}, headlines=HEADLINES, signatures={"desk": signatures})[
        "systems"
    ][0]
    assert found["failed"] == [
        "emotional acknowledge on negative primes is not in the band 0.25 to 0.35",
        "emotional regulate on negative primes is not in the band 0.25 to 0.35",
    ]


def test_the_evasive_counsellor_fails_where_terms_count() -> None:
    counsellor = {"the evasive counsellor": evasive_counsellor()}
    for name in ("customer_service", "health_triage"):
        found = shown(name, counsellor)
        (system,) = found["systems"]
        assert (system["single_pass"], system["rubric_pass"], system["carried_by"]) == (
            True,
            False,
            "emotional",
        )
        assert system["failed"] == ["lexical entrainment is not above chance"]
        assert system["share"] > 0.5
        assert found["sentence"].startswith(
            f"the evasive counsellor passes on the average and fails {name}: "
        )
    assert shown("service_recovery", counsellor)["systems"][0]["rubric_pass"] is True


def test_two_systems_whose_order_contradicts_the_rubric() -> None:
    found = shown("service_recovery", {"desk": cold_service_desk(), "counsellor": evasive_counsellor()})
    assert [one["name"] for one in found["systems"]] == ["desk", "counsellor"]
    assert len(found["flips"]) == 1
    # The same desk, louder in what the mean reads and no better in what the rubric requires.
    loud = three(about(0.5), about(0.5), about(0.4))
    named = {(r.dimension, r.metric) for r in loud}
    loud += [r for r in cold_service_desk() if (r.dimension, r.metric) not in named]
    found = shown("service_recovery", {"desk": loud, "counsellor": evasive_counsellor()})
    assert len(found["flips"]) == 2
    assert found["flips"][0].startswith("desk has the best average and fails service_recovery: ")
    assert found["flips"][1].startswith(
        "desk stands above counsellor on the average, yet desk fails service_recovery and counsellor passes: "
    )


def test_the_single_mean_by_hand() -> None:
    # Lexical excess .2, .4 (A) and 0, .2 (B): mean .2, sd sqrt((0 + .04 + .04 + 0) / 3) = .163299;
    # emotional the same in B and 0, 0 in A: values 0 0 0 .2, mean .05, sd sqrt(.03 / 3) = .1.
    # A: lexical .3 / .163299 = 1.837117, emotional 0: mean .918559, share 1.
    # B: lexical .1 / .163299 = .612372, emotional .1 / .1 = 1: mean .806186, share of emotional .620205.
    a = [*column("lexical", "entrainment", [0.2, 0.4]), *column("emotional", "match", [0.0, 0.0])]
    b = [*column("lexical", "entrainment", [0.0, 0.2]), *column("emotional", "match", [0.0, 0.2])]
    found = shown("customer_service", {"a": a, "b": b})["systems"]
    assert [one["single_mean"] for one in found] == [
        pytest.approx(0.918559, abs=1e-6),
        pytest.approx(0.806186, abs=1e-6),
    ]
    assert [(one["carried_by"], one["share"]) for one in found] == [
        ("lexical", pytest.approx(1.0)),
        ("emotional", pytest.approx(0.620205, abs=1e-6)),
    ]
    # Two dialogues each, far apart: the interval holds 0, which is no pass.
    assert [one["ci90"][0] < 0 < one["ci90"][1] for one in found] == [True, True]
    assert [one["single_pass"] for one in found] == [False, False]
    # Centred: the overall mean of .2 and .05 is taken off: A .612372 and -.5, mean .056186.
    centred = shown("customer_service", {"a": a, "b": b}, centred=True)["systems"]
    assert centred[0]["single_mean"] == pytest.approx(0.056186, abs=1e-6)
    assert centred[0]["single_mean"] + centred[1]["single_mean"] == pytest.approx(0.0)


def test_what_cannot_be_decided_is_no_flip() -> None:
    found = shown("tutoring", {"desk": cold_service_desk()})
    assert found["systems"][0]["rubric_pass"] is None
    assert found["flips"] == []
    assert (
        found["sentence"]
        == "no system can be decided under tutoring: whether the single number misleads is open"
    )
    mixed = [r for r in evasive_counsellor() if r.metric != "acknowledge"]
    found = shown("service_recovery", {"full": evasive_counsellor(), "mixed": mixed})
    assert found["sentence"] == (
        "no flip among the systems that can be decided under service_recovery; open: mixed"
    )


def test_a_panel_needs_something_to_compare() -> None:
    desk = cold_service_desk()
    for systems, more, message in (
        ({}, {}, "^systems: 0 given; name at least one"),
        ({"desk": desk}, {"centred": True}, "^systems: 1 given; two are needed to centre on their mean"),
        (
            {"desk": desk},
            {"direction": "user->agent"},
            "^systems: no dimension is scored above chance in all",
        ),
    ):
        with pytest.raises(UsageError, match=message):
            shown("customer_service", systems, **more)


def test_the_mean_of_the_panel_never_enters_a_judgement() -> None:
    judged = rubric.judge(rubric.load("customer_service"), cold_service_desk()).record()
    keys = set(itertools.chain.from_iterable(o for o in _objects(judged)))
    assert keys.isdisjoint({"single_mean", "single_pass", "rubric_pass", "overall", "total", "passed"})


def test_a_message_is_one_line_that_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"na\nme\u001b[31m": "x"}), encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        rubric.load(path)
    assert not set(str(caught.value)) & set("\n\x1b")
    assert "na\\nme\\x1b[31m" in str(caught.value)
