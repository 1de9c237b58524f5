"""Measures of movement: against other programs, by hand, and in the rows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]
from numpy.typing import NDArray
from voices import call, speak

from convalign.dialogue import Dialogue
from convalign.dimensions import prosodic
from convalign.dimensions.prosodic import hearing, praat
from convalign.dimensions.prosodic.features import NAMES
from convalign.dimensions.prosodic.measures import local_similarities, nearings
from convalign.dimensions.prosodic.partner import partner_effects
from convalign.dimensions.prosodic.transcript import learn, residual
from convalign.dimensions.prosodic.voices import observation
from convalign.dimensions.prosodic.windows import count_windows, tama_synchronies, windows
from convalign.errors import UsageError
from convalign.scores import Score
from convalign.surrogates import Pool

Array = NDArray[np.float64]
CALLS = ("s0", "s0.3", "s0.6", "s0.9")
FEATURES = ("f0", "rate", "level")
Key = tuple[str, str, str]
TEXT = {m.name.partition(".")[0] for m in prosodic.METRICS if m.name.endswith(".rate_text")}
SYLLABLES = ("ba", "di", "go", "lu")
TURNS = [(2.0 + 7 * (i % 2) + (i * 7 % 5) / 3, 3 + i * 5 % 4) for i in range(24)]
"""Pitch in st and syllables of each turn of 1.2 s."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[Dialogue]:
    """Two calls of 24 turns whose texts have as many syllables as their sound."""
    folder = tmp_path_factory.mktemp("calls")
    made = []
    for number in range(2):
        turns = [("ua"[i % 2], speak(st + number, n, -20 - i % 3)) for i, (st, n) in enumerate(TURNS)]
        one = call(folder, f"c{number}", turns)
        texts = [" ".join(SYLLABLES[k % 4] for k in range(n)) for _, n in TURNS]
        worded = (replace(t, text=text) for t, text in zip(one.turns, texts, strict=True))
        made.append(replace(one, turns=tuple(worded), meta={"language": "en"}))
    return made


@pytest.fixture(scope="module")
def plain(log: list[Dialogue]) -> dict[Key, Score]:
    return scored(log, prosodic.Settings())


def scored(log: Sequence[Dialogue], settings: prosodic.Settings) -> dict[Key, Score]:
    """Rows by dialogue, metric and direction."""
    observations = prosodic.observe(log, settings)
    pool = Pool((s for o in observations for s in o.sides), seed=settings.seed)
    frozen = prosodic.reference(observations, pool, settings)
    rows = (r for o in observations for r in prosodic.score(o, pool, frozen, settings).dialogues)
    return {(r.dialogue, r.metric, r.direction): r for r in rows}


# ---------------------------------------------------------------- another program's numbers


class Side:
    """True turn values of one speaker of a generated call."""

    def __init__(self, turns: Sequence[list[Any]], speaker: str, feature: str) -> None:
        mine = [turn for turn in turns if turn[0] == speaker]
        self.values = [turn[3 + FEATURES.index(feature)] for turn in mine]
        self.spans = [(turn[1], turn[2]) for turn in mine]
        self.middles = [(a + b) / 2 for a, b in self.spans]


GOLDEN = json.loads(
    (Path(__file__).parent / "golden" / "entrainment_metrics.json").read_text(encoding="utf-8")
)
"""Another program's numbers; how they were made stands in the file."""


def sides(call: str, feature: str) -> tuple[Side, Side]:
    turns = GOLDEN["turns"][call]
    return Side(turns, "B", feature), Side(turns, "A", feature)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("feature", FEATURES)
def test_nearest_turns_as_entrainment_metrics(call: str, feature: str) -> None:
    expected = GOLDEN["expected"][f"{call}_{feature}"]
    b, a = sides(call, feature)
    for k in (3, 7):
        found = prosodic.neighbours(b.values, b.middles, a.values, a.middles, k=k)
        assert found is not None
        for name in ("proximity", "convergence", "synchrony"):
            assert getattr(found, name) == pytest.approx(expected[f"knn{k}_{name}"], abs=1e-9), (k, name)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("feature", FEATURES)
