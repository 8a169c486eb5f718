"""Rewrite the forward around a place: read it with torch.fx, find the map that guides, and put the operator in.

The graph of the innermost module that will do is rewritten: for a function, the module whose forward calls it; for an
operator with a guide, the first module around the place in which the result meets an encoder map.
"""

import inspect
import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx._symbolic_trace import PH
from torch.utils import _pytree as pytree

import a2u.operators as operators
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.swapping.counting import multiply_adds
from a2u.swapping.places import Arguments, Found, Place
from a2u.swapping.planning import Plan
from a2u.swapping.plugged import Plugged
from a2u.swapping.report import Change

JOINS = {operator.add, operator.iadd, torch.add, "add", "add_"}
CONCATENATIONS = {torch.cat, torch.concat, torch.concatenate}
INTERPOLATIONS = (F.interpolate, F.upsample)
CONTAINER = "it did not run on the example"  # a list of modules: nothing to read, and nothing to report
GUIDELESS = ". Use an operator without a guide there (CARAFE, DySample), or add the encoder map to the result yourself"


class Untraceable(Exception):
    """Why a forward could not be read, or no guide was found in it."""


class Reading(NamedTuple):
    """A forward as a graph, and the tensor that each of its nodes made on the example, without values."""

    graph: fx.Graph
    shapes: dict[str, Tensor]


def rewrite(network: nn.Module, found: Found, plans: list[Plan], about: Card) -> tuple[nn.Module, list[Change]]:
    """Carry out the plans; a place whose plan fails stays as it is, and its change says why."""
    changes: list[Change] = []
    read: dict[str, Reading] = {}
    for plan in plans:
        if plan.why:
            changes.append(Change(plan.place.name, plan.place.was, why=plan.why))
            continue
        try:
            network, change = _carry_out(network, found, plan, about, read)
        except A2UError as error:
            change = Change(plan.place.name, plan.place.was, why=str(error))
        changes.append(change)
    return network, changes


def _carry_out(
    network: nn.Module, found: Found, plan: Plan, about: Card, read: dict[str, Reading]
) -> tuple[nn.Module, Change]:
    rewritten = [path for path in read if _is_inside(plan.place.owner, path)]
    if plan.direct and not rewritten:
        plugged = build(plan, None)
        change = _change(plan, [(plugged, before, None) for before, _ in plan.place.shapes[:1]], "")
        return _replaced(network, plan.place.owner, plugged), change
    reasons: dict[str, str] = {}
    for around in rewritten[:1] or _candidates(plan.place):  # a graph that is rewritten already runs in its stead
        try:
            return _in_graph(network, found, plan, about, around, read)
        except Untraceable as error:
            if str(error) != CONTAINER:
                reasons.setdefault(str(error), around or "the model")
    words = "; ".join(f"in {name}, {reason}" for reason, name in reasons.items())
    raise A2UError(words + (GUIDELESS if about.needs_guide else ""))


def _is_inside(path: str, around: str) -> bool:
    return not around or path == around or path.startswith(around + ".")


def _candidates(place: Place) -> Iterator[str]:
    """The modules around a place, the innermost first; for a function, that whose forward calls it."""
    parts = place.owner.split(".") if place.owner else []
    if place.call >= 0:
        yield place.owner
    for n in reversed(range(len(parts))):
        yield ".".join(parts[:n])


def build(plan: Plan, guide: Tensor | None) -> Plugged:
    """The operator of a plan, in the dtype and on the device of its place, with a 1×1 convolution where needed."""
    place, project = plan.place, None
    channels = plan.channels
    if plan.out_channels != plan.channels:
        bias = getattr(place.module, "bias", None) is not None
        project, channels = nn.Conv2d(plan.channels, plan.out_channels, 1, bias=bias), plan.out_channels
    guide_channels = None if guide is None else guide.shape[1]
    op = operators.build(plan.name, channels, plan.ratio, guide_channels=guide_channels, **plan.options)
    size = place.options.get("size") if place.call < 0 else None
    if size is None and isinstance(place.module, nn.ConvTranspose2d) and _cuts(place, plan.ratio):
        raise A2UError(
            "its result is smaller than stride times the map, by an amount that torch takes from its padding"
        )
    plugged = Plugged(op, project, size).to(device=place.device, dtype=place.dtype)
    return plugged.train(place.module.training)


