namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>
/// Every part of the mathematics that privacy rests on, checked by enumeration, by an exact law or by a second formula; and the same check with the part wrong by the smallest plausible
/// mistake, which it must reject. A check that accepts everything is found by the second, one that is too strict by the first.
/// </summary>
public class WrongOnPurposeTests
{
    private static readonly Dictionary<string, Claim> s_claims = new[]
    {
        NoiseClaims.All,
        SelectionClaims.All,
        AggregationClaims.All,
        QuantileClaims.All,
        AccountingClaims.All,
        CompositionClaims.All,
    }.SelectMany(c => c).ToDictionary(c => c.ToString());

    internal static IReadOnlyCollection<Claim> Claims => s_claims.Values;

    public static TheoryData<string> Names => [.. s_claims.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Check_ThePartAsItIs_IsAccepted(string claim) => Assert.True(s_claims[claim].Holds());

    [Theory]
    [MemberData(nameof(Names))]
    public void Check_SmallestMistakes_AreRejected(string claim)
    {
        Assert.NotEmpty(s_claims[claim].Mistakes);
        Assert.All(s_claims[claim].Mistakes, mistake => Assert.False(mistake.Holds(), mistake.Name));
    }
}