def test_moving_averages_as_entrainment_metrics_and_its_defect_mended(call: str, feature: str) -> None:
    expected = GOLDEN["expected"][f"{call}_{feature}"]
    b, a = sides(call, feature)
    starts = np.arange(9) * 8.0
    for name, one in (("A", a), ("B", b)):
        series = windows(np.array([one.values]), np.array(one.spans), starts)[0]
        wanted = [np.nan if v is None else v for v in expected[f"tama_series_{name}"]]
        np.testing.assert_allclose(series, wanted, atol=1e-9)
    found = prosodic.tama_synchrony(b.values, b.spans, a.values, a.spans)
    assert found == pytest.approx(expected["tama_signed_synchrony_missing_skipped"], abs=1e-9)
    # Where both end with an empty window, that library gives no lag at all.
    voided = expected["tama_corr_lags0-2_BfollowsA"] == [None] * 3
    assert voided == (call == "s0")
    if not voided:
        assert found == pytest.approx(expected["tama_signed_synchrony_BfollowsA"], abs=1e-9)


def test_a_missing_turn_leaves_the_windows_that_have_others() -> None:
    spans = [(4.0 * i, 4.0 * i + 3) for i in range(30)]
    draw = np.random.default_rng(0).normal
    a, b = list(draw(size=30)), list(draw(size=30))
    whole = prosodic.tama_synchrony(a, spans, b, spans)
    holed: list[float | None] = [None, *a[1:15], None, *a[16:]]
    found = prosodic.tama_synchrony(holed, spans, b, spans)
    assert whole is not None
    assert found is not None
    assert abs(found - whole) < 0.3
    assert prosodic.tama_synchrony([None] * 30, spans, b, spans) is None


@pytest.mark.parametrize("holes", [(), (3, 17)])
def test_the_partner_effect_is_the_coefficient_of_a_regression(holes: tuple[int, ...]) -> None:
    # statsmodels.api.OLS(z(a), add_constant([z(b), z(a before), z(b before), z(index)])).fit()
    draw = np.random.default_rng(5).normal
    b = draw(size=40)
    a = 0.5 * b + draw(size=40)
    for hole in holes:
        a[hole] = b[hole + 4] = np.nan
    rows = np.array([a[1:], b[1:], a[:-1], b[:-1], np.arange(1.0, 40)])
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    z = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    fit = sm.OLS(z[0], sm.add_constant(z[1:].T)).fit()
    found = partner_effects(a, b[None])
    assert found.coefficients[0] == pytest.approx(fit.params[1], abs=1e-12)
    assert found.p() == pytest.approx(fit.pvalues[1], abs=1e-12)
    assert found.freedom[0] == fit.df_resid
    assert prosodic.partner_effect(a, b) == found.coefficients[0]


# ---------------------------------------------------------------- by hand


def test_windows_by_hand() -> None:
    # 0-16 s: turns of 2 and 6 s; 8-24 s: the second alone; 16-32 s: the third, which has no value.
    spans = np.array([(1.0, 3.0), (10.0, 16.0), (26.0, 30.0)])
    found = windows(np.array([[1.0, 5.0, np.nan]]), spans, np.array([0.0, 8.0, 16.0]))
    np.testing.assert_array_equal(found, [[4.0, 5.0, np.nan]])
    assert count_windows((np.array([1.0, 5.0, np.nan]), spans), (np.array([1.0, 1.0, 1.0]), spans)) == 2


def test_local_similarity_by_hand() -> None:
    # Already z per speaker; with all others, o_t is the mean over the seven other turns.
    draw = np.random.default_rng(2).normal
    a, b = draw(size=8), draw(size=8)
    a, b = ((x - x.mean()) / x.std(ddof=1) for x in (a, b))
    ratios = [abs(a[t] - b[t]) / np.mean([abs(a[t] - b[s]) for s in range(8) if s != t]) for t in range(8)]
    assert prosodic.local_similarity(a, b) == pytest.approx(-np.mean(ratios))
    assert prosodic.local_similarity(100 + 7 * a, b / 3 - 20) == pytest.approx(-np.mean(ratios))
    assert prosodic.local_similarity(a[:7], b[:7]) is None
    assert prosodic.local_similarity(a, [1.0] * 8) is None
    drawn = {prosodic.local_similarity(draw(size=40), draw(size=40), seed=k) for k in range(2)}
    assert len(drawn) == 2


