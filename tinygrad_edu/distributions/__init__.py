"""Distributions, in batches: draws, log probabilities, moments, and divergences, with PyTorch's names and shapes."""

from tinygrad_edu.distributions import constraints
from tinygrad_edu.distributions.bernoulli import Bernoulli
from tinygrad_edu.distributions.binomial import Binomial
from tinygrad_edu.distributions.categorical import Categorical
from tinygrad_edu.distributions.distribution import Distribution
from tinygrad_edu.distributions.exponential import Exponential
from tinygrad_edu.distributions.gamma import Beta, Chi2, Dirichlet, Gamma
from tinygrad_edu.distributions.geometric import Geometric
from tinygrad_edu.distributions.independent import Independent
from tinygrad_edu.distributions.kl import kl_divergence, register_kl
from tinygrad_edu.distributions.laplace import Laplace
from tinygrad_edu.distributions.mixture_same_family import MixtureSameFamily
from tinygrad_edu.distributions.multinomial import Multinomial
from tinygrad_edu.distributions.multivariate_normal import MultivariateNormal
from tinygrad_edu.distributions.normal import HalfNormal, LogNormal, Normal
from tinygrad_edu.distributions.one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from tinygrad_edu.distributions.poisson import Poisson
from tinygrad_edu.distributions.tails import Cauchy, Gumbel
from tinygrad_edu.distributions.uniform import Uniform

__all__ = [
    "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "Dirichlet", "Distribution", "Exponential",
    "Gamma", "Geometric", "Gumbel", "HalfNormal", "Independent", "Laplace", "LogNormal", "MixtureSameFamily",
    "Multinomial", "MultivariateNormal", "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough", "Poisson",
    "Uniform", "constraints", "kl_divergence", "register_kl",
]  # fmt: skip
