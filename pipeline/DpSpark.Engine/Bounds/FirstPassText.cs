using System.Globalization;
using System.Text;
using DpSpark.Core.Noise;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>A first pass as text for a terminal: what is decided by it and with which noise.</summary>
internal static class FirstPassText
{
    /// <summary>Writes the lines of a plan's first pass; none where all bounds are given.</summary>
    internal static void Write(ReleasePlan plan, StringBuilder text)
    {
        if (plan.Bounds is not { } bounds)
        {
            return;
        }

        text.Append("First pass  noisy histograms of the units; each unit is in one bin of each\n");
        for (var i = 0; i < bounds.Questions.Count; i++)
        {
            var question = bounds.Questions[i];
            var what = question.Target switch
            {
                BoundsTarget.Partitions => "decides in how many partitions a unit counts",
                BoundsTarget.RowsPerPartition => "decides with how many rows a unit counts in a partition",
                BoundsTarget.PartitionSums => "decides the bounds of each unit's sum in a partition",
                _ => "decides the bounds of the values",
            };
            var found = bounds.Found is { } all ? $": [{all[i].Lower}, {all[i].Upper}]" : string.Empty;
            text.Append(CultureInfo.InvariantCulture, $"            {question.Name}: {what}{found}; {(question.Noise.Kind == NoiseKind.DiscreteGaussian ? "gaussian" : "laplace")} sd {PlanText.Short(NoiseCalibration.StandardDeviation(question.Noise))} on each bin\n");
        }

        text.Append(bounds.Found is null
            ? "            the rest is planned with what it finds; below, a bound that is to be found is 1, and the noise is for each unit of it\n\n"
            : "\n");
    }

    internal static string Word(BoundsTarget target) => target switch
    {
        BoundsTarget.Partitions => "max_partitions_contributed",
        BoundsTarget.RowsPerPartition => "max_contributions_per_partition",
        BoundsTarget.PartitionSums => "partition_sum",
        _ => "value",
    };
}