def _cuts(place: Place, ratio: int) -> bool:
    return any(after[2] != ratio * before[2] or after[3] != ratio * before[3] for before, after in place.shapes)


def _change(plan: Plan, plugs: list[tuple[Plugged, torch.Size, Tensor | None]], guide: str) -> Change:
    """What the report says: plugs are the operators of the place, each with its map and the guide beside it."""
    place, (first, *_) = plan.place, plugs[0]
    old = sum(p.numel() for p in place.module.parameters()) if place.call < 0 else 0
    new = sum(p.numel() for plugged, *_ in plugs for p in plugged.parameters())
    words = []
    if first.project is not None:
        words.append(f"a 1×1 convolution brings {plan.channels} channels to {plan.out_channels}")
    if len(plugs) > 1:
        words.append(f"one for each of {len(plugs)} calls of this module")
    counted = sum(multiply_adds(*plug) for plug in plugs)
    channels = ", ".join(str(n) for n in dict.fromkeys(plugged.op.channels for plugged, *_ in plugs))
    return Change(
        place.name, place.was, first.op.card.title, "; ".join(words), plan.ratio, channels, guide, new - old, counted
    )


def _replaced(network: nn.Module, path: str, module: nn.Module) -> nn.Module:
    """The network with this module at the path, and wherever else the old one stood; the module itself at path ""."""
    old = network.get_submodule(path)
    if old is network:
        return module
    for name in [name for name, each in network.named_modules(remove_duplicate=False) if each is old]:
        network.set_submodule(name, module)
    return network


class _Tracer(fx.Tracer):
    """Reads a forward and remembers which call of F.interpolate each node is."""

    keep = (Plugged, Upsampler, fx.GraphModule)

    def __init__(self, closed: bool = False, places: set[str] | None = None) -> None:
        super().__init__()
        self.closed, self.places = closed, places or set()
        self.path: list[tuple[str, list[int]]] = [("", [0])]

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Operators and rewritten modules stay whole; where a forward is hard to read, all without a place do."""
        if isinstance(m, self.keep):
            return True
        if self.closed:
            inside = module_qualified_name + "."
            return not any(p == module_qualified_name or p.startswith(inside) for p in self.places) or (
                type(m).__module__.startswith("torch.nn") and not isinstance(m, nn.Sequential)
            )
        return super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Read the forward of a module, or make it a node."""
        self.path.append((self.path_of_module(m), [0]))
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.path.pop()

    def create_node(self, kind: str, target: Any, *args: Any, **kwargs: Any) -> fx.Node:
        """A node; a call of F.interpolate knows its place."""
        node = super().create_node(kind, target, *args, **kwargs)
        if target in INTERPOLATIONS:
            owner, count = self.path[-1]
            node.meta["place"] = (owner, count[0])
            count[0] += 1
        elif kind == "call_module":
            node.meta["place"] = (target, -1)
        return node


def _read(module: nn.Module, call: Arguments, places: set[str]) -> Reading:
    """The graph of a forward as this call takes it, and its shapes."""
    bound = _bound(module, call)
    concrete = {name: _concrete(value) for name, value in bound.arguments.items() if not _is_open(value)}
    errors: list[str] = []
    for closed in (False, True):
        try:
            graphs = [_graph(module, training, closed, concrete, places) for training in (True, False)]
            codes = [graph.python_code("self").src for graph in graphs]
            if codes[0] != codes[1]:
                raise Untraceable("its forward does something else in training than in evaluation")
            return Reading(graphs[1], _shapes(module, graphs[1], bound))
        except Untraceable as error:
            errors.append(str(error))
        except Exception as error:  # whatever a forward does with a stand-in for its input
            errors.append(f"torch.fx cannot read its forward ({_first_line(error)})")
    raise Untraceable(errors[0])


def _first_line(error: Exception) -> str:
    words = str(error).strip() or repr(error)
    return words.splitlines()[0][:200]


def _bound(module: nn.Module, call: Arguments) -> inspect.BoundArguments:
    """The arguments of a call by their names; Untraceable where a forward takes any number of them."""
    signature = inspect.signature(module.forward)
    if {p.kind for p in signature.parameters.values()} & {
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
    }:
        raise Untraceable("its forward takes any number of arguments")
    bound = signature.bind(*call[0], **call[1])
    bound.apply_defaults()
    return bound


