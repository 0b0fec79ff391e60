"""What all optimizers share: parameter groups, state, and a step that hands arrays to one formula.

A subclass writes a single method, :meth:`Optimizer.update`, over plain NumPy arrays. The base class does the
rest: it skips parameters without a gradient, turns the sign for ``maximize``, keeps the state as Tensors
under PyTorch's names, and tells the graph that the parameter has changed (together.py: many small ones at once).
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.kernels import devices
from tinygrad_edu.kernels.choice import worthwhile
from tinygrad_edu.optim.options import RULES, check_options, plain_numbers
from tinygrad_edu.optim.state import Array, FusedInputs, State, buffer, coming, count
from tinygrad_edu.optim.together import COUNTERS, Plan, Unit, call, turn
from tinygrad_edu.tensors.device import device_of, moved
from tinygrad_edu.tensors.several import changed_at_once
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Array", "FusedInputs", "Optimizer", "State", "buffer", "coming", "count"]


class Optimizer:
    """Base class of all optimizers, with PyTorch's interface.

    `params` is an iterable of Tensors, of pairs (name, Tensor), or of dicts, one per parameter group: a dict
    has such an iterable under ``"params"`` and may give any option its own value. `defaults` holds the
    options' values for groups that do not. Options are read at every step, so ``param_groups[0]["lr"] = ...``
    acts at once.

    To write an optimizer, derive from it and define :meth:`update`; or define :meth:`step` as for PyTorch.

    Raises TypeError for what is no Tensor, and OptimizerError (a ValueError) for an empty list, a Tensor that
    is not a leaf, one parameter in two groups, and options outside their range.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> class SignDescent(tg.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...     def update(self, param, grad, state, group):
    ...         param -= group["lr"] * np.sign(grad)
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> (x ** 2).sum().backward()
    >>> SignDescent([x]).step()
    >>> x
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    checked: ClassVar[tuple[str, ...]] = ()
    """The options that the rules in options.py apply to; a subclass names its own."""
    kernel: ClassVar[str] = ""
    """The name of the compiled kernel that computes the formula in one pass; none by default."""
    elementwise: ClassVar[bool] = False
    """Whether :meth:`update` treats each element by itself, so that it may be given many parameters in a row as one.

    Then no state may depend on a whole parameter; counters are the same for all. Not inherited by another formula.
    """
    needs_closure: ClassVar[bool] = False
    """Whether step() evaluates the function itself, so that it must be given a closure."""
    _idle: bool
    """Set by a schedule, which expects a step before its own; False from the first step on."""
    _plans: dict[int, Plan] | None = None
    """How the parameters of each group are stepped; found anew where it is missing or does not hold any more."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update" in vars(cls):  # another formula: what was said of the inherited one does not hold for it
            cls.kernel = vars(cls).get("kernel", "")
            cls.elementwise = vars(cls).get("elementwise", False)

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__}: params argument given to the optimizer should be an iterable of "
                f"Tensors or dicts, but got one Tensor of shape {tuple(params.shape)}. Put it in a list: [x]."
            )
        self.defaults = defaults
        self._settle(defaults)
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = [params] if isinstance(params, dict) else list(params)
        if not groups:
            raise OptimizerError(
                f"{type(self).__name__}: optimizer got an empty parameter list. Pass the Tensors to "
                "optimize; if they came from a generator such as model.parameters(), it may have been used "
                "up before."
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def update(self, param: Array, grad: Array, state: State, group: dict[str, Any]) -> None:
        """The formula: change `param` in place. Subclasses define it.

        `param` and `grad` have one shape and dtype; `grad` must not be written to. `state` is this
        parameter's memory (see :func:`buffer`), empty at first; `group` holds the options.
        """
        raise NotImplementedError(f"{type(self).__name__} defines neither update() nor step(): write one of them.")

    def fused_inputs(self, param: Array, state: State, group: dict[str, Any]) -> FusedInputs | None:
        """What the compiled kernel is given beside parameters and gradients, to do what :meth:`update` does.

        The arrays of the state that it changes, made if this is the first step, and numbers; None where it cannot, and
        :meth:`update` shall do it. What was made is forgotten again where the kernel turns out not to do the step.
        """
        return None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step with the gradients at hand. A `closure` computes them anew first; its loss is returned."""
        loss = None
        self._idle = False
        if closure is not None:
            with enable_grad():
                loss = closure()
        with np.errstate(all="ignore"):  # as in PyTorch, a diverging run yields inf and nan, not warnings
            for place, group in enumerate(self.param_groups):
                units = self._units(place, group)
                done = self._fused(units, group) if self.kernel else set()
                for unit in units:
                    if id(unit) not in done:
                        self.update(unit.param, unit.grad, unit.state, group)
                    unit.finish(self.state)
        return loss

    def _units(self, place: int, group: dict[str, Any]) -> list[Unit]:
        """What is stepped as one of a group's parameters that have a gradient, with the arrays of this step."""
        plain_numbers(group)
        params, maximize = [param for param in group["params"] if param._grad is not None], group.get("maximize", False)
        plans = self._plans = self._plans or {}
        plan = plans.get(place)
        if plan is None or not plan.holds_for(params):
            # Packing takes time: not for parameters that have gradients together only this once.
            plan = Plan(params, self.state, self.elementwise and plan is None)
        elif self.elementwise and not plan.packing:
            plan = Plan(params, self.state, True)
        while not all(unit.collect(self.state, maximize) for unit in plan.units):
            # Somebody has put other arrays in the place of ours: packed anew, and if that does not help, not at all.
            plan = Plan(params, self.state, self.elementwise and plan is plans.get(place))
        plans[place] = plan
        if maximize:
            turn(plan.units)
        return plan.units

    def _fused(self, units: list[Unit], group: dict[str, Any]) -> set[int]:
        """Let the compiled kernel step what it can, in one call; the ids of the units that it has done."""
        kernel = worthwhile(self.kernel, sum([param._data.size for param in group["params"]]))
        if units and hasattr(units[0].grad, "block"):
            kernel = devices.own(self.kernel)
        if kernel is None:
            return set()
        calls: dict[Any, list[tuple[Unit, tuple[Array, ...]]]] = {}
        known = [tuple(unit.state) for unit in units]
        for unit in units:
            inputs = self.fused_inputs(unit.param, unit.state, group)
            if inputs is not None:
                calls.setdefault((unit.param.dtype, *inputs[1]), []).append((unit, inputs[0]))
        done = {id(unit) for (_, *numbers), members in calls.items() for unit in call(kernel, members, numbers)}
        for unit, names in zip(units, known, strict=True):
            if id(unit) not in done:  # the formula makes its state itself
                for name in [name for name in unit.state if name not in names]:
                    del unit.state[name]
            elif "step" in unit.state:
                count(unit.state)
        return done

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not how the arrays lie, which a copy finds out for its own."""
        return {name: value for name, value in vars(self).items() if name != "_plans"}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with ``set_to_none=False`` fill them with zeros instead."""
        kept: list[Tensor] = []
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    if param.grad.requires_grad:  # made by create_graph=True: keep the memory, drop the graph
                        param.grad = param.grad.detach()
                    kept.append(param.grad)
        if kept and not changed_at_once("all_filled", kept, numbers=(0.0,)):
            for grad in kept:
                grad._array().fill(0)
                grad._counter[0] += 1

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, such as layers thawed while training; options it lacks are defaults."""
        owner = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(
                f"{owner}: param_group must be a dict, but got {type(param_group).__name__}. Groups and single "
                'Tensors do not mix in one list: write {"params": [x]}.'
            )
        if "params" not in param_group:
            raise OptimizerError(f'{owner}: a parameter group needs the key "params"; it has {sorted(param_group)}.')
        group = {**param_group, **_split_names(owner, param_group["params"])}
        for param in group["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"{owner}: optimizer can only optimize Tensors, but one of the params is "
                    f"{type(param).__name__}. Make it one: tensor(value, requires_grad=True)."
                )
            if not param.is_leaf:
                raise OptimizerError(
                    f"{owner}: can't optimize a non-leaf Tensor: the parameter of shape {tuple(param.shape)} "
                    "was computed from others, so backward() leaves it no grad. Optimize those, or "
                    "x.detach().requires_grad_()."
                )
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self._settle(group)
        self._check_overlap(group)
        param_group.update(group)  # as in PyTorch, the caller's dict becomes the group
        self.param_groups.append(param_group)

    def _check_overlap(self, group: dict[str, Any]) -> None:
        owner = type(self).__name__
        ours = {id(param) for param in group["params"]}
        if len(ours) != len(group["params"]):
            warnings.warn(
                f"{owner}: optimizer contains a parameter group with duplicate parameters; each would be "
                "updated once for every mention. Name every Tensor once.",
                stacklevel=5,
            )
        for number, other in enumerate(self.param_groups):
            if not ours.isdisjoint(map(id, other["params"])):
                raise OptimizerError(
                    f"{owner}: some parameters appear in more than one parameter group: the new group shares "
                    f"one with group {number}. Leave it in one of them."
                )
            if ("param_names" in other) != ("param_names" in group):
                raise OptimizerError(
                    f"{owner}: all optimizer param groups should be with/without names, but only one of the "
                    f"new group and group {number} has them. Pass pairs (name, tensor) everywhere or nowhere."
                )

    def _settle(self, options: dict[str, Any]) -> None:
        """Check the options of a group, in place: Tensors of one element become numbers."""
        owner = type(self).__name__
        for name in RULES.keys() & options.keys():
            if isinstance(options[name], Tensor):
                if options[name].numel() != 1:
                    raise OptimizerError(
                        f"{owner}: Tensor {name} must be 1-element, but it has shape "
                        f"{tuple(options[name].shape)}. For different values per parameter use parameter "
                        "groups."
                    )
                options[name] = options[name].item()
        for name in ("capturable", "differentiable"):
            if options.get(name):
                raise OptimizerError(
                    f"{owner}: {name}=True is not supported: steps are computed outside the graph, on the "
                    f"CPU. Leave {name} at False."
                )
        self._check(options)

    def _check(self, options: dict[str, Any]) -> None:
        """Raise where an option is out of range; a subclass adds rules that concern several options."""
        check_options(type(self).__name__, self.checked, options)

    def state_dict(self) -> dict[str, Any]:
        """The state in PyTorch's layout: ``state`` by parameter number, ``param_groups`` with those numbers.

        The Tensors in it are the optimizer's own, not copies.
        """
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
        groups = [{**group, "params": [numbers[id(param)] for param in group["params"]]} for group in self.param_groups]
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        in_order = [number for number in numbers.values() if number in state]  # some were stepped before others
        state = {**{number: state[number] for number in in_order}, **state}
        # PyTorch puts the options first and the parameters' numbers last.
        return {
            "state": state,
            "param_groups": [{**_without_params(group), "params": group["params"]} for group in groups],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`, as a copy; parameters are matched by their order.

        Raises OptimizerError, and changes nothing, where the groups, their lengths or the shapes do not fit.
        """
        owner = type(self).__name__
        if not {"state", "param_groups"} <= state_dict.keys():
            raise OptimizerError(
                f"{owner}: a state dict has the keys 'state' and 'param_groups'; this one has "
                f"{sorted(state_dict)}. Pass what optimizer.state_dict() returned."
            )
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise OptimizerError(
                f"{owner}: loaded state dict has a different number of parameter groups: {len(groups)}, but "
                f"the optimizer has {len(self.param_groups)}. Build the optimizer as it was when the state "
                "was saved."
            )
        params: dict[Any, Tensor] = {}
        for number, (mine, loaded) in enumerate(zip(self.param_groups, groups, strict=True)):
            if len(mine["params"]) != len(loaded["params"]):
                raise OptimizerError(
                    f"{owner}: loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: group {number} has {len(loaded['params'])} parameters there, "
                    f"{len(mine['params'])} here. Build the optimizer as it was when the state was saved."
                )
            params.update(zip(loaded["params"], mine["params"], strict=True))
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, entries in state_dict["state"].items():
            if key in params:
                state[params[key]] = self._load_entries(params[key], entries)
            else:
                state[key] = copy.deepcopy(entries)
        new_groups = []
        for mine, loaded in zip(self.param_groups, groups, strict=True):
            options = copy.deepcopy(_without_params(loaded))
            names = {"param_names": mine["param_names"]} if "param_names" in mine else {}
            new_groups.append({**names, **options, "params": mine["params"]})
            self._settle({**self.defaults, **options})
        self.state, self.param_groups = state, new_groups

    def _load_entries(self, param: Tensor, entries: dict[str, Any]) -> dict[str, Any]:
        """A copy of one parameter's saved state, in the parameter's dtype; counters keep theirs."""
        loaded = {}
        for name, value in entries.items():
            if value is None:
                continue  # PyTorch writes None for a momentum that has not begun
            if isinstance(value, Tensor):
                shape = tuple(value.shape)
                if shape not in ((), tuple(param.shape)):
                    raise OptimizerError(
                        f"{type(self).__name__}: the loaded {name} has shape {shape}, its parameter "
                        f"{tuple(param.shape)}. Pass the parameters in the order in which the state was "
                        "saved."
                    )
                dtype = param._array().dtype if name not in COUNTERS else value._array().dtype
                place = device_of(param._data if name not in COUNTERS else value._data)
                value = Tensor._wrap(moved(value._array(), place).astype(dtype))
            elif name in COUNTERS:  # old files of PyTorch hold plain numbers
                value = Tensor._wrap(np.array(value, np.float32))
            loaded[name] = value
        return loaded

    def __repr__(self) -> str:
        told = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            lines = [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
            told += "\n".join(["", f"Parameter Group {number}", *lines, ""])
        return told + ")"


def _without_params(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}


def _split_names(owner: str, params: Any) -> dict[str, Any]:
    """A group's "params" as a list of Tensors, and a list of names if they came as pairs (name, Tensor)."""
    if isinstance(params, Tensor):
        return {"params": [params]}
    if isinstance(params, set | frozenset):
        raise TypeError(
            f"{owner}: optimizer parameters need to be organized in ordered collections, but got a set, "
            "whose order changes from run to run, and the state is saved by order. Use a list."
        )
    entries = list(params)
    named = [entry for entry in entries if isinstance(entry, tuple)]
    if not named:
        return {"params": entries}
    if len(named) != len(entries):
        raise OptimizerError(
            f"{owner}: all optimizer params should be with/without names: {len(named)} of {len(entries)} "
            "have one. Pass pairs (name, tensor) for all, as model.named_parameters() does, or for none."
        )
    return {"params": [tensor for _, tensor in named], "param_names": [name for name, _ in named]}
