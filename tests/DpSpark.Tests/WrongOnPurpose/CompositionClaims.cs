using System.Numerics;
using DpSpark.Core.Accounting.Loss;
using DpSpark.Engine.Planning;
using DpSpark.Engine.Planning.Costs;
using DpSpark.Testing.Privacy;

namespace DpSpark.Tests.WrongOnPurpose;

/// <summary>Every branch of the composition of a plan, and of the one that audits it: beside Gaussian noise, of a unit with two rows in each of three partitions, by enumeration.</summary>
internal static class CompositionClaims
{
    private const double Epsilon = 0.7;

    private static readonly ContributionNorms s_norms = ContributionNorms.Of(3, 2, null, null)!;

    private static readonly LossAccountant s_accountant = new(1e-4);

    /// <summary>The noise beside which a branch is looked at, in one partition: mu² is 1/36.</summary>
    private static readonly NeighbourPair s_beside = Worlds.Gaussian(60, 10);

    private static readonly NeighbourPair s_besideAll = s_beside.Times(3);

    internal static IEnumerable<Claim> All =>
    [
        .. Planned(
            new LaplaceCost(6 / 12.0, false, 2), Worlds.Laplace(12, 2), 3, Generic(0.5, 0),
            ("half of the rows", new LaplaceCost(3 / 12.0, false, 1)), ("L0 missing", new LaplaceCost(2 / 12.0, false, 2)), ("one partition less", new LaplaceCost(4 / 12.0, false, 2))),
        .. Planned(
            new LaplaceCost(3 / 6.0, true, 1), Worlds.Laplace(6, 1), 3, Generic(0.5, 0),
            ("half", new LaplaceCost(1.5 / 6, true, 1)), ("L0 missing", new LaplaceCost(1 / 6.0, true, 1)), ("one partition less", new LaplaceCost(2 / 6.0, true, 1))),
        .. Planned(
            new GaussianCost(12 / 144.0, false), Worlds.Gaussian(120, 20), 3, Worlds.Gaussian(120, 20).Times(3),
            ("sigma doubled", new GaussianCost(3 / 144.0, false)), ("root of L0 missing", new GaussianCost(4 / 144.0, false)), ("sensitivity not squared", new GaussianCost(6 / 144.0, false))),
        .. Planned(
            new WeightedCost(1 / 16.0), Worlds.Gaussian(40, 10), 1, Worlds.Gaussian(40, 10),
            ("sigma doubled", new WeightedCost(1 / 64.0)), ("shared out over L0 partitions", new WeightedCost(1 / 48.0)), ("half", new WeightedCost(1 / 32.0))),
        .. Planned(
            new TableCost(0.2, 0.001, 0.6, 0.003), Generic(0.2, 0.001), 3, Generic(0.2, 0).Times(3),
            ("epsilon shared out twice", new TableCost(0.2 / 3, 0.001, 0.2, 0.003)), ("half of epsilon", new TableCost(0.1, 0.001, 0.3, 0.003)), ("epsilon and delta forgotten", new TableCost(0, 0, 0, 0))),
        .. Planned(
            new ProfileCost(0.2, 2), Worlds.Laplace(5, 1), 2, Generic(0.2, 0).Times(2),
            ("half", new ProfileCost(0.1, 2)), ("a unit that is replaced counted as one that is added", new ProfileCost(0.2, 1)), ("a third", new ProfileCost(0.2 / 3, 2))),
        .. Planned(
            new ChoiceCost(0.2, 2, false, 0.4, 0), Generic(0.2, 0), 2, Generic(0.2, 0).Times(2),
            ("half", new ChoiceCost(0.1, 2, false, 0.2, 0)), ("one round less", new ChoiceCost(0.2, 1, false, 0.2, 0)), ("nothing", new ChoiceCost(0, 2, false, 0, 0))),
        Claim.About(
            typeof(ChoiceCost), "six rounds of bounded range",
            cost => new PlanComposition(s_norms, [cost, new GaussianCost(3 / 36.0, false)]).Delta(s_accountant, Epsilon) >= Generic(0.4, 0).Times(6).And(s_besideAll).Delta(Epsilon)
                && Orders.All(alpha => Generic(0.4, 0).Times(6).Renyi(alpha) <= new PlanComposition(s_norms, [cost]).Rho() * alpha),
            new ChoiceCost(0.8, 6, true, 4.8, 0),
            ("half", new ChoiceCost(0.4, 6, true, 2.4, 0)), ("one round", new ChoiceCost(0.8, 1, true, 0.8, 0))),
        .. Audited(
            AuditCost.Laplace(new(6, 12), false, 2), Worlds.Laplace(12, 2), 3, Generic(0.5, 0),
            ("half of the rows", AuditCost.Laplace(new(3, 12), false, 1)), ("L0 missing", AuditCost.Laplace(new(2, 12), false, 2)), ("one partition less", AuditCost.Laplace(new(4, 12), false, 2))),
        .. Audited(
            AuditCost.Laplace(new(3, 6), true, 1), Worlds.Laplace(6, 1), 3, Generic(0.5, 0),
            ("half", AuditCost.Laplace(new(3, 12), true, 1)), ("L0 missing", AuditCost.Laplace(new(1, 6), true, 1)), ("one partition less", AuditCost.Laplace(new(2, 6), true, 1))),
        .. Audited(
            AuditCost.Gaussian(new(12, 144), false), Worlds.Gaussian(120, 20), 3, Worlds.Gaussian(120, 20).Times(3),
            ("sigma doubled", AuditCost.Gaussian(new(3, 144), false)), ("root of L0 missing", AuditCost.Gaussian(new(4, 144), false)), ("sensitivity not squared", AuditCost.Gaussian(new(6, 144), false))),
        .. Audited(
            AuditCost.Weighted(new(1, 16)), Worlds.Gaussian(40, 10), 1, Worlds.Gaussian(40, 10),
            ("sigma doubled", AuditCost.Weighted(new(1, 64))), ("shared out over L0 partitions", AuditCost.Weighted(new(1, 48))), ("half", AuditCost.Weighted(new(1, 32)))),
        .. Audited(
            AuditCost.Round(new(1, 16)), Worlds.Gaussian(40, 10), 1, Worlds.Gaussian(40, 10),
            ("sigma doubled", AuditCost.Round(new(1, 64))), ("shared out over L0 partitions", AuditCost.Round(new(1, 48))), ("half", AuditCost.Round(new(1, 32)))),
        Claim.About(
            typeof(AuditComposition), "Round: all of the weights count, however few of the unit's partitions are shared",
            delta => Covers(delta, Worlds.Gaussian(40, 10).Delta(0.1)),
            new AuditComposition(s_norms, [AuditCost.Round(new(1, 16)), Beside()], Rational.Zero).Delta(new(1, 10), BigInteger.Zero, new(1, 4)),
            ("a quarter of them", new AuditComposition(s_norms, [AuditCost.Weighted(new(1, 16)), Beside()], Rational.Zero).Delta(new(1, 10), BigInteger.Zero, new(1, 4)))),
        .. Audited(
            AuditCost.Table(0.2, 0.001, 0.6, 0.003), Generic(0.2, 0.001), 3, null,
            ("epsilon shared out twice", AuditCost.Table(0.2 / 3, 0.001, 0.2, 0.003)), ("delta forgotten", AuditCost.Table(0.2, 0, 0.6, 0)), ("half of epsilon", AuditCost.Table(0.1, 0.001, 0.3, 0.003))),
        .. Audited(
            AuditCost.Profile(new(2, 10), 2), Worlds.Laplace(5, 1), 2, Generic(0.2, 0).Times(2),
            ("half", AuditCost.Profile(new(1, 10), 2)), ("a unit that is replaced counted as one that is added", AuditCost.Profile(new(2, 10), 1)), ("a third", AuditCost.Profile(new(2, 30), 2))),
        Claim.About(
            typeof(AuditComposition), "GaussianProfile: delta of one is not told: it is accounted under rho alone",
            delta => delta >= 1, new AuditComposition(s_norms, [AuditCost.GaussianProfile(new(1, 36), 2), Beside()], Rational.Zero).Delta(new(7, 10), 3, Rational.From(1)),
            ("that of its mu", s_besideAll.And(s_beside.Times(2)).Delta(Epsilon))),
        Claim.About(
            typeof(AuditComposition), "GaussianProfile: rho of two changes",
            cost => Orders.All(alpha => s_beside.Times(2).Renyi(alpha) <= new AuditComposition(s_norms, [cost], Rational.Zero).Rho().ToDouble() * alpha * (1 + 1e-6)),
            AuditCost.GaussianProfile(new(1, 36), 2),
            ("sigma doubled", AuditCost.GaussianProfile(new(1, 144), 2)), ("a unit that is replaced counted as one that is added", AuditCost.GaussianProfile(new(1, 36), 1))),
        .. Audited(
            AuditCost.Choice(new(2, 10), 2), Generic(0.2, 0), 2, Generic(0.2, 0).Times(2),
            ("half", AuditCost.Choice(new(1, 10), 2)), ("one round less", AuditCost.Choice(new(2, 10), 1)), ("nothing", AuditCost.Choice(Rational.Zero, 2))),
        .. BoundedRange("delta of", c => new AuditComposition(s_norms, [c, Beside()], Rational.Zero).Delta(new(7, 10), 3, Rational.From(1)) >= Generic(0.4, 0).Times(6).And(s_besideAll).Delta(Epsilon)),
        .. BoundedRange("rho of", c => Orders.All(alpha => Generic(0.4, 0).Times(6).Renyi(alpha) <= new AuditComposition(s_norms, [c], Rational.Zero).Rho().ToDouble() * alpha)),
        Claim.About(
            typeof(AuditComposition), "epsilon that is spent before is taken off",
            spent => Covers(new AuditComposition(s_norms, [Beside()], spent).Delta(new(7, 10), 3, Rational.From(1)), s_besideAll.Delta(0.3)),
            new Rational(4, 10),
            ("forgotten", Rational.Zero), ("half", new Rational(2, 10))),
        Claim.About(
            typeof(AuditComposition), "rho of what is spent before",
            spent => Orders.All(alpha => Generic(0.4, 0).Renyi(alpha) <= new AuditComposition(s_norms, [], spent).Rho().ToDouble() * alpha),
            new Rational(4, 10),
            ("forgotten", Rational.Zero), ("half", new Rational(2, 10))),
        Claim.About(
            typeof(AuditComposition), "pure epsilons of a unit that shares two of its three partitions",
            shared => new AuditComposition(s_norms, [AuditCost.Laplace(new(6, 12), false, 2)], Rational.Zero).PureEpsilon(shared).ToDouble() >= 4 / 12.0,
            new BigInteger(2),
            ("one less", BigInteger.One), ("none", BigInteger.Zero)),
    ];