def _shapes(module: nn.Module, graph: fx.Graph, bound: inspect.BoundArguments) -> dict[str, Tensor]:
    made, training = _Shapes(fx.GraphModule(module, graph)), [(each, each.training) for each in module.modules()]
    try:
        module.eval()
        with torch.no_grad():
            made.run(*bound.arguments.values())
    finally:
        for each, was in training:
            each.training = was
    graph.owning_module = None  # else it looks for the new module where there is none yet
    return made.shapes


def _graph(module: nn.Module, training: bool, closed: bool, concrete: dict[str, Any], places: set[str]) -> fx.Graph:
    was = [(each, each.training) for each in module.modules()]
    try:
        module.train(training)
        tracer = _Tracer(closed, places)
        graph = tracer.trace(module, concrete_args=concrete or None)
        for node in graph.nodes:  # torch calls an argument that is part of the graph name_1: callers know it as name
            name = str(node.target).removesuffix("_1")
            if node.op == "placeholder" and name in concrete and str(node.target) not in concrete:
                node.target = name
        return graph
    finally:
        for each, before in was:
            each.training = before


def _is_open(value: Any) -> bool:
    """Does the graph take this argument as it comes: a tensor or a number?"""
    return isinstance(value, Tensor) or (isinstance(value, int | float) and not isinstance(value, bool))


def _concrete(value: Any) -> Any:
    """A container of tensors is taken apart; what else is no tensor or number is part of the graph."""
    return pytree.tree_map(lambda leaf: PH if _is_open(leaf) else leaf, value)


class _Shapes(fx.Interpreter):
    """Runs a graph and keeps the tensor of every node, without its values."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run one node."""
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.shapes[n.name] = result.to("meta")
        return result


def _in_graph(
    network: nn.Module, found: Found, plan: Plan, about: Card, around: str, read: dict[str, Reading]
) -> tuple[nn.Module, Change]:
    """Replace the place in the graph of the module at path `around`; Untraceable where that does not work."""
    module, place = network.get_submodule(around), plan.place
    calls = found.calls.get(around, [])
    if not calls:
        raise Untraceable(CONTAINER)
    if module._forward_hooks or module._forward_pre_hooks:
        raise Untraceable("there are hooks, which a rewritten forward would lose")
    inner = place.owner[len(around) + 1 :] if around else place.owner
    graph, shapes = read.get(around) or _read(module, calls[0], {inner})
    nodes = [node for node in graph.nodes if node.meta.get("place") == (inner, place.call)]
    if not nodes:
        raise Untraceable("the place is not in its graph")
    plugs, guides = [], []
    for node in nodes:
        guide, beside = None, None
        if about.needs_guide:
            guide = find_image(graph, shapes) if about.guided_by == "image" else find_guide(node, shapes)
            beside = shapes[guide.name]
            guides.append(_called(guide))
        x = node.args[0] if node.args else node.kwargs["input"]
        assert isinstance(x, fx.Node)
        before = shapes[x.name]
        fitting = plan._replace(channels=before.shape[1], out_channels=shapes[node.name].shape[1])
        plugs.append((node, x, guide, build(fitting, beside), before.shape, beside))
    made = [(plugged, size, beside) for *_, plugged, size, beside in plugs]
    change = _change(plan, made, ", ".join(guides))  # which may find that the map is too small
    paths = [_free(module, inner, number, place) for number in range(len(plugs))]
    graph.owning_module = None
    for path, (node, x, guide, *_) in zip(paths, plugs, strict=True):
        _put(graph, node, x, guide, path, shapes)
    for path, (plugged, *_) in zip(paths, made, strict=True):  # the graph is whole: nothing can fail any more
        _attach(module, path, plugged)
    rewritten = fx.GraphModule(module, graph, class_name=type(module).__name__)
    _complete(rewritten, module)
    rewritten.training = module.training
    read[around] = Reading(rewritten.graph, shapes)
    return _replaced(network, around, rewritten), change


