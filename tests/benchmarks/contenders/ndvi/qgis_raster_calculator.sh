# title: QGIS's raster calculator + COG driver, DEFLATE 6
set -e
# On Debian qgis_process is a wrapper that passes on options which the program does not know (those of /etc/default/qgis).
program=$(command -v qgis_process.bin || command -v qgis_process) || { echo "qgis_process is not installed"; exit 77; }
mkdir -m 700 "$BENCH_OUT/home"
export HOME=$BENCH_OUT/home XDG_RUNTIME_DIR=$BENCH_OUT/home  # not the user's own profile
"$program" run qgis:rastercalculator -- LAYERS="$BENCH_SOURCE/nir.tif" LAYERS="$BENCH_SOURCE/red.tif" \
  EXPRESSION='("nir@1"-"red@1")/("nir@1"+"red@1")' OUTPUT="$BENCH_OUT/draft.tif"
gdal_translate -q -of COG -co COMPRESS=DEFLATE -co PREDICTOR=3 -co BLOCKSIZE=512 -co NUM_THREADS="$BENCH_WORKERS" \
  -co OVERVIEW_RESAMPLING=AVERAGE "$BENCH_OUT/draft.tif" "$BENCH_OUT/ndvi.tif"
rm "$BENCH_OUT/draft.tif"
