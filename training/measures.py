"""Measures of a score that the recipes share. A score is a probability of bad: higher is riskier. Formulas: docs of the indicators, and below."""

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

# Added to the count of every cell before shares are taken, so that an empty cell makes no infinity.
SMOOTHING = 0.5


def ks(label: np.ndarray, score: np.ndarray) -> float:
    """Largest distance between the score's distributions of bads and goods; equal scores move together."""
    false_rate, true_rate, _ = roc_curve(label, score)
    return float((true_rate - false_rate).max())


def quantile_bins(expected: np.ndarray, values: np.ndarray, bins: int = 10) -> np.ndarray:
    """Bin of each value among quantile bins of `expected`; equal values stay together, missing ones are a bin of their own."""
    known = expected[~np.isnan(expected)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if known.size else np.array([])
    return np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="right"))


def calibration_error(label: np.ndarray, score: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over quantile bins; equal scores stay together."""
    bin_of = quantile_bins(score, score, bins)
    return float(sum(abs(score[bin_of == b].mean() - label[bin_of == b].mean()) * (bin_of == b).mean() for b in np.unique(bin_of)))


def shares(bin_of: np.ndarray, count: int) -> np.ndarray:
    cells = np.bincount(bin_of, minlength=count) + SMOOTHING
    return cells / cells.sum()


def psi(expected: np.ndarray, actual: np.ndarray, bins: int = 10) -> float:
    """Population stability index over quantile bins of `expected`, sum (A - E) ln(A / E)."""
    e, a = quantile_bins(expected, expected, bins), quantile_bins(expected, actual, bins)
    count = int(max(e.max(), a.max())) + 1
    e, a = shares(e, count), shares(a, count)
    return float(((a - e) * np.log(a / e)).sum())


def information_value(label: np.ndarray, values: np.ndarray, bins: int = 10) -> float:
    """Information value of one feature over quantile bins, sum (bad % - good %) ln(bad % / good %)."""
    bin_of = quantile_bins(values, values, bins)
    count = int(bin_of.max()) + 1
    bad, good = shares(bin_of[label == 1], count), shares(bin_of[label == 0], count)
    return float(((bad - good) * np.log(bad / good)).sum())


def intervals(label: np.ndarray, score: np.ndarray, groups: np.ndarray, rounds: int) -> dict:
    """95 % percentile bootstrap of AUC and KS. Whole groups are drawn, those with a bad and those without apart: rows of one customer go together."""
    random = np.random.default_rng(42)
    _, group_of = np.unique(groups, return_inverse=True)
    order = np.argsort(group_of, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(group_of))[:-1])
    is_bad = np.array([label[rows].max() == 1 for rows in rows_of])
    strata = [np.flatnonzero(is_bad), np.flatnonzero(~is_bad)]
    drawn = []
    for _ in range(rounds):
        rows = np.concatenate([rows_of[group] for stratum in strata for group in random.choice(stratum, stratum.size)])
        drawn.append((roc_auc_score(label[rows], score[rows]), ks(label[rows], score[rows])))
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {"auc": [round(float(low[0]), 4), round(float(high[0]), 4)], "ks": [round(float(low[1]), 4), round(float(high[1]), 4)]}