    private static double[] Orders => [1.5, 2, 8];

    /// <summary>Six rounds of an exponential mechanism of epsilon 0.8 whose losses, within a range of 0.8, are as often below 0 as above.</summary>
    private static IEnumerable<Claim> BoundedRange(string what, Func<AuditCost, bool> check) =>
    [
        Claim.About(
            typeof(AuditComposition), $"RangeChoice: {what} six rounds", check, AuditCost.RangeChoice(new(8, 10), 6, new(48, 10), 0),
            ("half", AuditCost.RangeChoice(new(4, 10), 6, new(24, 10), 0)), ("one round", AuditCost.RangeChoice(new(8, 10), 1, new(8, 10), 0)), ("a third", AuditCost.RangeChoice(new(8, 30), 6, new(48, 30), 0))),
    ];

    private static AuditCost Beside() => AuditCost.Gaussian(new(3, 36), false);

    private static IEnumerable<Claim> Planned(GroupCost right, NeighbourPair one, int times, NeighbourPair forRho, params (string Name, GroupCost Cost)[] wrong)
    {
        PlanComposition Of(GroupCost cost) => new(s_norms, [cost, new GaussianCost(3 / 36.0, false)]);
        var all = one.Times(times).And(s_besideAll);
        yield return Claim.About(right.GetType(), $"delta of {right}", cost => Covers(Of(cost).Delta(s_accountant, Epsilon), all.Delta(Epsilon)), right, wrong);
        yield return Claim.About(right.GetType(), $"epsilon of {right} at a delta", cost => all.Keeps(Of(cost).Epsilon(s_accountant, 0.01, Epsilon) * (1 + 1e-3), 0.01), right, wrong);
        yield return Claim.About(right.GetType(), $"rho of {right}", cost => Orders.All(alpha => forRho.Renyi(alpha) <= new PlanComposition(s_norms, [cost]).Rho() * alpha * (1 + 1e-6)), right, wrong);
        if (right is LaplaceCost or GaussianCost)
        {
            yield return Claim.About(
                right.GetType(), $"delta of {right} with one partition shared",
                shared => Covers(Of(right).Delta(s_accountant, 0.1, shared), one.And(s_beside).Delta(0.1)),
                BigInteger.One,
                ("none shared", BigInteger.Zero));
        }

        if (right is WeightedCost)
        {
            yield return Claim.About(
                right.GetType(), $"delta of {right} with a quarter of its squared weights shared",
                part => Covers(Of(right).Delta(s_accountant, 0.1, 0, part), Worlds.Gaussian(80, 10).Delta(0.1)), 0.25, ("a quarter of its weights", 0.0625), ("none", 0));
        }
    }

