#!/usr/bin/python3
"""Makes rows.csv, values.csv and curves.csv of this folder: metrics as scikit-learn
and SciPy compute them, with and without weights.  Debian 12: python3-sklearn 1.2.1.

    python3 make.py

An empty value means that the metric is undefined, or that scikit-learn puts a number
where its own documentation says there is none (one class only, no alerts)."""

import csv
import warnings

import numpy as np
from scipy.stats import ks_2samp
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")
random = np.random.default_rng(20240917)
THRESHOLDS = [0.0, 0.1, 0.25, 0.5, 0.9, 1.0]
BETAS = [0.5, 1.0, 2.0]


def labels_for(scores, noise=1.0):
    logit = 4.0 * (scores - 0.5) + noise * random.normal(size=len(scores))
    return logit > np.quantile(logit, 0.7)


def cases():
    plain = random.random(200)
    yield "plain", plain, labels_for(plain), random.choice([0.5, 1, 2, 3.25], 200)
    ties = np.round(random.beta(1, 3, 300), 1)
    yield "ties", ties, labels_for(ties), random.random(300) + 0.01
    float32 = np.float32(1.0 / (1.0 + np.exp(-random.normal(-2, 1.5, 250)))).astype(float)
    yield "float32", float32, random.random(250) < float32, random.integers(1, 5, 250).astype(float)
    yield "tiny", np.array([0.1, 0.4, 0.35, 0.8, 0.4]), np.array([0, 0, 1, 1, 1], bool), np.array([1, 2, 3, 4, 5.0])
    yield "failures only", np.array([0.2, 0.7, 0.7]), np.ones(3, bool), np.array([1.0, 2, 3])
    yield "survivors only", np.array([0.2, 0.7, 0.7]), np.zeros(3, bool), np.array([1.0, 2, 3])
    yield "constant", np.full(40, 0.3), random.random(40) < 0.3, random.random(40) + 0.5
    extreme = np.array([0.0, 1.0, 5e-324, 1e-300, 2.0**-52, 2.0**-53, 1 - 2.0**-53, 1 - 2.0**-52, 0.5, 0.0, 1.0, 1e-17])
    yield "extreme", np.tile(extreme, 3), random.random(36) < 0.5, random.random(36) + 0.5
    rare = random.random(1000) ** 4
    yield "rare", rare, random.random(1000) < 0.02 * rare / rare.mean(), random.random(1000)
    wide = np.concatenate([random.normal(size=50) * 1e3, [-1.7e308, 1.7e308, 0.0, -0.0, 5e-324, -5e-324]])
    yield "unbounded", wide, random.random(56) < 0.5, random.random(56) + 0.5
    uneven = random.random(100)
    yield "uneven weights", uneven, labels_for(uneven), 10.0 ** random.uniform(-12, 12, 100)


def best_threshold(labels, scores, weights, beta):
    best, result = -1.0, None
    for threshold in sorted(set(scores), reverse=True):
        value = metrics.fbeta_score(labels, scores >= threshold, beta=beta, sample_weight=weights, zero_division=0)
        if value > best * (1 + 1e-13):  # of equal ones the highest threshold
            best, result = value, threshold
    return result


def expected_calibration_error(labels, scores, count):
    true, predicted = calibration_curve(labels, scores, n_bins=count)
    bins = np.searchsorted(np.linspace(0.0, 1.0, count + 1)[1:-1], scores)
    sizes = np.bincount(bins, minlength=count)
    return np.sum(sizes[sizes > 0] * np.abs(true - predicted)) / len(scores)


def values(labels, scores, weights):
    both = labels.any() and not labels.all()
    some = labels.any()
    auc = metrics.roc_auc_score(labels, scores, sample_weight=weights) if both else None
    yield "roc_auc", [], auc
    yield "average_precision", [], metrics.average_precision_score(labels, scores, sample_weight=weights) if some else None
    if not both:
        yield "ks_statistic", [], None
    elif weights is None:
        yield "ks_statistic", [], ks_2samp(scores[labels], scores[~labels]).statistic
    else:
        false, true, _ = metrics.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
        yield "ks_statistic", [], np.max(np.abs(true - false))
    for beta in BETAS:
        yield "best_threshold", [beta], best_threshold(labels, scores, weights, beta) if some else None
    for threshold in THRESHOLDS:
        alerts = scores >= threshold
        yield "precision_at", [threshold], metrics.precision_score(labels, alerts, sample_weight=weights) if alerts.any() else None
        yield "recall_at", [threshold], metrics.recall_score(labels, alerts, sample_weight=weights) if some else None
        yield "balanced_accuracy_at", [threshold], metrics.balanced_accuracy_score(labels, alerts, sample_weight=weights) if both else None
        for beta in BETAS:
            yield "fbeta_at", [threshold, beta], (
                metrics.fbeta_score(labels, alerts, beta=beta, sample_weight=weights) if some or alerts.any() else None)
    if scores.min() < 0 or scores.max() > 1:
        return
    yield "log_loss", [], metrics.log_loss(labels, scores, sample_weight=weights, labels=[False, True])
    yield "brier_score", [], metrics.brier_score_loss(labels, scores, sample_weight=weights, pos_label=True) if both else (
        np.average((scores - labels) ** 2, weights=weights))
    if weights is None and both:
        for count in [5, 10, 20]:
            yield "calibration_error", [count], expected_calibration_error(labels, scores, count)


def curves(labels, scores, weights):
    if not labels.any() or labels.all():
        return
    # the first threshold of the one and the last point of the other stand for "no alerts"
    for false, true, threshold in list(zip(*metrics.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)))[1:]:
        yield "roc", threshold, false, true
    for precision, recall, threshold in zip(*metrics.precision_recall_curve(labels, scores, sample_weight=weights)):
        yield "precision_recall", threshold, precision, recall


def number(value):
    return "" if value is None else repr(float(value))


with open("rows.csv", "w") as rows, open("values.csv", "w") as results, open("curves.csv", "w") as points:
    rows, results, points = (csv.writer(f, lineterminator="\n") for f in (rows, results, points))
    for name, scores, labels, weights in cases():
        for score, label, weight in zip(scores, labels, weights):
            rows.writerow([name, repr(float(score)), "t" if label else "f", repr(float(weight))])
        for weighted, used in (("f", None), ("t", weights)):
            for metric, parameters, value in values(labels, scores, used):
                results.writerow([name, weighted, metric, "{%s}" % ",".join(map(repr, parameters)), number(value)])
            if len(scores) <= 300:
                for curve, threshold, x, y in curves(labels, scores, used):
                    points.writerow([name, weighted, curve, number(threshold), number(x), number(y)])
