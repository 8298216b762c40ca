#!/usr/bin/python3
"""Makes the models and rows of the benchmark.

    train.py FOLDER reference    one model, and 200,000 rows as floats and as CSV
    train.py FOLDER growth       models that differ from the reference in one thing each, and rows

Writes NAME.ubj and NAME.rows (float32, NaN is missing, row by row), and
reference.csv for COPY ... (FORMAT csv, NULL 'nan'): id, then the features,
with the digits that give the same float32 back. Prints for each model its
name, trees, depth (0: no limit), features and leaves in all.

The same seed gives the same models; two threads do not change them.
"""

import json
import sys

import numpy as np
import xgboost as xgb

ROWS = 200_000
LEARNED = 60_000
MISSING = 0.12

# name: trees, depth, features, leaves at most with grow_policy=lossguide
REFERENCE = {"reference": (500, 6, 40, 0)}
GROWTH = {
    "trees-100": (100, 6, 40, 0),
    "trees-1000": (1000, 6, 40, 0),
    "depth-4": (500, 4, 40, 0),
    "depth-8": (500, 8, 40, 0),
    "depth-12": (500, 12, 40, 0),
    "features-10": (500, 6, 10, 0),
    "features-200": (500, 6, 200, 0),
    "lossguide-64": (500, 0, 40, 64),
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


def make(folder, name, rows, learned, trees, depth, features, max_leaves):
    x, failed = companies(rows, features)
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
    data = xgb.DMatrix(x[:learned], label=failed[:learned])
    booster = xgb.train(parameters, data, trees)
    booster.save_model(f"{folder}/{name}.ubj")
    x.tofile(f"{folder}/{name}.rows")
    print(name, trees, depth, features, leaves(booster), flush=True)
    return x


def write_csv(path, x):
    line = "%d" + ",%.9g" * x.shape[1] + "\n"
    with open(path, "w") as f:
        for i, row in enumerate(x.tolist(), 1):
            f.write(line % (i, *row))


def main():
    folder, what = sys.argv[1:]
    if what == "reference":
        for name, shape in REFERENCE.items():
            write_csv(f"{folder}/{name}.csv", make(folder, name, ROWS, LEARNED, *shape))
    else:
        for name, shape in GROWTH.items():
            make(folder, name, 20_000, 20_000, *shape)


main()
