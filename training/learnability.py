"""Measures how well the synthetic book can be learned, with plain recipes, and prints each measure beside its range.

    riskgraph portfolio write --customers 50000 --out book
    python training/learnability.py --book book [--json]

A book is worth learning from when good work is rewarded and no shortcut is: scorecards reach what lenders' scorecards reach, order in time
adds something to sums, no single column gives the answer away, and linked identifiers find most fraud rings, never all. Features hold what
was known at the observation alone (training/book_features.py). Exit 1 when a measure is outside its range.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb
from book_features import Book, Features, application_features, behaviour_features
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import GroupKFold, StratifiedKFold

# name: title, target, low, high
TARGETS = {
    "application_auc": ("application scorecard AUC", ".68 to .74", 0.68, 0.74),
    "behaviour_auc": ("behaviour score AUC, later months", ".76 to .84", 0.76, 0.84),
    "sequence_ks": ("KS points that the sequence adds", "1 to 4", 1, 4),
    "max_iv": ("largest information value of a single feature", ".6 at most", 0, 0.6),
    "max_auc": ("largest AUC of a single feature", ".80 at most", 0.5, 0.80),
    "ring_recall": ("ring members found by connected components", "70 to 95 %", 0.70, 0.95),
}
BINS = 6
# A third of the observation months: the gain of a sequence is small beside the noise of a KS.
HOLD_OUT_MONTHS = 8
REFIT_MONTHS = 2
FOLDS = 5
REPEATS = 4
# Small trees on the sequence; fixed by hand, no search.
TREES = {"n_estimators": 150, "max_depth": 3, "learning_rate": 0.05, "subsample": 0.8, "colsample_bytree": 0.5} | {
    "min_child_weight": 20,
    "random_state": 42,
    "n_jobs": 1,
}
# Identifiers that strangers do not share; a node of more customers is a shop's or a call centre's.
STRONG = {"DEVICE", "PHONE", "CONTACT_PHONE", "BANK_CARD", "PAYEE_ACCOUNT", "ID_NUMBER", "ADDRESS", "WIFI", "REFERRER"}
MAX_DEGREE = 15
SMALLEST_CLUSTER = 4


class WoeBins:
    """Weight of evidence by quantile bins or categories, missing in a bin of its own; 0.5 is added to each cell."""

    def __init__(self, values: np.ndarray, bad: np.ndarray):
        self.numeric = values.dtype.kind in "fiu"
        if self.numeric:
            finite = values[np.isfinite(values)]
            self.edges = np.unique(np.quantile(finite, np.arange(1, BINS) / BINS)) if len(finite) else np.array([])
        else:
            names, counts = np.unique(values.astype(str), return_counts=True)
            # Categories of less than 1 % share one bin.
            self.edges = names[counts >= 0.01 * len(values)]
        bins = self.bins(values)
        cells = len(self.edges) + 2
        bads = np.bincount(bins, bad, minlength=cells) + 0.5
        goods = np.bincount(bins, 1 - bad, minlength=cells) + 0.5
        used = np.bincount(bins, minlength=cells) > 0
        bad_share, good_share = bads / bads[used].sum(), goods / goods[used].sum()
        self.woe = np.where(used, np.log(bad_share / good_share), 0)
        self.iv = float(((bad_share - good_share) * self.woe)[used].sum())

    def bins(self, values: np.ndarray) -> np.ndarray:
        if self.numeric:
            found = np.searchsorted(self.edges, values, side="right")
            return np.where(np.isfinite(values), found, len(self.edges) + 1)
        names = values.astype(str)
        place = np.searchsorted(self.edges, names)
        known = (place < len(self.edges)) & (self.edges[np.minimum(place, len(self.edges) - 1)] == names)
        return np.where(known, place, len(self.edges) + 1)

    def apply(self, values: np.ndarray) -> np.ndarray:
        return self.woe[self.bins(values)]


def woe_matrix(features: Features, rows: np.ndarray, bins: dict[str, WoeBins]) -> np.ndarray:
    return np.stack([bins[name].apply(values[rows]) for name, values in features.columns.items()], axis=1)


def fit_bins(features: Features, rows: np.ndarray, bad: np.ndarray) -> dict[str, WoeBins]:
    return {name: WoeBins(values[rows], bad[rows]) for name, values in features.columns.items()}


def scorecard(train: np.ndarray, bad: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=0.3, max_iter=1000).fit(train, bad)


def ks(bad: np.ndarray, score: np.ndarray) -> float:
    goods, bads, _ = roc_curve(bad, score, drop_intermediate=False)
    return float(np.max(np.abs(bads - goods)))


def labels(book: Book, name: str):
    rows = book.tables["labels"]
    mine = np.flatnonzero(rows["name"] == name)
    return {key: rows[key][mine] for key in ["entity_id", "observed_at", "known_at", "value"]}


def single_features(features: Features, bad: np.ndarray) -> dict[str, tuple[float, float]]:
    """Information value and AUC of each feature alone; a category is scored by its weight of evidence."""
    found = {}
    for name, values in features.columns.items():
        bins = WoeBins(values, bad)
        auc = roc_auc_score(bad, bins.apply(values))
        if bins.numeric and np.isfinite(values).any():
            raw = roc_auc_score(bad, np.where(np.isfinite(values), values, np.nanmedian(values)))
            auc = max(auc, raw, 1 - raw)
        found[name] = (bins.iv, float(auc))
    return found


def measure_application(book: Book) -> dict:
    """Cross-validated: a hold-out in time would have too few bads to tell .68 from .74."""
    given = labels(book, "dpd30_mob6")
    features, _ = application_features(book, given["entity_id"], given["observed_at"])
    bad = given["value"]
    scores = np.zeros((REPEATS, len(bad)))
    for repeat in range(REPEATS):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)
        for train, test in folds.split(bad, bad):
            bins = fit_bins(features, train, bad)
            model = scorecard(woe_matrix(features, train, bins), bad[train])
            scores[repeat, test] = model.decision_function(woe_matrix(features, test, bins))
    aucs = [roc_auc_score(bad, score) for score in scores]
    return {
        "auc": float(np.mean(aucs)),
        "rows": len(bad),
        "bads": int(bad.sum()),
        "standard_error": auc_error(float(np.mean(aucs)), bad),
        "single": single_features(features, bad),
    }


def auc_error(auc: float, bad: np.ndarray) -> float:
    """Hanley and McNeil's standard error."""
    bads, goods = bad.sum(), len(bad) - bad.sum()
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    return float(np.sqrt((auc * (1 - auc) + (bads - 1) * (q1 - auc**2) + (goods - 1) * (q2 - auc**2)) / (bads * goods)))


