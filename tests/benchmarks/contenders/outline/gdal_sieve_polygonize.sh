# title: gdal_sieve.py and gdal_polygonize.py: sieved, not simplified
command -v gdal_sieve.py >/dev/null || { echo "gdal_sieve.py"; exit 77; }
gdal_sieve.py -q -st 50 -4 "$BENCH_CLASSES" -nomask -of GTiff "$BENCH_OUT/sieved.tif" || exit 1
exec gdal_polygonize.py -q "$BENCH_OUT/sieved.tif" -mask "$BENCH_OUT/sieved.tif" -f GPKG "$BENCH_OUT/perimeter.gpkg" patches code
