// RasterIO
