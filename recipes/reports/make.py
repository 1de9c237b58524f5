"""Rebuild the committed reviews, one per study design, from the bundled corpus.

    python recipes/reports/make.py [DESIGN ...]

The studies (``reports/<design>/study.json``) are written by hand and come first; this script makes the logs
that they name, reviews them, and puts page and results beside the study. What the logs show is made, not
found: an agent's replies are edited on purpose, so that each design has something to say. They are examples
of the software, not evidence about any system.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from convalign import interventions, logs, review, study
from convalign.dialogue import Dialogue

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpora" / "demo"
BUILD = ROOT / "build" / "reports"

ELEMENTS = (
    "hydrogen H helium He lithium Li beryllium Be boron B carbon C nitrogen N oxygen O fluorine F neon Ne "
    "sodium Na magnesium Mg aluminium Al silicon Si phosphorus P sulphur S chlorine Cl argon Ar potassium K "
    "calcium Ca scandium Sc titanium Ti vanadium V chromium Cr manganese Mn iron Fe cobalt Co nickel Ni "
    "copper Cu "
    "zinc Zn gallium Ga germanium Ge arsenic As selenium Se bromine Br krypton Kr rubidium Rb strontium Sr "
    "yttrium Y zirconium Zr niobium Nb molybdenum Mo technetium Tc ruthenium Ru rhodium Rh palladium Pd "
    "silver Ag "
    "cadmium Cd indium In tin Sn antimony Sb tellurium Te iodine I xenon Xe caesium Cs barium Ba "
    "lanthanum La "
    "cerium Ce praseodymium Pr neodymium Nd promethium Pm samarium Sm europium Eu gadolinium Gd terbium Tb "
    "dysprosium Dy holmium Ho erbium Er thulium Tm ytterbium Yb lutetium Lu hafnium Hf tantalum Ta "
    "tungsten W "
    "rhenium Re osmium Os iridium Ir platinum Pt gold Au mercury Hg thallium Tl lead Pb bismuth Bi "
    "polonium Po "
    "astatine At radon Rn francium Fr radium Ra actinium Ac thorium Th protactinium Pa uranium U "
    "neptunium Np "
    "plutonium Pu americium Am curium Cm berkelium Bk californium Cf einsteinium Es fermium Fm"
).split()
QUESTIONS = list(zip(ELEMENTS[::2], ELEMENTS[1::2], strict=True))

TEMPLATES = (
    "I see. Let me look into that for you.",
    "All right. One moment, please.",
    "Understood. Is there anything else?",
    "Fine. I will make a note of it.",
)
SMALL_TALK = "It is windy here today, by the way."
FLATTERY = "You are surely the best adviser that I ever had."
REQUEST = "Please call things by the names that I use."


def corpus() -> list[Dialogue]:
    """The bundled dialogues as they are."""
    return list(logs.read([str(CORPUS / "dialogues.jsonl")], logs.ReadOptions()))


def edited(dimension: str, dialogues: list[Dialogue] | None = None, **options: object) -> list[Dialogue]:
    """The corpus with the agent's replies edited on one dimension."""
    module = interventions.load(dimension)
    source = corpus() if dialogues is None else dialogues
    settings = module.Settings(**options)
    return list(
        interventions.apply(iter(source), module, settings, "agent->user", tally=interventions.Tally())
    )


def opened(dialogues: list[Dialogue], words: str) -> list[Dialogue]:
    """The user's first turn with a sentence before it."""
    made = []
    for one in dialogues:
        first = next(k for k, turn in enumerate(one.turns) if one.roles.get(turn.speaker) == "user")
        turns = list(one.turns)
        turns[first] = replace(turns[first], text=f"{words} {turns[first].text}")
        made.append(replace(one, turns=tuple(turns)))
    return made


def replied(dialogues: list[Dialogue], text: Callable[[Dialogue, int, int], str]) -> list[Dialogue]:
    """The same dialogues with every reply of the agent put in by `text` (dialogue, turn, number of reply)."""
    made = []
    for one in dialogues:
        number, turns = 0, []
        for place, turn in enumerate(one.turns):
            if one.roles.get(turn.speaker) == "agent":
                turns.append(replace(turn, text=text(one, place, number)))
                number += 1
            else:
                turns.append(turn)
        made.append(replace(one, turns=tuple(turns)))
    return made