def _complete(rewritten: fx.GraphModule, module: nn.Module) -> None:
    """Keep what the forward does not use, so that the state has the same names."""
    for name, child in module.named_children():
        if not hasattr(rewritten, name):
            rewritten.add_module(name, child)
    for name, parameter in module.named_parameters(recurse=False):
        if not hasattr(rewritten, name):
            rewritten.register_parameter(name, parameter)
    for name, buffer in module.named_buffers(recurse=False):
        if not hasattr(rewritten, name):
            rewritten.register_buffer(name, buffer, name not in module._non_persistent_buffers_set)


def _called(guide: fx.Node) -> str:
    """A guide as the report names it: the module that makes it, or the argument of the forward."""
    return str(guide.target) if guide.op in ("call_module", "placeholder") else guide.name


def find_guide(node: fx.Node, shapes: dict[str, Tensor]) -> fx.Node:
    """The map of the same size that the result of a node is added to or concatenated with.

    Between the two, the result may pass modules and functions that keep its size and take nothing else.
    """
    size = shapes[node.name].shape
    behind, line, seen = _behind(node), [node], {node}
    while line:
        current = line.pop(0)
        for user in current.users:
            if user in seen or user.op == "output":
                continue
            seen.add(user)
            others = [n for n in user.all_input_nodes if n is not current]
            if user.target in JOINS or user.target in CONCATENATIONS:
                for other in others:
                    made = shapes.get(other.name)
                    if made is not None and made.dim() == 4 and other not in behind and made.shape[2:] == size[2:]:
                        return other
            made = shapes.get(user.name)
            tensors = [n for n in others if n.name in shapes]
            if not tensors and made is not None and made.dim() == 4 and made.shape[2:] == size[2:]:
                line.append(user)
    raise Untraceable("the result meets no encoder map of its size, by addition or concatenation")


def find_image(graph: fx.Graph, shapes: dict[str, Tensor]) -> fx.Node:
    """The image that a forward takes: its first argument with three channels."""
    for node in graph.nodes:
        made = shapes.get(node.name)
        if isinstance(node, fx.Node) and node.op == "placeholder" and made is not None and made.shape[1:2] == (3,):
            return node
    raise Untraceable("its forward takes no image (a tensor with three channels)")


def _behind(node: fx.Node) -> set[fx.Node]:
    """Every node that depends on this one."""
    found, line = {node}, [node]
    while line:
        for user in line.pop().users:
            if user not in found:
                found.add(user)
                line.append(user)
    return found


def _free(module: nn.Module, inner: str, number: int, place: Place) -> str:
    """Where the operator is kept: the path of the module that it replaces, or a name that is free."""
    if place.call < 0 and number == 0:
        return inner
    base, n = (
        f"{inner}_{number + 1}" if place.call < 0 else (f"{inner}." if inner else "") + f"upsample_{place.call + 1}",
        1,
    )
    path = base
    while _has(module, path):
        n += 1
        path = f"{base}_{n}"
    return path


def _has(module: nn.Module, path: str) -> bool:
    try:
        module.get_submodule(path)
    except AttributeError:
        return False
    return True


def _attach(module: nn.Module, path: str, plugged: Plugged) -> None:
    parent, _, name = path.rpartition(".")
    module.get_submodule(parent).add_module(name, plugged)


def _put(
    graph: fx.Graph, node: fx.Node, x: fx.Node, guide: fx.Node | None, path: str, shapes: dict[str, Tensor]
) -> None:
    """The operator in the place of a node, as late as its guide needs."""
    order = {each: n for n, each in enumerate(graph.nodes)}
    first = min((order[user] for user in node.users), default=len(order))
    if guide is not None and order[guide] >= first:
        raise Untraceable("the encoder map is made only after the result is used")
    after = node if guide is None or order[guide] < order[node] else guide
    kwargs: dict[str, Any] = {}
    if node.op == "call_function":
        size = node.args[1] if len(node.args) > 1 else node.kwargs.get("size")
        kwargs = {} if size is None else {"size": size}
    with graph.inserting_after(after):
        new = graph.call_module(path, (x,) if guide is None else (x, guide), kwargs)
    new.meta["place"], shapes[new.name] = (path, -1), shapes[node.name]
    node.replace_all_uses_with(new)
    graph.erase_node(node)
