"""Cosines of turns, word frequencies, and topics by a sentence encoder."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from spacy.language import Language
from spacy.tokens import Doc

from convalign.dialogue import Dialogue, Turn
from convalign.dimensions import lexical
from convalign.dimensions.lexical import (
    conceptual_similarity,
    frequency_matching,
    frequent_words,
    load_encoder,
    turn_similarity,
)
from convalign.dimensions.lexical.frequency import (
    cross_entropy,
    divergence_similarity,
    high_frequency_similarity,
)
from convalign.dimensions.lexical.similarity import ngram_cosine, tag_cosine
from convalign.errors import MissingExtraError, UsageError
from convalign.scores import Score

Find = Callable[[str], Path]


def dialogue(*turns: tuple[str, str | None], **options: object) -> Dialogue:
    return Dialogue("d", tuple(Turn(speaker, text) for speaker, text in turns), meta=options)


# ------------------------------------------------------------------ cosines of turns


def test_align_vectors(shared: Find) -> None:
    cases = json.loads(shared("vectors/lexical/tiny/align011_tiny.json").read_text())
    for name, case in cases.items():
        if name.startswith("pos"):
            one, two = ([tuple(token) for token in case[side]] for side in ("s1", "s2"))
            value = tag_cosine(
                one,
                two,
                int(name[3]),
                ignore_shared=name.endswith("True"),
                compat="align",  # type: ignore[arg-type]
            )
        else:
            n = 2 if "2gram" in name else 1
            value = ngram_cosine(*(zip(*(case[t][k:] for k in range(n)), strict=False) for t in ("t1", "t2")))
            if name == "empty":
                # An empty turn: 0.0 there, missing here.
                assert (value, case["cos"]) == (None, 0.0)
                continue
        assert value == pytest.approx(case["cos"], abs=1e-5), name


def test_hand_cases() -> None:
    assert ngram_cosine("abb", "bc") == pytest.approx(2 / math.sqrt(5 * 2))
    found = turn_similarity(dialogue(("a", "i need a lamp"), ("b", "a lamp please")))
    assert found.pairs[0].values[2] == pytest.approx(1 / math.sqrt(3 * 2))
    assert found.pairs[0].lengths == (4, 3)
    assert (found.directions[0].direction, found.directions[0].pairs) == ("b->a", {1: 1, 2: 1})


def test_what_has_no_ngram_is_missing_and_nothing_is_glued() -> None:
    # ALIGN drops the short turn, gives 0.0 to the empty one, and then compares turns that were apart.
    one = dialogue(("a", "red lamp"), ("b", "ok"), ("a", ""), ("b", "red lamp"))
    found = turn_similarity(one)
    assert [pair.values for pair in found.pairs] == [
        {1: 0.0, 2: None},
        {1: None, 2: None},
        {1: None, 2: None},
    ]
    assert found.pairs[0].reasons == {2: "no n-gram"}
    assert found.pairs[1].reasons == {1: "no words", 2: "no words"}
    theirs = turn_similarity(one, compat="align")
    assert [pair.values[1] for pair in theirs.pairs] == [0.0, 0.0, 0.0]
    silent = turn_similarity(dialogue(("a", "red lamp"), ("b", None)))
    assert (silent.directions[0].values, silent.directions[0].pairs) == ({1: None, 2: None}, {1: 0, 2: 0})


def test_the_whole_dialogue_is_not_a_copy_of_its_turns() -> None:
    # ALIGN 0.1.1 writes the turns a second time where the dialogue should be.
    one = dialogue(("a", "red lamp"), ("b", "blue tent"), ("a", "blue tent"), ("b", "red lamp"))
    found = turn_similarity(one)
    assert found.pooled["a", "b"] == {1: pytest.approx(1.0), 2: pytest.approx(1.0)}
    assert [pair.values[1] for pair in found.pairs] == [0.0, pytest.approx(1.0), 0.0]


def test_an_even_lag_compares_speakers_with_themselves() -> None:
    one = dialogue(("a", "red lamp"), ("b", "x"), ("a", "red lamp"), ("b", "red x"))
    found = turn_similarity(one, lag=2)
    assert [(d.direction, d.to_self) for d in found.directions] == [("a->a", True), ("b->b", True)]
    assert [d.to_self for d in turn_similarity(one, lag=1).directions] == [False, False]


def test_turns_in_a_row_can_be_merged() -> None:
    one = dialogue(("a", "red lamp"), ("a", "blue tent"), ("b", "red tent"))
    assert [p.direction for p in turn_similarity(one).pairs] == ["a->a", "b->a"]
    merged = turn_similarity(one, merge=True)
    assert [(p.direction, p.values[1]) for p in merged.pairs] == [("b->a", pytest.approx(1 / math.sqrt(2)))]


def test_fillers_stay_unless_asked() -> None:
    one = dialogue(("a", "uh lamp"), ("b", "uh tent"))
    assert turn_similarity(one).pairs[0].values[1] == pytest.approx(0.5)
    assert turn_similarity(one, ignore={"uh"}).pairs[0].values[1] == 0.0


def test_lemmas_meet_where_forms_do_not() -> None:
    one = dialogue(("a", "red lamps"), ("b", "red lamp"))
    assert turn_similarity(one).pairs[0].values[1] == pytest.approx(0.5)
    assert turn_similarity(one, level="lemmas").pairs[0].values[1] == pytest.approx(1.0)


@Language.component("colour_tagger", assigns=["token.pos"])
def colour_tagger(doc: Doc) -> Doc:
    for token in doc:
        token.pos_ = "ADJ" if token.text in ("red", "blue") else "NOUN"
    return doc


@pytest.fixture
def tagged(tmp_path: Path) -> str:
    nlp = spacy.blank("en")
    nlp.add_pipe("colour_tagger")
    nlp.to_disk(tmp_path / "tagged")
    return str(tmp_path / "tagged")


def test_tags_need_a_tagger_and_leave_out_the_same_words(tagged: str) -> None:
    one = dialogue(("a", "red lamp"), ("b", "blue tent"), ("a", "blue tent"))
    assert turn_similarity(one, level="tags").reason == "no tagger"
    found = turn_similarity(one, level="tags", pipeline=tagged)
    assert [pair.values[2] for pair in found.pairs] == [pytest.approx(1.0), None]
    # In the rows of a run the same: null with a reason, or the cosine of bigrams.
    plain, full = (
        {r.metric: r for r in one_run(one, spacy=pipeline, language="en") if r.direction == "b->a"}
        for pipeline in (None, tagged)
    )
    assert (plain["similarity.tags"].value, plain["similarity.tags"].reason) == (None, "no tagger")
    assert full["similarity.tags"].value == pytest.approx(1.0)


def one_run(one: Dialogue, **options: object) -> tuple[Score, ...]:
    from convalign.surrogates import Pool

    chosen = lexical.Settings(**options)  # type: ignore[arg-type]
    seen = lexical.observe([one], chosen)
    pool = Pool((side for o in seen for side in o.sides), seed=0)
    return lexical.score(seen[0], pool, {}, chosen).dialogues


def test_bad_options_teach() -> None:
    one = dialogue(("a", "x"), ("b", "y"))
    with pytest.raises(UsageError, match="give whole numbers from 1"):
        turn_similarity(one, lag=0)
    with pytest.raises(UsageError, match="write tokens, lemmas or tags"):
        turn_similarity(one, level="words")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "prime", "reply", "expected"),
    [
        ("en", "the red lamp", "the red tent", 2 / 3),
        ("de", "die rote Lampe", "die rote Tür", 2 / 3),
        ("es", "la lámpara roja", "la lámpara azul", 2 / 3),
        ("ar", "المصباح الأحمر هنا", "المصباح الأحمر هناك", 2 / 3),
        ("zh", "红灯", "红花", 1 / 2),
    ],
)
def test_every_script_counts(language: str, prime: str, reply: str, expected: float) -> None:
    # ALIGN strips everything but ASCII letters: an Arabic or Chinese turn is empty there.
    found = turn_similarity(dialogue(("a", prime), ("b", reply), language=language), n=(1,))
    assert found.pairs[0].values[1] == pytest.approx(expected)


words = st.lists(st.sampled_from("abcd"), min_size=1, max_size=8)


@given(words, words)
def test_cosine_is_symmetric_bounded_and_one_for_itself(one: list[str], two: list[str]) -> None:
    value = ngram_cosine(one, two)
    assert value is not None
    assert value == pytest.approx(ngram_cosine(two, one))
    assert -1e-12 <= value <= 1 + 1e-12
    assert ngram_cosine(one, one) == pytest.approx(1.0)


# ------------------------------------------------------------------ word frequencies


def test_high_frequency_words_by_hand() -> None:
    one, two = Counter("aab"), Counter("abbbx")
    # Within the list: (2/3, 1/3) and (1/4, 3/4).
    assert high_frequency_similarity(one, two, "ab") == pytest.approx(-(2 / 3 - 1 / 4) * 2)
    # Of all words, as Nenkova et al. 2008: (2/3, 1/3) and (1/5, 3/5).
    assert high_frequency_similarity(one, two, "ab", of="all") == pytest.approx(
        -((2 / 3 - 1 / 5) + (3 / 5 - 1 / 3))
    )
    assert high_frequency_similarity(one, one, "ab") == 0.0
    assert high_frequency_similarity(Counter("a"), Counter("b"), "ab") == -2.0
    assert high_frequency_similarity(one, Counter("x"), "ab") is None
    with pytest.raises(UsageError, match="write 'list' or 'all'"):
        high_frequency_similarity(one, two, "ab", of="some")


def test_divergence_equals_scipy() -> None:
    one, two = list("aabbbc"), list("abcccd")
    p, q = ([side.count(w) + 1 for w in "abcd"] for side in (one, two))
    # scipy.stats.entropy([3, 4, 2, 1], [2, 2, 4, 2], base=2)
    assert divergence_similarity(one, two, words=6) == pytest.approx(-entropy(p, q, base=2), abs=1e-12)
    assert divergence_similarity(one, two) is None


def test_divergence_does_not_grow_with_length() -> None:
    generator = np.random.default_rng(0)
    rates = np.r_[np.full(20, 0.04), np.full(80, 0.0025)]

    def of(n: int) -> list[str]:
        return [str(word) for word in generator.choice(100, n, p=rates)]

    def raw(first: list[str], second: list[str]) -> float:
        names = sorted({*first, *second})
        return -float(entropy(*([s.count(w) + 1 for w in names] for s in (first, second)), base=2))

    # The same speaker twice, 60 words a side and 600: raw KL moves, ours does not.
    short = [divergence_similarity(of(60), of(60)) or 0 for _ in range(60)]
    long = [divergence_similarity(of(600), of(600)) or 0 for _ in range(60)]
    raw_long = [raw(of(600), of(600)) for _ in range(60)]
    assert abs(np.mean(short) - np.mean(long)) < 0.03 < abs(np.mean(short) - np.mean(raw_long))


def test_cross_entropy_by_hand() -> None:
    assert cross_entropy([["a", "b"]], [["a", "a"]]) == pytest.approx(
        (-math.log2(3 / 4) - math.log2(1 / 4)) / 2
    )
    # Pairs: after "a" comes "b" in one of one cases; p = .5 * 1 + .5 * 2/5 for the b.
    expected = (-math.log2(2 / 4) - math.log2(0.5 + 0.5 * 2 / 4)) / 2
    assert cross_entropy([["a", "b"]], [["a", "b"]], order=2) == pytest.approx(expected)
    assert cross_entropy([], [["a"]]) is None
    assert cross_entropy([["a"]], [[]]) is None
    with pytest.raises(UsageError, match="give 1 or 2"):
        cross_entropy([["a"]], [["a"]], order=3)


def test_frequency_of_a_dialogue() -> None:
    few = dialogue(("a", "the lamp"), ("b", "the tent"))
    assert frequent_words([few], 1) == ("the",)
    one = frequency_matching(few, ["the"])[0]
    assert (one.direction, one.words, one.frequent, one.divergence) == ("a->b", (2, 2), 0.0, None)
    assert set(one.reasons.values()) == {"too few words"}
    text = " ".join(f"w{k % 17}" for k in range(60))
    many = dialogue(("a", text), ("b", text.replace("w3", "the")))
    found = frequency_matching(many, ["the", "w1"])
    assert found == frequency_matching(many, ["the", "w1"])
    assert found != frequency_matching(many, ["the", "w1"], seed=1) or found[0].divergence is not None
    assert found[0].frequent is not None
    assert found[0].perplexity == pytest.approx(2 ** (found[0].cross_entropy or 0))
    assert (found[0].divergence or 0) < 0


# ------------------------------------------------------------------ topics


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    """Two axes: a token is red or blue; the vector of a text is the mean of its tokens."""
    onnx = pytest.importorskip("onnx", reason="needs onnx (the test extra) to build a small model")
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    table = np.array([[0, 0], [1, 0], [0.9, 0.1], [0, 1]], np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
        for name in ("input_ids", "attention_mask")
    )
    out = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", 2])
    graph = helper.make_graph(nodes, "g", [ids, mask], [out], [numpy_helper.from_array(table, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder = tmp_path / "encoder"
    folder.mkdir()
    onnx.save(model, str(folder / "model.onnx"))
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "red": 1, "scarlet": 2, "blue": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()  # type: ignore[assignment]
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_topics_meet_without_a_word_in_common(encoder_folder: Path) -> None:
    encoder = load_encoder(encoder_folder)
    one = dialogue(("a", "red red red"), ("b", "scarlet"), ("a", "blue"), ("b", None))
    found = conceptual_similarity(one, encoder)
    values = [pair.value for pair in found.pairs]
    assert values[0] == pytest.approx(0.9 / math.hypot(0.9, 0.1), abs=1e-6)
    assert values[1] == pytest.approx(0.1 / math.hypot(0.9, 0.1), abs=1e-6)
    assert (found.pairs[2].value, found.pairs[2].reason) == (None, "no words")
    assert found.directions["a->b"] == (values[1], 1)
    assert encoder.signature.startswith("encoder-sha256:")
    with pytest.raises(UsageError, match="whole number from 1"):
        conceptual_similarity(one, encoder, lag=0)


def test_an_encoder_that_is_none(
    tmp_path: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        load_encoder(tmp_path / "nowhere.onnx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds model\.onnx or onnx/model\.onnx, and tokenizer\.json"):
        load_encoder(tmp_path / "empty")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        load_encoder("empty/mistyped")
    (encoder_folder / "1_Pooling").mkdir()
    pooling = encoder_folder / "1_Pooling" / "config.json"
    pooling.write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(UsageError, match="pooling_mode_max_tokens; here are the mean"):
        load_encoder(encoder_folder)
    pooling.write_text('{"pooling_mode_cls_token": true}')
    first = load_encoder(encoder_folder).encode(["red blue blue"])
    assert first[0].tolist() == [1.0, 0.0]
    (encoder_folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UsageError, match="cannot be opened"):
        load_encoder(encoder_folder)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'convalign\[torch\]'"):
        load_encoder("somebody/some-encoder")


def test_no_encoder_is_loaded_unless_asked() -> None:
    code = (
        "import sys; from convalign.dimensions import lexical; "
        "print([m for m in ('torch', 'transformers', 'onnxruntime', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