def test_lags_look_at_earlier_turns() -> None:
    prime = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0, 8.0]
    reply = [0.0, *prime[:-1]]
    assert prosodic.synchrony(reply, prime, lag=2) == pytest.approx(1.0)
    assert (prosodic.synchrony(reply, prime) or 1) < 0.5
    assert prosodic.synchrony(reply[:10], prime[:10], lag=2) is None  # nine pairs are left
    with pytest.raises(UsageError, match=r"^lag is 0; give 1"):
        prosodic.synchrony(reply, prime, lag=0)


def test_nearness_with_time_as_numpy_has_it() -> None:
    draw = np.random.default_rng(4)
    reply, primes, times = draw.normal(size=12), draw.normal(size=(3, 12)), np.cumsum(draw.random(12))
    primes[1, 4] = np.nan
    for prime, r, slope in zip(
        primes, nearings(reply, primes, times, slope=False), nearings(reply, primes, times, slope=True),
        strict=True,
    ):  # fmt: skip
        there = ~np.isnan(prime)
        near = -np.abs(reply - prime)[there]
        assert r == pytest.approx(np.corrcoef(near, times[there])[0, 1])
        assert slope == pytest.approx(np.polyfit(times[there], near, 1)[0] * 60)


def test_gaps_in_the_middle_of_a_speaker_do_not_move_the_others() -> None:
    draw = np.random.default_rng(6)
    a, b = draw.normal(size=30), draw.normal(size=(50, 30))
    b[7:, 5] = np.nan
    for many in (
        lambda p: local_similarities(a, p),
        lambda p: partner_effects(a, p).coefficients,
        lambda p: tama_synchronies(a, SPANS, p, SPANS),
    ):
        together = many(b)
        alone = np.concatenate([many(one[None]) for one in b])
        np.testing.assert_allclose(together, alone, atol=1e-12)
        assert not np.isnan(together).any()


SPANS = np.array([(6.0 * i, 6.0 * i + 2 + i % 3) for i in range(30)])


def test_too_little_is_none() -> None:
    short = [float(x) for x in range(11)]
    assert prosodic.partner_effect(short, short[::-1]) is None
    assert prosodic.neighbours(short[:6], short[:6], short, short) is None
    apart = [t + 100 for t in short]
    assert prosodic.neighbours(short, short, short, apart) is None
    spans = [(t, t + 1.0) for t in short]
    assert prosodic.tama_synchrony(short, spans, short, spans) is None
    with pytest.raises(UsageError, match=r"^k is 0; give 1 or more"):
        prosodic.neighbours(short, short, short, short, k=0)
    with pytest.raises(UsageError, match=r"^11 values and 2 spans"):
        prosodic.tama_synchrony(short, spans[:2], short, spans)
    with pytest.raises(UsageError, match=r"^11 values and 3 times"):
        prosodic.neighbours(short, short[:3], short, short)


def test_a_value_far_out_is_left_out_of_neighbours() -> None:
    times = [10.0 * t for t in range(20)]
    values = [math.sin(t) for t in range(20)]
    wild = [*values[:10], 1000.0, *values[11:]]
    found = prosodic.neighbours(wild, times, values, times, k=3)
    assert found is not None
    assert found.proximity > -1


# ---------------------------------------------------------------- rows


def test_options_add_rows_and_change_none(log: list[Dialogue], plain: dict[Key, Score]) -> None:
    for settings, extra in (
        (prosodic.Settings(lags=3), {"synchrony_lag2", "synchrony_lag3"}),
        (prosodic.Settings(rate_text=True), TEXT | {"rate_agreement_text", "rate_ratio_text"}),
    ):
        rows = scored(log, settings)
        assert {key: row for key, row in rows.items() if key in plain} == plain
        added = {metric.partition(".")[0] for _, metric, _ in set(rows) - set(plain)}
        assert added == extra


