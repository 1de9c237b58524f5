"""Which lexical indicator can be trusted: split-half reliability over dialogues.

    python benchmarks/reliability.py LOG.jsonl.gz REPLIER PRIME

Replies with even and odd numbers are two halves of a dialogue; the correlation of the halves over
dialogues is stepped up by Spearman and Brown.
"""

from __future__ import annotations

import sys
from bisect import bisect_right

import numpy as np

from convalign import logs
from convalign.dimensions.lexical.takeover import Heard, exchange, taken_over
from convalign.dimensions.lexical.words import Choice, reader


def share(parts: list[list[int]]) -> list[float]:
    """Both halves as shares; NaN for a half without evidence."""
    return [part / whole if whole else float("nan") for part, whole in parts]


def main() -> int:
    """Print both indicators."""
    path, replier, prime = sys.argv[1:]
    read, found = reader("en"), {"entrainment": [], "uptake": []}
    for dialogue in logs.read([path]):
        said = read.contents([turn.text or "" for turn in dialogue.turns], Choice())
        given = exchange(
            [(t.speaker, words) for t, words in zip(dialogue.turns, said, strict=True)], replier, prime
        )
        heard = Heard(given.stream)
        taken, brought = [[0, 0], [0, 0]], [[0, 0], [0, 0]]
        for number, (reply, count) in enumerate(zip(given.replies, taken_over(given, heard), strict=True)):
            if reply.reason is None:
                taken[number % 2][0] += count
                taken[number % 2][1] += len(reply.types)
        lengths = [reply.heard for reply in given.replies]
        for word, place in heard.index.items():
            after, mine = bisect_right(lengths, place), given.first.get(word, len(lengths))
            if place < given.length and mine >= after:
                brought[after % 2][1] += 1
                brought[after % 2][0] += mine == after < len(lengths)
        found["entrainment"].append(share(taken))
        found["uptake"].append(share(brought))
    for name, halves in found.items():
        table = np.array(halves)
        table = table[~np.isnan(table).any(axis=1)]
        r = float(np.corrcoef(table.T)[0, 1])
        print(f"{name}: {len(table)} dialogues, halves r {r:.2f}, reliability {2 * r / (1 + r):.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
