"""The harness: sorts readers' messages by what prompt.txt says, and counts what it got right.

With a key for a language model (see README.md) the prompt is sent to it as it stands. Without one
there is an honest substitute: a message goes to the word whose line in the prompt is most like it.
`eval_accuracy` decides; `held_out_accuracy`, on other messages, never does.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import language_model
import similarity

HERE = Path(__file__).parent
LABELS = ("loans", "holds", "fees", "membership", "ebooks", "events", "rooms", "computers")
LONGEST = 4000  # characters; a prompt that holds the answers would be longer

Classifier = Callable[[str, Sequence[str]], list[str]]


class NoMeasurement(Exception):
    """The prompt can't be judged; the message says why."""


def load(name: str) -> list[tuple[str, str]]:
    """Label and message of every line."""
    text = (HERE / "data" / name).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return [(label, message) for label, message in rows]


def label_lines(prompt: str) -> list[tuple[str, str]]:
    """The prompt's lines of the form `fees: ...`, as label and text; a list's bullet is no harm.

    Raises NoMeasurement when a label has none.
    """
    found = re.findall(rf"^\s*(?:[-*]\s+)?({'|'.join(LABELS)}):[ \t]+(\S.*)$", prompt, re.MULTILINE)
    missing = [label for label in LABELS if label not in {label for label, _ in found}]
    if missing:
        raise NoMeasurement(f"the prompt has no line `{missing[0]}: ...`")
    return [(label, text.strip()) for label, text in found]


def by_likeness(alike: similarity.Model | similarity.SharedWords) -> Classifier:
    """Every message to the label of the most similar line; the first one among equals."""

    def classify(prompt: str, messages: Sequence[str]) -> list[str]:
        lines = label_lines(prompt)
        table = alike.compare(messages, [text for _, text in lines])
        return [lines[row.index(max(row))][0] for row in table]

    return classify


def by_language_model(model: language_model.Model) -> Classifier:
    """Every message as a conversation of its own, with the prompt as the system's part."""

    def classify(prompt: str, messages: Sequence[str]) -> list[str]:
        answers = model.ask(prompt, messages, longest=10)
        return [answer.strip().strip(".`'\"").lower() for answer in answers]

    return classify


def accuracy(given: Sequence[str], rows: Sequence[tuple[str, str]]) -> float:
    return sum(answer == label for answer, (label, _) in zip(given, rows, strict=True)) / len(rows)


def main() -> None:
    prompt = (HERE / "prompt.txt").read_text(encoding="utf-8")
    if not prompt.strip() or len(prompt) > LONGEST:
        raise NoMeasurement(f"the prompt has {len(prompt)} characters, not 1 to {LONGEST}")
    if llm := language_model.configured():
        judge, classify = llm.name, by_language_model(llm)
    else:
        alike = similarity.best_available()
        judge, classify = alike.name, by_likeness(alike)
    print(f"judged by: {judge}", flush=True)

    tuning, held_out = load("tuning.tsv"), load("held_out.tsv")
    given = classify(prompt, [message for _, message in tuning + held_out])
    on_tuning, on_held_out = given[: len(tuning)], given[len(tuning) :]
    wrong: Counter[tuple[str, str]] = Counter()
    for answer, (label, message) in zip(on_tuning, tuning, strict=True):
        if answer != label:
            print(f"  {label}, not {answer[:20]}: {message}")
            wrong[label, answer[:20]] += 1
    # The researcher is told which words are taken for which, and no message to learn by heart.
    for (label, answer), times in wrong.most_common(8):
        print(f"feedback: {label} taken for {answer}: {times}")
    print(f"eval_accuracy: {accuracy(on_tuning, tuning):.4f}")
    print(f"held_out_accuracy: {accuracy(on_held_out, held_out):.4f}")
    print(f"prompt_words: {len(prompt.split())}")


if __name__ == "__main__":
    try:
        main()
    except (NoMeasurement, similarity.Unusable, language_model.Unreachable) as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
