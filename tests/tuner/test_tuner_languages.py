"""Literals of languages that are told apart by their tokens, and of settings on lines."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.proposers.tuner.comment_marks import Misread
from autoexp_tui.proposers.tuner.domains import Choices
from autoexp_tui.proposers.tuner.slots import Slot, find, read, splice
from autoexp_tui.proposers.tuner.telling import look

C = r"""
#include "x3.h"
#define N 64
#if N > 10
#endif
#define MAX(a, b) ((a) > (b) ? (a) : 7)
/* a 5 comment */
static const double tol = 1e-6; // 4
int table[10] = {16, 32};
enum { A = 3, B };
double relax(double x, int iters) {
    double omega = 1.5f, sum = 0.0;
    for (int i = 0; i < 100; i += 4) {
        sum += 0.25 * x * x + pow(x, 3);
        mask = mask << 3;
    }
    struct cfg c = { .w = 4, .rate = -0.1 };
    char buf[256];
    printf("%d 9 %f\n", 5, sum * 100);
    srand(42);
    switch (iters) { case 3: return 7; }
    return sum / (omega + 1e-12) + 0xFF + 08;
}
int main(void) { relax(0.5, 10UL); exit(4); }
"""
JAVASCRIPT = """
import { x } from 'pkg/3'
const LR = 0.1, opts = {depth: 3, 'width': 64, nested: {drop: 0.25}}
export function fit(data, rate = 0.01) {
  let best = 0
  for (let i = 0; i < 100; i++) best += data[7] * 0.5
  const blur = (v) => { return v * 2.5 }
  return new Model({layers: 4, seed: 7, act: 'a'}, 1.5)
}
class Cache {
  size = 128
  get(k) { return Math.pow(k, 1.7) }
}
setTimeout(() => fit([], 3), 250)
x.toFixed(4); const s = `n ${x} 4`; const re = /a{3}/g
"""
RUST = """
const N: usize = 64;
struct Config { lr: f64, n: u32 }
impl Config {
    fn new() -> Self { Config { lr: 0.1_f64, n: 10u32 } }
}
fn step(x: &mut [f64; 8], t: (f64, f64)) -> f64 {
    let alpha = 0.75;
    for i in 0..20 { acc += x[i] * 1.5 + t.0; }
    let v = vec![0.5; 32];
    let rng = StdRng::seed_from_u64(42);
    println!("{:.3} {}", acc, 7);
    acc.powi(3).max(0.125)
}
"""
GO = """
package main
import "fmt"
var scale float64 = 3.5
const (
	Size = 128
)
type T struct{ a [10]int }
func (t *T) Solve(x float64) float64 {
	cfg := Config{Rate: 0.25, Seed: 3}
	for i := 0; i < 500; i++ {
		x -= x * 0.9
	}
	os.Exit(3)
	return x
}
"""
JAVA = """
public class Fit {
    static final double LR = 0.1d;
    double run(double x) {
        for (int i = 0; i < 50; i++) { x = Math.max(x * 0.9, 0.05); }
        Random r = new Random(42);
        return x > 3.5 ? 1.25 : 7L;
    }
}
"""
RUBY = """
RATE = 0.1
def fit(x, rate = 0.25, depth: 4)
  (1..10).each { |i| x += i * 2.5 }
  train(lr: 0.5, :steps => 30) # 7
