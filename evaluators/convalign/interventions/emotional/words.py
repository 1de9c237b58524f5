"""Cues of feeling, written for this edit alone: no affect model and no scorer has a part in it."""

from __future__ import annotations

POSITIVE = frozenset(
    """
    amazed amazing awesome beautiful beautifully bless blessed bliss brave bravo brightened
    brilliant calmer calming celebrate celebrated celebrating charming cheer cheered cheerful cheers
    comfort comforted comforting confident congratulations cosy delight delighted delightful dreamy
    eager ease easier encouraged encouraging enjoy enjoyable enjoyed enjoying excellent excited
    excitement exciting fabulous fantastic fond friendly fun funny gentle giggle giggled glad gladly
    glorious good gorgeous grateful gratitude great grin grinned grinning happier happiest happily
    happiness happy heartwarming helpful hope hoped hopeful hug hugged hugs impressed incredible
    inspired inspiring joke joked joy joyful jubilant keen kindly kindness laugh laughed laughing
    laughter liked love loved lovely loves loving lucky magic magical marvellous nice nicely nicer
    optimistic peace peaceful perfect perfectly pleasant pleased pleasure proud proudly reassured
    reassuring rejoice relaxed relaxing relief relieved satisfied smile smiled smiles smiling
    soothing splendid success successful sunny super superb supported sweetest terrific thankful
    thrilled thriving treasure treat triumph trust trusted warm warmer warmly welcome won wonderful
    wonderfully wow yay yummy
    """.split()
)

NEGATIVE = frozenset(
    """
    abandoned absurd ache aching afraid aggressive agony alarmed alone anger angry annoyed annoying
    anxiety anxious anxiously appalled appalling ashamed awful awkward bad badly bitter blame blamed
    boring bother bothered broken burden clumsy complain complained complaint confused confusing
    crazy cried cries cruel crushed cry crying damaged death defeated depressed depressing despair
    desperate desperately devastated died dies difficult disappointed disappointing disappointment
    disaster disgusted disgusting dislike dizzy doomed doubt drained dread dreadful dreading dumb
    embarrassed embarrassing empty enraged exhausted exhausting fail failed failing failure fault
    faulty fear feared fearful fight fighting forgotten frightened frightening frustrated
    frustrating frustration furious gloomy grief grieving grim guilt guilty hate hated hates hating
    headache heartbroken helpless hopeless horrible horribly horrified hostile humiliated hurt
    hurting hurts idiot ignored ill impatient impossible insecure insulted irritated irritating
    jealous loneliness lonely lose losing loss lost lousy mad mess messed messy miserable misery
    miss missed missing mistake moody mourn nasty nausea nervous nightmare numb overwhelmed
    overwhelming pain painful panic panicked panicking pathetic pity pointless poor problem problems
    rage rejected resent restless ridiculous rotten rude ruined ruins sad sadly sadness scared scary
    scream screamed shaking shame shocked shook sick silly sleepless sorrow sorry sour stress
    stressed stressful struggle struggled struggling stupid suffer suffered suffering sulking
    suspicious tears tense tension terrible terribly terrified terror tired trapped trouble troubled
    ugly unbearable uncomfortable uneasy unfair unfortunately unhappy unhelpful upset upsetting
    useless weary weep wept worried worries worry worrying worse worst worthless wrecked wretched
    wrong yell yelled
    """.split()
)

NEGATIONS = frozenset(
    """
    not no never nothing nobody hardly barely without cannot can't don't doesn't didn't isn't aren't
    wasn't weren't won't wouldn't couldn't shouldn't haven't hasn't hadn't ain't dont doesnt didnt
    isnt wasnt
    """.split()
)
DEGREES = frozenset("so very really extremely totally utterly absolutely incredibly too truly such".split())
