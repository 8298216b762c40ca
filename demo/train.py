#!/usr/bin/python3
"""Train the demo's model.

The demo itself never runs this: it imports model.ubj, which is kept beside this file. To train again,
in a database that has been through schema.sql, companies.sql and features.sql:

    psql -XqAt -c "COPY (SELECT f.*, o.failure, o.signaux_forts::int
                         FROM sfdata.company_features f
                         JOIN sfdata.company_outcomes o USING (siren, periode)
                         ORDER BY siren, periode) TO STDOUT CSV HEADER" > train.csv
    /usr/bin/python3 train.py train.csv model.ubj

("./run --train" does both.) It needs XGBoost and numpy only: on Debian,
python3-xgboost. The model in the repository was made with XGBoost 1.7.4.

What it does, and why:
  * Every column but siren, periode, failure and signaux_forts is a feature, in the view's order. All
    are numbers: a categorical feature would store bare codes and lose its words.
  * An empty field stays missing (NaN). It is never made 0.
  * Companies already in a procedure (signaux forts) are not learned from: nobody needs a prediction
    for them, and they are easy. Figures are given without and with them.
  * The split is by company: 60 % to learn from, 20 % to stop by, 20 % held out. One company's months
    are nearly one another's copies.
  * No resampling: the score keeps the meaning of a probability at the base rate of the data.
  * One thread and a fixed seed: the same data give the same bytes.
"""

import csv
import hashlib
import json
import sys

import numpy as np
import xgboost as xgb

NOT_FEATURES = ("siren", "periode", "failure", "signaux_forts")


def read(path):
    with open(path, newline="") as f:
        rows = csv.reader(f)
        header = next(rows)
        names = [c for c in header if c not in NOT_FEATURES]
        at = {c: i for i, c in enumerate(header)}
        columns = [at[c] for c in names]
        x, y, strong, siren = [], [], [], []
        for row in rows:
            x.append([float(row[i]) if row[i] != "" else np.nan for i in columns])
            y.append(int(row[at["failure"]]))
            strong.append(row[at["signaux_forts"]] == "1")
            siren.append(row[at["siren"]])
    return names, np.array(x, dtype=np.float32), np.array(y), np.array(strong), np.array(siren)


def fold(siren):
    """0..99, the same for every month of a company."""
    return int(hashlib.md5(siren.encode()).hexdigest()[:8], 16) % 100


def average_precision(y, s):
    order = np.argsort(-s, kind="stable")
    hits = np.cumsum(y[order])
    precision = hits / np.arange(1, len(y) + 1)
    return float((precision * y[order]).sum() / y.sum())


def roc_auc(y, s):
    _, inverse, counts = np.unique(s, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    positives = int(y.sum())
    return float((rank[y == 1].sum() - positives * (positives + 1) / 2.0)
                 / (positives * (len(y) - positives)))


def at_threshold(y, s, threshold):
    alert = s >= threshold
    hit = int((alert & (y == 1)).sum())
    return (hit / max(int(alert.sum()), 1), hit / int(y.sum()), float(alert.mean()))


def best_threshold(y, s, beta):
    """arg max of F_beta over a grid of hundredths, as the ministry does it."""
    best = (-1.0, 0.0)
    for threshold in np.arange(1, 100) / 100.0:
        precision, recall, _ = at_threshold(y, s, threshold)
        if precision + recall > 0:
            f = (1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall)
            best = max(best, (f, -threshold))
    return -best[1], best[0]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: train.py TRAIN.CSV MODEL.UBJ")
    names, x, y, strong, siren = read(sys.argv[1])
    folds = {s: fold(s) for s in set(siren)}
    part = np.array([folds[s] for s in siren])
    learn, stop, held = part < 60, (part >= 60) & (part < 80), part >= 80

    def matrix(mask):
        return xgb.DMatrix(x[mask], label=y[mask], feature_names=names, missing=np.nan, nthread=1)

    learning, stopping = matrix(learn & ~strong), matrix(stop & ~strong)
    booster = xgb.train(
        {
            "objective": "binary:logistic",
            "base_score": round(float(y[learn & ~strong].mean()), 6),
            "eval_metric": "logloss",
            "tree_method": "hist",
            "max_depth": 4,
            "eta": 0.025,
            "min_child_weight": 12,
            "gamma": 0.1,
            "subsample": 0.6,
            "colsample_bytree": 0.5,
            "lambda": 5,
            "seed": 18,
            "nthread": 1,
        },
        learning,
        num_boost_round=600,
        evals=[(stopping, "stop")],
        early_stopping_rounds=60,
        verbose_eval=False,
    )
    booster = booster[: booster.best_iteration + 1]
    booster.set_attr(best_iteration=None, best_score=None)
    booster.save_model(sys.argv[2])

    print(f"features {len(names)}, trees {booster.num_boosted_rounds()}, XGBoost {xgb.__version__}")
    for what, mask in (("learned from", learn & ~strong), ("stopped by", stop & ~strong),
                       ("held out", held & ~strong), ("held out, with signaux forts", held)):
        print(f"{what}: {mask.sum()} company-months of {len(set(siren[mask]))} companies, "
              f"{100 * y[mask].mean():.1f} % fail within 18 months")
    result = {}
    for what, mask in (("without signaux forts", held & ~strong), ("with signaux forts", held)):
        score = booster.predict(matrix(mask))
        print(f"held out, {what}: ROC AUC {roc_auc(y[mask], score):.3f}, "
              f"average precision {average_precision(y[mask], score):.3f}")
        if what.startswith("without"):
            for level, beta in (("strong", 0.5), ("moderate", 2.0)):
                threshold, f = best_threshold(y[mask], score, beta)
                precision, recall, share = at_threshold(y[mask], score, threshold)
                result[level] = threshold
                print(f"  {level}: score >= {threshold:.2f} (F{beta:g} {f:.3f}): precision {precision:.2f}, "
                      f"recall {recall:.2f}, {100 * share:.1f} % of companies alerted")
            print(f"  mean score {score.mean():.4f}, share that fails {y[mask].mean():.4f}")
    gains = booster.get_score(importance_type="total_gain")
    total = sum(gains.values())
    print("gain: " + ", ".join(f"{n} {100 * g / total:.0f} %" for n, g in
                               sorted(gains.items(), key=lambda item: -item[1])[:8]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
