#!/usr/bin/python3
"""Prints how times grow, as tables, and draws them.

    growth.py MACHINE TIMES SVG

A line "point AXIS X ..." of times begins what was measured there.
"""

import sys

import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from report import as_ratio, machine_line, median, quantity, read, spread, table  # noqa: E402

MARGIN, BULK, ALONE = "margin_core", "margin_libxgboost_bulk", "margin_libxgboost_alone"
OURS, THEIRS = "contributions_core", "contributions_libxgboost"
BATCH = "contributions_batch"
COLD, PREPARE = "margin_core_cold", "prepare_core"

MODELS = [("trees", "trees"), ("depth", "depth at most"), ("leaves", "leaves at most, no limit of depth"),
          ("features", "features used")]
WIDTHS = [("width-10", "10 features"), ("width-40", "40 features")]

# what, label, colour, dashes
CORE_LINES = [
    (MARGIN, "margin", "tab:blue", "-"),
    (BULK, "libxgboost, bulk", "tab:blue", "--"),
    (ALONE, "libxgboost, one row", "tab:blue", ":"),
    (OURS, "contributions", "tab:red", "-"),
    (BATCH, "contributions, many rows", "tab:red", ":"),
    (THEIRS, "pred_contribs", "tab:red", "--"),
]
WIDTH_LINES = [
    ("score", "score_company(t)", "tab:blue", "-"),
    ("score_composite", "as a composite", "tab:orange", "--"),
    ("score_named", "columns named", "tab:green", ":"),
    ("read", "reading only", "0.5", "-"),
]
ROWS_LINES = [
    ("score", "one process", "tab:blue", "-"),
    ("score_parallel", "leader and worker", "tab:blue", "-."),
    (BULK, "libxgboost, bulk", "tab:blue", "--"),
    ("read", "reading only", "0.5", "-"),
]


def ratio(times, ours, theirs):
    return as_ratio(median(times, ours) / median(times, theirs))


def model_table(axis, points):
    lines = []
    for x, (_, trees, _, leaves), times in points:
        lines.append((
            f"{x:,}", f"{int(leaves):,}",
            quantity("image_bytes", median(times, "image_bytes")),
            quantity(MARGIN, median(times, MARGIN)), quantity(PREPARE, median(times, PREPARE)),
            f"{(median(times, MARGIN) - median(times, PREPARE)) / int(trees) * 1e9:.1f} ns",
            quantity(COLD, median(times, COLD)),
            quantity(BULK, median(times, BULK)), ratio(times, MARGIN, BULK),
            quantity(ALONE, median(times, ALONE)), ratio(times, MARGIN, ALONE),
            quantity(OURS, median(times, OURS)), quantity(THEIRS, median(times, THEIRS)), ratio(times, OURS, THEIRS),
            quantity(BATCH, median(times, BATCH)), ratio(times, BATCH, THEIRS),
        ))
    table((dict(MODELS)[axis], "leaves in all", "image", "margin", "of it preparing", "a tree", "caches cold",
           "theirs, bulk", "ratio", "theirs, one row", "ratio", "contributions", "`pred_contribs`", "ratio", "many rows", "ratio"), lines)


def sql_table(head, columns, points):
    table(head, [
        (f"{x:,}", *(spread(times, what) if what in times else "" for what in columns))
        for x, _, times in points
    ])


def panel(axes, title, series):
    """series: points, lines, marker, whether they are in the legend"""
    for points, lines, marker, named in series:
        for what, label, colour, dashes in lines:
            xy = [(x, median(times, what) * 1e6) for x, _, times in points if what in times]
            if xy:
                axes.plot(*zip(*xy), dashes, color=colour, marker=marker, markersize=3, linewidth=1.2,
                          label=label if named else None)
    axes.set(xscale="log", yscale="log", title=title)
    axes.grid(True, which="major", linewidth=0.4, color="0.85")
    if any(named for *_, named in series):
        axes.legend(fontsize=6.5, frameon=False, labelspacing=0.2)
    xs = sorted({x for points, *_ in series for x, *_ in points} - {9, 99})  # too near to 10 and 98
    axes.set_xticks(xs, [f"{x:,}" if x < 10_000 else f"$10^{len(str(x)) - 1}$" for x in xs],
                    fontsize=6, rotation=40 if len(xs) > 6 else 0)
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.tick_params(axis="y", labelsize=7)


def draw(path, by_axis):
    matplotlib.rcParams.update({"svg.hashsalt": "company_risk", "svg.fonttype": "none", "font.size": 8,
                                "axes.titlesize": 8, "font.family": "sans-serif"})
    panels = [(title, [(by_axis[axis], CORE_LINES, "o", i == 0)])
              for i, (axis, title) in enumerate(a for a in MODELS if a[0] in by_axis)]
    wide = [(by_axis[axis], WIDTH_LINES, marker, axis == "width-40")
            for (axis, _), marker in zip(WIDTHS, "^o") if axis in by_axis]
    if wide:
        panels.append(("columns of the table (△ 10 used, ● 40 used), SQL", wide))
    if "rows" in by_axis:
        panels.append(("rows of the table, SQL", [(by_axis["rows"], ROWS_LINES, "o", True)]))
    height = (len(panels) + 2) // 3
    figure, grid = plt.subplots(height, 3, figsize=(11, 3.4 * height), squeeze=False, layout="constrained")
    for axes, described in zip(grid.flat, panels):
        panel(axes, *described)
    for axes in grid.flat[len(panels):]:
        axes.axis("off")
    for axes in grid[:, 0]:
        axes.set_ylabel("µs a row")
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main():
    machine, times, svg = sys.argv[1:]
    by_axis = {}
    everything = {}
    for measured, (axis, x, *shape) in read(times):
        by_axis.setdefault(axis, []).append((int(x), shape, measured))
        everything.update(measured)
    print(machine_line(machine, everything))
    print("A row; but for what a table varies: 500 trees, depth 6, 40 features. Medians; in SQL (least – most).\n")
    for axis, _ in MODELS:
        if axis in by_axis:
            model_table(axis, by_axis[axis])
    for axis, used in WIDTHS:
        if axis in by_axis:
            sql_table((f"columns, {used} used", "`score_company(t)`", "the row as a composite", "columns named in a subquery",
                       "reading the last column", "making the composite"),
                      ("score", "score_composite", "score_named", "read", "read_composite"), by_axis[axis])
    if "toast" in by_axis:
        sql_table(("columns, one of 20,000 bytes out of line", "`score_company(t)`", "the row as a composite",
                   "reading the last feature"), ("score", "score_composite", "read"), by_axis["toast"])
    if "rows" in by_axis:
        sql_table(("rows", "`sum(score_company(t))`, a row", "the same, `jit` off", "leader and one worker",
                   "reading one column", "margins in the core", "libxgboost in bulk"),
                  ("score", "score_nojit", "score_parallel", "read", MARGIN, BULK), by_axis["rows"])
    draw(svg, by_axis)


main()
