"""Data sets: pictures that are fetched (MNIST, FashionMNIST, KMNIST, CIFAR10, CIFAR100) or one's own (ImageFolder),
digits and a series that need no network, and toy sets, which are drawn when they are asked for."""

from tinygrad_edu.vision.datasets import idx, toy, utils
from tinygrad_edu.vision.datasets.cifar import CIFAR10, CIFAR100
from tinygrad_edu.vision.datasets.digits import Digits
from tinygrad_edu.vision.datasets.folder import DatasetFolder, ImageFolder
from tinygrad_edu.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from tinygrad_edu.vision.datasets.series import johnson_johnson
from tinygrad_edu.vision.datasets.toy import circles, moons, regression, spiral, xor
from tinygrad_edu.vision.datasets.vision import VisionDataset

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "KMNIST",
    "MNIST",
    "DatasetFolder",
    "Digits",
    "FashionMNIST",
    "ImageFolder",
    "VisionDataset",
    "circles",
    "idx",
    "johnson_johnson",
    "moons",
    "regression",
    "spiral",
    "toy",
    "utils",
    "xor",
]