    private static IEnumerable<Claim> Audited(AuditCost right, NeighbourPair one, int times, NeighbourPair? forRho, params (string Name, AuditCost Cost)[] wrong)
    {
        AuditComposition Of(AuditCost cost) => new(s_norms, [cost, Beside()], Rational.Zero);
        var all = one.Times(times).And(s_besideAll);
        yield return Claim.About(
            typeof(AuditComposition), $"{right.Kind}: delta of {right}", cost => Covers(Of(cost).Delta(new(7, 10), 3, Rational.From(1)), all.Delta(Epsilon)), right, wrong);
        if (forRho is not null)
        {
            yield return Claim.About(
                typeof(AuditComposition), $"{right.Kind}: rho of {right}",
                cost => Orders.All(alpha => forRho.Renyi(alpha) <= new AuditComposition(s_norms, [cost], Rational.Zero).Rho().ToDouble() * alpha * (1 + 1e-6)), right, wrong);
        }
        else
        {
            yield return Claim.About(typeof(AuditComposition), $"{right.Kind}: rho of {right}, which has none", rho => rho > 1e6, new AuditComposition(s_norms, [right], Rational.Zero).Rho().ToDouble(), ("that of its epsilon", 0.06));
        }

        if (right.Kind is AuditKind.Laplace or AuditKind.Gaussian)
        {
            yield return Claim.About(
                typeof(AuditComposition), $"{right.Kind}: delta of {right} with one partition shared",
                shared => Covers(Of(right).Delta(new(1, 10), shared, Rational.From(1)), one.And(s_beside).Delta(0.1)), BigInteger.One, ("none shared", BigInteger.Zero));
        }
    }

    /// <summary>Continuous Gaussian noise is accounted where discrete noise is enumerated: apart by less than a thousandth here.</summary>
    private static bool Covers(double claimed, double truth) => claimed >= truth * (1 - 1e-3) && claimed <= truth * 1.05;

    private static NeighbourPair Generic(double epsilon, double delta)
    {
        double p = 1 / (1 + Math.Exp(-epsilon));
        return NeighbourPair.Of([delta, (1 - delta) * p, (1 - delta) * (1 - p), 0], [0, (1 - delta) * (1 - p), (1 - delta) * p, delta]);
    }
}
