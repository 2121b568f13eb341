# title: curl --parallel
# One connection per file, all at once; curl verifies no checksum.
set -e
command -v curl >/dev/null || { echo "curl is not installed"; exit 77; }
words=()
for band in ${BENCH_BANDS//,/ }; do
  words+=(-o "$BENCH_OUT/$band.tif" "$BENCH_SOURCE/$band.tif")
done
curl --silent --show-error --fail --parallel --parallel-immediate --parallel-max 6 --retry 3 "${words[@]}"
