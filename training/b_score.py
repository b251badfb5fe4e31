"""Trains b_score on a training set that the platform exported, and writes the ONNX file and its card.

    python training/b_score.py --training-set set.parquet --manifest manifest.json --version 3 --out models/b_score/v3 --book "50,000 customers, seed 7919, ending 2026-11-22"

A row is a customer with an open loan on the first of a month: `view__feature` columns (arrays as lists), the label, and who the customer is,
for the fairness report alone. The model learns on the older observation points and is judged on the newest three, which lie after the end of
every label window that it learned from. What is written is the very model that was judged. The same file gives the same model and card.
"""

import argparse
import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import xgboost as xgb
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from export import manifest_hash, sha256, to_onnx
from measures import calibration_error, information_value, intervals, ks, psi, quantile_bins

LABEL = "dpd30_6m"
WINDOW_MONTHS = 6
# A label is known up to three days after its window.
KNOWN_AFTER = timedelta(days=3)
TEST_POINTS = 3

# In tensor order, with the sign that credit sense asks of each: +1 riskier with more, -1 safer with more, 0 learned freely.
INPUTS = {
    "loan_behaviour": {
        "open_loans": 0,
        "overdue_loans": 1,
        "restructured_loans": 1,
        "principal_outstanding": 0,
        "overdue_principal": 1,
        "principal_repaid_share": -1,
        "current_dpd": 1,
        "max_dpd_1m": 1,
        "max_dpd_3m": 1,
        "max_dpd_6m": 1,
        "max_dpd_12m": 1,
        "days_since_overdue": -1,
        "overdue_days_3m": 1,
        "overdue_days_6m": 1,
        "overdue_spells_12m": 1,
        "dpd_weeks": 1,
        "months_on_book": 0,
        "loans_ever": 0,
        "new_loans_3m": 0,
        "credit_limit": 0,
        "frozen_lines": 1,
        "utilization": 1,
        "utilization_mean_3m": 1,
        "utilization_change_3m": 0,
    },
    "payment_rhythm": {
        "instalments_due": 0,
        "mean_days_late": 1,
        "max_days_late": 1,
        "last_days_late": 1,
        "days_late": 1,
        "late_instalments": 1,
        "lateness_trend": 0,
        "paid_early_share": -1,
        "auto_debit_share": -1,
        "partial_instalments": 1,
        "collected_payments_6m": 1,
        "reversals_6m": 1,
        "days_since_payment": 0,
        "due_next_30d": 0,
        "debt_service_ratio": 1,
    },
    "app_activity": {
        "sessions_7d": 0,
        "sessions_30d": 0,
        "sessions_change": 0,
        "logins_30d": 0,
        "days_since_login": 0,
        "night_share_90d": 1,
        "credit_views_30d": 0,
        "credit_view_share_90d": 1,
        "repayment_view_share_90d": 0,
    },
    "application_history": {
        "applications_90d": 0,
        "applications_365d": 0,
        "drawdowns_90d": 0,
        "declined_90d": 1,
        "declined_365d": 1,
        "days_since_application": 0,
        "bureau_score": -1,
        "bureau_score_change": 0,
        "multi_lender_count": 1,
        "reports_90d": 0,
    },
}
SEQUENCES = ["loan_behaviour__dpd_weeks", "payment_rhythm__days_late"]
FAIRNESS_GROUPS = ["gender", "education", "marital_status", "age_group"]
# Few trees of little depth: there are some hundred customers with a bad to learn from. Fixed by hand, no search.
SETTINGS = {
    "n_estimators": 250,
    "max_depth": 3,
    "learning_rate": 0.04,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "min_child_weight": 15,
    "reg_lambda": 5.0,
    "random_state": 42,
    "n_jobs": 1,
}
BOOTSTRAP_ROUNDS = 1_000
EXAMPLES = 8
# What the book is built to allow. Above it something has leaked; below it the features or the labels are broken.
AUC_RANGE = (0.76, 0.84)
# No single feature may know that much either.
LARGEST_SINGLE_AUC = 0.80
FEWEST_ROWS_OF_A_GROUP = 500