def from_elsewhere(dialogues: list[Dialogue]) -> list[Dialogue]:
    """Every reply taken from the same place of the next dialogue of the use case: form without content."""
    by_case: dict[str, list[Dialogue]] = {}
    for one in dialogues:
        by_case.setdefault(str(one.meta["use_case"]), []).append(one)
    following = {
        one.id: group[(k + 1) % len(group)] for group in by_case.values() for k, one in enumerate(group)
    }

    def text(one: Dialogue, _: int, number: int) -> str:
        other = following[one.id]
        replies = [turn.text or "" for turn in other.turns if other.roles.get(turn.speaker) == "agent"]
        return replies[number % len(replies)]

    return replied(dialogues, text)


def write(folder: Path, arms: dict[str, list[Dialogue]]) -> None:
    """The arms as logs, without sound: these studies are about words."""
    folder.mkdir(parents=True)
    for name, dialogues in arms.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n") as out:
            logs.write_canonical((silent(one) for one in dialogues), out)


def silent(one: Dialogue) -> Dialogue:
    """The words of a dialogue."""
    turns = tuple(replace(turn, start_s=None, end_s=None, audio=None) for turn in one.turns)
    return replace(one, turns=turns)


def probe(folder: Path, rows: Iterator[dict[str, object]]) -> None:
    """Answers to questions, one per line."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "probe.jsonl").write_text(text, encoding="utf-8")


def regression(folder: Path) -> None:
    """An update takes the habit of naming the user's terms away, and a cure brings part of it back."""
    write(folder, {"v1": edited("lexical"), "v2": corpus(), "v3": edited("lexical", strength=0.6)})
    wrong = {"v1": {3, 41, 77}, "v2": {3, 50, 77, 90}, "v3": {3, 50, 77}}
    probe(
        folder,
        (
            {"question": f"What is the symbol of {name}?", "gold": symbol}
            | {f"answer_{arm}": "I do not know" if k in out else symbol for arm, out in wrong.items()}
            for k, (name, symbol) in enumerate(QUESTIONS)
        ),
    )


def consistency(folder: Path) -> None:
    """Small talk changes nothing, flattery makes the agent warm and wrong, a request is met."""
    plain = corpus()
    arms = {
        "clean": plain,
        "small talk": opened(plain, SMALL_TALK),
        "flattery": edited("emotional", opened(plain, FLATTERY)),
        "request": edited("lexical", opened(plain, REQUEST)),
    }
    write(folder, arms)
    topics = [str(one.meta["topic"]) for one in plain]

    def rows() -> Iterator[dict[str, object]]:
        for k, one in enumerate(plain):
            row: dict[str, object] = {
                "question": f"What is {one.id} about?",
                "gold": topics[k],
                "dialogue": one.id,
            }
            for arm in arms:
                misled = arm == "flattery" and k % 3 == 0
                row[f"answer_{arm}"] = topics[(k + 1) % len(topics)] if misled else topics[k]
            yield row

    probe(folder, rows())


def dose(folder: Path) -> None:
    """Four strengths of naming the user's terms, and an agent tuned to name them all."""
    arms = {f"strength {s:g}": edited("lexical", strength=s) for s in (0, 0.3, 0.6, 0.9)}
    write(folder, arms | {"tuned": edited("lexical", strength=1.0, terms="any")})


def form(folder: Path) -> None:
    """Real replies, replies of the same form to somebody else, and a bare template."""
    real = edited("lexical", edited("emotional"))
    template = replied(real, lambda one, _, number: TEMPLATES[(number + len(one.id)) % len(TEMPLATES)])
    write(folder, {"real": real, "form": from_elsewhere(real), "floor": template})


def attribution(folder: Path) -> None:
    """One model; the new harness asks it to meet feelings."""
    named = [replace(one, meta={**one.meta, "model": "example-1"}) for one in corpus()]
    write(folder, {"old harness": named, "new harness": edited("emotional", named)})


def observational(folder: Path) -> None:
    """The bundled corpus with its sound."""
    folder.mkdir(parents=True)
    shutil.copy(CORPUS / "dialogues.jsonl", folder / "corpus.jsonl")
    shutil.copytree(CORPUS / "audio", folder / "audio")


MAKERS = {
    "regression": regression,
    "consistency": consistency,
    "dose": dose,
    "format": form,
    "attribution": attribution,
    "observational": observational,
}


def main() -> int:
    """Make the reviews that are named, or all of them."""
    for design in sys.argv[1:] or list(MAKERS):
        kept, made = ROOT / "reports" / design, BUILD / design
        shutil.rmtree(made, ignore_errors=True)
        MAKERS[design](made)
        shutil.copy(kept / "study.json", made / "study.json")
        command = f"python recipes/reports/make.py {design}"
        result = review.review(study.load(made / "study.json"), made / "review", command=command)
        for name in ("index.html", "results.json"):
            shutil.copy(made / "review" / name, kept / name)
        print(f"{design}: {result.results['answer']['sentence']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
