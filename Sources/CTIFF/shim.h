// libtiff, for the one thing that GDAL does not offer: where each strip and tile lies in the file.
#ifndef CTIFF_SHIM_H
#define CTIFF_SHIM_H
#include <tiffio.h>
#endif