class Columns:
    """The model's matrix: float32 [rows, tensor columns], a missing value as NaN, with the name and the sign of each column."""

    def __init__(self, table) -> None:
        names, signs, parts = [], [], []
        for view, features in INPUTS.items():
            for feature, sign in features.items():
                column = f"{view}__{feature}"
                values = table.column(column).to_pylist()
                if column in SEQUENCES:
                    part = np.array([[np.nan if item is None else float(item) for item in value] for value in full(values)], dtype=np.float32)
                    names += [f"{column}__{index}" for index in range(part.shape[1])]
                else:
                    part = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float32)[:, None]
                    names.append(column)
                signs += [sign] * part.shape[1]
                parts.append(part)
        self.names, self.signs, self.matrix = names, signs, np.hstack(parts)

    def without(self, prefixes: list[str]) -> list[int]:
        return [index for index, name in enumerate(self.names) if not any(name.startswith(prefix) for prefix in prefixes)]


def full(values: list) -> list:
    """A customer without a row in the view has an empty sequence: as long as the others, all missing."""
    length = max(len(value) for value in values if value is not None)
    return [value if value else [None] * length for value in values]


def months_later(moment: datetime, months: int) -> datetime:
    month = moment.month - 1 + months
    return moment.replace(year=moment.year + month // 12, month=month % 12 + 1)


def split(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict]:
    """Rows of the newest points, rows of those whose labels were all known by the first of them, and the story for the card."""
    points = sorted(set(moments))
    test = points[-TEST_POINTS:]
    train = [point for point in points if months_later(point, WINDOW_MONTHS) + KNOWN_AFTER <= test[0]]
    if not train:
        raise SystemExit(f"no observation point lies {WINDOW_MONTHS} months before {test[0].date()}: backfill older ones")
    day = lambda point: point.date().isoformat()  # noqa: E731
    story = {
        "train": [day(point) for point in train],
        "left_out": [day(point) for point in points if point not in train and point not in test],
        "test": [day(point) for point in test],
        "gap": f"label windows of the training points end, and are known, before {day(test[0])}",
    }
    return np.isin(moments, train), np.isin(moments, test), story


def fit(columns: Columns, rows: np.ndarray, label: np.ndarray, chosen: list[int]) -> xgb.XGBClassifier:
    signs = tuple(columns.signs[index] for index in chosen)
    return xgb.XGBClassifier(**SETTINGS, monotone_constraints=signs).fit(columns.matrix[rows][:, chosen], label[rows])


def measured(label: np.ndarray, score: np.ndarray) -> dict:
    auc = float(roc_auc_score(label, score))
    return {"auc": round(auc, 4), "gini": round(2 * auc - 1, 4), "ks": round(ks(label, score), 4)}


def calibration(label: np.ndarray, score: np.ndarray) -> dict:
    bin_of = quantile_bins(score, score)
    bins = [
        {
            "rows": int((bin_of == b).sum()),
            "expected": round(float(score[bin_of == b].mean()), 4),
            "observed": round(float(label[bin_of == b].mean()), 4),
        }
        for b in np.unique(bin_of)
    ]
    return {
        "brier": round(float(brier_score_loss(label, score)), 4),
        "logLoss": round(float(log_loss(label, score)), 4),
        "ece": round(calibration_error(label, score), 4),
        "expectedOverObserved": round(float(score.mean() / label.mean()), 3),
        "bins": bins,
    }


def single_features(columns: Columns, rows: np.ndarray, label: np.ndarray) -> list[dict]:
    """The strongest inputs alone, over all rows: AUC in the better direction with missing values lowest, and information value."""
    found = []
    for index, name in enumerate(columns.names):
        values = columns.matrix[rows][:, index].astype(np.float64)
        auc = roc_auc_score(label[rows], np.nan_to_num(values, nan=-1e9))
        found.append({"column": name, "auc": round(float(max(auc, 1 - auc)), 4), "iv": round(information_value(label[rows], values), 3)})
    return sorted(found, key=lambda each: -each["auc"])


def groups_of(table, moments: np.ndarray) -> dict[str, np.ndarray]:
    found = {name: np.array([value or "" for value in table.column(name).to_pylist()]) for name in FAIRNESS_GROUPS if name != "age_group"}
    births = table.column("birth_date").to_pylist()
    years = [None if born is None else (moment.date() - born).days // 365.25 for born, moment in zip(births, moments, strict=True)]
    found["age_group"] = np.array(["" if age is None else "under 25" if age < 25 else "25 to 39" if age < 40 else "40 and over" for age in years])
    return found


def fairness(groups: dict[str, np.ndarray], label: np.ndarray, score: np.ndarray) -> list[dict]:
    """By group of the people judged: what came, what was said, how well they are told apart, and how many the worst tenth takes."""
    worst_tenth = score >= np.quantile(score, 0.9)
    rows = []
    for group, values in groups.items():
        for value in sorted(set(values) - {""}):
            of = values == value
            if of.sum() < FEWEST_ROWS_OF_A_GROUP or label[of].sum() == 0:
                continue
            rows.append({
                "group": group,
                "value": value,
                "rows": int(of.sum()),
                "bads": int(label[of].sum()),
                "badRate": round(float(label[of].mean()), 4),
                "meanProbability": round(float(score[of].mean()), 4),
                "auc": round(float(roc_auc_score(label[of], score[of])), 4),
                "shareInWorstTenth": round(float(worst_tenth[of].mean()), 4),
            })
    return rows


def examples(matrix: np.ndarray, score: np.ndarray) -> list[dict]:
    """Rows from the safest to the riskiest, with the library's answers, against which a server of the model compares its own."""
    order = np.argsort(score, kind="stable")
    chosen = [order[int(at)] for at in np.linspace(0, order.size - 1, EXAMPLES)]
    numbers = lambda row: [None if np.isnan(value) else float(value) for value in row]  # noqa: E731
    return [{"inputs": numbers(matrix[row]), "probability": round(float(score[row]), 6)} for row in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--training-set", type=Path, required=True, help="Parquet file that the platform exported")
    parser.add_argument("--manifest", type=Path, required=True, help="its manifest, as JSON")
    parser.add_argument("--version", type=int, required=True, help="the model's version, which the card names")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model's version")
    parser.add_argument("--book", required=True, help="a description, for the card, of the book that the set was made from")
    parser.add_argument("--report", action="store_true", help="print the measures and write nothing; nothing is refused")
    arguments = parser.parse_args()

    table = pq.read_table(arguments.training_set).sort_by([("event_timestamp", "ascending"), ("customer_id", "ascending")])
    manifest = json.loads(arguments.manifest.read_text())
    label = np.array(table.column(LABEL).to_pylist(), dtype=np.float64)
    if np.isnan(label).any():
        raise SystemExit(f"{int(np.isnan(label).sum())} rows have no mature label; leave out the newest observation points")
    zone = ZoneInfo(manifest["timezone"])
    moments = np.array([moment.astimezone(zone) for moment in table.column("event_timestamp").to_pylist()])
    people = np.array(table.column("customer_id").to_pylist())
    columns = Columns(table)
    train, test, story = split(moments)

    every = list(range(len(columns.names)))
    model = fit(columns, train, label, every)
    score = model.predict_proba(columns.matrix)[:, 1].astype(np.float64)
    held_out = {
        **measured(label[test], score[test]),
        "interval95": intervals(label[test], score[test], people[test], BOOTSTRAP_ROUNDS),
        "byPoint": {day: measured(label[rows], score[rows]) for day, rows in ((day, rows_of(moments, day)) for day in story["test"])},
        **calibration(label[test], score[test]),
    }
    plain = columns.without(SEQUENCES)
    without = fit(columns, train, label, plain).predict_proba(columns.matrix[test][:, plain])[:, 1]
    sequences = {
        "columns": SEQUENCES,
        "withoutThem": measured(label[test], without),
        "ksPoints": round(100 * (ks(label[test], score[test]) - ks(label[test], without)), 2),
    }
    singles = single_features(columns, train | test, label)
    stability = {
        "score": round(psi(score[train], score[test]), 4),
        "inputs": dict(
            sorted(
                ((name, round(psi(columns.matrix[train][:, index].astype(np.float64), columns.matrix[test][:, index].astype(np.float64)), 4)) for index, name in enumerate(columns.names)),
                key=lambda each: -each[1],
            )[:10]
        ),
    }
    fair = fairness({name: values[test] for name, values in groups_of(table, moments).items()}, label[test], score[test])
    counts = lambda rows: {"rows": int(rows.sum()), "customers": len(set(people[rows])), "bads": int(label[rows].sum()), "customersWithBad": len(set(people[rows & (label == 1)]))}  # noqa: E731
    gain = model.get_booster().get_score(importance_type="total_gain")
    total = sum(gain.values())
    gains = {name: round(gain.get(f"f{index}", 0.0) / total, 4) for index, name in enumerate(columns.names)}
    shown = {
        "train": {**counts(train), **measured(label[train], score[train])},
        "test": {**counts(test), **{name: held_out[name] for name in ("auc", "ks", "interval95", "byPoint", "ece", "expectedOverObserved")}},
        "sequences": sequences,
        "singleFeatures": singles[:5],
        "psi": stability["score"],
        "gain": dict(sorted(gains.items(), key=lambda each: -each[1])[:12]),
    }
    print(json.dumps(shown, indent=2))
    if arguments.report:
        return
    low, high = AUC_RANGE
    if not low <= held_out["auc"] <= high:
        raise SystemExit(f"held-out AUC {held_out['auc']} is outside {low} to {high}: look for a leak, or for what is broken")
    if singles[0]["auc"] > LARGEST_SINGLE_AUC:
        raise SystemExit(f"{singles[0]['column']} alone has AUC {singles[0]['auc']}: look for the leak")

    onnx_bytes, difference = to_onnx(model, columns.matrix, "b_score")
    card = {
        "model": f"b_score@{arguments.version}",
        "purpose": "Probability that a customer with an open loan, none of them 30 days past due now, reaches 30 days past due on any loan within six months.",
        "algorithm": f"XGBoost {xgb.__version__}, {SETTINGS['n_estimators']} trees of depth {SETTINGS['max_depth']} with monotone constraints, converted to ONNX",
        "settings": SETTINGS,
        "features": [f"{view}@1:{feature}" for view, features in INPUTS.items() for feature in features],
        "columns": columns.names,
        "monotone": {f"{view}@1:{feature}": sign for view, features in INPUTS.items() for feature, sign in features.items() if sign != 0},
        # What a feature is set to when its effect on one score is asked for.
        "medians": [None if np.isnan(value) else round(float(value), 6) for value in np.nanmedian(columns.matrix[train], axis=0)],
        "gainShare": gains,
        "trainingSet": {
            "rows": int(label.size),
            "bads": int(label.sum()),
            "manifestSha256": manifest_hash(manifest),
            "fileSha256": sha256(arguments.training_set.read_bytes()),
            "manifest": manifest,
        },
        "split": {**story, "trainRows": counts(train), "testRows": counts(test)},
        "heldOut": held_out,
        "inSample": measured(label[train], score[train]),
        "sequences": sequences,
        "singleFeatures": singles[:10],
        "psi": stability,
        "fairness": fair,
        "examples": examples(columns.matrix[test], score[test]),
        "onnxSha256": sha256(onnx_bytes),
        "largestDifferenceToXgboost": float(f"{difference:.1e}"),
        "data": {"name": "the synthetic lending book of synthetic, loaded through the import API", "book": arguments.book},
        "limits": [
            "Learned from a synthetic book: it shows that the platform trains and serves a score without leaking, and decides about nobody.",
            "For customers with an open loan and no loan at 30 days past due or more; of others it says a number that means nothing.",
            "One book with one macro history: the held-out months are newer, not another economy.",
            "The book grows older: months on book and the instalments behind a customer shift between the two parts (see psi), the score hardly does.",
            "A customer is observed in several months, and some customers are in both parts: the intervals draw whole customers, the point estimate does not know them apart.",
            "Gender, education, marital status and age are no inputs; income is, as the share of it that falls due.",
        ],
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "b_score.onnx").write_bytes(onnx_bytes)
    (arguments.out / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def rows_of(moments: np.ndarray, day: str) -> np.ndarray:
    return np.array([moment.date().isoformat() == day for moment in moments])


if __name__ == "__main__":
    main()
