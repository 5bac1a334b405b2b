using DpSpark.Core.Accounting.Loss;
using DpSpark.Engine.Planning;
using DpSpark.Engine.Planning.Costs;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Nothing that privacy rests on is without a claim.</summary>
public class CoverageTests
{
    private static readonly string[] s_folders = ["Accounting", "Accounting.Loss", "Aggregation", "Bounds", "Local", "Noise", "Quantiles", "Selection", "Workloads"];

    /// <summary>What has no claim of its own, and why.</summary>
    private static readonly Dictionary<string, string> s_without = new(StringComparer.Ordinal)
    {
        ["IAccountant"] = "an interface",
        ["IRandomWords"] = "an interface",
        ["PrivacyMechanism"] = "the base of the branches, each of which has a claim",
        ["MechanismUse"] = "a pair of a mechanism and its count",
        ["PrivacyBracket"] = "a pair of numbers",
        ["SamplerVersion"] = "names",
        ["QuantileWalk"] = "names",
        ["StrategyComparison"] = "compares rules that have claims; decides nothing about privacy",
        ["MeanInterval"] = "an interval around released numbers: post-processing",
        ["ReferencePartition"] = "sums without noise, for tests",
        ["ReferenceAggregates"] = "sums without noise, for tests",
        ["GroupVariances"] = "numbers of a report",
        ["SoftBinVariances"] = "numbers of a report",
        ["SoftBinSummary"] = "numbers of a report",
        ["StrategyVariance"] = "numbers of a report",
        ["MomentInterval"] = "an interval around released numbers: post-processing",
        ["ProfileDecision"] = "works on released numbers: post-processing",
        ["ConsistentTree"] = "works on released numbers: post-processing",
    };

    [Fact]
    public void PublicTypes_OfTheMechanismLayer_HaveAClaimOrAReason()
    {
        HashSet<Type> claimed = [.. WrongOnPurposeTests.Claims.Select(c => c.Of)];
        Type[] all = [.. typeof(LossAccountant).Assembly.GetExportedTypes().Where(t => !t.IsNested && s_folders.Any(f => t.Namespace == "DpSpark.Core." + f))];

        Assert.NotEmpty(all);
        Assert.All(all, type => Assert.True(
            claimed.Contains(type) != s_without.ContainsKey(type.Name),
            $"{type.Name} needs a claim with its smallest plausible mistakes in tests/DpSpark.Tests/WrongOnPurpose, or a reason in {nameof(CoverageTests)} why it carries no privacy."));
    }

    [Fact]
    public void Accountant_EveryBranch_HasAClaim() =>
        Assert.All(
            typeof(PrivacyMechanism).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(PrivacyMechanism))),
            branch => Assert.Contains(WrongOnPurposeTests.Claims, c => c.Of == branch && c.Mistakes.Count >= 3));

    [Fact]
    public void Composition_EveryBranchOfAPlan_HasClaimsOfDeltaEpsilonAndRho() =>
        Assert.All(
            typeof(GroupCost).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(GroupCost))),
            branch => Assert.All(
                new[] { "delta of ", "epsilon of ", "rho of " },
                what => Assert.Contains(WrongOnPurposeTests.Claims, c => c.Of == branch && c.Statement.StartsWith(what, StringComparison.Ordinal) && c.Mistakes.Count >= 3)));

    [Fact]
    public void AuditComposition_EveryKind_HasClaimsOfDeltaAndRho() =>
        Assert.All(
            Enum.GetValues<AuditKind>(),
            kind => Assert.All(
                new[] { "delta of ", "rho of " },
                what => Assert.Contains(WrongOnPurposeTests.Claims, c => c.Of == typeof(AuditComposition) && c.Statement.StartsWith($"{kind}: {what}", StringComparison.Ordinal))));
}
