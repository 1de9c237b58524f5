"""Which language a dialogue is in: asked for, said, or seen; and what follows where it is not covered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import example
import pytest

from convalign import language, logs, scoring
from convalign.cli import main
from convalign.dialogue import Dialogue, Turn
from convalign.errors import UsageError

SAID = {
    "zh": ("我的包裹还没有到，我很着急。", "非常抱歉，我马上帮您查一下订单。"),
    "fi": ("Pakettini ei ole vielä tullut ja olen huolissani.", "Olen pahoillani, tarkistan tilauksesi."),
    "de": ("Mein Paket ist noch nicht da, ich mache mir Sorgen.", "Das tut mir leid, ich prüfe das sofort."),
    "es": (
        "Mi paquete no ha llegado y estoy preocupada.",
        "Lo siento mucho, reviso su pedido ahora.",
    ),
    "en": ("My parcel has not arrived yet and I am worried.", "I am sorry, I will check your order now."),
}
"""The same two turns; our own."""


def talk(code: str, number: int = 0, **more: Any) -> Dialogue:
    """A dialogue of eight turns that does not say its language."""
    user, agent = SAID[code]
    turns = tuple(Turn(("user", "agent")[k % 2], f"{(user, agent)[k % 2]} {number + k}") for k in range(8))
    return Dialogue(f"{code}{number}", turns, {"user": "user", "agent": "agent"}, **more)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("en", "en"), ("eng", "en"), ("en-US", "en"), ("en_GB", "en"), ("English", "en"), ("ENGLISH", "en"),
        ("zh-Hans-CN", "zh"), ("cmn", "zh"), ("no", "nb"), ("nb", "nb"), ("deu", "de"), ("ger", "de"),
        ("fil", "fil"), ("klingonese", None), ("zz", None), ("", None), ("1", None),
    ],
)  # fmt: skip
def test_one_code_for_each_language(name: str, code: str | None) -> None:
    assert language.code(name) == code


@pytest.mark.parametrize("code", SAID)
def test_a_language_is_seen_and_little_is_not_enough(code: str) -> None:
    assert language.of(talk(code)) == code
    assert language.seen("") == language.seen("12:30 ?!") == language.seen("ok") == language.NOT_SURE


@pytest.mark.parametrize("other", ["de", "zh", "es", "fi"])
def test_two_speakers_in_two_languages_are_not_taken_for_either(other: str) -> None:
    turns = tuple(Turn(("user", "agent")[k % 2], SAID[("en", other)[k % 2]][k % 2]) for k in range(8))
    assert language.of(Dialogue("mixed", turns)) == language.NOT_SURE
    assert language.of(Dialogue("mixed", turns), "en") == "en"


def test_without_a_letter_there_is_no_language() -> None:
    assert language.of(Dialogue("d", (Turn("a", "\U0001f621"), Turn("b", ":( 12")))) == language.NO_LANGUAGE


def test_who_asks_goes_before_the_log_and_the_log_before_the_words() -> None:
    said = talk("de", meta={"language": "eng"})
    assert language.of(said) == "en"
    assert language.of(said, "fr") == "fr"
    assert language.of(talk("de", meta={"language": "auto"})) == "de"
    assert language.of(talk("de", meta={"language": "klingonese"})) == "klingonese"


@pytest.mark.parametrize(
    "meta",
    [{"lang": "de-AT"}, {"locale": "de_DE"}, {"metadata": {"language": "German"}}, {"languageCode": "de"}],
)
def test_logs_say_it_under_other_keys(meta: dict[str, Any]) -> None:
    assert language.of(talk("en", meta=meta)) == "de"


def test_what_is_not_covered_is_unscored_in_every_dimension_that_reads_words() -> None:
    dialogues = [talk(code, k) for code in ("zh", "fi", "en") for k in range(0, 100, 10)]
    found = scoring.score(dialogues, ["lexical", "emotional"])
    emotional = {r.dialogue[:2]: set() for r in found}
    for r in found:
        if r.dimension == "emotional" and r.metric == "match":
            emotional[r.dialogue[:2]].add((r.status, r.reason))
    assert emotional["zh"] == emotional["fi"] == {("unscored", "language not covered")}
    assert ("unscored", "language not covered") not in emotional["en"]
    # spaCy splits both into words; a dialogue's strangers speak its language.
    lexical = [r for r in found if r.dimension == "lexical" and r.metric == "entrainment"]
    assert all(r.reason != "language not covered" for r in lexical)
    odd = Dialogue("odd", tuple(Turn("ab"[k % 2], "blorf zibble") for k in range(8)))
    rows = scoring.score([odd, *dialogues], ["lexical", "emotional"])
    assert {r.reason for r in rows if r.dialogue == "odd"} == {"language not sure"}
    welsh = scoring.score(
        [talk("en", k, meta={"language": "cy"}) for k in range(6)], ["lexical", "emotional"]
    )
    assert {r.reason for r in welsh} == {"language not covered"}


def test_a_run_says_how_many_dialogues_are_in_which_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    records = [
        {"id": d.id, "turns": [{"speaker": t.speaker, "text": t.text} for t in d.turns]}
        for d in (talk("zh", k) if k < 3 else talk("en", k) for k in range(12))
    ]
    example.write(log, records)
    assert main(["score", str(log), "-o", str(tmp_path / "run"), "--dimensions", "emotional"]) == 4
    told = capsys.readouterr().err
    assert "3 unscored (language not covered 3)" in told
    assert "languages: en 9, zh 3; --language CODE overrides" in told
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert run["counts"]["languages"] == {"en": 9, "zh": 3}
    index = example.rows(tmp_path / "run" / "index.jsonl")
    assert [one["language"] for one in index] == ["zh"] * 3 + ["en"] * 9
    main(
        ["score", str(log), "-o", str(tmp_path / "all"), "--dimensions", "emotional", "--language", "English"]
    )
    assert "languages" not in capsys.readouterr().err
    assert main(["score", str(log), "-o", str(tmp_path / "no"), "--language", "zz"]) == 2
    assert "'zz' is no code of ISO 639" in capsys.readouterr().err
    with pytest.raises(UsageError, match="is no code of ISO 639"):
        scoring.scorers(["emotional"], {"language": "zz"})


CHAT = """@UTF8
@Begin
@Languages:\tdeu, eng
@Participants:\tCHI Target_Child, MOT Mother
@ID:\tdeu|c|CHI|||||Target_Child|||
@ID:\tdeu|c|MOT|||||Mother|||
*CHI:\tja .
*MOT:\tgut .
@End
"""
HEARD = [{"word": w, "start": k + 0.1, "end": k + 0.4, "speaker": k} for k, w in enumerate(("ja", "gut"))]
CALL = [
    {"ParticipantRole": role, "Content": "ja", "BeginOffsetMillis": start, "EndOffsetMillis": start + 400}
    for role, start in (("AGENT", 0), ("CUSTOMER", 900))
]
CHANNEL = {"detected_language": "de", "alternatives": [{"words": HEARD}]}
MESSAGES = [{"role": "user", "content": "ja"}, {"role": "assistant", "content": "gut"}]
ROWS = [{"speaker": "A", "text": "ja"}, {"speaker": "B", "text": "gut"}]
LOGS = {
    "a.vtt": "WEBVTT\nKind: captions\nLanguage: de-DE\n\n00:01.000 --> 00:02.000\n<v A>Guten Tag\n",
    "a.cha": CHAT,
    "deepgram.json": json.dumps({"results": {"channels": [CHANNEL]}}),
    "analytics.json": json.dumps({"LanguageCode": "de-DE", "Transcript": CALL}),
    "chat.json": json.dumps({"id": "x", "language": "de", "messages": MESSAGES}),
    "rows.json": json.dumps({"id": "x", "lang": "de", "turns": ROWS}),
}


@pytest.mark.parametrize("name", LOGS)
def test_readers_keep_the_language_that_a_log_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(LOGS[name], encoding="utf-8")
    (made,) = logs.read(path)
    assert made.language is not None
    assert language.of(made) == "de"