def fit_and_score(features: Features, bad: np.ndarray, customers: np.ndarray, train: np.ndarray, held: np.ndarray):
    """Log-odds of the held rows from aggregates alone, from the sequence alone, and from both."""
    bins = fit_bins(features, train, bad)
    plain_train, plain_held = woe_matrix(features, train, bins), woe_matrix(features, held, bins)
    plain = scorecard(plain_train, bad[train]).decision_function(plain_held)
    # The sub-score that the scorecard learns from is out of fold, a customer in one fold: it has not seen its own rows.
    inner = np.zeros(len(train))
    for fit, left in GroupKFold(FOLDS).split(train, groups=customers[train]):
        model = xgb.XGBClassifier(**TREES).fit(features.sequence[train[fit]], bad[train[fit]])
        inner[left] = model.predict(features.sequence[train[left]], output_margin=True)
    model = xgb.XGBClassifier(**TREES).fit(features.sequence[train], bad[train])
    outer = model.predict(features.sequence[held], output_margin=True)
    full = scorecard(np.column_stack([plain_train, inner]), bad[train]).decision_function(np.column_stack([plain_held, outer]))
    return plain, outer, full


def measure_behaviour(book: Book) -> dict:
    """The newest months, each scored by what was learnt from labels known before it; refitted as months go by."""
    given = labels(book, "dpd30_6m")
    observed = given["observed_at"]
    months = np.unique(observed)
    parts, order = [], []
    for month in months:
        rows = np.flatnonzero(observed == month)
        customers = np.array([int(entity[1:]) - 1 for entity in given["entity_id"][rows]])
        parts.append(behaviour_features(book, customers, int(month)))
        order.append(rows)
    features = parts[0].stack(parts[1:])
    order = np.concatenate(order)
    bad, observed, known = given["value"][order], observed[order], given["known_at"][order]
    customers = np.array([int(entity[1:]) for entity in given["entity_id"][order]])
    test = np.flatnonzero(observed >= months[-HOLD_OUT_MONTHS])
    scores = {name: np.full(len(bad), np.nan) for name in ["plain", "sequence", "full"]}
    for first in range(-HOLD_OUT_MONTHS, 0, REFIT_MONTHS):
        held = np.flatnonzero((observed >= months[first]) & (observed <= months[first + REFIT_MONTHS - 1]))
        train = np.flatnonzero(known <= months[first])
        plain, outer, full = fit_and_score(features, bad, customers, train, held)
        scores["plain"][held], scores["sequence"][held], scores["full"][held] = plain, outer, full
    plain, outer, full = (scores[name][test] for name in ["plain", "sequence", "full"])
    auc = float(roc_auc_score(bad[test], full))
    return {
        "auc": auc,
        "auc_aggregates": float(roc_auc_score(bad[test], plain)),
        "auc_sequence_alone": float(roc_auc_score(bad[test], outer)),
        "ks_aggregates": ks(bad[test], plain),
        "ks": ks(bad[test], full),
        "last_train_bads": int(bad[train].sum()),
        "rows": len(test),
        "bads": int(bad[test].sum()),
        "standard_error": auc_error(auc, bad[test]),
        "single": single_features(features, bad),
    }