def test_words_move_text_metrics_alone(log: list[Dialogue], plain: dict[Key, Score]) -> None:
    settings = prosodic.Settings(rate_text=True)
    before = scored(log, settings)
    other = [
        replace(d, turns=tuple(replace(t, text=f"{t.text} and {i} more") for i, t in enumerate(d.turns)))
        for d in log
    ]
    after = scored(other, settings)
    moved = {
        metric for name, metric, label in before if before[name, metric, label] != after[name, metric, label]
    }
    assert "proximity.rate_text" in moved
    assert "rate_ratio_text" in moved
    assert all(metric.endswith("_text") for metric in moved)
    assert {key: row for key, row in after.items() if key in plain} == plain


def test_rates_of_transcript_and_sound(log: list[Dialogue]) -> None:
    rows = scored(log, prosodic.Settings(rate_text=True))
    one = rows["c0", "rate_ratio_text", "agent->user"]
    assert (one.status, one.reason, one.n) == ("scored", "no chance level", 12)
    # Each turn of 1.2 s has as many nuclei as its text has syllables.
    assert one.value == pytest.approx(1, abs=0.02)
    agreement = rows["c0", "rate_agreement_text", "agent->user"].value
    assert agreement is not None
    assert agreement > 0.98
    # Two dialogues are too few to learn from which rate a text lets expect.
    assert rows["c0", "synchrony.rate_text", "agent->user"].reason == "no text model"
    assert rows["c0", "proximity.rate_text", "agent->user"].value is not None
    silent = [replace(d, turns=tuple(replace(t, text=None) for t in d.turns)) for d in log]
    found = scored(silent, prosodic.Settings(rate_text=True))["c0", "proximity.rate_text", "agent->user"]
    assert (found.value, found.reason) == (None, "no words")
    foreign = [replace(d, meta={"language": "de"}) for d in log]
    found = scored(foreign, prosodic.Settings(rate_text=True))["c0", "rate_ratio_text", "agent->user"]
    assert (found.value, found.reason) == (None, "no syllable rule")


def test_the_rate_that_a_text_lets_expect_is_no_synchrony() -> None:
    # Rates that follow from the length of the text alone, the same texts on both sides.
    draw = np.random.default_rng(0)
    syllables = draw.integers(3, 40, size=400)
    texts = np.column_stack([np.log2(syllables), draw.uniform(1, 2, 400), np.zeros(400), np.zeros(400)])
    rates = 2.0 - 0.3 * texts[:, 0] + 0.1 * texts[:, 1] + draw.normal(0, 0.05, 400)
    model = learn([("agent", rates[:200], texts[:200]), ("agent", rates[200:], texts[200:])])
    assert model["agent"][:3] == pytest.approx([2.0, -0.3, 0.1], abs=0.03)
    assert prosodic.synchrony(rates[1:], rates[1:] + draw.normal(0, 0.05, 399)) > 0.9  # type: ignore[operator]
    left = residual(model, "agent", rates, texts)
    assert abs(prosodic.synchrony(left[200:], left[:200]) or 1) < 0.15
    assert np.isnan(residual(model, "user", rates, texts)).all()
    assert learn([("agent", rates[:99], texts[:99])]) == {}


def test_turn_rows_tell_what_was_heard(log: list[Dialogue]) -> None:
    observations = prosodic.observe(log, prosodic.Settings())
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    turns = prosodic.score(observations[0], pool, {}, prosodic.Settings()).turns
    found = {row.metric: row for row in turns if row.turn == 5 and row.direction is None}
    assert list(found) == [
        "pitch", "rate", "intensity", "pitch_range", "articulation_rate", "pause_share", "latency",
        "start_s", "end_s", "overlap_share", "voiced_share", "out_of_range_share",
        "clipped_share", "snr_db",
    ]  # fmt: skip
    truth = TURNS[5]
    assert found["pitch"].value == pytest.approx(truth[0], abs=0.15)
    assert found["rate"].value == pytest.approx(truth[1] / 1.2, rel=0.01)
    assert found["latency"].value == pytest.approx(0.3, abs=1e-3)
    assert found["end_s"].value == pytest.approx(0.3 + 6 * 1.5 - 0.3, abs=1e-3)
    assert (found["overlap_share"].value, found["clipped_share"].value) == (0, 0)
    assert (found["voiced_share"].value or 0) > 0.8
    assert (found["snr_db"].value or 0) > 10
    first = {row.metric: row for row in turns if row.turn == 0 and row.direction is None}
    assert (first["latency"].value, first["latency"].reason) == (None, "answers nobody")
    near = [row for row in turns if row.turn == 5 and row.direction is not None]
    assert {row.direction for row in near} == {"agent->user"}
    assert [row.metric for row in near] == [f"turn_proximity.{metric}" for metric in list(found)[:7]]


