"""Word lists of the lexical edit, written for it: what is no term, and what carries feeling.

Both are closed lists of English forms. They decide what an edit may insert, never a score: the
scorer has its own notion of content and the emotional model its own notion of affect.
"""


def _words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


DETERMINERS = _words("a an the my your our his its their some any each every another no")
"""Before a noun; ``this`` and ``that`` are left out because they also stand before verbs."""

PREPOSITIONS = _words(
    "about above after against among around at before behind below beside between by despite during for "
    "from in inside into like near of off on onto outside over per regarding since through towards under "
    "until upon with within without"
)
"""After these a bare word is most likely a noun."""

INTENSIFIERS = _words("really very quite pretty rather too so fairly somewhat extremely")
"""Stand between a determiner and an adjective."""

PAST = _words(
    "ate became began bent blew bought broke built burnt came caught chose cost crept cut dealt died drank "
    "drew drove dug fed fell fled flew forgot fought froze grew held hid hit hung hurt knew led lit lost "
    "paid quit ran rang read rode rose sang sank sat sent shook shrank shut slept slid smelt snapped sold "
    "spent split spoke stank stole stood stuck stung swam swept threw tore woke won wore wrote"
)
"""Verbs that do not show it by their ending; after a noun they end its phrase."""

NEGATIONS = _words(
    "no not never none nobody nothing neither nor without hardly barely scarcely cannot cant dont doesnt "
    "didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt havent hasnt hadnt aint"
)
"""Turn the next words round; forms that end in ``n't`` count too."""

OPENERS = _words(
    "hi hello hey thanks thank good great sure yes yeah yep no nope ok okay alright well welcome sorry "
    "dear oh ah wow"
)
"""A reply that begins so gets its frame at the end: a greeting or an answer comes first."""

NO_TERMS = (
    DETERMINERS
    | PREPOSITIONS
    | INTENSIFIERS
    | NEGATIONS
    | OPENERS
    | _words(
        # pronouns, conjunctions, auxiliaries, question words
        "i me myself mine we us ourselves ours you yourself yourselves yours u ur he him himself she her "
        "hers herself it itself they them themselves theirs this that these those who whom whose which "
        "what where when why how whatever whichever whoever wherever whenever however and or but if "
        "because as than though although while whether unless once then else am is are was were be been "
        "being do does did doing done have has had having will would shall should can could may might "
        "must ought to im ive id ill youre youve youll theyre weve were theres thats whats lets gonna "
        "wanna gotta "
        # adverbs and fillers that say little
        "here there now today tomorrow yesterday again also always ever often sometimes usually already "
        "yet still just only even both either all almost alone along already altogether anyway anyways "
        "apart away back down up out far forth further hence indeed instead maybe perhaps probably "
        "possibly mostly mainly much many more most less least few little enough several such same other "
        "others own next last first second third later soon early late ago long back together else "
        "everywhere nowhere somewhere anywhere actually basically certainly clearly definitely exactly "
        "generally hopefully literally likely obviously simply specifically totally truly typically "
        "absolutely completely especially um uh hmm huh eh er erm haha lol mm please pls kindly bye "
        "goodbye morning afternoon evening sir madam maam mr mrs ms "
        # light verbs, in every form
        "get gets getting got gotten go goes going gone went come comes coming came make makes making "
        "made take takes taking took taken give gives giving gave given put puts putting see sees seeing "
        "saw seen say says saying said tell tells telling told know knows knowing knew known think thinks "
        "thinking thought want wants wanted wanting need needs needed needing let lets letting keep keeps "
        "keeping kept seem seems seemed look looks looking looked find finds finding found use uses using "
        "used try tries trying tried ask asks asking asked show shows showing showed shown call calls "
        "calling called move moves moving moved mean means meaning meant guess suppose believe become "
        "becomes became bring brings bringing brought start starts started starting stop stops stopped "
        "stopping turn turns turned turning happen happens happened happening leave leaves leaving left "
        "set sets setting work works worked working sound sounds sounded sounding feel feels feeling felt "
        "add adds added adding "
        # nouns and numbers that name nothing by themselves
        "thing things something anything everything nothing someone anyone everyone somebody anybody "
        "everybody one ones two three four five six seven eight nine ten eleven twelve fifteen twenty "
        "thirty forty fifty sixty hundred thousand million zero half lot lots bit kind kinds sort sorts "
        "type way ways part parts side top bottom front amount number name full empty various whole rest "
        "case point matter stuff guy guys people person man woman day days week month year years time "
        "times hour hours minute minutes moment"
    )
)
"""Words that are never named by a frame."""

