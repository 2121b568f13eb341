#!/bin/bash
# Tiles on a real Spark cluster: a master and two workers on this computer, of PyPI's pyspark. Installs what it needs
# into .venv-spark and .venv-spark-3.5 (0.9 GB), and a Java where there is none that Spark runs on.
#   bash scripts/test_spark.sh                  all of it
#   bash scripts/test_spark.sh -k secret        with these words for pytest
#   bash scripts/test_spark.sh --s3 …           object storage, too, for which Spark wants 560 MB more
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

NOW="4.0.5"     # what FirstLight is tried with
OTHER="3.5.9"   # a version that does not understand it
SEDONA="1.8.0"  # the last that Maven Central has for Spark 4.0
HADOOP="3.4.1"  # that of Spark 4.0

# spark_venv FOLDER VERSION: a Python of the same version as that of the tests, with numpy and GDAL as they have, and pyspark.
spark_venv() {
  local folder=$1 version=$2 base
  [ -x "$folder/bin/python" ] && "$folder/bin/python" -c "import pyspark; assert pyspark.__version__ == '$version'" 2>/dev/null && return
  rm -rf "$folder"
  base=$("$VENV/bin/python" -c 'import sys; print(sys._base_executable)')
  "$base" -m venv --system-site-packages "$folder"
  "$folder/bin/python" -m pip install --quiet --no-cache-dir "pyspark==$version"
}

# jars_of FOLDER PACKAGE: a package of Java with what it needs, fetched by Spark itself; prints the jars with commas
# between them, or nothing.
jars_of() {
  local folder=$1 package=$2 home java
  if [ ! -d "$folder/jars" ]; then
    home=$("$ROOT/.venv-spark/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
    java=$(java_home)
    SPARK_HOME=$home JAVA_HOME=$java "$home/bin/spark-submit" \
      --packages "$package" --conf "spark.jars.ivy=$folder" \
      --master 'local[1]' --class org.apache.spark.deploy.SparkSubmit spark-internal --version \
      >"$BUILD/$(basename "$folder").log" 2>&1 || rm -rf "$folder"
  fi
  [ ! -d "$folder/jars" ] || find "$folder/jars" -name '*.jar' | sort | paste -sd,
}

java_home() {
  "$VENV/bin/python" - <<'PY'
import sys
sys.path.insert(0, "build/package")
from firstlight.core.installation.java import find_java
print(find_java()[0])
PY
}

find_java() {
  "$VENV/bin/python" - <<'PY'
import sys
sys.path.insert(0, "build/package")
from firstlight.core.installation.java import find_java
sys.exit(find_java()[0] is None)
PY
}

began=$SECONDS
bash scripts/setup.sh
mkdir -p "$BUILD/package"
ln -sfn "$ROOT" "$BUILD/package/firstlight"
if ! find_java; then
  say "A Java that Spark runs on is installed"
  for package in openjdk-17-jre-headless openjdk-21-jre-headless; do
    as_root apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 && break
  done
  find_java || fail "Spark cannot be tried" "there is no Java 17 or 21" "Install one, and run this again."
fi
spark_venv "$ROOT/.venv-spark" "$NOW"
spark_venv "$ROOT/.venv-spark-3.5" "$OTHER"
sedona=$(jars_of "$ROOT/.venv-spark/sedona" "org.apache.sedona:sedona-spark-shaded-4.0_2.13:$SEDONA")
[ -n "$sedona" ] || say "Sedona's jar cannot be had (see $BUILD/sedona.log): its tests are skipped"
stores=""
if [ "${1:-}" = --s3 ]; then
  shift
  stores=$(jars_of "$ROOT/.venv-spark/s3" "org.apache.hadoop:hadoop-aws:$HADOOP")
  [ -n "$stores" ] || say "Hadoop's jars cannot be had (see $BUILD/s3.log): object storage is skipped"
fi
say "Spark is there after $((SECONDS - began)) s"
FIRSTLIGHT_SPARK_TEST_PYTHON="$ROOT/.venv-spark/bin/python" \
  FIRSTLIGHT_SPARK_TEST_OTHER_PYTHON="$ROOT/.venv-spark-3.5/bin/python" \
  FIRSTLIGHT_SPARK_TEST_SEDONA_JAR="$sedona" FIRSTLIGHT_SPARK_TEST_S3_JARS="$stores" \
  "$VENV/bin/python" -m pytest -p no:pytest_qgis -p no:pytest-qt -W ignore::pytest.PytestConfigWarning \
  -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true tests/spark "$@"
say "Spark: passed in $((SECONDS - began)) s"
