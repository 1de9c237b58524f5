"""Derive triples base / edit / placebo from bundled dialogues, WordNet, VADER and word frequencies."""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from spacy.lang.en.stop_words import STOP_WORDS

CORPORA = Path(__file__).parents[2] / "corpora"
USE_CASES = ("customer_service", "mental_health", "tutoring")
TURNS = 8
RAREST = -14.5
STRONG = 1.5
PERSON = "18"
CLEAR = 0.8
"""The share of the tagged occurrences of a word that its part of speech must have."""
COARSE = re.compile(r"\b(obscen|vulgar|offensive|derogat|insult|slur|sexual|ethnic|racis)", re.I)
"""In a gloss of WordNet: its words are left out in all their senses."""
KINDS = {"noun": "n", "adj": "a", "adv": "r", "verb": "v"}
OF = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}


class Words:
    """WordNet's senses, VADER's lexicon and frequencies."""

    def __init__(self, folder: Path) -> None:
        self.synsets: dict[str, tuple[list[str], str, list[str]]] = {}
        self.senses: dict[tuple[str, str], list[str]] = {}
        tagged: dict[str, Counter[str]] = defaultdict(Counter)
        lower: set[str] = set()
        coarse: set[str] = set()
        for name, kind in KINDS.items():
            for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines():
                if not line.startswith(" "):
                    facts, _, gloss = line.partition(" | ")
                    offset, field, _, count, *rest = facts.split()
                    words = [re.sub(r"\(.*", "", word) for word in rest[: 2 * int(count, 16) : 2]]
                    lower.update(words)
                    if COARSE.search(gloss) or (kind, field) == ("n", PERSON):
                        coarse.update(words)
                    above = [kind + rest[k + 1] for k, mark in enumerate(rest[:-2]) if mark in {"@", "@i"}]
                    self.synsets[kind + offset] = (words, field, above)
            for line in (folder / f"index.{name}").read_text(encoding="utf-8").splitlines():
                if not line.startswith(" "):
                    parts = line.split()
                    self.senses[parts[0], kind] = [kind + one for one in parts[-int(parts[2]) :]]
        for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
            key, _, _, count = line.split()
            tagged[key.split("%")[0]][OF[key.split("%")[1][0]]] += int(count)
        plain = lower - coarse
        self.kind = {
            word: kind
            for word, found in tagged.items()
            for kind, count in found.most_common(1)
            if word in plain and count >= CLEAR * found.total()
        }
        data = resources.files("spacy_lookups_data") / "data" / "en_lexeme_prob.json.gz"
        self.log_p: dict[str, float] = json.loads(gzip.decompress(data.read_bytes()))
        lexicon = resources.files("vaderSentiment") / "vader_lexicon.txt"
        rows = [line.split("\t") for line in lexicon.read_text(encoding="utf-8").splitlines()]
        self.feeling = {row[0]: float(row[1]) for row in rows if len(row) > 1}
        self._peers: dict[tuple[str, bool, str], list[str]] = {}
        self.lists: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for lemma in sorted(self.kind):
            for plural in (False, True):
                form = lemma + "s" * plural
                if self.read(form) == (lemma, self.kind[lemma], plural):
                    self.lists[self.kind[lemma], plural].append(form)

    def read(self, form: str) -> tuple[str, str, bool] | None:
        """Lemma, part of speech, plural; None for a word that is not used here."""
        if not re.fullmatch("[a-z]{3,}", form) or form in STOP_WORDS or self.log_p.get(form, -99) < RAREST:
            return None
        if form in self.kind and (form, self.kind[form]) in self.senses:
            return form, self.kind[form], False
        lemma = form[:-1]
        plural = form.endswith("s") and not form.endswith("ss") and form not in self.kind
        if plural and self.kind.get(lemma) == "n" and (lemma, "n") in self.senses:
            return lemma, "n", True
        return None

    def peers(self, kind: str, plural: bool, field: str) -> list[str]:
        """Forms of a part of speech, an inflection and, where there are fields, a field."""
        key = (kind, plural, field)
        if key not in self._peers:
            self._peers[key] = [
                form
                for form in self.lists[kind, plural]
                if not field or self.field(_lemma(form, self), kind) == field
            ]
        return self._peers[key]

    def field(self, lemma: str, kind: str) -> str:
        """WordNet's field of the first sense of a noun or verb; others have none."""
        return self.synsets[self.senses[lemma, kind][0]][1] if kind in "nv" else ""

    def neutral(self, form: str, lemma: str) -> bool:
        """Neither form nor lemma is in VADER."""
        return form not in self.feeling and lemma not in self.feeling

    def synonyms(self, lemma: str, kind: str, plural: bool) -> list[str]:
        """Forms of the first three senses, else of the sense above the first."""
        senses = self.senses[lemma, kind]
        for group in (senses[:3], [up for one in senses[:1] for up in self.synsets[one][2]]):
            words = [word + "s" * plural for one in group for word in self.synsets[one][0] if word != lemma]
            made = [(word, self.read(word)) for word in dict.fromkeys(words)]
            kept = [w for w, r in made if r and r[1:] == (kind, plural) and self.neutral(w, r[0])]
            if kept:
                return kept
        return []

    def related(self, one: str, other: str, kind: str) -> bool:
        """Two lemmas share a sense, or one stands above the other."""
        a, b = set(self.senses[one, kind]), set(self.senses[other, kind])
        return bool(self._up(a) & b or self._up(b) & a)

    def _up(self, senses: set[str]) -> set[str]:
        return senses | {up for sense in senses for up in self.synsets[sense][2]}

    def by_nearness(self, form: str, among: list[str]) -> list[str]:
        """As rare and as long first, then by the alphabet."""
        return sorted(
            among, key=lambda w: (abs(self.log_p[w] - self.log_p[form]) + abs(len(w) - len(form)), w)
        )


