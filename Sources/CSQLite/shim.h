// SQLite's C API, as far as VectorIO needs it beside GDAL: the library that GDAL writes GeoPackages with.
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
