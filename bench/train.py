#!/usr/bin/python3
"""Makes the models and rows of the benchmark.

    train.py FOLDER reference        one model, and 200,000 rows as floats and as CSV
    train.py FOLDER growth [AXIS...] models that differ from the reference in one thing each, and rows
    train.py FOLDER month COMPANIES  the reference's model, and so many rows as CSV

Writes NAME.ubj and NAME.rows (float32, NaN is missing, row by row), and CSV for
COPY ... (FORMAT csv, NULL 'nan'): id, then the features, with the digits that
give the same float32 back. Prints for each model of an axis its axis, place on
it, features, trees, depth (0: no limit) and leaves in all.

The same seed gives the same models; two threads do not change them.
"""

import json
import os
import sys

# threads that wait without spinning, for machines that are busy
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np  # noqa: E402
import xgboost as xgb  # noqa: E402

ROWS = 200_000
LEARNED = 60_000
MISSING = 0.12

GROWTH_ROWS = 20_000
GROWTH_LEARNED = 10_000

# trees, depth, features, leaves at most with grow_policy=lossguide
REFERENCE = (500, 6, 40, 0)

# axis: place on it, shape.  The models of the axis trees are the beginnings of one.
AXES = {
    "trees": {n: (n, 6, 40, 0) for n in (100, 200, 500, 1000, 2000, 5000)},
    "depth": {n: (500, n, 40, 0) for n in (1, 2, 4, 6, 8, 9, 10, 12, 16)},
    "leaves": {n: (500, 0, 40, n) for n in (16, 64, 256)},
    "features": {n: (500, 6, n, 0) for n in (10, 20, 40, 100, 200, 300)},
    "width": {n: (500, 6, n, 0) for n in (10, 40)},
}


def companies(count, features, seed=1):
    """Rows on the scales that companies have, and who failed."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, features)).astype(np.float32)
    s = 0.9 * z[:, 0] - 0.6 * z[:, 1] + 1.1 * (z[:, 2] > 1) + 0.5 * z[:, 3] * z[:, 4] + np.sin(2 * z[:, 5])
    for j in range(6, features):
        s += 0.2 * z[:, j] * z[:, (j * 7) % features]
    failed = rng.random(count) < 1 / (1 + np.exp(1.5 - s))
    x = z.copy()
    for j in range(features):
        if j % 4 == 0:  # amounts in euros
            x[:, j] = np.round(50_000 * np.exp(2 * z[:, j]))
        elif j % 4 == 1:  # numbers of people, of months
            x[:, j] = np.floor(np.exp(1.5 + 1.2 * z[:, j]))
        elif j % 8 == 2:  # yes or no
            x[:, j] = z[:, j] > 1
        else:  # ratios
            x[:, j] = np.round(z[:, j], 4)
    x[rng.random(x.shape) < MISSING] = np.nan
    return x, failed


def leaves(booster):
    trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    return sum(tree["left_children"].count(-1) for tree in trees)


def train(x, failed, trees, depth, max_leaves):
    parameters = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "eta": 0.05,
        "max_depth": depth,
        "seed": 1,
        "nthread": 2,
    }
    if max_leaves:
        parameters.update(grow_policy="lossguide", max_leaves=max_leaves)
    return xgb.train(parameters, xgb.DMatrix(x, label=failed), trees)


def write_growth(folder, axis):
    shapes = AXES[axis]
    longest = None
    for place, (trees, depth, features, max_leaves) in shapes.items():
        name = f"{folder}/{axis}-{place}"
        x, failed = companies(GROWTH_ROWS, features)
        if axis == "trees":
            if longest is None:
                longest = train(x[:GROWTH_LEARNED], failed[:GROWTH_LEARNED], max(shapes), depth, max_leaves)
            booster = longest[:trees]
        else:
            booster = train(x[:GROWTH_LEARNED], failed[:GROWTH_LEARNED], trees, depth, max_leaves)
        booster.save_model(f"{name}.ubj")
        x.tofile(f"{name}.rows")
        if axis == "width" and features == REFERENCE[2]:
            write_csv(f"{folder}/width.csv", x)
        print(axis, place, features, trees, depth, leaves(booster), flush=True)


def write_csv(path, x):
    line = "%d" + ",%.9g" * x.shape[1] + "\n"
    with open(path, "w") as f:
        for i, row in enumerate(x.tolist(), 1):
            f.write(line % (i, *row))


def write_reference(folder, name, rows):
    trees, depth, features, max_leaves = REFERENCE
    x, failed = companies(rows, features)
    booster = train(x[:LEARNED], failed[:LEARNED], trees, depth, max_leaves)
    booster.save_model(f"{folder}/{name}.ubj")
    x.tofile(f"{folder}/{name}.rows")
    write_csv(f"{folder}/{name}.csv", x)


def main():
    folder, what, *arguments = sys.argv[1:]
    if what == "reference":
        write_reference(folder, what, ROWS)
    elif what == "month":
        write_reference(folder, what, int(arguments[0]))
    else:
        for axis in arguments:
            write_growth(folder, axis)


main()