def test_pauses_and_the_rate_without_them(tmp_path: Path) -> None:
    # .6 s of speech, .4 s of nothing, .6 s of speech, 4 syllables each.
    piece = speak(4, 4, -20, 0.6)
    turn = np.concatenate([piece, np.zeros(round(0.4 * 16_000)), piece])
    (one,) = prosodic.observe([call(tmp_path, "p", [("u", turn), ("a", piece)])], prosodic.Settings())
    values = dict(zip(NAMES, one.units[0].values, strict=True))
    assert values["pause_share"] == pytest.approx(0.4 / 1.6, abs=0.03)
    assert 2 ** (values["rate"] or 0) == pytest.approx(8 / 1.6, rel=0.01)
    assert 2 ** (values["articulation_rate"] or 0) == pytest.approx(8 / 1.2, rel=0.05)
    assert dict(zip(NAMES, one.units[1].values, strict=True))["pause_share"] == 0


def test_a_regression_with_too_many_gaps_says_so(log: list[Dialogue]) -> None:
    (one,) = prosodic.observe(log[:1], prosodic.Settings())
    # 20 pairs, every third reply without a pitch: 13 are complete, and too few of them follow a complete one.
    units = []
    for i in range(40):
        like = one.units[i % 24]
        gone = i % 6 == 1
        units.append(
            replace(
                like, turn=i, start_s=4.0 * i, end_s=4.0 * i + 3,
                values=(None if gone else like.values[0], *like.values[1:]),
                reasons=("too little voicing" if gone else None, *like.reasons[1:]),
            )
        )  # fmt: skip
    gappy = observation(log[0], tuple(units), (), within=None)
    pool = Pool(gappy.sides, seed=0)
    rows = prosodic.score(gappy, pool, {}, prosodic.Settings()).dialogues
    (row,) = [r for r in rows if (r.metric, r.direction) == ("partner_effect.pitch", "agent->user")]
    assert (row.value, row.reason, row.n) == (None, "too few pairs", 13)


def test_what_is_kept_between_the_passes_changes_nothing(
    log: list[Dialogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = prosodic.Settings()
    # A turn that the log has twice, once cut short, is heard as it is each time.
    last = log[0].turns[-1]
    again = replace(log[0], turns=(*log[0].turns, replace(last, end_s=(last.start_s or 0) + 0.6)))
    before = [one.units for one in prosodic.observe([*log, again], settings)]
    monkeypatch.setattr(hearing, "KEPT_SAMPLES", 0)
    assert [one.units for one in prosodic.observe([*log, again], settings)] == before


def test_a_dialogue_without_sound_has_few_rows(log: list[Dialogue]) -> None:
    rows = scored([replace(log[0], audio=None)], prosodic.Settings())
    assert {metric for _, metric, _ in rows} == {"proximity", "synchrony", "convergence"}
    assert {row.reason for row in rows.values()} == {"no audio"}


@pytest.mark.parametrize("engine", ["praat", "swift-f0"])
def test_engines_hear_the_same_voice(engine: str) -> None:
    if engine == "praat":
        pytest.importorskip("parselmouth")
    times_s, f0_hz = prosodic.pitch_track(speak(5, 4, -20, 1.5), 16_000, engine)
    assert float(np.nanmedian(prosodic.semitones(f0_hz))) == pytest.approx(5, abs=0.1)
    np.testing.assert_allclose(np.diff(times_s), 0.016, atol=1e-9)
    _, short = prosodic.pitch_track(np.zeros(100) + 1e-3, 16_000, engine)
    assert np.isnan(short).all()


def test_praat_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(praat, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^pitch engine praat needs parselmouth .*convalign\[praat\]"):
        prosodic.Settings(pitch_engine="praat")
