# Spark starts dpspark for this file, as the settings spark.pyspark.driver.python of spark-submit.sh say. It is no Python: its name tells Spark that the program is not of the JVM.