def measure_rings(book: Book, truth: dict[int, int]) -> dict:
    """Customers linked by strong identifiers; a cluster of four and more that is no family is taken for a ring."""
    rows = book.tables["identifier_links"]
    users: dict[str, set[int]] = {}
    for kind, identifier, customer in zip(rows["identifier_type"], rows["identifier"], rows["customer"]):
        if kind in STRONG:
            # A number is one node, whether it is a customer's own or a contact's.
            space = "PHONE" if kind in ("CONTACT_PHONE", "REFERRER") else kind
            users.setdefault(f"{space} {identifier}", set()).add(int(customer))
    parent = np.arange(book.customers)

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for sharing in users.values():
        if not 2 <= len(sharing) <= MAX_DEGREE:
            continue
        first, *others = sharing
        for other in others:
            parent[root(other)] = root(first)
    roots = np.array([root(node) for node in range(book.customers)])
    sizes = np.bincount(roots, minlength=book.customers)
    found = sizes[roots] >= SMALLEST_CLUSTER
    members = np.array(sorted(truth))
    return {
        "recall": float(found[members].mean()),
        "precision": float(np.isin(np.flatnonzero(found), members).mean()) if found.any() else 0.0,
        "members": len(members),
        "largest_cluster": int(sizes.max()),
    }


def measure(folder: Path, utc_offset: float) -> dict:
    book = Book(folder, utc_offset)
    lines = (folder / "truth_rings.ndjson").read_text().splitlines()
    truth = {int(row["customer_id"][1:]) - 1: row["ring"] for row in map(json.loads, lines)}
    rings = measure_rings(book, truth)
    application = measure_application(book)
    behaviour = measure_behaviour(book)
    single = {f"application {name}": value for name, value in application.pop("single").items()}
    single |= {f"behaviour {name}": value for name, value in behaviour.pop("single").items()}
    strongest = sorted(single, key=lambda name: -single[name][0])[:8]
    values = {
        "application_auc": application["auc"],
        "behaviour_auc": behaviour["auc"],
        "sequence_ks": 100 * (behaviour["ks"] - behaviour["ks_aggregates"]),
        "max_iv": max(iv for iv, _ in single.values()),
        "max_auc": max(auc for _, auc in single.values()),
        "ring_recall": rings["recall"],
    }
    details = {
        "application": application,
        "behaviour": behaviour,
        "rings": rings,
        "strongest": {name: {"iv": single[name][0], "auc": single[name][1]} for name in strongest},
    }
    return {"values": values, **details}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--book", type=Path, required=True, help="folder that `riskgraph portfolio write` filled")
    parser.add_argument("--utc-offset", type=float, default=8, help="hours from UTC of the book's time zone")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    result = measure(options.book, options.utc_offset)
    outside = [name for name, (_, _, low, high) in TARGETS.items() if not low <= result["values"][name] <= high]
    if options.json:
        print(json.dumps({**result, "outside": outside}, indent=2))
    else:
        for name, (title, target, *_) in TARGETS.items():
            mark = "  OUTSIDE" if name in outside else ""
            print(f"{title:48} {target:12} {result['values'][name]:.3f}{mark}")
        for part in ["application", "behaviour", "rings"]:
            print(f"{part}: " + ", ".join(f"{key} {value:.4g}" for key, value in result[part].items()))
        for name, each in result["strongest"].items():
            print(f"  {name:44} IV {each['iv']:.3f}  AUC {each['auc']:.3f}")
    sys.exit(1 if outside else 0)


if __name__ == "__main__":
    main()
