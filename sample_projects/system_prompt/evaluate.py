"""The harness: asks the assistant that system.md describes, and marks its answers by a rubric.

With a key for a language model (see README.md) system.md is its system prompt, and a second
request judges each answer. Without one the assistant is *extractive*: it answers with the facts of
system.md that are most like the question, as many and as sure as system.md says, and a pattern
judges. What an assistant must be told, whether a judge can see it or not, is a clause: without one
of them there is no measurement. `task_score` and `length_tokens` decide; `held_out_score`, on other
questions, never does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import language_model
import similarity

HERE = Path(__file__).parent
LONGEST = 6000  # characters
SHORT, LONG = 30, 60  # words: up to here an answer gets its full mark, up to there a half
DECLINES = re.compile(r"(don.t|do not) know", re.IGNORECASE)

TRUTH = "## What is true of the Lindenbad"  # the part of program.md that a judge is given
JUDGE = """You mark the answers of a swimming pool's assistant. Below is all that is true of the
pool. Say one digit and nothing else: 2 when the answer has what is wanted and nothing that is not
true, 1 when it has it beside something that the guest didn't ask for, 0 when it lacks it, or says
or promises anything that does not stand below."""
JUDGED = {"0": 0.0, "1": 0.5, "2": 1.0}

_KEYED = re.compile(r"^\s*(?:[-*]\s+)?([A-Z][\w ']*):[ \t]+(\S.*)$", re.MULTILINE)
MANNER = ("Facts per answer", "Confidence", "If you cannot answer")

Assistant = Callable[[str, Sequence[str]], list[str]]


class NoMeasurement(Exception):
    """The system prompt can't be judged; the message says why."""


def load(name: str) -> list[tuple[str, str]]:
    """Question and rubric of every line: a pattern that a right answer has, or DECLINE."""
    text = (HERE / "data" / name).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return [(question, rubric) for question, rubric in rows]


def check_clauses(system: str) -> None:
    """Raises NoMeasurement when a clause is missing that must stand in system.md, in some words."""
    for clause, pattern in load("clauses.tsv"):
        if not re.search(pattern, " ".join(system.split()), re.IGNORECASE):
            raise NoMeasurement(f"system.md has lost a clause: {clause}")


def extractive(alike: similarity.Model | similarity.SharedWords) -> Assistant:
    """Answers with whole facts; of what the other lines of system.md say it knows nothing."""

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        manner, facts = read(system)
        most = int(number(manner, "Facts per answer", 1, 9))
        enough = number(manner, "Confidence", 0, 1)
        answers = []
        for row in alike.compare(questions, facts):
            best = sorted(range(len(facts)), key=lambda i: (-row[i], i))[:most]
            said = [facts[i].partition(": ")[2] for i in best if row[i] >= enough]
            answers.append("; ".join(said) or manner["If you cannot answer"])
        return answers

    return answer


def read(system: str) -> tuple[dict[str, str], list[str]]:
    """The lines `Key: ...`: those about the manner, of which the last counts, and the facts."""
    pairs = [(key.strip(), text.strip()) for key, text in _KEYED.findall(system)]
    manner = {key: text for key, text in pairs if key in MANNER}
    facts = [f"{key}: {text}" for key, text in pairs if key not in MANNER]
    missing = [key for key in MANNER if key not in manner]
    if missing or not facts:
        raise NoMeasurement(f"system.md has no line `- {(missing or ['Some fact'])[0]}: ...`")
    return manner, facts


def number(manner: dict[str, str], key: str, low: float, high: float) -> float:
    try:
        value = float(manner[key])
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise NoMeasurement(f"`{key}: {manner[key]}` is no number from {low} to {high}")
    return value


def by_language_model(model: language_model.Model) -> Assistant:
    """Every question as a conversation of its own."""

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        return model.ask(system, questions, longest=300)

    return answer


def judged(
    model: language_model.Model, rows: Sequence[tuple[str, str]], answers: Sequence[str]
) -> list[float]:
    """Marks by a language model that knows what is true of the pool. Raises NoMeasurement."""
    truth = (HERE / "program.md").read_text(encoding="utf-8").partition(TRUTH)[2]
    wanted = ["to say that it doesn't know" if r == "DECLINE" else f"to say: {r}" for _, r in rows]
    asked = [
        f"Question: {question}\nWanted: {want}\nAnswer: {answer[:2000]}"
        for (question, _), want, answer in zip(rows, wanted, answers, strict=True)
    ]
    said = model.ask(f"{JUDGE}\n\n{truth.strip()}", asked, longest=5)
    for one in said:
        if one.strip().strip(".") not in JUDGED:
            raise NoMeasurement(f"the judge said {one.strip()[:40]!r}, not 0, 1 or 2")
    return [
        min(JUDGED[one.strip().strip(".")], brief(answer))
        for one, answer in zip(said, answers, strict=True)
    ]


def mark(answer: str, rubric: str) -> float:
    """1 for what the rubric asks for in few words, a half in more, 0 for anything else."""
    wanted = DECLINES if rubric == "DECLINE" else re.compile(rubric, re.IGNORECASE)
    return brief(answer) if wanted.search(answer) else 0.0


def brief(answer: str) -> float:
    """What an answer of this length may be worth at most."""
    size = len(answer.split())
    return 1.0 if size <= SHORT else 0.5 if size <= LONG else 0.0


def tokens(text: str) -> int:
    """Words and punctuation marks: about what a model's tokenizer would count."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def main() -> None:
    system = (HERE / "system.md").read_text(encoding="utf-8")
    if not system.strip() or len(system) > LONGEST:
        raise NoMeasurement(f"system.md has {len(system)} characters, not 1 to {LONGEST}")
    check_clauses(system)
    if llm := language_model.configured():
        name, ask = f"{llm.name}, which judges too", by_language_model(llm)
    else:
        alike = similarity.best_available()
        name, ask = f"an extractive assistant, no language model; {alike.name}", extractive(alike)
    print(f"answered by: {name}", flush=True)

    tuning, held_out = load("tuning.tsv"), load("held_out.tsv")
    answers = ask(system, [question for question, _ in tuning + held_out])
    rows = tuning + held_out
    if llm:
        marks = judged(llm, rows, answers)
    else:
        marks = [mark(answer, rubric) for answer, (_, rubric) in zip(answers, rows, strict=True)]
    for (question, _), answer, points in zip(tuning, answers, marks, strict=False):
        if points < 1:
            print(f"  {points:.1f}  {question} -> {' '.join(answer.split())[:90]}")
    print(f"task_score: {sum(marks[: len(tuning)]) / len(tuning):.4f}")
    print(f"length_tokens: {tokens(system)}")
    print(f"held_out_score: {sum(marks[len(tuning) :]) / len(held_out):.4f}")


if __name__ == "__main__":
    try:
        main()
    except (NoMeasurement, similarity.Unusable, language_model.Unreachable) as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
