using DpSpark.Vectors.Dp;
using DpSpark.Vectors.Formats;

namespace DpSpark.Vectors;

/// <summary>Chooses the runner for the command line: <c>arrow DIR</c>, <c>parquet DIR</c>, <c>codecs DIR</c>, or files of DP vectors.</summary>
public static class Dispatcher
{
    private const string Usage = "usage: DpSpark.Vectors arrow|parquet|codecs DIR, or DpSpark.Vectors FILE.json...";

    /// <summary>Runs the vectors.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Receives one line per case and the totals.</param>
    /// <param name="error">Receives complaints about the command line.</param>
    /// <returns>0 when nothing failed, 1 when a case failed, 2 when nothing could be run.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        if (args is ["arrow" or "parquet" or "codecs", var folder])
        {
            if (!File.Exists(Path.Combine(folder, VectorIndex.FileName)))
            {
                error.WriteLine($"No {VectorIndex.FileName} in '{folder}'. {Usage}");
                return 2;
            }

            var report = new VectorReport(output);
            switch (args[0])
            {
                case "arrow":
                    ArrowVectors.Run(folder, report);
                    break;
                case "codecs":
                    CodecVectors.Run(folder, report);
                    break;
                default:
                    ParquetVectors.Run(folder, report);
                    break;
            }

            return report.Finish();
        }

        if (args.Length == 0 || !args.All(File.Exists))
        {
            error.WriteLine(Usage);
            return 2;
        }

        var cases = new VectorReport(output);
        foreach (var file in args)
        {
            DpVectors.Run(file, cases);
        }

        return cases.Finish();
    }
}