end
"""
SQL = """
CREATE TABLE q (a VARCHAR(255), b DECIMAL(10,2));
SELECT a FROM t WHERE score > 0.75 GROUP BY 3 LIMIT 10; -- 5
"""
SHELL = """\
#!/bin/sh
# x=5
N=64
LR=${LR:-0.1}
PORT=8080
python train.py --lr 0.05 --epochs=30 --seed 3 -j 8 "$@" 2>&1
cat <<EOF
K=3
EOF
exit 3
"""
INI = "[train]\nlr = 0.1 ; rate\nepochs: 30\nname = x 5\nflag = true\n[server]\nport = 8080\n"

MOVING = {
    ("a.c", C): {
        "N": "64", "tol": "1e-6", "table[0]": "16", "table[1]": "32", "relax.omega": "1.5",
        "relax.i#2": "100", "relax.sum#2": "0.25", "relax.c.w": "4", "relax.c.rate": "-0.1",
        "main.relax.arg1": "0.5", "main.relax.arg2": "10",
    },
    ("a.js", JAVASCRIPT): {
        "LR": "0.1", "opts.depth": "3", "opts.width": "64", "opts.nested.drop": "0.25",
        "fit.rate": "0.01", "fit.i#2": "100", "fit.best#2": "0.5", "fit.blur.v": "2.5",
        "fit.Model.arg1.layers": "4", "fit.Model.arg2": "1.5", "Cache.size": "128",
        "Cache.get.pow.arg2": "1.7", "fit.arg2": "3", "setTimeout.arg2": "250",
    },
    ("a.rs", RUST): {
        "N": "64", "Config.new.Config.lr": "0.1", "Config.new.Config.n": "10",
        "step.alpha": "0.75", "step.i#2": "20", "step.acc": "1.5", "step.v[0]": "0.5",
        "step.max.arg1": "0.125",
    },
    ("a.go", GO): {
        "scale": "3.5", "Size": "128", "Solve.Config.Rate": "0.25", "Solve.i#2": "500",
        "Solve.x": "0.9",
    },
    ("A.java", JAVA): {
        "Fit.LR": "0.1", "Fit.run.i#2": "50", "Fit.run.max.arg1": "0.9",
        "Fit.run.max.arg2": "0.05", "Fit.run.x": "3.5", "Fit.run.x#2": "1.25", "Fit.run.x#3": "7",
    },
    ("a.rb", RUBY): {
        "RATE": "0.1", "fit.rate": "0.25", "fit.depth": "4", "fit.value#2": "10", "fit.x": "2.5",
        "fit.train.lr": "0.5", "fit.train.steps": "30",
    },
    ("a.sql", SQL): {"score": "0.75", "LIMIT": "10"},
    ("a.sh", SHELL): {
        "N": "64", "LR": "0.1", "python --lr": "0.05", "python --epochs": "30", "python -j": "8",
    },
    ("a.ini", INI): {"train.lr": "0.1", "train.epochs": "30", "train.flag": "true"},
}  # fmt: skip


@pytest.mark.parametrize(("target", "text"), MOVING)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_moves_is_called_by_where_it_stands(target: str, text: str, line_end: str) -> None:
    found = find(text.replace("\n", line_end), target)
    assert {slot.name: slot.literal for slot in found} == MOVING[target, text]


def test_why_others_are_left_alone_is_told() -> None:
    why = {slot.name: slot.why for slot in read(C, "a.c") if slot.why}
    assert why == {
        "table[]": "index or size",
        "A": "enum",
        "relax.sum": "start, step or end of counting",
        "relax.i": "start, step or end of counting",
        "relax.i#3": "start, step or end of counting",
        "relax.pow.arg2": "exponent",
        "relax.mask": "bit pattern",
        "relax.buf[]": "index or size",
        "relax.printf.arg2": "output",
        "relax.printf.arg3": "output",
        "relax.srand.arg1": "seed",
        "relax.value": "check",
        "relax.value#2": "exit code",
        "relax.omega#2": "guard against zero",
        "relax.sum#3": "other notation",
        "relax.sum#4": "other notation",
        "main.exit.arg1": "exit code",
    }


@pytest.mark.parametrize(("target", "text"), MOVING)
def test_another_value_changes_that_place_alone_and_no_name(target: str, text: str) -> None:
    slots = read(text, target)
    assert splice(text, slots, {slot.name: slot.literal for slot in slots}) == text
    for slot in slots:
        for value in _others(slot):
            changed = splice(text, slots, {slot.name: value})
            assert changed == text[: slot.start] + value + text[slot.end :]
            again = {found.name: found.literal for found in read(changed, target)}
            assert again == {found.name: found.literal for found in slots} | {slot.name: value}


def _others(slot: Slot) -> list[str]:
    domain = slot.domain(slot.literal)
    if domain is None:
        return []
    if isinstance(domain, Choices):
        return [option for option in domain.options if option != slot.literal]
    return sorted({domain.decode(end) for end in domain.ends} - {slot.literal})


@pytest.mark.parametrize(("target", "text"), MOVING)
def test_a_file_with_a_mark_moves_what_is_marked_alone(target: str, text: str) -> None:
    sign = {"sql": "--", "sh": "#", "rb": "#", "ini": ";"}.get(target.rpartition(".")[2], "//")
    marked = f"{text}\nx = 3 {sign} tune: 1 .. 9\n"
    assert [slot.literal for slot in find(marked, target)] == ["3"]


@pytest.mark.parametrize(
    ("target", "text", "told"),
    [
        ("a.js", "x=f(3.5);" * 1000, "it is minified, or written by a program"),
        ("a.c", "x = 3.5;\n" * 30_000, "it is too long"),
        ("a.bin", "x = 3.5", "it is in no language that is known"),
        ("a.ipynb", "{}", "it is a notebook (`jupyter nbconvert --to script`"),
        ("a.c", "x = 3.5\0", "it is not text"),
    ],
)
def test_what_is_not_looked_through_is_told(target: str, text: str, told: str) -> None:
    contract = Contract(target, "true", (Metric("loss", "lower"),))
    (problem,) = look(contract, text).problems
    assert told in problem


_WORDS = (
    "x f if for fn function class enum case return const 3 0.5 1e-6 2. .5 0x1F 10u32 1_000 --lr"
    " ( ) [ ] { } < > , ; : = => := .. + - ' \" ` /* */ // # ${ \\ é \ud800 \x01 \0 <<EOF %w( r#"
)
_PIECES = st.sampled_from([*_WORDS.split(" "), "#define N", "\n", "\r\n", " "])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_PIECES, max_size=40).map("".join),
    st.sampled_from(["a.c", "a.js", "a.rs", "a.go", "a.rb", "a.sql", "a.sh", "a.ini", "a.r"]),
    st.data(),
)
def test_hostile_text_is_spliced_exactly(text: str, target: str, data: st.DataObject) -> None:
    try:
        slots = read(text, target)
    except Misread:
        return
    assert splice(text, slots, {slot.name: slot.literal for slot in slots}) == text
    assert len({slot.name for slot in slots}) == len(slots)
    if slots:
        slot = data.draw(st.sampled_from(slots))
        for value in _others(slot):
            assert splice(text, slots, {slot.name: value}) == (
                text[: slot.start] + value + text[slot.end :]
            )


@pytest.mark.parametrize(
    ("target", "piece"),
    [
        ("a.c", "f(3, "),
        ("a.rb", "{[("),
        ("a.sh", "<<A\n"),
        ("a.js", "`${"),
        ("a.ini", "a=1;\n"),
        ("b.js", "class a{x=3;"),
    ],
)
def test_hostile_text_ends_in_time(target: str, piece: str) -> None:
    text = "\n".join([piece * (4000 // len(piece))] * 10)
    before = time.process_time()
    slots = read(text, target)
    assert time.process_time() - before < 10
    assert max((len(slot.name) for slot in slots), default=0) < 300
