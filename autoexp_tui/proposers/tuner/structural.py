"""Which numbers make up the structure of a program, by what they are called and what they are for.

They are left alone: moved, they would break the program or fool the measurement, seldom improve it.
"""

from __future__ import annotations

import re
from functools import lru_cache

SEED = "seed"
SHAPE = "shape"
SPLIT = "size or split of the data"
INDEX = "index or size"
VERSION = "version"
DATE = "date"
ADDRESS = "address, name or id"
OUTPUT = "output"
ENUM = "enum"
BITS = "bit pattern"
EXIT = "exit code"
START = "start, step or end of counting"
SMALL = "0, 1 or 2 in a formula"
POWER = "exponent"
GUARD = "guard against zero"
FLAG = "control flow"
CHECK = "check"
DATA = "row of data"
NOTATION = "other notation"

_NAMES: tuple[tuple[str, str], ...] = (
    (
        SEED,
        r"(random_?)?seeds?|random_?state|rng",
    ),
    (
        VERSION,
        r"version(_info)?|ver|schema|revision|abi|protocol",
    ),
    (
        SPLIT,
        (
            r"(test|train|val(idation)?)_(size|split|fraction|ratio)|n_splits|n_folds|cv"
            r"|n_samples|num_samples|n_?rows|max_rows"
        ),
    ),
    (
        DATE,
        r"date|year|month|weekday|birthday|epoch_start|since",
    ),
    (
        SHAPE,
        (
            r"n_?classes|num_?classes|n_?vocab|vocab(_?size)?|num_embeddings|padding_idx|shape|ndim|ndmin"
            r"|axis|axes|keepdims?|dtype|itemsize|(in|out)_(channels|features|dim|size)"
            r"|(input|output)_(channels|features|dim|size|shape)|n_features|num_features|image_size"
            r"|img_size|sequence_length|seq_len|max_seq_len|figsize|word_?size"
        ),
    ),
    (
        ADDRESS,
        (
            r"port|paths?|files?|file_?name|dir|directory|folder|url|uri|host|ip|id|uid|gid|pid|fd|name|device"
            r"|gpu|license|checksum|mode|umask|signal|opcode|magic|errno"
        ),
    ),
    (
        OUTPUT,
        (
            r"debug|verbose|verbosity|log_?level|log_?(every|interval|freq|period|steps?)|print_every|dpi"
            r"|fontsize|linewidth|indent|indentation|precision|decimals|flush|stacklevel|colou?r|exist_ok"
            r"|capture_output|check|inplace|n_jobs|num_workers|daemon|parents|newline|index_col|header"
            r"|skiprows|usecols|encoding|required|is_flag|nargs|help"
        ),
    ),
)
_BY_NAME = [(why, re.compile(rf"(^|[^a-z0-9])({names})$")) for why, names in _NAMES]
_SEEDED = re.compile(
    r"(^|\.)(seed|manual_seed|manual_seed_all|seed_everything|set_(random_)?seed|default_rng"
    r"|random_state|random|prng_key|srand(om)?|new_source|new_pcg|seed_from_u64|mt19937(_64)?"
    r"|minstd_rand0?|generator|random_device|rng)$"
)
_EXITS = re.compile(r"(^|\.)(_?exit|system_exit|quit|abort|process_exit)$")
_SHAPED = re.compile(
    r"(^|\.)(zeros|ones|empty|full|rand|randn|reshape|view|permute|transpose|swapaxes|moveaxis|expand"
    r"|broadcast_to|tile|unsqueeze|squeeze|flatten|eye|identity|unravel_index|namedtuple|randbytes"
    r"|linear|conv(_transpose)?[123]d|embedding|(batch|instance)_norm[123]d|(layer|group)_norm|lstm|gru|rnn"
    r"|array_of|fill_array|astype|to_bytes|from_bytes|malloc|calloc|alloca|realloc|memset|memcpy)$"
)
_FILLED = re.compile(r"(^|\.)full$")
_INDEXED = re.compile(
    r"(^|\.)(slice|substr(ing)?|char_(code_)?at|at|nth|get_?item|item|pop|insert|splice|split_at"
    r"|split|rsplit|get|group|itemgetter|swap)$"
)
_DATED = re.compile(r"(^|\.)(datetime|date|time_?date|date_from_ymd)$")
_SHOWN = re.compile(
    r"(^|\.)(round|ljust|rjust|center|zfill|pad_?(start|end|left|right)|to_fixed|to_precision"
    r"|setw|set_?precision|format|f?printf?|println!?|print!?|s?n?printf|pprint|debug|info|warn(ing)?"
    r"|print_?ln|eprintln!?|write(ln)?!?|puts|log_debug|console|textwrap|shorten|repeat_char|echo"
    r"|set_printoptions|dumps?|stringify)$"
)
_PICTURED = re.compile(r"^(plt|ax|axs|axes|fig|sns|matplotlib|pyplot|seaborn)(\.|$)")
_TYPED = re.compile(
    r"^(var|n)?(char|binary|varying)$|^n?varchar2?$|^(decimal|numeric|float|int|bit|character|timestamp"
    r"|datetime2?|time|number|double|integer|bigint|array|bitset)$"
)
_NETWORK = re.compile(r"(^|\.)(listen|bind|connect|kill|signal|chmod|mkdir|umask|set_?sockopt)$")
_PROMISING = re.compile(
    r"(^|[^a-z])(lr|rate|alpha|beta|gamma|lambda|eta|momentum|decay|weight|scale|factor|ratio|step_?size"
    r"|temp(erature)?|cool(ing)?|thresh(old)?|tol(erance)?|eps(ilon)?|iter(ation)?s?|max|min|num|n|depth"
    r"|width|hidden|layers?|heads?|batch|block|chunk|window|buf(fer)?|cache|estimators|trees|leaf|leaves"
    r"|neighbo(u)?rs|clusters|epochs|steps|size|sigma|std|noise|dropout|penalty|reg|l1|l2|c|k|p|q|radius"
    r"|bound|limit|retries|restarts|population|pop|mutation|crossover|patience|warmup|bias|gain|margin"
    r"|spacing|offset|range|strength|speed|rounds|passes|unroll|tile|workers|threads|capacity|prob)"
    r"([^a-z]|$)"
)


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """`learningRate` and `LEARNING_RATE` as `learning_rate`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@lru_cache(maxsize=4096)
def by_name(name: str) -> str:
    """Why a value that is called so is left alone; empty where it may move."""
    spelt = snake(name)
    return next((why for why, pattern in _BY_NAME if pattern.search(spelt)), "")


@lru_cache(maxsize=4096)
def by_call(callee: str, position: int) -> str:
    """Why an argument of this call is left alone. Dotted callee; position from 0, -1 by keyword."""
    spelt = snake(callee)
    if _PICTURED.search(spelt):
        return OUTPUT
    if _FILLED.search(spelt) and position != 0:
        return ""
    tables = [(SEED, _SEEDED), (EXIT, _EXITS), (DATE, _DATED), (OUTPUT, _SHOWN)]
    if position >= 0:
        tables += [(SHAPE, _SHAPED), (INDEX, _INDEXED), (ADDRESS, _NETWORK)]
    return next((why for why, pattern in tables if pattern.search(spelt)), "")


def by_type(name: str) -> str:
    """Why a number in the brackets behind a type's name is left alone."""
    return INDEX if _TYPED.search(snake(name)) else ""


@lru_cache(maxsize=4096)
def is_promising(name: str) -> bool:
    """Whether it is called like what people tune."""
    return bool(_PROMISING.search(snake(name.rpartition(".")[2])))


def is_small(literal: str) -> bool:
    """Whether it is 0, 1 or 2, which formulas are made of."""
    return bool(re.fullmatch(r"[-+]?(0+|[012])(\.0*)?|[-+]?\.0+", literal))


def is_chosen(literal: str) -> bool:
    """Whether it is `-2.0`: as all of an argument that is a value, no part of a formula."""
    return bool(re.fullmatch(r"-2\.0*", literal))


def is_start(literal: str) -> bool:
    """Whether it is 0, or a whole 1: what counts and sums start from."""
    return bool(re.fullmatch(r"[-+]?(0+(\.0*)?|\.0+|1)", literal))


def is_guard(literal: str) -> bool:
    """Whether it is so small that it only keeps a formula away from zero."""
    match = re.fullmatch(r"[-+]?[\d._]+[eE]-(\d+)|[-+]?0?\.(0{5,})\d+", literal)
    return match is not None and (int(match[1]) >= 6 if match[1] else True)
