"""Anomaly mode under the name that PyTorch keeps it at."""

from tinygrad_edu.engine.anomaly import detect_anomaly, set_detect_anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]
