"""What a reply does to a partner who feels bad: acknowledge, regulate, escalate, dismiss."""

from __future__ import annotations

from dataclasses import dataclass

NEGATIVE = -0.2
"""Valence below which a prime is negative."""
POSITIVE = 0.2
"""Valence above which a prime is positive."""
COMPASSION = 0.45
"""Compassion from which on a reply neither escalates nor dismisses."""
DISTRESS = 0.5
"""Distress from which on a reply mirrors."""
HOSTILITY = 0.5
"""Anger, annoyance or disgust from which on a reply escalates."""
SHIFT = 1.0
"""Rise of valence over the prime above which a reply passes over it."""
CHEER = 0.85
"""Valence from which on that is marked cheer; below it lie promises such as "your account is safe".

Cut-offs are on the grid of the model (.001): "from which on" includes the number itself (>=), "below" and
"above" do not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a negative prime, as far as support can be told from it.

    Attributes
    ----------
    valence : of the reply, -1..1
    shift : v_reply - v_prime, -2..2
    compassion : of the clause that has most of it, 0..1
    overall : compassion of the reply as a whole, 0..1; "be happy" is a caring clause, not a caring reply
    regulation : mean of the whole reply and its last sentence, 0..1
    distress : of the reply, 0..1
    hostility : of the clause to the partner that has most of it, echo left out, 0..1
    about_partner : whether it speaks of the partner or of what will happen, not of the speaker
    bleak : whether it says, in words of its own, that things cannot get better
    """

    valence: float
    shift: float
    compassion: float
    overall: float
    regulation: float
    distress: float
    hostility: float
    about_partner: bool
    bleak: bool


def escalates(reply: Reply) -> bool:
    """Whether a reply makes it worse without compassion: it threatens the partner, or is hostile to them.

    Distress does not tell: primes in distress sit near 1, so that no reply exceeds them; a threat in plain
    words ("they will never come back") has none; and a reflection of feelings ("the nights sound painful")
    is full of it. Dark words count by their sense only (`words.bleak`). Chosen on the open two
    thirds of corpora/probes, in three registers; rates on the held third: corpora/probes/rates.json.
    """
    worse = reply.bleak or reply.hostility >= HOSTILITY
    return reply.about_partner and reply.compassion < COMPASSION and worse


def mirrors(reply: Reply) -> bool:
    """Whether a reply is distress of the speaker's own, without compassion: sharing, not supporting."""
    return reply.distress >= DISTRESS and reply.compassion < COMPASSION and not escalates(reply)


def dismisses(reply: Reply) -> bool:
    """Whether a reply answers a negative prime with marked cheer, without compassion."""
    return reply.valence >= CHEER and reply.shift > SHIFT and reply.overall < COMPASSION