AFFECT = _words(
    # pleasure and joy
    "happy happier happiest happily happiness unhappy unhappily unhappiness glad gladly gladness joy joys "
    "joyful joyous cheerful cheerfully cheery cheer cheers cheered cheering delight delights delighted "
    "delightful delightfully delighting pleased pleasing pleasant pleasantly pleasure pleasures enjoy "
    "enjoys enjoyed enjoying enjoyable enjoyment fun funny funnier funniest hilarious laugh laughs "
    "laughed laughing laughter smile smiles smiled smiling amuse amused amusing amusement excite excited "
    "exciting excitement excitedly thrill thrilled thrilling thrills ecstatic elated overjoyed bliss "
    "blissful blessed blessing celebrate celebrated celebrating celebration merry jolly playful content "
    "contented satisfied satisfying satisfaction satisfy unsatisfied dissatisfied dissatisfaction "
    "relieved relief relax relaxed relaxing relaxation calm calmly calming calmer peaceful peace serene "
    "comfort comforts comforted comforting comfortable comfortably cozy cosy fine nice nicer nicest "
    "nicely good goodness great greater greatest greatly better best awesome amazing amazed amazingly "
    "wonderful wonderfully fantastic fabulous excellent superb terrific brilliant incredible incredibly "
    "marvelous marvellous magnificent splendid perfect perfectly lovely lovelier beautiful beautifully "
    "beauty gorgeous adorable cute cool sweet delicious tasty yummy favorite favourite favorites "
    "favourites fortunate fortunately lucky luckily luck win wins winning won winner success successful "
    "successfully "
    # love, liking, warmth, gratitude
    "love loves loved loving lover adore adores adored like likes liked liking affection affectionate "
    "fond fondly fondness dear dearest darling care cares cared caring kind kinder kindest kindly "
    "kindness gentle gently warm warmly warmth friendly friendlier friendliness generous generously "
    "generosity thankful gratitude grateful gratefully thanks thank thanked thanking appreciate "
    "appreciates appreciated appreciating appreciation appreciative compassion compassionate sympathy "
    "sympathetic empathy tender hug hugs hugged hugging kiss kisses kissed cherish cherished admire "
    "admired admires admiring admiration respect respected respectful praise praised welcome welcoming "
    "welcomed trust trusted trusting trustworthy passion passionate romantic desire "
    # hope, pride, interest
    "hope hopes hoped hoping hopeful hopefully hopeless hopelessly optimistic optimism confident "
    "confidently confidence proud proudly prouder pride brave bravely courage courageous inspire inspired "
    "inspiring eager eagerly enthusiastic enthusiasm curious curiosity interested fascinated fascinating "
    "impressed impressive encourage encouraged encouraging encouragement honored honoured motivated "
    # surprise
    "surprise surprised surprises surprising surprisingly astonished astonishing shock shocked shocking "
    "stunned stunning startled unexpected wow speechless unbelievable "
    # anger and annoyance
    "angry angrier angrily anger angered mad madly madness furious fury rage raging outrage outraged "
    "outrageous annoy annoys annoyed annoying annoyance irritate irritated irritating irritation "
    "frustrate frustrated frustrates frustrating frustration frustrations upset upsets upsetting bother "
    "bothers bothered bothering resent resented resentful resentment hostile hostility bitter bitterly "
    "hate hates hated hating hateful hatred despise despised loathe cruel cruelty mean nasty rude rudely "
    "rudeness insult insulted insulting insults offend offended offensive offence offense fight fights "
    "fighting fought argue argued arguing blame blamed blaming complain complained complaining complaint "
    "complaints stupid stupidly idiot idiotic dumb fool foolish ridiculous pathetic damn damned hell crap "
    "suck sucks sucked sucky unfair unfairly unjust unacceptable "
    # sadness and loss
    "sad sadder saddest sadly sadness saddened sorrow sorrowful grief grieve grieved grieving mourn "
    "mourning cry cries cried crying tear tears tearful weep weeping depressed depressing depression "
    "miserable misery gloomy gloom lonely loneliness lonesome heartbroken heartbreaking heartbreak hurt "
    "hurts hurting hurtful pain pains painful painfully suffer suffers suffered suffering tragic tragedy "
    "tragically despair desperate desperately disappoint disappoints disappointed disappointing "
    "disappointment disappointments regret regrets regretted regretful unfortunate unfortunately unlucky "
    "sorry apology apologies apologize apologise apologized apologised apologizing apologising miss "
    "missed missing lose loses losing lost loss losses fail fails failed failing failure failures "
    "devastated devastating devastation broken worthless helpless discouraged discouraging "
    # fear and worry
    "afraid fear fears feared fearful fearing fearless scare scares scared scary scaring frighten "
    "frightened frightening terrify terrified terrifying terror horror horrible horribly horrified "
    "horrific dread dreaded dreadful panic panicked panicking anxious anxiously anxiety nervous nervously "
    "nervousness worry worries worried worrying worrisome concern concerned concerning concerns stress "
    "stressed stressful stressing tense tension uneasy unsafe insecure threat threats threatened "
    "threatening danger dangerous dangerously risky overwhelmed overwhelming doubt doubts doubtful "
    "suspicious "
    # disgust, shame, general ill
    "disgust disgusted disgusting gross nauseous sick sickening awful awfully terrible terribly bad badly "
    "worse worst evil ugly dirty filthy lousy poor poorly wrong wrongly trouble troubles troubled "
    "troubling problem problems problematic mess messy messed disaster disastrous nightmare ashamed shame "
    "shameful embarrass embarrassed embarrassing embarrassment humiliated humiliating humiliation guilt "
    "guilty awkward awkwardly jealous jealousy envy envious bored boring boredom dull tired tiring "
    "exhausted exhausting exhaustion weary confused confusing confusion lie lies lied lying liar smart "
    "clever lame unpleasant uncomfortable harm harmed harmful harsh harshly brutal die dies died dying "
    "dead death deaths kill killed killing victim abuse abused abusive attack attacked attacks"
)
"""Words that carry feeling, with their inflections: what a neutral edit must not name."""
