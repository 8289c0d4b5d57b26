// GDAL's C API, as far as RasterIO and VectorIO need it. Swift imports all of it directly; no wrapper functions.
#ifndef CGDAL_SHIM_H
#define CGDAL_SHIM_H
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_minixml.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <cpl_vsi_error.h>
#include <gdal.h>
#include <gdal_alg.h>
#include <gdal_utils.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#endif
