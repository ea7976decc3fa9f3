"""From somebody's float ONNX detector to full int8: what `tools/quantize` does, step by step.

Start reading at `onnx_net.py`: the graph becomes the builder's layers, its head stays split. Then
`evening.py`: what int8 costs a net of depthwise convolutions, and how most of it is won back.
"""
