"""Support and course: what replies to bad news do, where affect goes, all by hand or by construction."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from convalign import affect, scoring
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions import emotional
from convalign.dimensions.emotional import agreement, convergence, outcome, synchrony, trajectory, turn_affect
from convalign.dimensions.emotional.reading import observe_all
from convalign.dimensions.emotional.rows import NO_LABEL, SUPPORT, told
from convalign.dimensions.emotional.support import Reply, dismisses, escalates, mirrors
from convalign.dimensions.emotional.words import about_partner, bleak, clauses, is_question, sentences
from convalign.errors import UsageError
from convalign.scores import Score

ROLES = {"user": "user", "agent": "agent"}
BAD = (
    "I lost my job and I feel worthless.",
    "My dog died this morning.",
    "I am so scared of the exam.",
    "I failed again and I hate myself.",
)
NEUTRAL = (
    "The train leaves at nine.",
    "It is a form with two pages.",
    "The office is upstairs.",
    "I live here.",
)
SORRY = ("I'm so sorry, that must hurt.", "I'm so sorry for your loss.", "I am sorry, that is hard.")
PLAIN = ("The desk opens at ten.", "There are two forms.", "It takes a week.")


def corpus(kind: str, count: int = 12) -> list[Dialogue]:
    """Users who feel bad in every second turn; the agent is sorry `then`, `always` or `never`."""
    made = []
    for number in range(count):
        said = []
        for k in range(8):
            low = (k + number) % 2 == 0
            said.append(Turn("user", (BAD if low else NEUTRAL)[(k // 2 + number) % 4]))
            kind_now = kind == "always" or (kind == "then" and low)
            said.append(Turn("agent", (SORRY if kind_now else PLAIN)[(k + number) % 3]))
        made.append(Dialogue(f"d{number:02d}", tuple(said), ROLES))
    return made


def rows(dialogues: list[Dialogue], metric: str, **options: object) -> list[Score]:
    found = scoring.score(dialogues, ["emotional"], **options)
    return [r for r in found if r.metric == metric and r.direction == "agent->user"]  # type: ignore[misc]


def test_trajectory_by_hand() -> None:
    # Four turns at times 0, 1/3, 2/3, 1: least squares of (-.6, -.2, .2, .6) has slope 1.2, sd .5164.
    assert trajectory([-0.6, -0.2, 0.2, 0.6]) == emotional.Trajectory(0.0, 0.516398, 1.2)
    assert trajectory([0.5, 0.5]) == emotional.Trajectory(0.5, None, None)
    assert trajectory([0.1, 0.1, 0.4]).slope is None
    with pytest.raises(UsageError, match="0 turns"):
        trajectory([])


def test_outcome_stands_beside_strangers_who_started_equally_low() -> None:
    # Regression to the mean: strangers at -.5 rise by .5 without anybody's help.
    assert outcome(-0.5, 0.25, [[-0.5, 0.0, 0.5], [0.5, 0.25], [0.3]]) == (0.75, (0.5, -0.25))


def test_synchrony_finds_a_known_lag_and_ignores_a_common_trend() -> None:
    draw = np.random.default_rng(3)
    x = draw.uniform(-1, 1, 60)
    for lag in (-2, -1, 0, 1, 2):
        found = synchrony(x, np.roll(x, lag))
        assert found is not None
        assert found.lag == lag
        assert found.best > 0.95
    # Two that only become calmer together are not synchronous.
    trend = np.linspace(-0.8, 0.8, 60)
    alone = [
        synchrony(trend + draw.normal(0, 0.1, 60), trend + draw.normal(0, 0.1, 60)).value  # type: ignore[union-attr]
        for _ in range(60)
    ]
    assert abs(np.mean(alone)) < 3 * np.std(alone) / math.sqrt(60)
    assert synchrony(x[:7], x[:7]) is None
    assert synchrony(np.full(20, 0.3), x[:20]) is None
    with pytest.raises(UsageError, match="3 primes and 2 replies"):
        synchrony([0.0, 0.1, 0.2], [0.0, 0.1])


def test_the_p_of_the_best_lag_is_right_where_there_is_nothing() -> None:
    draw = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        found = synchrony(draw.uniform(-1, 1, 20), draw.uniform(-1, 1, 20))
        assert found is not None
        p = (1 + sum(one >= found.best for one in found.best_shifted)) / (1 + len(found.best_shifted))
        hits += p <= 0.1
    # 300 trials at 10 %: 30 expected, sd 5.2.
    assert hits < 30 + 4 * 5.2


def test_convergence_by_hand() -> None:
    assert convergence([1.0] * 8, [k / 8 for k in range(8)]) == pytest.approx(1.0)
    assert convergence([1.0] * 8, [1 - k / 8 for k in range(8)]) == pytest.approx(-1.0)
    assert convergence([0.5] * 8, [0.1] * 8) is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=7, max_size=7), min_size=1, max_size=6))
@settings(deadline=None)
def test_agreement_is_a_share_and_1_for_equals(listed: list[list[float]]) -> None:
    p = np.array(listed)
    q = np.roll(p, 1, axis=1)
    assert 0.0 <= agreement(p, q) <= 1.0 + 1e-9
    if (p.sum(axis=1) > 0.01).all():
        assert agreement(p, p) == pytest.approx(1.0)
        assert agreement(p, q) == pytest.approx(agreement(q, p))


def test_agreement_by_hand() -> None:
    # Nothing in common: divergence 1 bit. (.5, .5) against (1, 0): .311278 bits (scipy jensenshannon ** 2).
    assert agreement(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == pytest.approx(0.0)
    assert agreement(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])) == pytest.approx(1 - 0.31127812)


def test_words_about_the_partner_and_dark_ones() -> None:
    assert about_partner("You will never find work again.")
    assert not about_partner("I feel so sick too, my hands shake.")
    assert bleak("It only gets worse.")
    assert not bleak("It gets better.")
    assert not bleak("You are not worthless, and it isn't lost.")
    assert sentences("One. Two! 3... \u2026 Four?") == ["One.", "Two!", "Four?"]
    assert clauses("I'm sorry, really: that hurts.") == ["I'm sorry,", "really:", "that hurts."]
    assert is_question('Was it "bad?"')
    assert not is_question("It was bad.")


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (Reply(-0.8, 0.0, 0.1, 0.1, 0.0, 0.9, 0.9, about_partner=True, bleak=False), "escalate"),
        (Reply(0.1, 0.9, 0.1, 0.1, 0.0, 0.1, 0.0, about_partner=True, bleak=True), "escalate"),
        (
            Reply(-0.8, 0.0, 0.1, 0.1, 0.0, 0.9, 0.1, about_partner=True, bleak=False),
            "mirror",
        ),  # a reflection
        (Reply(-0.8, 0.0, 0.1, 0.1, 0.0, 0.9, 0.0, about_partner=False, bleak=True), "mirror"),
        (Reply(0.9, 1.7, 0.1, 0.1, 0.2, 0.0, 0.0, about_partner=False, bleak=False), "dismiss"),
        (Reply(0.4, 1.2, 0.1, 0.1, 0.2, 0.0, 0.0, about_partner=False, bleak=False), None),  # no marked cheer
        (Reply(-0.8, 0.0, 0.7, 0.7, 0.2, 0.9, 0.9, about_partner=True, bleak=True), None),  # compassion first
    ],
)
def test_what_a_reply_does(reply: Reply, wanted: str | None) -> None:
    found = [
        name
        for name, rule in (("escalate", escalates), ("mirror", mirrors), ("dismiss", dismisses))
        if rule(reply)
    ]
    assert found == ([wanted] if wanted else [])


def test_the_probes_are_told_apart_and_the_ones_held_back_too() -> None:
    text = (resources.files("convalign.corpora") / "probes" / "replies.jsonl").read_text(encoding="utf-8")
    probes = [json.loads(line) for line in text.splitlines()]
    assert len(probes) >= 290
    assert {one["register"] for one in probes} == {"support", "service", "tutoring"}
    assert 3 * sum(one["split"] == "held" for one in probes) >= len(probes)
    dialogues = [
        Dialogue(one["id"], (Turn("user", one["prime"]), Turn("agent", one["reply"]))) for one in probes
    ]
    counts: dict[tuple[str, str], list[dict[str, float]]] = {}
    missed = 0
    for one, seen in zip(probes, observe_all(dialogues, affect.load(), asked="en", within=None), strict=True):
        (exchange,) = next(exchanges for *_, exchanges in seen.directions if exchanges)
        assert exchange.prime is not None
        missed += exchange.prime.valence >= -0.2
        reply = told(exchange, exchange.prime.valence)
        assert reply is not None
        values = {name: read(reply) for name, (read, _) in SUPPORT.items()}
        counts.setdefault((one["split"], one["kind"]), []).append(values)

    # Bad news in plain words ("they lost my luggage") is not always heard as such.
    assert missed / len(probes) < 0.1

    def share(split: str, kind: str, flag: str) -> float:
        return float(np.mean([one[flag] for one in counts[split, kind]]))

    for split in ("open", "held"):
        good = [share(split, kind, "acknowledge") for kind in ("acknowledge", "acknowledge_regulate")]
        rest = [share(split, kind, "acknowledge") for kind in ("mirror", "escalate", "dismiss", "neutral")]
        assert min(good) > 0.5
        assert max(rest) < 0.3
        assert share(split, "mirror", "escalate") <= 0.1

    shipped = json.loads(
        (resources.files("convalign.corpora") / "probes" / "rates.json").read_text(encoding="utf-8")
    )
    assert sorted(shipped) == ["dismiss", "escalate", "mirror"]
    for flag, splits in shipped.items():
        for split, listed in splits.items():
            kinds = ("acknowledge", "acknowledge_regulate", "neutral", "reassure")
            alarms = [one[flag] for kind in kinds for one in counts[split, kind]]
            misses = [1 - one[flag] for one in counts[split, flag]]
            for name, hits in (("false_alarms", alarms), ("misses", misses)):
                low, high = proportion_confint(sum(hits), len(hits), method="wilson")
                assert listed[name] == {
                    "times": sum(hits),
                    "n": len(hits),
                    "low": pytest.approx(low, abs=6e-5),
                    "high": pytest.approx(high, abs=6e-5),
                }
        # Of the replies that comfort, few are accused; of those that harm, more than a third are found.
        assert splits["held"]["false_alarms"]["times"] <= 4
        assert 3 * splits["held"]["misses"]["times"] < 2 * splits["held"]["misses"]["n"]
    assert shipped["escalate"]["open"]["false_alarms"]["times"] <= 1


@pytest.mark.parametrize(
    "reply",
    [
        "You will never be charged again.",
        "Your refund is finished, you will see it tomorrow.",
        "They will stay open late for you.",
        "You can never go wrong with that choice, your new one will ship today.",
        "You never have to pay for that, your account is safe.",
        "Nobody will bother you any more.",
        "It never takes longer than a day.",
    ],
)
def test_a_reassurance_is_not_accused(reply: str) -> None:
    prime = "I am so angry, my parcel is broken and nobody helps me."
    dialogue = Dialogue("d", (Turn("user", prime), Turn("agent", reply)))
    (seen,) = observe_all([dialogue], affect.load(), asked="en", within=None)
    (exchange,) = next(exchanges for *_, exchanges in seen.directions if exchanges)
    assert exchange.prime is not None
    found = told(exchange, exchange.prime.valence)
    assert found is not None
    assert not bleak(reply)
    assert not escalates(found)
    assert not dismisses(found)


@pytest.mark.parametrize(
    ("text", "dark"),
    [
        ("They will never forgive you.", True),
        ("You will never get your money back.", True),
        ("It is too late for you.", True),
        ("We are open late for you.", False),
        ("It is never too late.", False),
        ("It only gets worse.", True),
        ("It can't get worse, and nobody blames you.", False),
        ("Nobody here will help you.", True),
        ("Nobody is to blame, and we will help you.", False),  # help stands in another clause
    ],
)
def test_a_dark_word_counts_by_its_sense(text: str, dark: bool) -> None:
    assert bleak(text) is dark


def test_whoever_is_sorry_when_it_is_called_for_is_above_chance() -> None:
    when, always, never = (rows(corpus(kind), "acknowledge") for kind in ("then", "always", "never"))
    assert all(r.value is not None and r.value > 0.4 and r.n == 4 for r in when)
    assert np.mean([r.excess for r in when if r.excess is not None]) > 0.15
    # Sorry about everything: high, but not for what the user said.
    assert np.mean([r.value for r in always if r.value is not None]) > 0.4
    assert abs(np.mean([r.excess for r in always if r.excess is not None])) < 0.05
    assert np.mean([r.value for r in never if r.value is not None]) < 0.1


def test_a_model_without_labels_says_so_and_a_partner_who_is_never_low_too() -> None:
    for metric in ("acknowledge", "escalate", "emotion_match"):
        assert {r.reason for r in rows(corpus("then"), metric, affect="lexicon")} == {NO_LABEL}
    calm = [
        Dialogue(d.id, tuple(t if t.speaker == "agent" else Turn("user", NEUTRAL[0]) for t in d.turns), ROLES)
        for d in corpus("then")
    ]
    assert {r.reason for r in rows(calm, "acknowledge")} == {"no negative prime"}


def test_every_metric_has_a_row_in_every_direction() -> None:
    found = scoring.score(corpus("then"), ["emotional"])
    names = [m.name for m in emotional.METRICS]
    for direction in ("agent->user", "user->agent"):
        mine = [r.metric for r in found if r.dialogue == "d00" and r.direction == direction]
        assert mine == names
    for r in found:
        metric = emotional.METRICS[names.index(r.metric)]
        if r.value is not None:
            assert metric.low is None or r.value >= metric.low - 1e-9, r  # type: ignore[operator]
            assert metric.high is None or r.value <= metric.high + 1e-9, r  # type: ignore[operator]


def test_the_outcome_counts_the_last_turn_though_nobody_answers_it() -> None:
    dialogues = corpus("then")
    odd = [
        Dialogue(d.id, (*d.turns, Turn("user", "That is wonderful, thank you!")), ROLES) for d in dialogues
    ]
    assert {r.n for r in rows(dialogues, "outcome")} == {7}
    assert {r.n for r in rows(odd, "outcome")} == {8}
    model = affect.load()
    said = [turn.text or "" for turn in odd[0].turns if turn.speaker == "user"]
    v = model.scheme.valence(model.predict(said), model.labels)
    assert rows(odd, "outcome")[0].value == pytest.approx(float(np.diff(v).mean()))


def test_turn_affect_has_the_whole_row() -> None:
    said = (
        Turn("user", "I am so worried about the delivery."),
        Turn("user", "..."),
        Turn("agent", "Worried? I'm so sorry. Shall we call them?"),
    )
    first, silent, reply = turn_affect(Dialogue("d", said))
    assert silent.whole is None
    assert silent.probabilities == {}
    assert first.prime_turn is None
    assert first.echo_share_tokens is None
    assert reply.prime_turn == 1
    assert reply.echoed == ()  # the last turn before it has no words
    assert reply.question
    assert reply.sentences == 3
    assert len(reply.probabilities) == 41
    assert reply.last is not None
    joined = turn_affect(Dialogue("d", (said[0], said[2])))[1]
    assert joined.echoed == ("worried",)
    assert joined.controlled != joined.whole
