using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Testing;

/// <summary>Plans for tests of the engines alone: a stage description that no planner made, with a claim that nobody has checked.</summary>
public static class UncheckedPlan
{
    /// <summary>A plan that runs a description.</summary>
    /// <param name="spec">The description.</param>
    /// <param name="keys">The public keys; null where there are none.</param>
    public static ReleasePlan Of(StageSpec spec, IReadOnlyList<byte[]>? keys) => new()
    {
        Request = new ReleaseRequest
        {
            Name = "test",
            Columns = spec.Columns,
            Unit = new PrivacyUnitRequest { IdColumns = spec.UnitColumns },
            PartitionBy = spec.PartitionBy,
            Keyset = keys is null ? null : new PublicKeys(keys, "test"),
            Aggregates = [],
            Epsilon = ExactDecimal.One,
            Delta = ExactDecimal.Zero,
            Noise = NoiseChoice.Laplace,
        },
        Spec = spec,
        Epsilon = ExactDecimal.One,
        Delta = ExactDecimal.Zero,
        Accountant = "basic",
        Mechanisms = [],
        KeepChances = [],
        Diagnostics = [],
    };
}
