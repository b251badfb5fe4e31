"""From a trained model to the files that the platform serves."""

import hashlib
import json

import numpy as np
import onnxruntime
import xgboost as xgb
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

# Probabilities are float32: what is off by more is another model.
LARGEST_DIFFERENCE = 1e-5


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest_hash(manifest: dict) -> str:
    """Ties a model to the exact rows that it learned from."""
    return sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())


def to_onnx(model: xgb.XGBClassifier, matrix: np.ndarray, name: str) -> tuple[bytes, float]:
    """The ONNX bytes and the largest difference to XGBoost over all rows, those with holes included."""
    converted = convert_xgboost(model, initial_types=[("features", FloatTensorType([None, matrix.shape[1]]))], target_opset=15)
    # The converter names the graph at random: the same model would have another hash each time.
    converted.graph.name = name
    data = converted.SerializeToString()
    holed = matrix.copy()
    holed[np.random.default_rng(1).random(holed.shape) < 0.1] = np.nan
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = 0.0
    for rows in (matrix, holed):
        (served,) = session.run(["probabilities"], {"features": rows})
        worst = max(worst, float(np.abs(served[:, 1] - model.predict_proba(rows)[:, 1]).max()))
    if worst > LARGEST_DIFFERENCE:
        raise SystemExit(f"the ONNX model differs from XGBoost by {worst}")
    return data, worst
