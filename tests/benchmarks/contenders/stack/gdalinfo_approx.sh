# title: gdalbuildvrt, then gdalinfo -approx_stats
# The distribution's GDAL. Looks at overviews alone.
set -e
command -v gdalbuildvrt >/dev/null || { echo "gdalbuildvrt is not installed"; exit 77; }
files=()
for band in ${BENCH_BANDS//,/ }; do
  files+=("$BENCH_SOURCE/$band.tif")
done
gdalbuildvrt -q -separate -resolution highest "$BENCH_OUT/stack.vrt" "${files[@]}"
gdalinfo -approx_stats --config GDAL_PAM_ENABLED NO "$BENCH_OUT/stack.vrt" >"$BENCH_OUT/report.txt"
