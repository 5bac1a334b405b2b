using System.Numerics;
using System.Security.Cryptography;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Selection;
using DpSpark.Tests.Core.Noise;

namespace DpSpark.Tests.Core.Selection;

public class TruncatedGeometricTests
{
    public static TheoryData<double, double> Budgets => new()
    {
        { 1, 1e-5 }, { 1, 1e-6 / 8 }, { 0.1, 1e-10 }, { 0.01, 1e-6 }, { 20, 1e-10 }, { 40, 1e-10 }, { 131, 1e-12 }, { 5, 0.5 }, { 1e-3, 0.01 }, { 1e-9, 0.3 },
    };

    [Theory]
    [MemberData(nameof(Budgets))]
    public void Build_AnyBudget_SatisfiesEveryInequalityOfTheDefinitionExactly(double epsilon, double delta)
    {
        IReadOnlyList<BigInteger> table = TruncatedGeometricTable.Build(new SelectionBudget(epsilon, delta));

        Assert.True(IsPrivate(table, epsilon, delta));
    }

    [Theory]
    [InlineData(1, 1e-5)]
    [InlineData(0.1, 1e-10)]
    [InlineData(20, 1e-10)]
    public void Build_WrongOnPurpose_ViolatesTheDefinition(double epsilon, double delta)
    {
        IReadOnlyList<BigInteger> table = TruncatedGeometricTable.Build(new SelectionBudget(epsilon, delta));

        Assert.False(IsPrivate([.. table.Skip(1)], epsilon, delta));
        Assert.False(IsPrivate(TruncatedGeometricTable.Build(new SelectionBudget(epsilon * 1.01, delta)), epsilon, delta));
        Assert.False(IsPrivate(TruncatedGeometricTable.Build(new SelectionBudget(epsilon, delta * 1.01)), epsilon, delta));
        Assert.False(IsPrivate([.. table.Select(p => p + 1 > TruncatedGeometricTable.One ? p : p + (BigInteger.One << 80))], epsilon, delta));
    }

    [Theory]
    [InlineData(1, 1e-5)]
    [InlineData(0.01, 1e-6)]
    [InlineData(10, 1e-5)]
    public void Build_AnyBudget_AgreesWithTheClosedForm(double epsilon, double delta)
    {
        var closed = new TruncatedGeometric(new SelectionBudget(epsilon, delta));
        var table = new TruncatedGeometricTable(TruncatedGeometricTable.Build(new SelectionBudget(epsilon, delta)));

        for (int n = 0; n <= table.AlwaysShown; n++)
        {
            double expected = closed.KeepProbability(n);
            Assert.InRange(table.KeepProbability(n), expected * (1 - 1e-9), Math.Max(expected * (1 + 1e-9), 1e-300));
        }
    }

    [Fact]
    public void Keep_AtTheProbabilityItself_IsReadLazilyAndStrictly()
    {
        IReadOnlyList<BigInteger> values = TruncatedGeometricTable.Build(new SelectionBudget(1, 1e-5));
        var table = new TruncatedGeometricTable(values);
        ulong upper = (ulong)(values[9] >> 64);
        ulong lower = (ulong)(values[9] & ulong.MaxValue);

        Assert.True(table.Keep(new ScriptedWords(upper - 1), 10));
        Assert.False(table.Keep(new ScriptedWords(upper + 1), 10));
        Assert.True(table.Keep(new ScriptedWords(upper, lower - 1), 10));
        Assert.False(table.Keep(new ScriptedWords(upper, lower), 10));
        Assert.False(table.Keep(new ScriptedWords(), 0));
        Assert.True(table.Keep(new ScriptedWords(), table.AlwaysShown));
        Assert.False(table.Keep(new ScriptedWords(ulong.MaxValue), table.AlwaysShown - 1));
    }

    [Fact]
    public void Keep_ManyPartitions_ShowsAsManyAsItShould()
    {
        const int Trials = 200_000;
        var table = new TruncatedGeometricTable(TruncatedGeometricTable.Build(new SelectionBudget(1, 1e-5)));
        var stream = new KeyedStream(SHA256.HashData("selection"u8));
        double p = table.KeepProbability(11);

        int kept = Enumerable.Range(0, Trials).Count(_ => table.Keep(stream, 11));

        // Five standard deviations: false alarms 6e-7; a table off by one unit is 100 standard deviations away.
        double deviation = Math.Sqrt(Trials * p * (1 - p));
        Assert.InRange(kept, (Trials * p) - (5 * deviation), (Trials * p) + (5 * deviation));
        Assert.True(Math.Abs((Trials * table.KeepProbability(12)) - kept) > 50 * deviation);
        Assert.True(Math.Abs((Trials * table.KeepProbability(10)) - kept) > 50 * deviation);
    }

    [Fact]
    public void Build_DeltaBelowTwoToTheMinusHundred_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedGeometricTable.Build(new SelectionBudget(1, 1e-31)));

    [Fact]
    public void Build_EpsilonTooSmallForATable_IsRefusedRatherThanEndless() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedGeometricTable.Build(new SelectionBudget(1e-7, 1e-12)));

    [Theory]
    [InlineData(0.5, 1e-8, 4)]
    [InlineData(1, 1e-6, 100)]
    public void Basic_ComposedAgain_IsTheWhole(double epsilon, double delta, int l0)
    {
        SelectionBudget safe = SelectionBudget.Basic(epsilon, delta, l0).Safely();

        Assert.InRange(safe.Epsilon * l0, epsilon * (1 - 1e-11), epsilon);
        Assert.InRange(Elementary.OneMinusPower(safe.Delta, l0), delta * (1 - 1e-11), delta);
    }

    private static bool IsPrivate(IReadOnlyList<BigInteger> table, double epsilon, double delta)
    {
        // An upper bound of e^eps by 2^-44, far closer than the deviations that must be found; delta exactly.
        (BigInteger en, BigInteger ed) = Rounding.ToRational(Math.Min(Math.Exp(epsilon), Math.ScaleB(1, 200)));
        en *= (BigInteger.One << 44) + 1;
        ed <<= 44;
        (BigInteger dn, BigInteger dd) = Rounding.ToRational(delta);
        BigInteger allowed = (dn << 128) / dd;
        BigInteger one = TruncatedGeometricTable.One;
        BigInteger before = BigInteger.Zero;
        foreach (BigInteger p in table)
        {
            bool holds = p * ed <= (en * before) + (allowed * ed)
                && before * ed <= (en * p) + (allowed * ed)
                && (one - before) * ed <= (en * (one - p)) + (allowed * ed)
                && (one - p) * ed <= (en * (one - before)) + (allowed * ed);
            if (!holds)
            {
                return false;
            }

            before = p;
        }

        return true;
    }
}
