#!/usr/bin/python3
"""Prints what script/bench has measured of a month, as a table.

    month_report.py MACHINE TIMES
"""

import sys

from report import as_ratio, machine_line, median, quantity, read, table

OLD_STEPS = [
    ("COPY out", "copy_out"),
    ("Python: start, read the CSV, make the matrix", "python_read"),
    ("Python: scores", "python_predict"),
    ("Python: contributions, two threads", "python_contributions"),
    ("Python: groups, levels, write the CSV", "python_write"),
    ("COPY in", "copy_in"),
]


def processes(workers):
    return {0: "one process", 1: "leader and one worker"}.get(workers, f"leader and {workers} workers")


def main():
    machine, path = sys.argv[1:]
    times = read(path)[0][0]

    def seconds(what):
        return quantity(what, median(times, what))

    def count(what):
        return int(median(times, what))

    print(machine_line(machine, times))
    print()
    old = median(times, "old_way")
    lines = [(title, "", seconds(what), "") for title, what in OLD_STEPS]
    lines.append(("**the old way, all of it**", "", seconds("old_way"), ""))
    for title, what in (
        (f"materialized view with `risk.explanation`, by default: {processes(count('workers'))}", "view"),
        ("the same, `max_parallel_workers_per_gather` 0: one process", "view_serial"),
        (f"materialized view with `risk.explain_groups`, by default: {processes(count('workers_groups'))}", "view_groups"),
    ):
        lines.append((title, seconds(what), "", as_ratio(median(times, what) / old, 0.05)))
    table((f"{count('companies'):,} companies", "in the database", "the old way", "ratio"), lines)

    same = count("unmatched") == 0 and median(times, "farthest") <= 1e-6 and count("other_groups_not_tied") == 0
    print(
        f"{'The same answers' if same else '**NOT the same answers**'}: scores differ by at most"
        f" {median(times, 'farthest'):.1g}, {count('unmatched')} companies are on one side only,"
        f" {count('other_alert')} have another level ({count('alerts'):,} have one),"
        f" {count('other_groups')} have other groups, of which {count('other_groups_not_tied')} without a tie"
        " (within 1e-4 in the margin)."
    )
    sys.exit(0 if same else 1)


main()