def windows() -> Iterator[dict[str, Any]]:
    """Stretches of 8 turns that start with the user."""
    for path in (
        CORPORA / "demo" / "dialogues.jsonl",
        *sorted((CORPORA / "pairs" / "systems").glob("*.jsonl")),
    ):
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            if one["meta"]["use_case"] not in USE_CASES:
                continue
            texts, source = [turn["text"] for turn in one["turns"]], path.stem.replace("dialogues", "demo")
            last = (len(texts) - TURNS) // 2 * 2
            for start in dict.fromkeys((*range(0, last, 2), last)):
                yield {
                    "pair": f"{source}.{one['id']}.{start}",
                    "use_case": one["meta"]["use_case"],
                    "topic": one["meta"]["topic"],
                    "user": one["meta"]["user"],
                    "language": "en",
                    "turns": texts[start : start + TURNS],
                }


def swaps(turns: list[str], edits: str, sign: int, words: Words) -> list[list[Any]]:
    """[turn, first character, word, edit, placebo] of each reply that can be edited."""
    said = [re.findall(r"[a-z]+", text.lower()) for text in turns]
    used = {word for turn in said for word in turn}
    found: list[list[Any]] = []
    for k in range(1, len(turns), 2):
        heard = {word for turn in said[:k:2] for word in turn}
        of_user = {word for turn in said[::2] for word in turn}
        for match in re.finditer(r"(?<![\w'-])[a-z]{3,}(?![\w'-])", turns[k]):
            form, read = match[0], words.read(match[0])
            if read is None or not words.neutral(form, read[0]) or turns[k].lower().count(form) > 1:
                continue
            lemma, kind, plural = read
            article = re.search(r"\ban? $", turns[k][: match.start()], re.I)

            vowel = (form[0] in "aeiou") if article else None

            def fits(word: str, vowel: bool | None = vowel, used: set[str] = used) -> bool:
                return word not in used and vowel in (None, word[0] in "aeiou")

            peers = words.peers(kind, plural, words.field(lemma, kind))
            if edits == "lexical":
                edit = next(filter(fits, words.synonyms(*read)), None) if form in heard else None
            elif form in of_user:
                edit = None
            else:
                felt = [w for w in peers if words.feeling.get(w, 0) * sign >= STRONG]
                edit = next(filter(fits, words.by_nearness(form, felt)), None)
            if edit is None:
                continue
            other = next(
                (
                    w
                    for w in words.by_nearness(edit, peers)
                    if w != edit
                    and fits(w)
                    and words.neutral(w, _lemma(w, words))
                    and not words.related(lemma, _lemma(w, words), kind)
                ),
                None,
            )
            if other is not None:
                found.append([k, match.start(), form, edit, other])
                used |= {edit, other}
                break
    return found


def _lemma(form: str, words: Words) -> str:
    read = words.read(form)
    assert read is not None
    return read[0]


def triples(folder: Path) -> Iterator[dict[str, Any]]:
    """Windows in which a word can be edited in one way or the other."""
    words = Words(folder)
    for k, one in enumerate(windows()):
        sign = 1 if k % 2 else -1
        made = {edits: swaps(one["turns"], edits, sign, words) for edits in ("lexical", "emotional")}
        if any(made.values()):
            yield one | {"swaps": made}


def main() -> None:
    """Write the triples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wordnet", type=Path, help="folder `dict` of WordNet 3.1")
    parser.add_argument("--out", type=Path, default=CORPORA / "pairs" / "triples.jsonl")
    chosen = parser.parse_args()
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in triples(chosen.wordnet)]
    chosen.out.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
