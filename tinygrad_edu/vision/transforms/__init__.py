"""Pictures on their way into a network: converted, resized, normalized, and varied at random, with torchvision's names.

All work on images of Pillow and on Tensors (..., C, H, W) unless they say otherwise; `manual_seed` repeats the chance.
"""

from tinygrad_edu.vision.transforms import functional
from tinygrad_edu.vision.transforms.compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder
from tinygrad_edu.vision.transforms.images import InterpolationMode
from tinygrad_edu.vision.transforms.looks import (
    ColorJitter,
    GaussianBlur,
    RandomErasing,
    RandomGrayscale,
    RandomInvert,
)
from tinygrad_edu.vision.transforms.places import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from tinygrad_edu.vision.transforms.steps import (
    CenterCrop,
    ConvertImageDtype,
    FiveCrop,
    Grayscale,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    TenCrop,
    ToPILImage,
    ToTensor,
)

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomAffine",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
    "functional",
]
