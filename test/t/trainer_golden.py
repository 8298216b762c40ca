#!/usr/bin/python3
"""How the digests in 006_trainer.pl were made.

Trains with the Python package of XGBoost on the rows of TrainerProgram.pm what the
test trains with company_risk_trainer, and prints the SHA-256 of each model's
UBJSON.  The objective is squared error, in which no library of mathematics has a
part: the same version gives the same bytes everywhere.  The models and the version
in the name are all that the test needs; it never runs this.
"""
import hashlib

import numpy as np
import xgboost as xgb


def rows(count):
    state = 42

    def random(n):
        nonlocal state
        state = (state * 1103515245 + 12345) % 2147483648
        return (state >> 8) % n

    for number in range(count):
        x = [(random(2001) - 1000) / 64 for _ in range(3)]
        code = random(7)
        y = (random(2001) - 1000) / 128
        noise = (random(65) - 32) / 16
        label = x[0] * 0.5 + (4 if x[1] > 0 else 0) + (6 if code in (2, 5) else 0) - y + noise
        weight = 1 + random(3) / 2
        if random(5) == 0:
            x[random(3)] = float("nan")
        yield number, label, weight, x + [code, y]


def matrix(chosen, weighted, types):
    return xgb.DMatrix(
        np.array([r[3] for r in chosen], dtype=np.float32),
        label=np.array([r[1] for r in chosen], dtype=np.float32),
        weight=np.array([r[2] for r in chosen], dtype=np.float32) if weighted else None,
        feature_names=["x0", "x1", "x2", "x3", "x4"],
        feature_types=types,
        enable_categorical=True,
        nthread=1,
    )


NUMERIC = ["float"] * 5
CATEGORICAL = ["float", "float", "float", "c", "float"]
CASES = {
    "plain": dict(parameters={"max_depth": 4, "tree_method": "hist"}, rounds=8, weighted=False, types=NUMERIC),
    "weighted": dict(parameters={"max_depth": 3, "tree_method": "approx", "eta": 0.5, "subsample": 0.5, "seed": 7},
                     rounds=6, weighted=True, types=NUMERIC),
    "categorical": dict(parameters={"max_depth": 4, "tree_method": "hist", "max_cat_to_onehot": 1},
                        rounds=6, weighted=False, types=CATEGORICAL),
    "stopped": dict(parameters={"max_depth": 6, "tree_method": "hist", "eta": 1.0, "eval_metric": "rmse"},
                    rounds=50, weighted=False, types=NUMERIC, stop=4),
    "dart": dict(parameters={"booster": "dart", "max_depth": 3, "tree_method": "hist", "rate_drop": 0.5, "seed": 3},
                 rounds=6, weighted=False, types=NUMERIC),
}

for name, case in CASES.items():
    all_rows = list(rows(3000))
    stop = case.get("stop")
    train = [r for r in all_rows if not (stop and r[0] % 3 == 2)]
    d_train = matrix(train, case["weighted"], case["types"])
    evals = []
    if stop:
        evals = [(matrix([r for r in all_rows if r[0] % 3 == 2], case["weighted"], case["types"]), "validation")]
    booster = xgb.train({"objective": "reg:squarederror", "nthread": 1, **case["parameters"]}, d_train,
                        num_boost_round=case["rounds"], evals=evals, early_stopping_rounds=stop, verbose_eval=False)
    # what versions of the package add by themselves, of which libxgboost knows nothing
    booster.set_attr(best_ntree_limit=None)
    if not stop:
        booster.set_attr(best_iteration=None)
    raw = bytes(booster.save_raw("ubj"))
    print(xgb.__version__, name, hashlib.sha256(raw).hexdigest(), len(raw), booster.attr("best_iteration"))
