"""torch.onnx, for programs that import it: there is no exporter."""

from tinygrad_edu.absent import absent_function

__all__ = ["export", "is_in_onnx_export"]

export = dynamo_export = absent_function(
    "onnx.export", "tinygrad_edu writes no ONNX files. Save the weights with torch.save(model.state_dict(), path)."
)


def is_in_onnx_export() -> bool:
    """False: there is no exporter."""
    return False
