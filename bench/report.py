#!/usr/bin/python3
"""Prints what script/bench has measured, as tables.

    report.py MACHINE TIMES

Lines of times are "what value"; several lines of one "what" are repetitions.
growth.py and month_report.py borrow from here.
"""

import statistics
import sys

# what, ours, theirs, at most
COMPARISONS = [
    ("margin of a row in the core, against bulk prediction", "margin_core", "margin_libxgboost_bulk", 0.22),
    ("the same, against prediction of one row", "margin_core", "margin_libxgboost_alone", 0.07),
    ("`SELECT sum(score_company(t)) FROM t`, a row, against bulk prediction", "score_sql", "beside_bulk", 0.40),
    ("contributions of a row in the core, against `pred_contribs` in bulk", "contributions_core", "contributions_libxgboost", 1 / 40),
    ("the same, many rows at a time", "contributions_batch", "contributions_libxgboost", 1 / 80),
    ("`explain_score(t, top => 5)`, a company, against `pred_contribs`", "explain_sql", "beside_contributions", 1 / 25),
    ("`score_company(t)`, a row, against a `plpython3u` function", "score_sql", "score_python", 1 / 25),
    ("first score of a connection over its second, against loading the model", "first_more", "load_libxgboost", 1 / 50),
    ("the same, where the connection knew the table", "first_known_more", "load_libxgboost", None),
    ("private memory gained by scoring, against a booster", "memory_sql", "memory_libxgboost", 1 / 20),
    ("leader and one worker, a row, against one process", "score_parallel", "score_sql", 0.60),
]
ALONE = [
    ("first score of a connection", "first"),
    ("its second score", "second"),
    ("first reading of a row on a connection, unscored, over its second", "reading_more"),
    ("reading the table without scoring, a row", "read_sql"),
    ("reading, checking and compiling the model, in the core", "load_core"),
    ("margin of a row in the core, the caches emptied before", "margin_core_cold"),
    ("the same, libxgboost, one row", "margin_libxgboost_cold"),
    ("size of the compiled model, shared by all connections", "image_bytes"),
]


def read(path):
    """Values by what they measure; a line "point ..." begins another set."""
    sets = [({}, [])]
    with open(path) as f:
        for line in f:
            what, *values = line.split()
            if what == "point":
                sets.append(({}, values))
            else:
                sets[-1][0].setdefault(what, []).append(values[0])
    return [s for s in sets if s[0]]


def numbers(times, what):
    return [float(value) for value in times[what]]


def median(times, what):
    return statistics.median(numbers(times, what))


def quantity(what, value):
    if what.startswith("memory") or what.endswith("bytes"):
        return f"{value / 1024:,.0f} KiB"
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if abs(value) * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}" if value * factor < 100 else f"{value * factor:.0f} {unit}"


def spread(times, what):
    values = numbers(times, what)
    text = quantity(what, median(times, what))
    if len(values) > 1 and min(values) != max(values):
        text += f" ({quantity(what, min(values))} – {quantity(what, max(values))})"
    return text


def as_ratio(value, at_most=None):
    """A fraction where the aim is one."""
    if 0 < value < 0.5 and (at_most or value) <= 0.05:
        return f"1/{1 / value:.3g}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def machine_line(machine, times):
    with open(machine) as f:
        line = "; ".join(f.read().split("\n")[:-1])
    return line + (f"; XGBoost {times['xgboost_version'][0]}." if "xgboost_version" in times else ".")


def comparisons(machine, times):
    print(machine_line(machine, times))
    print(
        f"Medians (least – most). All {int(median(times, 'margins')):,} margins are libxgboost's to the bit, in the core"
        " and from SQL; contributions differ by at most"
        f" {max(numbers(times, 'contributions_farthest')):.1g}.\n"
    )
    lines = []
    for title, ours, theirs, at_most in COMPARISONS:
        ratio = median(times, ours) / median(times, theirs)
        lines.append((
            title,
            spread(times, ours),
            spread(times, theirs),
            as_ratio(ratio, at_most),
            "" if at_most is None else as_ratio(at_most),
            "" if at_most is None else "yes" if ratio <= at_most else "**no**",
        ))
    table(("what", "ours", "theirs", "ratio", "at most", "reached"), lines)
    table(("for comparison", ""), [(title, spread(times, what)) for title, what in ALONE])


if __name__ == "__main__":
    comparisons(sys.argv[1], read(sys.argv[2])[0][0])
