"""The harness: asks the assistant that system.md describes, and marks its answers by a rubric.

With a key for a language model (see README.md) system.md is its system prompt. Without one the
assistant is *extractive*: it answers with the facts of system.md that are most like the question,
as many and as sure as system.md says. `task_score` and `length_tokens` decide;
`held_out_score`, on other questions, never does.
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


def mark(answer: str, rubric: str) -> float:
    """1 for what the rubric asks for in few words, a half in more, 0 for anything else."""
    wanted = DECLINES if rubric == "DECLINE" else re.compile(rubric, re.IGNORECASE)
    if not wanted.search(answer):
        return 0.0
    size = len(answer.split())
    return 1.0 if size <= SHORT else 0.5 if size <= LONG else 0.0


def tokens(text: str) -> int:
    """Words and punctuation marks: about what a model's tokenizer would count."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def main() -> None:
    system = (HERE / "system.md").read_text(encoding="utf-8")
    if not system.strip() or len(system) > LONGEST:
        raise NoMeasurement(f"system.md has {len(system)} characters, not 1 to {LONGEST}")
    if llm := language_model.configured():
        name, ask = llm.name, by_language_model(llm)
    else:
        alike = similarity.best_available()
        name, ask = f"an extractive assistant, no language model; {alike.name}", extractive(alike)
    print(f"answered by: {name}", flush=True)

    tuning, held_out = load("tuning.tsv"), load("held_out.tsv")
    answers = ask(system, [question for question, _ in tuning + held_out])
    marks = [
        mark(answer, rubric) for answer, (_, rubric) in zip(answers, tuning + held_out, strict=True)
    ]
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
