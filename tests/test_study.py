"""Study files: accepted, refused with the place and the cure, hashed, and compared with their runs."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from convalign import study
from convalign.errors import StudyError
from convalign.study import Study, canonical, exploratory_reasons, from_arms, load, parse

DIMENSIONS = ("lexical", "emotional", "prosodic")
RETEST = {"kind": "retest", "number": 0.02, "text": "1.96 SEM of the same input recorded twice"}


def document() -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": "one edit per dimension",
        "design": "intervention",
        "arms": [
            {"name": "baseline", "run": "runs/before"},
            {"name": "words", "run": "runs/lexical", "targets": "lexical"},
            {"name": "sound", "log": "logs/prosodic.jsonl", "targets": "prosodic", "about": "pitch moved"},
            {"name": "placebo", "run": "runs/placebo", "targets": "lexical", "control": True},
        ],
        "bounds": {
            "lexical": {"bound": 0.05, "reason": dict(RETEST)},
            "prosodic": {"bound": [-1.0, 0.5], "reason": {"kind": "other", "text": "heard as equal"}},
        },
        "cluster": "user",
        "alpha": 0.05,
        "seed": 7,
        "rubric": "tutoring",
        "score": {"surrogates": 20},
        "declared_at": "2026-01-31T12:00:00Z",
    }


def write(folder: Path, content: Any) -> Path:
    path = folder / "study.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_study_is_read(tmp_path: Path) -> None:
    found = load(write(tmp_path, document()), dimensions=DIMENSIONS)
    assert [arm.name for arm in found.arms] == ["baseline", "words", "sound", "placebo"]
    assert found.arm("words").run == tmp_path / "runs/lexical"
    assert found.arm("sound").log == tmp_path / "logs/prosodic.jsonl"
    assert (found.arm("sound").run, found.arm("sound").about) == (None, "pitch moved")
    assert (found.arm("placebo").control, found.arm("words").control) == (True, False)
    assert [arm.name for arm in found.compared] == ["words", "sound", "placebo"]
    assert found.bounds["lexical"].bound == 0.05
    assert found.bounds["lexical"].number == 0.02
    assert found.bounds["prosodic"].bound == (-1.0, 0.5)
    assert (found.cluster, found.alpha, found.seed, found.bootstrap) == ("user", 0.05, 7, 2000)
    assert (found.rubric, found.score, found.quantity) == (("tutoring",), {"surrogates": 20}, "excess")
    assert (found.direction, found.baseline, found.from_arms) == ("agent->user", "baseline", False)
    assert found.declared_at is not None
    assert found.declared_at.isoformat() == "2026-01-31T12:00:00+00:00"
    with pytest.raises(StudyError, match="no arm 'speech'; there are: baseline, words, sound, placebo"):
        found.arm("speech")


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    content = document()
    content["arms"][0]["run"] = str(tmp_path / "elsewhere")
    found = load(write(tmp_path / ".", content))
    assert found.arm("baseline").run == tmp_path / "elsewhere"


def test_the_first_arm_is_the_baseline_where_none_has_that_name() -> None:
    content = document()
    content["arms"][0]["name"] = "before"
    assert parse(content).baseline == "before"


def test_the_schema_is_one_and_matches_the_reader() -> None:
    Draft202012Validator.check_schema(study.schema())
    assert Draft202012Validator(study.schema()).is_valid(document())
    assert set(study.schema()["properties"]["design"]["enum"]) == set(study.DESIGNS)


# ---- refused, with place and cure

CHANGES: list[tuple[list[Any], Any, str]] = [
    (["name"], None, r"study: $.name: null is null; write text"),
    (["design"], "anova", "study: $.design: no design 'anova'; there are: intervention, regression"),
    (["schema_version"], 2, "study: $.schema_version: 2; write 1"),
    (["alpha"], "0.05", 'study: $.alpha: "0.05" is text; write a number'),
    (["alpha"], 0, "study: $.alpha: 0; write a number above 0"),
    (["alpha"], 0.5, "study: $.alpha: 0.5; write a number below 0.5"),
    (["seed"], -1, "study: $.seed: -1; write 0 or more"),
    (["seed"], True, "study: $.seed: true is true or false; write a whole number"),
    (["bootstrap"], 100, "study: $.bootstrap: 100; write 2000 or more"),
    (["quantity"], "z", "study: $.quantity: no quantity 'z'; there are: excess, value"),
    (["bounds"], {}, "study: $.bounds: 0 given; name at least 1"),
    (["boundz"], {}, "study: $: no field 'boundz'; there are: schema_version, name, design"),
    (["cluster"], 3, "study: $.cluster: 3 is a number; write text or null"),
    (["rubric"], 3, "study: $.rubric: 3 is no name; write a name, or a list of names"),
    (["arms"], [{"name": "a", "run": "a"}], "study: $.arms: one arm; a comparison takes two or more"),
    (["arms", 1, "log"], "x.jsonl", "study: $.arms[1]: has both run and log; give one of them"),
    (["arms", 1], {"name": "w", "targets": "lexical"}, "study: $.arms[1]: has neither run nor log"),
    (["arms", 1, "name"], "sound", "study: $.arms[2].name: 'sound' stands twice; give each arm its own name"),
    (
        ["arms", 1],
        {"name": "w", "run": "w"},
        'study: $.arms[1].targets: missing; name a dimension, or write "c',
    ),
    (["arms", 0, "targets"], "lexical", "study: $.arms[0].targets: stands at the baseline; leave it out"),
    (["arms", 0, "control"], True, "study: $.arms[0].control: stands at the baseline"),
    (
        ["arms", 1, "targets"],
        "lexcial",
        "study: $.arms[1].targets: no dimension 'lexcial'; there are: emotional",
    ),
    (
        ["arms", 1, "targets"],
        "emotional",
        'study: $.bounds.emotional: no bound; without one "unchanged" cannot',
    ),
    (["arms", 1, "power"], 1, "study: $.arms[1]: no field 'power'; there are: name, run, log, targets"),
    (["baseline"], "before", "study: $.arms[0].targets: missing"),
    (["bounds", "sound"], {"bound": 1, "reason": RETEST}, "study: $.bounds.sound: no dimension 'sound'"),
    (
        ["bounds", "lexical", "bound"],
        0,
        "study: $.bounds.lexical.bound: 0 is no bound; write a number above 0",
    ),
    (["bounds", "lexical", "bound"], [0.1, 0.2], "study: $.bounds.lexical.bound: [0.1, 0.2] is no bound"),
    (["bounds", "lexical", "bound"], [-1, 1, 2], "study: $.bounds.lexical.bound: [-1, 1, 2] is no bound"),
    (["bounds", "lexical", "bound"], True, "study: $.bounds.lexical.bound: true is no bound"),
    (
        ["bounds", "lexical", "reason"],
        {"kind": "retest"},
        "study: $.bounds.lexical.reason.text: missing; add it",
    ),
    (["bounds", "lexical", "reason", "kind"], "habit", "no kind 'habit'; there are: verdict_band, retest"),
    (["bounds", "lexical", "reason", "text"], "", 'study: $.bounds.lexical.reason.text: ""; write some text'),
    (
        ["declared_at"],
        "yesterday",
        "study: $.declared_at: 'yesterday' is no time with a time zone; write it as 2",
    ),
    (
        ["declared_at"],
        "2026-01-31T12:00:00",
        "study: $.declared_at: '2026-01-31T12:00:00' is no time with a ti",
    ),
]


@pytest.mark.parametrize(("path", "value", "words"), CHANGES)
def test_refused(path: list[Any], value: Any, words: str) -> None:
    content: Any = document()
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(StudyError) as caught:
        parse(content, dimensions=DIMENSIONS)
    assert words in str(caught.value)
    assert not str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["schema_version", "name", "design", "arms", "bounds", "declared_at"])
def test_missing_fields_are_named(name: str) -> None:
    content = document()
    del content[name]
    with pytest.raises(StudyError, match=rf"^study: \$\.{name}: missing; add it$"):
        parse(content)


def test_a_named_baseline_must_exist() -> None:
    content = document()
    content["baseline"] = "start"
    content["arms"][0] |= {"targets": "lexical"}
    with pytest.raises(StudyError, match=r"\$\.baseline: no arm 'start'; there are: baseline, words, sound"):
        parse(content)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"name": 1, "name": 2}', "study.json: key 'name' stands twice; keep one"),
        ('{"bounds": {"lexical": {"bound": 1, "bound": 2}}}', "key 'bound' stands twice"),
        ('{"alpha": NaN}', "study.json: NaN is no JSON number; write a finite number"),
        ('{"alpha": -Infinity}', "study.json: -Infinity is no JSON number"),
        ('{"alpha": 1e999}', "study.json: 1e999 is too large"),
        ("{", "study.json: not JSON (line 1: "),
        ("[]", "study.json: $: [] is a list; write an object"),
        ("3", "study.json: $: 3 is a number; write an object"),
        ("[" * 100_000, "study.json: not JSON (too deep)"),
    ],
)
def test_files_that_are_no_study(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        load(write(tmp_path, text))
    assert words in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="No such file"):
        load(tmp_path / "none.json")
    (tmp_path / "study.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(StudyError, match="is not UTF-8"):
        load(tmp_path / "study.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*document(), "bound", "reason", "run"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_json_is_a_study_or_a_study_error(content: Any) -> None:
    merged = {**document(), **content} if isinstance(content, dict) else content
    try:
        found: Study | str = parse(merged)
    except StudyError as error:
        found = str(error)
    assert isinstance(found, Study) or found.startswith("study: $")


# ---- the hash


def test_a_study_does_not_follow_later_changes_of_its_document() -> None:
    content = document()
    found = parse(content)
    before = found.hash
    content["bounds"]["lexical"]["bound"] = 9
    assert found.hash == before


def test_the_hash_is_that_of_the_canonical_text() -> None:
    content = {**document(), "name": "ä"}
    kept = {key: value for key, value in content.items() if key != "declared_at"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert parse(content).hash == hashlib.sha256(text.encode()).hexdigest()
    assert " " not in canonical({"a": [1, 2], "b": {"c": 1}}).decode()


def test_what_the_hash_sees() -> None:
    first = parse(document())
    turned = dict(reversed(document().items()))
    assert parse(turned, folder="/elsewhere").hash == first.hash
    assert parse({**document(), "declared_at": "2026-02-01T12:00:00Z"}).hash == first.hash
    for name, value in (("alpha", 0.04), ("seed", 8), ("name", "other"), ("quantity", "value")):
        assert parse({**document(), name: value}).hash != first.hash
    content = copy.deepcopy(document())
    content["bounds"]["lexical"]["bound"] = 0.06
    assert parse(content).hash != first.hash


def test_a_frozen_study() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        parse(document()).alpha = 0.1  # type: ignore[misc]


# ---- exploratory


def run(**changes: Any) -> dict[str, Any]:
    return {
        "study_sha256": parse(document()).hash,
        "study_declared_at": "2026-01-31T12:00:00Z",
        "started_at": "2026-02-01T08:00:00+00:00",
    } | changes


def test_a_study_declared_first_has_no_reason() -> None:
    found = parse(document())
    assert exploratory_reasons(found, {"words": run(), "sound": run()}) == ()
    assert exploratory_reasons(found, [run(started_at="2026-01-31T13:00:00+01:00")]) == ()  # the same moment


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"study_sha256": None}, "words: scored without a study"),
        ({"study_sha256": "0" * 64}, "words: scored under another study (000000000000, this one is "),
        (
            {"started_at": "2026-01-31T11:59:59Z"},
            "words: declared 2026-01-31T12:00:00+00:00, after the run started",
        ),
        (
            {"started_at": "2026-01-31T12:30:00+01:00"},
            "words: declared 2026-01-31T12:00:00+00:00, after the run",
        ),
        ({"study_declared_at": "2026-03-01T12:00:00Z"}, "words: the run has another time of declaration"),
        ({"study_declared_at": None}, "words: the run has another time of declaration"),
        ({"started_at": None}, "words: the run does not say when it started"),
    ],
)
def test_reasons_to_be_exploratory(changes: dict[str, Any], words: str) -> None:
    reasons = exploratory_reasons(parse(document()), {"words": run(**changes), "sound": run()})
    assert reasons[0].startswith(words)
    assert all(reason.startswith("words: ") for reason in reasons)


def test_backdating_a_study_is_seen() -> None:
    # The run was stamped with the true time, after it had begun; the file now says an earlier one.
    stamped = run(study_declared_at="2026-02-02T12:00:00Z")
    reasons = exploratory_reasons(parse(document()), [stamped])
    assert len(reasons) == 2
    assert "after the run started" in reasons[1]


def test_a_study_from_arms_is_always_exploratory(tmp_path: Path) -> None:
    found = from_arms(
        tmp_path / "a", {"lexical": tmp_path / "b"}, bounds={"emotional": 0.1, "lexical": (-1.0, 2.0)}
    )
    assert found.arm("lexical").targets == "lexical"
    assert found.arm("baseline").run == tmp_path / "a"
    assert (found.bounds["emotional"].bound, found.bounds["lexical"].bound) == (0.1, (-1.0, 2.0))
    assert (found.from_arms, found.declared_at) == (True, None)
    assert (
        exploratory_reasons(found, [run()])[0]
        == "the study was built from --baseline and --arm, after the data"
    )
    assert len(found.hash) == 64
    assert from_arms("a", {"lexical": "b"}).bounds == {}


@pytest.mark.parametrize(
    ("arms", "options", "words"),
    [
        ({}, {}, r"--arm: \$\.arms: one arm; a comparison"),
        ([("lexical", "a"), ("lexical", "b")], {}, "'lexical' stands twice"),
        (
            {"lexcial": "a"},
            {"dimensions": DIMENSIONS},
            "no dimension 'lexcial'; there are: emotional, lexical",
        ),
        ({"lexical": "a"}, {"bounds": {"lexical": -1}}, "-1 is no bound"),
        ({"lexical": "a"}, {"alpha": 2}, r"\$\.alpha: 2; write a number below 0.5"),
    ],
)
def test_bad_arms_are_refused(arms: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        from_arms("base", arms, **options)
