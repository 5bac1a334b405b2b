using System.Globalization;
using DpSpark.Benchmarks;

// Workloads for whole-process measurements; docs/benchmarks.md says how they are used.
if (args is ["w1", var rows, var path] && long.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
{
    W1.Write(count, path);
    return 0;
}

Console.Error.WriteLine("usage: w1 ROWS FILE.parquet    writes workload W1");
return 2;
