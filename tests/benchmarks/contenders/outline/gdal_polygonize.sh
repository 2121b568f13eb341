# title: gdal_polygonize.py to a GeoPackage
command -v gdal_polygonize.py >/dev/null || { echo "gdal_polygonize.py"; exit 77; }
exec gdal_polygonize.py -q "$BENCH_CLASSES" -f GPKG "$BENCH_OUT/outline.gpkg" patches code
