#!/usr/bin/python3
"""The old way: scores, levels and strongest groups of exported companies.

    month.py MODEL IN.csv OUT.csv

Reads a CSV with siren and features; writes siren, score, level, the three
groups, and how near the nearest two of the strongest four are (in margin
units). Prints "what value", in seconds.
"""

import sys
import time

begun = time.perf_counter()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import xgboost as xgb  # noqa: E402

THREADS = 2
GROUPS = np.array(["Social debts", "Partial activity", "Accounts", "Workforce", "The firm itself"])


def step(what):
    global begun
    now = time.perf_counter()
    print(what, now - begun, flush=True)
    begun = now


def main():
    model, read, written = sys.argv[1:]
    print("xgboost_version", xgb.__version__)
    booster = xgb.Booster({"nthread": THREADS}, model_file=model)
    booster.set_param({"nthread": THREADS})
    features = [f"f{i}" for i in range(booster.num_features())]
    companies = pd.read_csv(read, dtype={"siren": str, **dict.fromkeys(features, np.float32)})
    matrix = xgb.DMatrix(companies[features].to_numpy(), nthread=THREADS)
    step("python_read")

    score = booster.predict(matrix)
    step("python_predict")
    contributions = booster.predict(matrix, pred_contribs=True)
    step("python_contributions")

    sums = np.stack([contributions[:, j:-1:len(GROUPS)].sum(axis=1) for j in range(len(GROUPS))], axis=1)
    order = np.argsort(-np.abs(sums), axis=1, kind="stable")
    strongest = np.take_along_axis(np.abs(sums), order, axis=1)[:, :4]
    pd.DataFrame({
        "siren": companies["siren"],
        "score": score,
        "alert": np.select([score >= 0.7, score >= 0.4], ["Alerte seuil F1", "Alerte seuil F2"], "Pas d'alerte"),
        **{f"group{i}": GROUPS[order[:, i]] for i in range(3)},
        "gap": (strongest[:, :-1] - strongest[:, 1:]).min(axis=1),
    }).to_csv(written, index=False, header=False)
    step("python_write")


main()
