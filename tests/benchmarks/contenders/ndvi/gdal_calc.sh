# title: gdal_calc.py + COG driver, DEFLATE 6
# The distribution's GDAL.
set -e
command -v gdal_calc.py >/dev/null || { echo "gdal_calc.py is not installed"; exit 77; }
formula='(A.astype(float32)-B.astype(float32))/(A.astype(float32)+B.astype(float32))'
gdal_calc.py --quiet -A "$BENCH_SOURCE/nir.tif" -B "$BENCH_SOURCE/red.tif" --calc="$formula" --type=Float32 --NoDataValue=-9999 \
  --co TILED=YES --co BLOCKXSIZE=512 --co BLOCKYSIZE=512 --co BIGTIFF=IF_SAFER --outfile="$BENCH_OUT/draft.tif"
gdal_translate -q -of COG -co COMPRESS=DEFLATE -co PREDICTOR=3 -co BLOCKSIZE=512 -co NUM_THREADS="$BENCH_WORKERS" \
  -co OVERVIEW_RESAMPLING=AVERAGE "$BENCH_OUT/draft.tif" "$BENCH_OUT/ndvi.tif"
rm "$BENCH_OUT/draft.tif"
