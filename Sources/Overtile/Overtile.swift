// The library product: what an application imports to segment scenes. Each room keeps its own name and documentation.
@_exported public import BatchRunner
@_exported public import FileIO
@_exported public import MaskProducts
@_exported public import InferenceEngine
@_exported public import Models
@_exported public import NetworkGraph
@_exported public import RasterIO
@_exported public import SceneRunner
@_exported public import Segmentation
@_exported public import StoredTensors
@_exported public import TileGeometry
@_exported public import Training
@_exported public import TrainingRunner
@_exported public import VectorIO
