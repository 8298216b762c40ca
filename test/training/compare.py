"""Trains with Python's XGBoost what the database trained, and compares the models.

compare.py FOLDER: the folder holds, for each case NAME, NAME.json (parameters,
rounds, early_stopping_rounds, features in order and with their types), NAME.csv (the rows in the
order of the query: features, label, weight, role) and NAME.ubj (the model as
exported).  Prints one line for each case: its name, and "same" or what differs.

Compared are the bytes that XGBoost itself writes, after reading both models.  Put
aside before are attributes: which of them are kept is the Python package's habit.
Where training stops early the best iteration counts, of course.  Put aside are the
names of categories, too, which XGBoost 1.7 and 3.0 do not know, and which the Python
package of 3.1 and later cuts off where letters have more than one byte; models that have
such names are compared as JSON without them, which holds every bit of their numbers.
"""
import csv
import json
import sys
from pathlib import Path

import numpy
import pandas
import xgboost

ATTRIBUTES = ("category_offsets", "best_score", "best_ntree_limit")


def frame(rows, order, features):
    columns = {}
    for name in order:
        kind = features[name]
        values = [row[name] for row in rows]
        if kind == "category":
            columns[name] = pandas.Categorical([v or None for v in values],
                                               categories=sorted({v for v in values if v}))
        elif kind == "i":
            columns[name] = pandas.Series([v == "t" for v in values], dtype=bool)
        elif kind == "int":
            columns[name] = pandas.Series([int(v) for v in values], dtype="int64")
        else:
            columns[name] = pandas.Series([float(v) if v else numpy.nan for v in values], dtype="float64")
    return pandas.DataFrame(columns)


def matrix(data, rows, role):
    chosen = numpy.array([row["role"] == role for row in rows])
    return xgboost.DMatrix(
        data[chosen].reset_index(drop=True),
        label=numpy.array([float(row["label"] == "t") for row in rows])[chosen],
        weight=numpy.array([float(row["weight"]) for row in rows])[chosen],
        enable_categorical=True)


def normalised(raw, attributes):
    booster = xgboost.Booster()
    booster.load_model(bytearray(raw))
    for name in attributes:
        booster.set_attr(**{name: None})
    document = json.loads(bytes(booster.save_raw("json")))
    model = document["learner"]["gradient_booster"]
    model = model.get("gbtree", model)["model"]
    if any(model.get("cats", {}).get("enc", [])):
        del model["cats"]
        return json.dumps(document)
    return bytes(booster.save_raw("ubj"))


def compare(folder, name):
    case = json.loads((folder / f"{name}.json").read_text())
    with open(folder / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    data = frame(rows, case["order"], case["features"])
    validation = matrix(data, rows, "validation")
    trained = xgboost.train(case["parameters"], matrix(data, rows, "train"), case["rounds"],
                            evals=[(validation, "validation")] if validation.num_row() else [],
                            early_stopping_rounds=case.get("early_stopping_rounds"), verbose_eval=False)
    ours = (folder / f"{name}.ubj").read_bytes()
    attributes = ATTRIBUTES if "early_stopping_rounds" in case else ATTRIBUTES + ("best_iteration",)
    if normalised(trained.save_raw("ubj"), attributes) == normalised(ours, attributes):
        return "same"
    a, b = json.loads(bytes(trained.save_raw("json"))), xgboost.Booster()
    b.load_model(bytearray(ours))
    b = json.loads(bytes(b.save_raw("json")))
    return "; ".join(f"{key}: {str(a['learner'][key])[:200]} / {str(b['learner'][key])[:200]}"
                     for key in a["learner"] if a["learner"][key] != b["learner"].get(key))


if __name__ == "__main__":
    for description in sorted(Path(sys.argv[1]).glob("*.json")):
        print(description.stem, compare(Path(sys.argv[1]), description.stem), flush=True)
