"""BERT as an ONNX graph whose products are of 8-bit integers: what onnxruntime computes several times faster than floats.

The weights of a product have a scale by column, its inputs one scale for all, so outlying channels of the inputs must first
be evened out: each is divided by f = max|x|^a / max|w|^(1-a), and the weights of its row multiplied by f (SmoothQuant: Xiao
et al. 2023, section 4). The ranges of the inputs come from a run in floats. Scales are fixed, so the vector of a text does
not depend on the texts beside it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Ranges = Mapping[str, tuple[Array, Array]]  # product -> the least and greatest value of each channel of its inputs

LAYERS, HEADS = 6, 12
SMOOTH = 0.7  # a: how much of the spread of the channels goes to the weights
WEIGHT = (
    63  # greatest weight: two products of an input and a weight fit into 16 bits, as processors without VNNI add them
)
_FUSED = "com.microsoft"  # operators of onnxruntime itself


class EncoderGraph:
    """Builds the model. Without `ranges` it computes in floats, and also gives the ranges of the inputs of each product."""

    def __init__(self, weights: "Mapping[str, Array]", ranges: "Ranges | None" = None) -> None:
        self._weights = weights
        self._ranges = ranges
        self._nodes: list[Any] = []
        self._values: list[Any] = []
        self._outputs = ["vectors"]

    def build(self) -> bytes:
        """The file: inputs `ids` and `mask`, int32, shape (texts, tokens); output `vectors`, not of unit length."""
        from onnx import TensorProto, helper

        x = self._embedded()
        for layer in range(LAYERS):
            x = self._layer(x, layer)
        self._pool(x)
        shape = ["texts", "tokens"]
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "mask")]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self._outputs]
        graph = helper.make_graph(self._nodes, "embedding", inputs, outputs, self._values)
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=versions, ir_version=10)
        return bytes(model.SerializeToString())

    def _embedded(self) -> str:
        weights = self._weights
        positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        words = self._value("words", weights["embeddings.word_embeddings.weight"])
        scale, shift = self._norm("embeddings.LayerNorm")
        inputs = ["ids", "", words, self._value("positions", positions), "", scale, shift, "mask"]
        return self._node("EmbedLayerNormalization", inputs, "x0", more=("lengths",), epsilon=1e-12)

    def _layer(self, x: str, layer: int) -> str:
        prefix = f"encoder.layer.{layer}."
        parts = [f"{prefix}attention.self.{name}" for name in ("query", "key", "value")]
        mixed = self._product(x, f"mixed{layer}", *parts)
        split = [f"{name}{layer}" for name in ("query", "key", "value")]
        self._node("Split", [mixed], split[0], more=split[1:], domain="", axis=-1, num_outputs=3)
        attended = self._node("MultiHeadAttention", [*split, "", "mask"], f"attended{layer}", num_heads=HEADS)
        attended = self._product(attended, f"out{layer}", prefix + "attention.output.dense")
        seen = self._add_and_norm(attended, x, f"seen{layer}", prefix + "attention.output.LayerNorm")
        wide = self._product(seen, f"wide{layer}", prefix + "intermediate.dense")
        wide = self._node("Gelu", [wide], f"active{layer}")
        down = self._product(wide, f"down{layer}", prefix + "output.dense")
        return self._add_and_norm(down, seen, f"x{layer + 1}", prefix + "output.LayerNorm")

    def _pool(self, x: str) -> None:
        """The sum of the vectors of a text's tokens."""
        from onnx import TensorProto

        axis = self._value("axis", np.array([1], np.int64))
        self._node("Cast", ["mask"], "mask.float", domain="", to=TensorProto.FLOAT)
        self._node("Unsqueeze", ["mask.float", axis], "mask.row", domain="")
        self._node("MatMul", ["mask.row", x], "sum", domain="")
        self._node("Squeeze", ["sum", axis], "vectors", domain="")

    def _product(self, x: str, name: str, *layers: str) -> str:
        """`x` times the weights of one or more dense `layers` side by side, plus their shifts."""
        weight = np.concatenate([self._weights[f"{layer}.weight"].T for layer in layers], axis=1)
        shift = self._value(f"{name}.shift", np.concatenate([self._weights[f"{layer}.bias"] for layer in layers]))
        if self._ranges is not None:
            return self._integer_product(x, name, weight, shift, self._ranges[name])
        for kind in ("Min", "Max"):
            axes = self._value(f"{name}.{kind}.axes", np.array([0, 1], np.int64))
            self._outputs.append(self._node(f"Reduce{kind}", [x, axes], f"{name}.{kind}", domain="", keepdims=0))
        product = self._node("MatMul", [x, self._value(f"{name}.weight", weight)], f"{name}.product", domain="")
        return self._node("Add", [product, shift], name, domain="")

    def _integer_product(self, x: str, name: str, weight: "Array", shift: str, span: "tuple[Array, Array]") -> str:
        low, high = span
        most = np.maximum(-low, high)
        most = np.maximum(most, 1e-3 * most.max())
        factor = most**SMOOTH / np.maximum(np.abs(weight).max(axis=1), 1e-6) ** (1 - SMOOTH)
        least, greatest = min(0.0, float((low / factor).min())), max(0.0, float((high / factor).max()))
        step = (greatest - least) / 255
        zero = self._value(f"{name}.zero", np.uint8(round(-least / step)))
        smoothed = weight * (factor * step)[:, None]
        scale = np.abs(smoothed).max(axis=0) / WEIGHT
        integers = np.clip(np.round(smoothed / scale), -WEIGHT, WEIGHT).astype(np.int8)
        even = self._node("Mul", [x, self._value(f"{name}.even", 1 / factor)], f"{name}.x", domain="")
        step_value = self._value(f"{name}.step", np.float32(step))
        rounded = self._node("QuantizeLinear", [even, step_value, zero], f"{name}.int8", domain="")
        weights = self._value(f"{name}.weight", integers)
        scales, one = self._value(f"{name}.scale", scale), self._value(f"{name}.one", np.float32(1))
        none = self._value(f"{name}.none", np.zeros(len(scale), np.int8))
        return self._node("MatMulIntegerToFloat", [rounded, weights, one, scales, zero, none, shift], name)

    def _add_and_norm(self, x: str, beside: str, name: str, norm: str) -> str:
        return self._node("SkipLayerNormalization", [x, beside, *self._norm(norm)], name, epsilon=1e-12)

    def _norm(self, name: str) -> tuple[str, str]:
        scale, shift = (self._value(f"{name}.{part}", self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return scale, shift

    def _node(
        self,
        kind: str,
        inputs: list[str],
        output: str,
        more: "tuple[str, ...] | list[str]" = (),
        domain: str = _FUSED,
        **options: Any,  # noqa: ANN401  attributes of the operator
    ) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output, *more], domain=domain, **options))
        return output

    def _value(self, name: str, value: "NDArray[Any] | np.generic") -> str:
        from onnx import numpy_helper

        array = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self._values.append(numpy_helper.from_array(array, name))
        return name
