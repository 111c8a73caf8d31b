"""An ONNX graph as mutagenesis sees it: constants, shapes, slices, reach of a change, and the way back."""
